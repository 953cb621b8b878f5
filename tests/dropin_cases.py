"""Every rule and every wrapper, found by name, and the way NumPy goes with them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import ladera.rules
from ladera.base import UsageError
from ladera.dropin.traits import looks_ahead
from ladera.rules import Blocks, Domain, Rule, Wrapper, blocks

__all__ = ["RULES", "SHAPES", "along", "close", "descend", "one_of_each_kind", "slope", "start"]

SHAPES = ((3, 4), (5,), (2, 3, 2), ())


def start(shapes: Sequence[tuple[int, ...]] = SHAPES) -> list[np.ndarray]:
    return [np.random.default_rng(i).normal(size=shape) for i, shape in enumerate(shapes)]


def slope(t: int, i: int, y: np.ndarray) -> np.ndarray:
    """The gradient of the i-th array at step t: of a curved function, with noise."""
    random = np.random.default_rng(100 + i)
    a, b = np.exp(random.normal(size=y.shape)), random.normal(size=y.shape)
    return a * np.tanh(a * y - b) + 0.3 * np.sin(t + i)


def descend(rule: Rule, x: Sequence[np.ndarray], steps: int) -> Iterator[tuple[list[Any], list[Any]]]:
    """Where the rule takes its gradient and what its answer is: before the first step, and after each."""
    return along([rule] * steps, x)


def along(rules: Sequence[Rule], x: Sequence[np.ndarray]) -> Iterator[tuple[list[Any], list[Any]]]:
    """The same where the hyperparameters change from step to step."""

    def gradient(t: int, y: Blocks) -> Blocks:
        return Blocks([slope(t, i, part) for i, part in enumerate(y.parts)])

    answer = Blocks(x)
    state = blocks.init(rules[0], answer)
    for t, rule in enumerate(rules, start=1):
        point = blocks.read(rule, state, answer)
        yield list(point.parts), list(answer.parts)
        g = gradient(t, point)
        if rule.evaluations > 1:
            g = gradient(t, blocks.probe(rule, g, state, answer))
        state, answer = blocks.step(rule, t, g, state, answer)
    yield list(blocks.read(rules[-1], state, answer).parts), list(answer.parts)


def close(ours: Sequence[Any], theirs: Sequence[Any], tolerance: float = 1e-12) -> bool:
    """Whether arrays agree, relative to the largest number of each."""
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(ours, theirs, strict=True)]
    return all(np.all(np.abs(a - b) <= tolerance * np.max(np.abs(b), initial=0)) for a, b in pairs)


def some_value(domain: Domain) -> float:
    """A number inside a domain, away from its ends."""
    return domain.low + 1.0 if np.isinf(domain.high) else (domain.low + domain.high) / 2


def _turned(cls: type[Rule]) -> dict[str, Any]:
    """Every flag the other way round, every absent hyperparameter present and every optional one absent."""
    defaults = cls.defaults()
    flags = {k: not v for k, v in defaults.items() if isinstance(v, bool)}
    optional = {k: d for k, d in cls.domains().items() if d.optional}
    return flags | {k: some_value(d) if defaults[k] is None else None for k, d in optional.items()}


def _plain() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for cls in map(ladera.rules.get, ladera.rules.names()):
        found[cls.name()] = cls()
        if turned := _turned(cls):
            found[f"{cls.name()}-turned"] = cls(**turned)
    return found


def one_of_each_kind() -> list[Rule]:
    """A rule for each scope, with and without a look ahead, with states of arrays, of numbers, of none."""
    kinds: dict[Any, Rule] = {}
    for rule in _plain().values():
        shapes = frozenset(np.shape(leaf) for leaf in rule.init(np.zeros(2)) if leaf is not None)
        kinds.setdefault((rule.scope, looks_ahead(rule), shapes), rule)
    return list(kinds.values())


def _wrapper_classes() -> Iterator[type[Wrapper]]:
    for name in ladera.rules.wrappers():
        module = importlib.import_module(f"ladera.rules.wrappers.{name}")
        yield next(
            c
            for c in vars(module).values()
            if isinstance(c, type) and c.__module__ == module.__name__ and issubclass(c, Wrapper)
        )


def _wrapped() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for cls in _wrapper_classes():
        for inside in one_of_each_kind():
            try:
                rule = cls(inside)
            except UsageError:  # some do not go together
                continue
            found[f"{inside.describe()}+{cls.name()}"] = rule
    return found


RULES = _plain() | _wrapped()

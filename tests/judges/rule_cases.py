"""Where a rule and a framework's optimizer are the same algorithm: what a case is, and how it is tried.

Every rule has a file in `cases`, every wrapper one in `cases/wrappers`, which holds what is judged as
data: CASES, the rule itself against frameworks whose settings are bent to it; DIALECTS, `Rule.like`
against frameworks as they are; SLIPS and EQUIVALENT, wrong versions of it (see rule_mutants). Rule
and judge go the same way along a fixed stream of gradients, and down a small function whose gradient
each takes at its own weights.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import sqrt
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from frameworks import FRAMEWORKS, Framework, Point, float64

import ladera.rules
from ladera.rules import Blocks, Rule, blocks

__all__ = [
    "START",
    "Case",
    "Dialect",
    "Trial",
    "departure",
    "file_of",
    "hat",
    "judged",
    "rule_class",
    "trials",
]

CASES = Path(__file__).parent / "cases"
START = np.array([0.7, -1.3, 2.1, 0.2, -0.6])
STEPS = 100
DIALECT_STEPS = 100
WEIGHT_DECAY = 0.3

Settings = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Case:
    """`settings(rule, t)` makes `judge`'s `optimizer` the same algorithm as the rule; `mapping`
    says in a line how. `x(rule, judge)`, where the weights are not our x, reads our x off it.

    hyperparameters: sets of them to compare at; a function is of the step: a schedule. A wrapper's
        `rule` is among them.
    start: one array, or a tuple of arrays, which the rule gets as Blocks.

    A judge of a rule of two evaluations is stepped twice for one step of the rule, with the
    gradient at its weights each time.
    """

    rule: str
    judge: type[Framework]
    optimizer: str
    hyperparameters: tuple[dict[str, Any], ...]
    settings: Callable[[Any, int], Settings]
    mapping: str = "the same"
    x: Callable[[Any, Any], Point] | None = None
    start: Point = field(default_factory=lambda: START)

    def trials(self, name: str) -> Iterator[Trial]:
        for which, values in enumerate(self.hyperparameters):
            for problem in PROBLEMS:
                yield Trial(
                    name,
                    f"{self.judge.__name__.lower()}-{self.optimizer}-{which}",
                    problem,
                    self.judge,
                    self.optimizer,
                    STEPS,
                    self.start,
                    functools.partial(at_step, values),
                    self.settings,
                    self.x,
                    self.mapping,
                )


def at_step(values: Mapping[str, Any], cls: type[Rule], t: int) -> Rule:
    """The rule of a class at step t, where some hyperparameters are schedules."""
    return cls(**{name: value(t) if callable(value) else value for name, value in values.items()})


@dataclass(frozen=True, eq=False)
class Dialect:
    """`Rule.like(framework, **variant)` is the framework's `optimizer`, for every variant, at constant
    lr along the stream and at decaying lr down the valley, and with weight decay where `weight_decay`
    is set.

    arguments: our hyperparameters -> theirs; weight_decay need not be among them, for all frameworks
        give it one name.
    given: what the framework must be told at the least to be this algorithm. With the variant {} it
        is also run with nothing but that (and lr where it has no default): our dialect's defaults
        are to be its own.
    x, start: as in a Case.
    """

    framework: str
    optimizer: str
    arguments: Callable[[dict[str, Any]], Settings]
    variants: tuple[dict[str, Any], ...] = ({},)
    weight_decay: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    x: Callable[[Any, Any], Point] | None = None
    start: Point = field(default_factory=lambda: START)

    def trials(self, name: str) -> Iterator[Trial]:
        for which, variant in enumerate(self.variants):
            for decay in ({}, {"weight_decay": WEIGHT_DECAY}) if self.weight_decay else ({},):
                what = f"{which}-decay" if decay else f"{which}"
                settings = functools.partial(self._settings, tuple(decay))
                yield self._trial(name, what, "stream", variant | decay, settings)
                yield self._trial(name, f"{what}-lr", "valley", variant | decay, settings)
            if not variant:
                yield self._trial(name, "as-it-comes", "stream", {}, self._least)

    def _trial(self, name: str, what: str, problem: str, values: Settings, settings: Any) -> Trial:
        def rule(cls: type[Rule], t: int) -> Rule:
            made = cls.like(self.framework, **values)
            lr = made.numbers().get("lr")
            return made if problem == "stream" or lr is None else made.replace(lr=lr / (1 + t / 10))

        what = f"like-{self.framework}-{self.optimizer}-{what}"
        judge = FRAMEWORKS[self.framework]
        return Trial(
            name, what, problem, judge, self.optimizer, DIALECT_STEPS, self.start, rule, settings, self.x
        )

    def _settings(self, decay: tuple[str, ...], rule: Rule, t: int) -> Settings:
        h = rule.hyperparameters()
        return {name: h[name] for name in decay} | self.arguments(h)

    def _least(self, rule: Rule, t: int) -> Settings:
        make = attrgetter(self.optimizer)(FRAMEWORKS[self.framework].library)
        known = self.arguments(rule.hyperparameters())
        parameters = inspect.signature(make).parameters.values()
        required = [p.name for p in parameters if p.default is p.empty and p.name in known]
        return {name: known[name] for name in required} | dict(self.given)


@dataclass(frozen=True, eq=False)
class Trial:
    """One way to go, for a rule, or a mutant of it, and for its judge."""

    name: str
    what: str
    problem: str
    judge: type[Framework]
    optimizer: str
    steps: int
    start: Point
    rule: Callable[[type[Rule], int], Rule]
    settings: Callable[[Any, int], Settings]
    x: Callable[[Any, Any], Point] | None
    mapping: str = "the dialect"


def hat(rule: Any, t: int) -> float:
    """The eps that does before Adam's correction at step t what the rule's does after it."""
    return rule.eps * sqrt(1 - rule.b2**t)


# What is found in the folder of cases


def rule_class(name: str) -> type[Rule]:
    """The class of a rule, or of a wrapper, by its name."""
    if name in ladera.rules.names():
        return ladera.rules.get(name)
    module = importlib.import_module(f"ladera.rules.wrappers.{name}")
    return next(cls for cls in map(vars(module).get, module.__all__) if cls and cls.name() == name)


def file_of(name: str) -> Path:
    """The file of cases that a rule or a wrapper has, or must get."""
    folder = CASES if name in ladera.rules.names() else CASES / "wrappers"
    return folder / f"{name}.py"


@functools.cache
def judged(name: str) -> ModuleType:
    """The cases of a rule: a module with CASES, DIALECTS, SLIPS and EQUIVALENT."""
    spec = importlib.util.spec_from_file_location(f"cases_{name}", file_of(name))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def trials(name: str) -> tuple[Trial, ...]:
    """Every trial of a rule."""
    found = judged(name)
    return tuple(trial for case in (*found.CASES, *found.DIALECTS) for trial in case.trials(name))


# Two ways to go


def stream(t: int, x: np.ndarray) -> np.ndarray:
    """Gradients of a noisy problem with one scale per weight, wherever it is."""
    return np.random.default_rng(t).normal(size=x.size) * np.resize([1.0, 0.1, 3.0, 0.5, 1.5], x.size) + 0.3


def valley(t: int, x: np.ndarray) -> np.ndarray:
    """The gradient of Σ log cosh(A x - b): convex, curved, and coupled over all weights."""
    A = np.random.default_rng(0).normal(size=(x.size + 2, x.size))
    return A.T @ np.tanh(A @ x - np.linspace(-1, 1, x.size + 2))


PROBLEMS: dict[str, Callable[[int, np.ndarray], np.ndarray]] = {"stream": stream, "valley": valley}


def flat(x: Any) -> np.ndarray:
    """All weights of one array, a tuple of arrays or Blocks, as a vector."""
    parts = x.parts if isinstance(x, Blocks) else x if isinstance(x, tuple) else (x,)
    return np.concatenate([np.ravel(part) for part in parts])


def shaped(values: np.ndarray, start: Point) -> Point:
    """A vector in the shapes of the start."""
    if not isinstance(start, tuple):
        return values.reshape(start.shape)
    ends = np.cumsum([part.size for part in start])[:-1]
    return tuple(v.reshape(part.shape) for v, part in zip(np.split(values, ends), start, strict=True))


@functools.cache
def theirs(trial: Trial) -> tuple[np.ndarray, np.ndarray | None]:
    """The judge's weights, and our x read off it where the case says how: (steps + 1, weights)."""
    cls = rule_class(trial.name)
    points, x = [], []
    with float64():
        judge = trial.judge(trial.optimizer, trial.start, trial.settings(trial.rule(cls, 1), 1))
        for t in range(1, trial.steps + 1):
            rule = trial.rule(cls, t)
            points.append(flat(judge.point()))
            for _ in range(rule.evaluations):
                g = PROBLEMS[trial.problem](t, flat(judge.point()))
                judge.step(shaped(g, trial.start), trial.settings(rule, t))
            if trial.x:
                x.append(flat(trial.x(rule, judge)))
        points.append(flat(judge.point()))
    return np.array(points), np.array(x) if trial.x else None


def ours(cls: type[Rule], trial: Trial) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rule's reading point before each step, and its x after the step before (at first the start)."""

    def boxed(values: Point) -> Any:
        return Blocks(values) if isinstance(values, tuple) else values

    def gradient(t: int, x: Any) -> Any:
        return boxed(shaped(PROBLEMS[trial.problem](t, flat(x)), trial.start))

    x = boxed(trial.start)
    rule = trial.rule(cls, 1)
    s = blocks.init(rule, x)
    for t in range(1, trial.steps + 1):
        rule = trial.rule(cls, t)
        point = blocks.read(rule, s, x)
        yield flat(point), flat(x)
        g = gradient(t, point)
        if rule.evaluations == 2:
            g = gradient(t, blocks.probe(rule, g, s, x))
        s, x = blocks.step(rule, t, g, s, x)
    yield flat(blocks.read(rule, s, x)), flat(x)


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two points agree to 1e-12, relative to the largest weight."""
    return bool(np.max(np.abs(a - b)) <= 1e-12 * np.max(np.abs(b)))


def departure(cls: type[Rule], trial: Trial) -> int | None:
    """The steps after which a class, the rule itself or a mutant of it, leaves the judge's way."""
    points, xs = theirs(trial)
    for k, (point, x) in enumerate(ours(cls, trial)):
        if not close(point, points[k]) or (xs is not None and k > 0 and not close(x, xs[k - 1])):
            return k
    return None

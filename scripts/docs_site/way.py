"""The way of a rule that its page shows: down the tilted valley, at a learning rate that tells something."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ladera.base import UsageError
from ladera.rules import Rule, Wrapper
from ladera.tracing import Trace, trace

__all__ = ["CLOSE", "RATES", "STEPS", "Way", "way"]

SURFACE, START = "valley", (-4.0, 3.0)
STEPS = 40
CLOSE = 0.1  # to the minimum, in f
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_FACTORS = (1, 10, 100, 1000)  # what a wrapper's own numbers are multiplied by until it is seen
_SEEN = 0.3  # of a distance from the way without the wrapper


class AsNeuron(Wrapper):
    """The rule inside on the same numbers as the weights of one neuron: a matrix of one column, which
    is what a rule of blocks is made for."""

    def init(self, x):
        return super().init(x[:, None])

    def read(self, s, x):
        return super().read(s, x[:, None])[:, 0]

    def probe(self, g, s, x):
        return super().probe(g[:, None], s, x[:, None])[:, 0]

    def step(self, t, g, s, x):
        s, x = self.inside(t, g[:, None], s, x[:, None])
        return s, x[:, 0]


@dataclass(frozen=True, eq=False)
class Way:
    """The trace that is drawn, the one whose numbers are shown (on a vector), and whether it arrives;
    of a wrapper, `alone` is that of the rule inside without it."""

    drawn: Trace
    shown: Trace
    arrives: bool = False
    alone: Trace | None = None

    @property
    def as_neuron(self) -> bool:
        """Whether what is drawn is the way of a matrix, and another than a vector's."""
        return not np.array_equal(self.drawn.x, self.shown.x)


def way(rule: Rule) -> Way:
    """The rule's way at the smallest of the rates that comes close to the minimum within the steps;
    where none does, at the one that ends lowest.

    A wrapper's own numbers are its defaults, or the first of 10, 100 and 1000 times them with which its
    way is another than that of the rule inside.
    """
    with np.errstate(all="ignore"):
        if not isinstance(rule, Wrapper):
            return _way(rule)
        ways = [_wrapped(_way(one)) for one in _stronger(rule)]
    return next((one for one in ways if _apart(one) > _SEEN), ways[0])


def _way(rule: Rule) -> Way:
    ways = [_traced(rule.replace(lr=lr)) for lr in RATES]
    found = [one for one in ways if one.drawn.steps == STEPS and one.shown.steps == STEPS]
    near = [one for one in found if one.drawn.fun.min() < CLOSE]
    chosen = near[0] if near else min(found, key=lambda one: float(one.drawn.fun[-1]))
    return Way(chosen.drawn, chosen.shown, bool(near))


def _traced(rule: Rule) -> Way:
    shown = trace(SURFACE, START, rule, STEPS)
    return Way(trace(SURFACE, START, AsNeuron(rule), STEPS) if rule.scope == "block" else shown, shown)


def _stronger(rule: Wrapper) -> Iterator[Wrapper]:
    own = {name: value for name, value in rule.numbers().items() if name in rule.defaults()}
    for factor in _FACTORS:
        with contextlib.suppress(UsageError):  # outside its domain
            yield rule.replace(**{name: factor * value for name, value in own.items()})


def _wrapped(gone: Way) -> Way:
    inside = gone.shown.method
    assert isinstance(inside, Wrapper)
    return Way(gone.drawn, gone.shown, gone.arrives, trace(SURFACE, START, inside.rule, STEPS))


def _apart(gone: Way) -> float:
    """The largest distance between a wrapper's way and that of the rule inside."""
    assert gone.alone is not None
    return float(np.linalg.norm(gone.drawn.x - gone.alone.x, axis=1).max())

"""SignSGD: a step of one size against the gradient's sign."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import sign, zeros_like

__all__ = ["SignSGD"]


class Momentum(NamedTuple):
    m: Any  # None without momentum


class SignSGD(Rule):
    """Bernstein et al. 2018, signSGD: compressed optimisation for non-convex problems, Algorithm 1;
    with momentum Algorithm 2, Signum.

    lr: step size α. momentum: decay rate of the mean gradient whose sign is taken; None takes that
    of the gradient.
    """

    paper = "Bernstein et al. 2018, Algorithms 1 and 2"
    dialects: ClassVar = {"optax": {}}

    lr: Positive = 1e-4
    momentum: Fraction | None = None

    def init(self, x):
        return Momentum(m=zeros_like(x) if self.momentum is not None else None)

    def step(self, t, g, s, x):
        if self.momentum is None:
            return s, x - self.lr * sign(g)
        m = self.momentum * s.m + (1 - self.momentum) * g
        return Momentum(m), x - self.lr * sign(m)

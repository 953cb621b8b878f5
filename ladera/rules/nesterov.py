"""Nesterov: a heavy ball that looks at the slope where its momentum is about to take it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import zeros_like

__all__ = ["Nesterov"]


class Velocity(NamedTuple):
    v: Any


class Nesterov(Rule):
    """Nesterov 1983, A method of solving a convex programming problem with convergence rate
    O(1/k²), in the form of Sutskever et al. 2013, equations 3 and 4.

    The gradient is taken at x + momentum v, exactly. PyTorch, Keras and optax write that point as
    their weights; x here is the point without the look-ahead. v is the displacement, with its sign.

    lr: step size α. momentum: share μ of the last displacement that is kept.
    """

    paper = "Nesterov 1983; Sutskever et al. 2013, equations 3 and 4"

    lr: Positive = 0.01
    momentum: Fraction = 0.9

    def init(self, x):
        return Velocity(v=zeros_like(x))

    def read(self, s, x):
        return x + self.momentum * s.v

    def step(self, t, g, s, x):
        v = self.momentum * s.v - self.lr * g
        return Velocity(v), x + v

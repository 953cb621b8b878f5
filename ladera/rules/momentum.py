"""Momentum: a heavy ball that keeps a share of its last displacement."""

from __future__ import annotations

from typing import Any, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import zeros_like

__all__ = ["Momentum"]


class Velocity(NamedTuple):
    v: Any


class Momentum(Rule):
    """Polyak 1964, Some methods of speeding up the convergence of iteration methods, equation 9.

    Sign convention: v is the displacement itself, so that x moves by +v and -lr g lies inside v.
    PyTorch and optax keep b = momentum b + g and subtract lr b, which is the same only as long as
    lr is constant.

    lr: step size α. momentum: share μ of the last displacement that is kept.
    """

    paper = "Polyak 1964, equation 9"

    lr: Positive = 0.01
    momentum: Fraction = 0.9

    def init(self, x):
        return Velocity(v=zeros_like(x))

    def step(self, t, g, s, x):
        v = self.momentum * s.v - self.lr * g
        return Velocity(v), x + v

"""Nesterov: a heavy ball that looks at the slope where its momentum is about to take it."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import zeros_like

__all__ = ["Nesterov"]


class Velocity(NamedTuple):
    v: Any  # b where lr_outside


class Nesterov(Rule):
    """Nesterov 1983, A method of solving a convex programming problem with convergence rate
    O(1/k²), in the form of Sutskever et al. 2013, equations 3 and 4.

    The gradient is taken at x + momentum v, exactly; v is the displacement, with its sign. PyTorch,
    Keras and optax write that point as their weights, and PyTorch and optax keep b = momentum b + g,
    where v = -lr b only as long as lr is constant.

    lr: step size α. momentum: share μ of the last displacement that is kept. shifted: x is the point
    where the gradient is taken. lr_outside: x is that point, and b is kept in the place of v.
    """

    paper = "Nesterov 1983; Sutskever et al. 2013, equations 3 and 4"
    dialects: ClassVar = {
        "torch": {"lr": 1e-3, "lr_outside": True},
        "keras": {"shifted": True},
        "optax": {"lr_outside": True},
    }

    lr: Positive = 0.01
    momentum: Fraction = 0.9
    shifted: bool = False
    lr_outside: bool = False

    def init(self, x):
        return Velocity(v=zeros_like(x))

    def read(self, s, x):
        return x if self.shifted or self.lr_outside else x + self.momentum * s.v

    def step(self, t, g, s, x):
        if self.lr_outside:
            b = self.momentum * s.v + g
            return Velocity(b), x - self.lr * (g + self.momentum * b)
        v = self.momentum * s.v - self.lr * g
        if self.shifted:
            return Velocity(v), x + self.momentum * v - self.lr * g
        return Velocity(v), x + v

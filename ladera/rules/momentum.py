"""Momentum: a heavy ball that keeps a share of its last displacement."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import where, zeros_like

__all__ = ["Momentum"]


class Velocity(NamedTuple):
    v: Any  # b where lr_outside


class Momentum(Rule):
    """Polyak 1964, Some methods of speeding up the convergence of iteration methods, equation 9.

    Sign convention: v is the displacement itself, so that x moves by +v and -lr g lies inside v,
    as in Keras. PyTorch and optax keep b = momentum b + g and subtract lr b, which is the same only
    as long as lr is constant.

    lr: step size α. momentum: share μ of the last displacement that is kept. lr_outside: b is kept,
    and lr multiplies it when x moves. dampening: share of the gradient that is left out, from the
    second step on, as in PyTorch; None leaves out none.
    """

    paper = "Polyak 1964, equation 9"
    dialects: ClassVar = {
        "torch": {"lr": 1e-3, "lr_outside": True},
        "keras": {},
        "optax": {"lr_outside": True},
    }

    lr: Positive = 0.01
    momentum: Fraction = 0.9
    lr_outside: bool = False
    dampening: Fraction | None = None

    def init(self, x):
        return Velocity(v=zeros_like(x))

    def step(self, t, g, s, x):
        if self.dampening is not None:
            g = where(t < 2, g, (1 - self.dampening) * g)
        if self.lr_outside:
            b = self.momentum * s.v + g
            return Velocity(b), x - self.lr * b
        v = self.momentum * s.v - self.lr * g
        return Velocity(v), x + v

"""Adadelta: each step has the size of the recent steps, so that it needs no learning rate."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import sqrt, zeros_like

__all__ = ["Adadelta"]


class MeanSquares(NamedTuple):
    g2: Any
    dx2: Any


class Adadelta(Rule):
    """Zeiler 2012, ADADELTA: an adaptive learning rate method, Algorithm 1.

    lr: 1 in the paper, which has none; it scales the step that is taken, not the one remembered.
    rho: decay rate of both mean squares. eps: inside both roots; it also makes the first step.
    """

    paper = "Zeiler 2012, Algorithm 1"
    dialects: ClassVar = {"torch": {"rho": 0.9}, "keras": {"lr": 1e-3, "eps": 1e-7}, "optax": {"rho": 0.9}}
    decays: ClassVar = {"torch": "l2", "keras": "decoupled", "optax": "l2"}

    lr: Positive = 1.0
    rho: Fraction = 0.95
    eps: Positive = 1e-6

    def init(self, x):
        return MeanSquares(g2=zeros_like(x), dx2=zeros_like(x))

    def step(self, t, g, s, x):
        g2 = self.rho * s.g2 + (1 - self.rho) * g**2
        dx = -sqrt(s.dx2 + self.eps) / sqrt(g2 + self.eps) * g
        dx2 = self.rho * s.dx2 + (1 - self.rho) * dx**2
        return MeanSquares(g2, dx2), x + self.lr * dx

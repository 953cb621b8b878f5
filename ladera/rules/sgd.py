"""SGD: a step against the gradient."""

from __future__ import annotations

from typing import ClassVar

from ladera.rules._rule import Positive, Rule

__all__ = ["SGD"]


class SGD(Rule):
    """Robbins & Monro 1951, A stochastic approximation method. Gradient descent where g is exact.

    lr: step size α.
    """

    paper = "Robbins & Monro 1951"
    dialects: ClassVar = {"torch": {"lr": 1e-3}, "keras": {}, "optax": {}}

    lr: Positive = 0.01

    def step(self, t, g, s, x):
        return s, x - self.lr * g

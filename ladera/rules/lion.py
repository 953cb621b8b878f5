"""Lion: a step of one size in the direction of a mean gradient's sign."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import sign, zeros_like

__all__ = ["Lion"]


class Momentum(NamedTuple):
    m: Any


class Lion(Rule):
    """Chen et al. 2023, Symbolic discovery of optimization algorithms, Algorithm 2.

    The sign is taken of one mean, and another, that looks back farther, is remembered.

    lr: step size α. b1: share of m in the mean whose sign is taken. b2: decay rate of m.
    weight_decay: share of the weights taken off per unit of lr, decoupled (the paper's λ, 3 to 10
    times what AdamW has).
    """

    paper = "Chen et al. 2023, Algorithm 2"
    dialects: ClassVar = {"keras": {"lr": 1e-3}, "optax": {"weight_decay": 1e-3}}

    lr: Positive = 1e-4
    b1: Fraction = 0.9
    b2: Fraction = 0.99
    weight_decay: NonNegative = 0.0

    def init(self, x):
        return Momentum(m=zeros_like(x))

    def step(self, t, g, s, x):
        c = self.b1 * s.m + (1 - self.b1) * g
        m = self.b2 * s.m + (1 - self.b2) * g
        return Momentum(m), x - self.lr * (sign(c) + self.weight_decay * x)

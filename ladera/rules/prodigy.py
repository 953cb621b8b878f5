"""Prodigy: Adam that estimates its own learning rate from how far it has come."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import absolute, maximum, one_minus_power, sqrt, total, where, zeros_like

__all__ = ["Prodigy"]


class Estimate(NamedTuple):
    m: Any
    v: Any
    r: Any
    S: Any  # the paper's s
    d: Any
    x0: Any


class Prodigy(Rule):
    """Mishchenko & Defazio 2023, Prodigy: an expeditiously adaptive parameter-free learner,
    Algorithm 4.

    d estimates the distance from the start to the solution, over all parameters at once. r and s are
    over d0², and without their common factor 1 - √b2: only their quotient counts, and d² alone would
    be too small for float32.

    lr: step size γ, a factor of d. b1, b2: decay rates of the moments; √b2 that of r and s. eps: times
    d added to the root, outside. d0: the first d, a low estimate. d_coef: a factor of the estimate.
    weight_decay: share of the weights taken off per unit of lr d. corrected: lr is corrected for
    moments that start at 0, as in optax. new_d: the d beside eps is the new one, as in the authors'
    code and optax.
    """

    paper = "Mishchenko & Defazio 2023, Algorithm 4"
    scope = "whole"
    dialects: ClassVar = {"optax": {"corrected": True, "new_d": True}}
    letters: ClassVar = {"S": "s", "weight": "w", "length": r"\ell"}

    lr: Positive = 1.0
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-8
    d0: Positive = 1e-6
    d_coef: Positive = 1.0
    weight_decay: NonNegative = 0.0
    corrected: bool = False
    new_d: bool = False

    def init(self, x):
        none = zeros_like(x)
        return Estimate(m=none, v=none, r=total(none), S=none, d=total(none) + self.d0, x0=x)

    def step(self, t, g, s, x):
        gamma = self.lr
        if self.corrected:
            gamma = gamma * sqrt(one_minus_power(self.b2, t)) / one_minus_power(self.b1, t)
        b3 = sqrt(self.b2)
        m = self.b1 * s.m + (1 - self.b1) * s.d * g
        v = self.b2 * s.v + (1 - self.b2) * (s.d * g) ** 2
        weight = gamma * (s.d / self.d0) ** 2
        r = b3 * s.r + weight * total(g * (s.x0 - x))
        S = b3 * s.S + weight * g
        length = total(absolute(S))
        d_hat = self.d_coef * where(length > 0, r, 0.0) / where(length > 0, length, 1.0)
        d = maximum(s.d, d_hat)
        eps = self.eps * (d if self.new_d else s.d)
        u = m / (sqrt(v) + eps) + self.weight_decay * x
        return Estimate(m, v, r, S, d, s.x0), x - gamma * s.d * u

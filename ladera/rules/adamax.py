"""AdaMax: Adam that divides by the largest recent gradient instead of the root mean square."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import absolute, maximum, one_minus_power, zeros_like

__all__ = ["AdaMax"]


class Moments(NamedTuple):
    m: Any
    u: Any


class AdaMax(Rule):
    """Kingma & Ba 2015, Adam: a method for stochastic optimization, Algorithm 2.

    lr: step size α. b1: decay rate of the moment. b2: decay rate of the infinity norm u. eps: added
    to u (the paper has none, and 0/0 where all gradients were 0). eps_inside: eps is added to |g|
    within the maximum instead, as in PyTorch and optax.
    """

    paper = "Kingma & Ba 2015, Algorithm 2"
    dialects: ClassVar = {
        "torch": {"eps_inside": True},
        "keras": {"lr": 1e-3, "eps": 1e-7},
        "optax": {"eps_inside": True},
    }

    lr: Positive = 2e-3
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-8
    eps_inside: bool = False

    def init(self, x):
        return Moments(m=zeros_like(x), u=zeros_like(x))

    def step(self, t, g, s, x):
        m = self.b1 * s.m + (1 - self.b1) * g
        u = maximum(self.b2 * s.u, absolute(g) + self.eps if self.eps_inside else absolute(g))
        m_hat = m / one_minus_power(self.b1, t)
        return Moments(m, u), x - self.lr * m_hat / (u if self.eps_inside else u + self.eps)

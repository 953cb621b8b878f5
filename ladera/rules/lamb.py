"""LAMB: Adam's direction, with a step per layer as long as a share of that layer's weights."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import norm, one_minus_power, sqrt, where, zeros_like

__all__ = ["LAMB"]


class Moments(NamedTuple):
    m: Any
    v: Any


class LAMB(Rule):
    """You et al. 2020, Large batch optimization for deep learning: training BERT in 76 minutes,
    Algorithm 2, with φ the identity.

    Where the weights or the direction are 0 the ratio is 1, as in the authors' code, optax and Keras:
    biases that start at 0 would never move.

    lr: step size η, a share of the norm of the weights. b1, b2: decay rates of the moments. eps: added
    to the root, outside. weight_decay: λ, a share of the weights that joins the direction.
    decoupled: the weights shrink by lr weight_decay before the step instead, as in Keras.
    """

    paper = "You et al. 2020, Algorithm 2"
    scope = "block"
    dialects: ClassVar = {
        "keras": {"eps": 1e-7, "weight_decay": 0.0, "decoupled": True},
        "optax": {"weight_decay": 0.0},
    }

    lr: Positive = 1e-3
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-6
    weight_decay: NonNegative = 0.01
    decoupled: bool = False

    def init(self, x):
        return Moments(m=zeros_like(x), v=zeros_like(x))

    def step(self, t, g, s, x):
        m = self.b1 * s.m + (1 - self.b1) * g
        v = self.b2 * s.v + (1 - self.b2) * g**2
        m_hat = m / one_minus_power(self.b1, t)
        v_hat = v / one_minus_power(self.b2, t)
        r = m_hat / (sqrt(v_hat) + self.eps)
        if self.decoupled:
            x = x - self.weight_decay * self.lr * x
        else:
            r = r + self.weight_decay * x
        moves = (norm(x) > 0) & (norm(r) > 0)
        ratio = where(moves, norm(x), 1.0) / where(moves, norm(r), 1.0)
        return Moments(m, v), x - self.lr * ratio * r

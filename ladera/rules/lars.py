"""LARS: momentum whose step in each layer is a share of the norm of that layer's weights."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import norm, where, zeros_like

__all__ = ["LARS"]


class Velocity(NamedTuple):
    v: Any


class LARS(Rule):
    """You, Gitman & Ginsburg 2017, Large batch training of convolutional networks, Algorithm 1.

    The decay of the paper's learning rate is a schedule, and not part of the rule. Where the weights
    or what is below them are 0 the local rate is 1, as in the authors' code and optax: biases that
    start at 0 would never move.

    lr: global step size γ. momentum: share m of the last displacement that is kept. weight_decay: β.
    trust: η, the share of the weights' norm that a step of lr 1 is long. joint: the norm of g + β x
    stands below instead of the sum of both norms, as in optax.
    """

    paper = "You, Gitman & Ginsburg 2017, Algorithm 1"
    scope = "block"
    dialects: ClassVar = {"optax": {"weight_decay": 0.0, "joint": True}}

    lr: Positive = 1.0
    momentum: Fraction = 0.9
    weight_decay: NonNegative = 5e-4
    trust: Positive = 1e-3
    joint: bool = False

    def init(self, x):
        return Velocity(v=zeros_like(x))

    def step(self, t, g, s, x):
        u = g + self.weight_decay * x
        below = norm(u) if self.joint else norm(g) + self.weight_decay * norm(x)
        moves = (norm(x) > 0) & (below > 0)
        local = where(moves, self.trust * norm(x), 1.0) / where(moves, below, 1.0)
        v = self.momentum * s.v + self.lr * local * u
        return Velocity(v), x - v

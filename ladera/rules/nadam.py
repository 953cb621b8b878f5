"""NAdam: Adam that steps with the momentum it is about to have, as Nesterov's method does."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import one_minus_power, sqrt, total, zeros_like

__all__ = ["NAdam"]


class Moments(NamedTuple):
    m: Any
    v: Any
    c: Any  # 1 - μ_1 μ_2 ... μ_t, one number


class NAdam(Rule):
    """Dozat 2016, Incorporating Nesterov momentum into Adam, Algorithm 2, with the schedule
    μ_t = b1 (1 - 0.96^(momentum_decay t) / 2).

    The algorithm as printed multiplies the corrected v by b2 once more; that factor, which scales
    every step by the same 1/√b2, is left out, as in every framework. PyTorch and Keras let m decay
    at b1 all the time, though they correct it as if it decayed at μ_t; the schedule of Keras is 250
    times as fast, and optax has none.

    lr: step size α. b1: decay rate of m, the paper's μ, at the end of the schedule. b2: decay rate
    of v, the paper's ν. eps: added to the root, outside. momentum_decay: speed of the schedule, 1/250
    in the paper; None keeps μ at b1. scheduled_m: m decays at μ_t; if not, at b1.
    """

    paper = "Dozat 2016, Algorithm 2"
    dialects: ClassVar = {
        "torch": {"scheduled_m": False},
        "keras": {"lr": 1e-3, "eps": 1e-7, "momentum_decay": 1.0, "scheduled_m": False},
        "optax": {"momentum_decay": None},
    }

    lr: Positive = 2e-3
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-8
    momentum_decay: NonNegative | None = 0.004
    scheduled_m: bool = True

    def init(self, x):
        return Moments(m=zeros_like(x), v=zeros_like(x), c=zeros_like(total(x)))

    def step(self, t, g, s, x):
        mu, mu_bar = self.momentum(t)
        mu_next, mu_next_bar = self.momentum(t + 1)
        m = mu * s.m + mu_bar * g if self.scheduled_m else self.b1 * s.m + (1 - self.b1) * g
        v = self.b2 * s.v + (1 - self.b2) * g**2
        c = mu * s.c + mu_bar  # 1 minus the product of all μ, without a difference that would cancel
        c_next = mu_next * c + mu_next_bar
        m_hat = mu_next * m / c_next + mu_bar * g / c
        v_hat = v / one_minus_power(self.b2, t)
        return Moments(m, v, c), x - self.lr * m_hat / (sqrt(v_hat) + self.eps)

    def momentum(self, t: Any) -> tuple[Any, Any]:
        """μ_t, and 1 - μ_t, accurate where μ_t is near 1."""
        if self.momentum_decay is None:
            return self.b1, 1 - self.b1
        w = 0.96 ** (self.momentum_decay * t) / 2
        return self.b1 * (1 - w), 1 - self.b1 + self.b1 * w

"""AdamW: Adam whose weight decay stays out of the moments."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import one_minus_power, sqrt, zeros_like

__all__ = ["AdamW"]


class Moments(NamedTuple):
    m: Any
    v: Any


class AdamW(Rule):
    """Loshchilov & Hutter 2019, Decoupled weight decay regularization, Algorithm 2.

    The decay is multiplied by lr, as in PyTorch, Keras and optax; the paper multiplies it by the
    schedule alone, so that its λ is lr weight_decay here.

    lr: step size α. b1, b2: decay rates of the moments. eps: added to the root, outside.
    weight_decay: share of the weights taken off per unit of lr. eps_hat: eps is added before the
    moment is corrected, as in Keras. eps_root: added inside the root of the corrected moment, as in
    optax; None adds nothing.
    """

    paper = "Loshchilov & Hutter 2019, Algorithm 2"
    dialects: ClassVar = {
        "torch": {},
        "keras": {"eps": 1e-7, "eps_hat": True, "weight_decay": 0.004},
        "optax": {"weight_decay": 1e-4},
    }

    lr: Positive = 1e-3
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.01
    eps_hat: bool = False
    eps_root: NonNegative | None = None

    def init(self, x):
        return Moments(m=zeros_like(x), v=zeros_like(x))

    def step(self, t, g, s, x):
        m = self.b1 * s.m + (1 - self.b1) * g
        v = self.b2 * s.v + (1 - self.b2) * g**2
        m_hat = m / one_minus_power(self.b1, t)
        v_hat = v / one_minus_power(self.b2, t)
        if self.eps_root is not None:
            v_hat = v_hat + self.eps_root
        if self.eps_hat:
            eps_t = self.eps / sqrt(one_minus_power(self.b2, t))
            return Moments(m, v), x - self.lr * (m_hat / (sqrt(v_hat) + eps_t) + self.weight_decay * x)
        return Moments(m, v), x - self.lr * (m_hat / (sqrt(v_hat) + self.eps) + self.weight_decay * x)

"""AMSGrad: Adam whose second moment never forgets its largest value."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import maximum, one_minus_power, sqrt, zeros_like

__all__ = ["AMSGrad"]


class Moments(NamedTuple):
    m: Any
    v: Any
    v_hat: Any  # the largest v so far, element by element


class AMSGrad(Rule):
    """Reddi, Kale & Kumar 2018, On the convergence of Adam and beyond, Algorithm 2.

    The paper corrects neither moment for its start at zero. PyTorch and Keras take the largest v and
    correct it as Adam does; optax takes the largest corrected v, which is another algorithm: a large
    first gradient weighs 1/(1 - b2) times as much, and for ever.

    lr: step size α. b1, b2: decay rates of the moments. eps: added to the root, outside (the paper
    has none). corrected: m and the largest v are corrected as in Adam. max_of_corrected: v is
    corrected before the largest is taken, instead of after. eps_hat: eps is the ε̂ of Adam's section
    2, added before the largest v is corrected.
    """

    paper = "Reddi, Kale & Kumar 2018, Algorithm 2"
    dialects: ClassVar = {
        "torch": {"corrected": True},
        "keras": {"corrected": True, "eps_hat": True, "eps": 1e-7},
        "optax": {"corrected": True, "max_of_corrected": True},
    }

    lr: Positive = 1e-3
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-8
    corrected: bool = False
    max_of_corrected: bool = False
    eps_hat: bool = False

    def init(self, x):
        return Moments(m=zeros_like(x), v=zeros_like(x), v_hat=zeros_like(x))

    def step(self, t, g, s, x):
        m = self.b1 * s.m + (1 - self.b1) * g
        v = self.b2 * s.v + (1 - self.b2) * g**2
        v_hat = maximum(s.v_hat, v / one_minus_power(self.b2, t) if self.max_of_corrected else v)
        if not self.corrected:
            return Moments(m, v, v_hat), x - self.lr * m / (sqrt(v_hat) + self.eps)
        if self.eps_hat:
            alpha_t = self.lr * sqrt(one_minus_power(self.b2, t)) / one_minus_power(self.b1, t)
            return Moments(m, v, v_hat), x - alpha_t * m / (sqrt(v_hat) + self.eps)
        m_hat = m / one_minus_power(self.b1, t)
        u = v_hat if self.max_of_corrected else v_hat / one_minus_power(self.b2, t)
        return Moments(m, v, v_hat), x - self.lr * m_hat / (sqrt(u) + self.eps)

"""Adam: momentum and RMSprop at once, each corrected for starting at zero."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import one_minus_power, sqrt, zeros_like

__all__ = ["Adam"]


class Moments(NamedTuple):
    m: Any
    v: Any


class Adam(Rule):
    """Kingma & Ba 2015, Adam: a method for stochastic optimization, Algorithm 1.

    Keras has the form at the end of the paper's section 2, whose ε̂ lies beside the root of v before
    it is corrected: at t = 1 the same number acts 32 times as strongly.

    lr: step size α. b1, b2: decay rates of the moments. eps: added to the root, outside. eps_hat:
    eps is the ε̂ of section 2. eps_root: added inside the root of the corrected moment, as in optax;
    None adds nothing.
    """

    paper = "Kingma & Ba 2015, Algorithm 1"
    dialects: ClassVar = {"torch": {}, "keras": {"eps": 1e-7, "eps_hat": True}, "optax": {}}

    lr: Positive = 1e-3
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-8
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
            return Moments(m, v), x - self.lr * m_hat / (sqrt(v_hat) + eps_t)
        return Moments(m, v), x - self.lr * m_hat / (sqrt(v_hat) + self.eps)

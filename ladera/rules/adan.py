"""Adan: Adam with Nesterov's momentum, which it estimates from how the gradient changes."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import one_minus_power, sqrt, where, zeros_like

__all__ = ["Adan"]


class Moments(NamedTuple):
    m: Any
    v: Any
    n: Any
    g: Any  # the gradient of before


class Adan(Rule):
    """Xie et al. 2022, Adan: adaptive Nesterov momentum algorithm for faster optimizing deep models,
    Algorithm 1.

    The paper's β are what is new in a mean, 1 - b here. Its means start at their first values; its
    authors' code, and optax, start them at zero and correct them as Adam does. In optax 0.2.8 the
    difference of gradients counts 1 - b2 where paper and authors' code have b2: 0.08, not 0.92.

    lr: step size α. b1, b2, b3: decay rates of the means of the gradient, of its change, and of the
    square of both together. eps: added to the root, outside. weight_decay: the paper's λ.
    eps_root: added inside the root, as in optax; None adds nothing. corrected: the means start at
    zero and are corrected. proximal: the weights are divided by 1 + lr weight_decay after the step;
    if not, they lose lr weight_decay x, as in AdamW. complement: the change counts 1 - b2, as in
    optax.
    """

    paper = "Xie et al. 2022, Algorithm 1"
    dialects: ClassVar = {
        "optax": {"eps_root": 1e-8, "corrected": True, "proximal": False, "complement": True}
    }

    lr: Positive = 1e-3
    b1: Fraction = 0.98
    b2: Fraction = 0.92
    b3: Fraction = 0.99
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.0
    eps_root: NonNegative | None = None
    corrected: bool = False
    proximal: bool = True
    complement: bool = False

    def init(self, x):
        return Moments(m=zeros_like(x), v=zeros_like(x), n=zeros_like(x), g=zeros_like(x))

    def step(self, t, g, s, x):
        share = 1 - self.b2 if self.complement else self.b2
        d = where(t < 2, zeros_like(g), g - s.g)
        m = self.b1 * s.m + (1 - self.b1) * g
        v = self.b2 * s.v + (1 - self.b2) * d
        n = self.b3 * s.n + (1 - self.b3) * (g + share * d) ** 2
        if self.corrected:
            m_hat = m / one_minus_power(self.b1, t)
            v_hat = v / one_minus_power(self.b2, t)
            n_hat = n / one_minus_power(self.b3, t)
        else:  # each mean starts at its first value
            m = where(t < 2, g, m)
            v = where(t < 3, d, v)
            n = where(t < 2, g**2, n)
            m_hat, v_hat, n_hat = m, v, n
        if self.eps_root is not None:
            n_hat = n_hat + self.eps_root
        u = (m_hat + share * v_hat) / (sqrt(n_hat) + self.eps)
        if self.proximal:
            return Moments(m, v, n, g), (x - self.lr * u) / (1 + self.lr * self.weight_decay)
        return Moments(m, v, n, g), x - self.lr * (u + self.weight_decay * x)

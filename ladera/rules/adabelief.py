"""AdaBelief: Adam that steps far where the gradient is what its mean foretold."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import one_minus_power, sqrt, zeros_like

__all__ = ["AdaBelief"]


class Moments(NamedTuple):
    m: Any
    v: Any


class AdaBelief(Rule):
    """Zhuang et al. 2020, AdaBelief optimizer: adapting stepsizes by the belief in observed
    gradients, Algorithm 2.

    v, the paper's s, is the mean square of what m did not foretell. It takes up eps_root at every
    step, so that it holds nearly eps_root / (1 - b2) in the end.

    lr: step size α. b1, b2: decay rates of the moments. eps: added to the root, outside.
    eps_root: added to v at every step (the paper has one ε for both).
    """

    paper = "Zhuang et al. 2020, Algorithm 2"
    dialects: ClassVar = {"optax": {}}
    letters: ClassVar = {"v": "s", "v_hat": r"\hat{s}"}

    lr: Positive = 1e-3
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-16
    eps_root: NonNegative = 1e-16

    def init(self, x):
        return Moments(m=zeros_like(x), v=zeros_like(x))

    def step(self, t, g, s, x):
        m = self.b1 * s.m + (1 - self.b1) * g
        v = self.b2 * s.v + (1 - self.b2) * (g - m) ** 2 + self.eps_root
        m_hat = m / one_minus_power(self.b1, t)
        v_hat = v / one_minus_power(self.b2, t)
        return Moments(m, v), x - self.lr * m_hat / (sqrt(v_hat) + self.eps)

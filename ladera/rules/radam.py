"""RAdam: Adam that trusts its second moment only as far as it has seen enough of it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, NamedTuple

from ladera.rules._rule import Domain, Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import average_length, one_minus_power, sqrt, where, zeros_like

__all__ = ["RAdam"]


class Moments(NamedTuple):
    m: Any
    v: Any


class RAdam(Rule):
    """Liu et al. 2020, On the variance of the adaptive learning rate and beyond, Algorithm 2.

    lr: step size α. b1, b2: decay rates of the moments. eps: added to the root of the corrected
    moment, outside, as in Adam (the paper has none). rho_min: the step is rectified where
    ρ > rho_min, and is momentum's elsewhere; 4 in the paper, 5 in PyTorch and optax. Where ρ <= 4 the
    rectification has no value. eps_hat: eps is added before the moment is corrected, as in PyTorch.
    eps_root: added inside the root of the corrected moment, as in optax; None adds nothing.
    """

    paper = "Liu et al. 2020, Algorithm 2"
    dialects: ClassVar = {"torch": {"rho_min": 5.0, "eps_hat": True}, "optax": {"rho_min": 5.0}}

    lr: Positive = 1e-3
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-8
    rho_min: Annotated[float, Domain(4.0, float("inf"), open_low=False)] = 4.0
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
        root = sqrt(v_hat) + self.eps
        if self.eps_hat:
            eps_t = self.eps / sqrt(one_minus_power(self.b2, t))
            root = sqrt(v_hat) + eps_t
        rho_inf = 2 / (1 - self.b2) - 1
        rho = average_length(self.b2, t)  # rho_inf - 2 t b2^t / (1 - b2^t)
        rectified = rho > self.rho_min
        # Below 4 the root has no value: where the step is not rectified, r is the root of 1.
        rho = where(rectified, rho, 5.0)
        rho_inf = where(rectified, rho_inf, 5.0)
        r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        return Moments(m, v), x - self.lr * m_hat * where(rectified, r / root, 1.0)

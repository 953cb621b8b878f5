"""Rprop: each weight has its own step size, which grows until the gradient changes its sign."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, NamedTuple

from ladera.rules._rule import Domain, Positive, Rule
from ladera.rules._xp import maximum, minimum, sign, where, zeros_like

__all__ = ["Rprop"]


class Steps(NamedTuple):
    Delta: Any  # step sizes
    d: Any  # the sign of the gradient of before; 0 after it has changed


class Rprop(Rule):
    """Riedmiller & Braun 1993, A direct adaptive method for faster backpropagation learning: the
    RPROP algorithm, section II.

    Where a gradient has changed its sign, the paper takes the last step back; PyTorch and optax stay
    where they are (the iRprop- of Igel & Hüsken 2000). The step size is then left alone once. optax
    0.2.8 takes the step of the gradient before, and none at first. Rprop is for the whole data set
    at a time: from one mini-batch to the next the signs change by chance.

    lr: the first step size Δ0. eta_minus: what it shrinks by where the sign has changed.
    eta_plus: what it grows by where the sign is the same. step_min, step_max: bounds of a step size
    that changes. backtracks: the last step is taken back. bounds_lr: the bounds hold for lr, too, as
    in PyTorch. late: the step of the gradient before is taken, as in optax.
    """

    paper = "Riedmiller & Braun 1993, section II"
    dialects: ClassVar = {
        "torch": {"lr": 0.01, "backtracks": False, "bounds_lr": True},
        "optax": {"backtracks": False, "late": True},
    }

    lr: Positive = 0.1
    eta_minus: Annotated[float, Domain(0.0, 1.0, open_low=True)] = 0.5
    eta_plus: Annotated[float, Domain(1.0, float("inf"), open_low=True)] = 1.2
    step_min: Positive = 1e-6
    step_max: Positive = 50.0
    backtracks: bool = True
    bounds_lr: bool = False
    late: bool = False

    def init(self, x):
        Delta = zeros_like(x) + self.lr
        return Steps(Delta=self.bounded(Delta) if self.bounds_lr else Delta, d=zeros_like(x))

    def step(self, t, g, s, x):
        d = sign(g)
        turn = d * s.d  # 1: the same sign as before, -1: another, 0: none to compare with
        grown = self.bounded(self.eta_plus * s.Delta)
        shrunk = self.bounded(self.eta_minus * s.Delta)
        Delta = where(turn > 0, grown, s.Delta)
        Delta = where(turn < 0, shrunk, Delta)
        dx = -(s.d * s.Delta if self.late else d * Delta)
        back = s.d * s.Delta if self.backtracks else zeros_like(x)
        x = x + where(turn < 0, back, dx)
        return Steps(Delta, where(turn < 0, zeros_like(x), d)), x

    def bounded(self, Delta: Any) -> Any:
        return minimum(maximum(Delta, self.step_min), self.step_max)

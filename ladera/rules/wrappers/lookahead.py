"""Lookahead: slow weights that go part of the way to the fast ones every few steps."""

from __future__ import annotations

from typing import Annotated

from ladera.base import UsageError
from ladera.rules._rule import Domain
from ladera.rules._wrapper import Averaging, Iterate
from ladera.rules._xp import where, zeros_like

__all__ = ["Lookahead"]


class Lookahead(Averaging):
    """Zhang et al. 2019, Lookahead optimizer: k steps forward, 1 step back, Algorithm 1.

    x are the slow weights φ, z the fast weights θ of the rule inside, where the gradient is taken.
    Every k steps x goes to z part of the way, and z returns to x; what the rule inside remembers
    stays.

    k: steps from one meeting to the next, a whole number. slow_lr: α, the part of the way.
    """

    paper = "Zhang et al. 2019, Algorithm 1"

    k: Annotated[float, Domain(1.0, float("inf"), open_low=False)] = 5.0
    slow_lr: Annotated[float, Domain(0.0, 1.0, open_low=True)] = 0.5

    def __post_init__(self):
        super().__post_init__()
        if self.rule.averages:
            raise UsageError(
                "Lookahead moves the x of the rule inside, and that of {rule} is an average, which descent "
                "does not follow; put the average around Lookahead.",
                rule=self.rule.label(),
            )

    def step(self, t, g, s, x):
        state, z = self.inside(t, g, s.rule, s.z)
        meet = t % self.k < 0.5
        step = where(meet, self.slow_lr * (z - x), zeros_like(z))
        theta = where(meet, x + step, z)
        return Iterate(state, theta), x + step

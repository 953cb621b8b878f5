"""SAM: the gradient is taken where the loss is worst nearby, so that flat minima are found."""

from __future__ import annotations

from ladera.base import UsageError
from ladera.rules._rule import Positive
from ladera.rules._wrapper import Wrapper
from ladera.rules._xp import norm, where

__all__ = ["SAM"]


class SAM(Wrapper):
    """Foret et al. 2021, Sharpness-aware minimization for efficiently improving generalization,
    Algorithm 1 and equation 2 with p = 2.

    Each step costs two gradients: the first leads up to the probe, the second is stepped with. The
    norm is that of the whole gradient. Where the gradient is 0 the probe is where it was taken.

    radius: ρ, the distance of the probe.
    """

    paper = "Foret et al. 2021, Algorithm 1"
    scope = "whole"
    evaluations = 2

    radius: Positive = 0.05

    def __post_init__(self):
        super().__post_init__()
        if self.rule.evaluations > 1:
            raise UsageError(
                "SAM takes a second gradient at each step, and {rule} takes one already; wrap a rule of one.",
                rule=self.rule.label(),
            )

    def probe(self, g, s, x):
        length = norm(g)
        return self.read(s, x) + (self.radius / where(length > 0, length, 1.0)) * g

"""Schedule-free SGD: steps at full length from z, the answer is their average, no schedule needed."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import maximum, minimum, total, zeros_like

__all__ = ["ScheduleFreeSGD"]


class Average(NamedTuple):
    z: Any
    largest: Any  # lr so far
    weights: Any  # their sum


class ScheduleFreeSGD(Rule):
    """Defazio et al. 2024, The road less scheduled, equations 3 to 5, with the warm-up and the weights
    of Algorithm 1.

    x is the average, z goes down the slope, and the gradient is taken at y between them. A point
    counts by the square of the largest lr so far, as in the authors' code and optax, so that a
    warm-up counts little and a decay is no reason to stop.

    lr: step size γ. b1: β, how near y is to x. weight_decay: share of y taken off z per unit of lr.
    warmup: steps over which lr rises to its value. power: of the lr in a point's weight; 0 makes x
    the plain mean. lagged: z warms up one step behind the weights, as in optax.
    """

    paper = "Defazio et al. 2024, equations 3 to 5"
    averages = True
    dialects: ClassVar = {"optax": {"lagged": True}}
    letters: ClassVar = {"largest": r"\gamma_{\max}", "weight": "w", "weights": "W"}

    lr: Positive = 1.0
    b1: Fraction = 0.9
    weight_decay: NonNegative = 0.0
    warmup: NonNegative = 0.0
    power: NonNegative = 2.0
    lagged: bool = False

    def init(self, x):
        none = total(zeros_like(x))
        return Average(z=x, largest=none, weights=none)

    def read(self, s, x):
        return (1 - self.b1) * s.z + self.b1 * x

    def step(self, t, g, s, x):
        y = self.read(s, x)
        gamma = minimum(t / maximum(self.warmup, 1.0), 1.0) * self.lr
        largest = maximum(s.largest, gamma)
        weight = largest**self.power
        weights = s.weights + weight
        if self.lagged:
            before = t - minimum(self.warmup, 1.0)  # t where there is no warm-up
            gamma = minimum(before / maximum(self.warmup, 1.0), 1.0) * self.lr
        z = s.z - gamma * (g + self.weight_decay * y)
        c = weight / weights
        return Average(z, largest, weights), (1 - c) * x + c * z

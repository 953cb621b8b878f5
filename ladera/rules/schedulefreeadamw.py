"""Schedule-free AdamW: AdamW's steps from z, whose average is the answer, no schedule needed."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import maximum, minimum, one_minus_power, sqrt, total, where, zeros_like

__all__ = ["ScheduleFreeAdamW"]


class Average(NamedTuple):
    z: Any
    v: Any
    largest: Any  # lr so far
    weights: Any  # their sum


class ScheduleFreeAdamW(Rule):
    """Defazio et al. 2024, The road less scheduled, Algorithm 1.

    x is the average, z takes AdamW's steps without momentum, and the gradient is taken at y between
    them. A point counts by the square of the largest lr so far, as in the authors' code and optax,
    so that a warm-up counts little and a decay is no reason to stop.

    lr: step size γ. b1: β1, how near y is to x. b2: decay rate of v. eps: added to the root, outside.
    weight_decay: share of y taken off z per unit of lr. warmup: steps over which lr rises to its
    value. power: of the lr in a point's weight; 0 makes x the plain mean, as in Keras. lagged: z warms
    up one step behind the weights, as in optax. decays_x: weight_decay takes its share of y off x, so
    that y loses it and z never does, as in Keras.
    """

    paper = "Defazio et al. 2024, Algorithm 1"
    averages = True
    dialects: ClassVar = {"keras": {"power": 0.0, "decays_x": True}, "optax": {"lagged": True}}
    letters: ClassVar = {"largest": r"\gamma_{\max}", "weight": "w", "weights": "W"}

    lr: Positive = 0.0025
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.0
    warmup: NonNegative = 0.0
    power: NonNegative = 2.0
    lagged: bool = False
    decays_x: bool = False

    def init(self, x):
        none = total(zeros_like(x))
        return Average(z=x, v=zeros_like(x), largest=none, weights=none)

    def read(self, s, x):
        return (1 - self.b1) * s.z + self.b1 * x

    def step(self, t, g, s, x):
        y = self.read(s, x)
        v = self.b2 * s.v + (1 - self.b2) * g**2
        v_hat = v / one_minus_power(self.b2, t)
        gamma = minimum(t / maximum(self.warmup, 1.0), 1.0) * self.lr
        largest = maximum(s.largest, gamma)
        weight = largest**self.power
        weights = s.weights + weight
        if self.lagged:
            before = t - minimum(self.warmup, 1.0)  # t where there is no warm-up
            gamma = minimum(before / maximum(self.warmup, 1.0), 1.0) * self.lr
        z = s.z - gamma * g / (sqrt(v_hat) + self.eps)
        if self.decays_x:
            x = x - self.weight_decay * self.lr * y / where(self.b1 > 0, self.b1, 1.0)
        else:
            z = z - self.weight_decay * gamma * y
        c = weight / weights
        return Average(z, v, largest, weights), (1 - c) * x + c * z

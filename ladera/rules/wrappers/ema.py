"""EMA: the answer is a moving average of the weights, which descent does not follow."""

from __future__ import annotations

from typing import Any, NamedTuple

from ladera.rules._rule import Fraction
from ladera.rules._wrapper import Averaging
from ladera.rules._xp import one_minus_power

__all__ = ["EMA"]


class Average(NamedTuple):
    rule: Any  # the state of the rule inside
    z: Any  # its x
    mean: Any  # x, not rounded: in 16 bits no step of an average would be left


class EMA(Averaging):
    """Kingma & Ba 2015, Adam: a method for stochastic optimization, section 7.2, after Polyak &
    Juditsky 1992.

    x is the average, z the weights of the rule inside, where the gradient is taken. The average
    starts at the initial weights; PyTorch's AveragedModel and Keras's use_ema start it at the
    weights after the first step.

    ema_decay: decay rate of the average. bias_correction: the initial weights do not count.
    """

    paper = "Kingma & Ba 2015, section 7.2"

    ema_decay: Fraction = 0.999
    bias_correction: bool = False

    def init(self, x):
        return Average(*super().init(x), mean=x)

    def step(self, t, g, s, x):
        state, z = self.inside(t, g, s.rule, s.z)
        share = 1 - self.ema_decay
        if self.bias_correction:  # the average divided by 1 - ema_decay^t, as its own recursion
            share = share / one_minus_power(self.ema_decay, t)
        mean = s.mean + share * (z - s.mean)
        return Average(state, z, mean), mean

"""Schedules that stay or fall: constant, steps, exponential, inverse time, polynomial, cosine."""

from __future__ import annotations

import numpy as np

from ladera.hyperparameters import Fraction, Positive
from ladera.schedules._schedule import Inside, Schedule, whole, written_fall

__all__ = ["Constant", "Cosine", "Exponential", "InverseTime", "Polynomial", "Step"]


class Constant(Schedule):
    """The hyperparameter stays as it is."""

    formula = "f[t] = 1"

    def at(self, t, n, s):
        return np.ones(t.shape)

    def written(self, n, s):
        return ["return 1.0"]


class Step(Schedule):
    """The factor is multiplied by the same number every few epochs.

    StepLR of PyTorch, whose scheduler is stepped once an epoch.

    factor: what it is multiplied by. every: how many epochs apart.
    """

    formula = "f[t] = factor^⌊t/P⌋\nP = every·s"

    factor: Inside = 0.5
    every: Positive = 5.0

    def at(self, t, n, s):
        return self.factor ** (t // whole(self.every * s, 1))

    def written(self, n, s):
        return [f"return {self.factor!r} ** (t // {whole(self.every * s, 1)})"]


class Exponential(Schedule):
    """The factor shrinks by the same share in every epoch, a little at each step.

    ExponentialLR of PyTorch moves once an epoch where this moves at every step; at whole epochs they
    agree.

    rate: the factor of one epoch.
    """

    formula = "f[t] = rate^(t/s)"

    rate: Inside = 0.9

    def at(self, t, n, s):
        return self.rate ** (t / s)

    def written(self, n, s):
        return [f"return {self.rate!r} ** (t / {s})"]


class InverseTime(Schedule):
    """The factor is one over a line that rises with the epochs.

    InverseTimeDecay of Keras; the schedule of Robbins & Monro 1951, whose steps sum to infinity while
    their squares do not.

    decay: how much the line rises in an epoch.
    """

    paper = "Robbins & Monro 1951"
    formula = "f[t] = 1/(1 + decay·t/s)"

    decay: Positive = 0.1

    def at(self, t, n, s):
        return 1 / (1 + self.decay * t / s)

    def written(self, n, s):
        return [f"return 1 / (1 + {self.decay!r} * t / {s})"]


class Polynomial(Schedule):
    """The factor falls to its end along a power of the share of the training that is left.

    PolynomialLR of PyTorch, which ends at 0, and polynomial_schedule of optax. The end would be
    reached at step n, which is the first one after the training.

    power: 1 is a straight line. end: the factor at the end.
    """

    formula = "f[t] = end + (1 − end)·(1 − t/n)^power"

    power: Positive = 1.0
    end: Fraction = 0.0

    def at(self, t, n, s):
        return self.end + (1 - self.end) * (1 - t / n) ** self.power

    def written(self, n, s):
        return [f"return {written_fall(self.end, f'(1 - t / {n}) ** {self.power!r}')}"]


class Cosine(Schedule):
    """The factor falls along half a cosine over the whole training.

    CosineAnnealingLR of PyTorch with T_max = n, cosine_decay_schedule of optax. The end would be
    reached at step n, which is the first one after the training.

    end: the factor at the end.
    """

    paper = "Loshchilov & Hutter 2017, equation 5, without restarts"
    formula = "f[t] = end + (1 − end)·(1 + cos(π·t/n))/2"

    end: Fraction = 0.0

    def at(self, t, n, s):
        return self.end + (1 - self.end) * (1 + np.cos(np.pi * t / n)) / 2

    def written(self, n, s):
        return [f"return {written_fall(self.end, f'(1 + xp.cos(math.pi * t / {n})) / 2')}"]

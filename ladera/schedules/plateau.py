"""The schedule that follows the losses: the learning rate falls where they no longer do."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from ladera.base import UsageError
from ladera.hyperparameters import Fraction, NonNegative
from ladera.schedules._schedule import Inside, Schedule

__all__ = ["Plateau"]


class Plateau(Schedule):
    """The learning rate is multiplied by a factor whenever the validation loss has stopped falling.

    ReduceLROnPlateau of PyTorch, whose scheduler is told the validation loss after every epoch. An epoch
    is better where its loss lies below the best one by more than a ten-thousandth of it.

    factor: what the learning rate is multiplied by. patience: how many epochs in a row may be no better;
    one more, and the rate is cut. least: what the factors of all cuts together never fall below.
    """

    formula = (
        "w[e] = 0   (L[e] < 0.9999·b)\n"
        "w[e] = w[e−1] + 1   (L[e] >= 0.9999·b)\n"
        "f[e+1] = max(factor·f[e], least)   (w[e] > patience)\n"
        "f[e+1] = f[e]   (w[e] <= patience)"
    )
    reacts: ClassVar = True
    threshold: ClassVar[float] = 1e-4  # relative
    smallest: ClassVar[float] = 1e-8  # a cut that changes the factor by no more is not made

    factor: Inside = 0.1
    patience: NonNegative = 10.0
    least: Fraction = 0.0

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.patience, (int, float)) and self.patience != int(self.patience):
            raise UsageError(
                "The patience of plateau is a whole number of epochs, received {received}; take 10, for "
                "example.",
                received=self.patience,
            )

    def follow(self, losses: Iterable[float]) -> np.ndarray:
        """The factor of every epoch, float64 [n], of a training with these validation losses [n], each
        after its epoch: the first factor is 1, the last loss moves nothing any more."""
        best, waited, factor, found = math.inf, 0, 1.0, []
        for loss in map(float, losses):
            found.append(factor)
            if loss < best * (1 - self.threshold):
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.patience:
                cut, waited = max(factor * self.factor, self.least), 0
                factor = cut if factor - cut > self.smallest else factor
        return np.array(found)

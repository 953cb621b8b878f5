"""What every kind of data becomes before it is dealt out: rows on one scale, targets, and their split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ladera.problems.splits import Split

__all__ = ["Made", "Naive"]


@dataclass(frozen=True)
class Naive:
    """RMSE, in target units over all steps of the horizon, of the last known value repeated."""

    validation: float
    test: float


@dataclass(frozen=True, eq=False)
class Made:
    """Examples by their numbers.

    split: the numbers of each part. rows: numbers [k] -> float32 [k, features]. y: by number.
    scale: target units per unit of y. shape: of an example, None where it is a plain vector.
    disjoint: whether no target is in two parts. vocabulary: how many tokens there are, None where
    examples are numbers. padded: whether the last input of every moment says if it is there.
    """

    split: Split
    rows: Callable[[np.ndarray], np.ndarray]
    y: np.ndarray
    scale: float
    shape: tuple[int, ...] | None
    disjoint: bool
    notes: tuple[str, ...] = ()
    vocabulary: int | None = None
    padded: bool = False
    naive: Naive | None = None

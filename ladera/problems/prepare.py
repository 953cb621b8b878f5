"""Prepared data: split, scaled by what the train rows show, as arrays that networks take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ladera.base import UsageError
from ladera.problems.datasets import Dataset
from ladera.problems.scale import columns, frame, images
from ladera.problems.splits import split

__all__ = ["VERSION", "Metric", "Part", "Prepared", "prepare"]

VERSION = 1  # raised when the same data would be prepared to other numbers than before


@dataclass(frozen=True)
class Metric:
    """What is compared. direction "max": higher is better."""

    name: str
    direction: str
    unit: str


ACCURACY = Metric("accuracy", "max", "share")
RMSE = Metric("rmse", "min", "target units")


@dataclass(frozen=True, eq=False)
class Part:
    """x: float32 [n, features], C-contiguous. y: int32 [n] classes, or float32 [n, 1] standardised."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Three parts and all that training and reporting need to know of the data.

    classes: how many; None for regression.
    shape: of an example as networks see it: [features], or an image's [height, width, ...].
    target_scale: target units per unit of `y`: the standard deviation of the train targets
        (regression; rmse is reported in target units), 1 for classification.
    """

    train: Part
    validation: Part
    test: Part
    task: str
    classes: int | None
    features: int
    metric: Metric
    target_scale: float
    data_hash: str
    split_hash: str
    disjoint: bool
    description: str
    shape: tuple[int, ...]

    @property
    def outputs(self) -> int:
        """How many outputs a network needs."""
        return self.classes or 1


def prepare(data: Dataset, seed: int = 0) -> Prepared:
    """Split `data` by `seed` and scale it by its train rows alone.

    Numeric columns are standardised one by one: missing values become the train median first;
    columns that are constant in train become 0. Text and categories become one 0/1 column for each
    category in train, missing being one of them; a category that train lacks is all 0. Images
    have one mean and one standard deviation, over all pixels of train. A numeric target is
    standardised.

    Raises UsageError as `split`, and for features that are infinite, absent or all constant.
    """
    parts = split(data.y, data.classes, seed, data.test)
    if not isinstance(data.x, np.ndarray):
        scaled = frame(data.x, parts.train)
    elif data.kind == "image":
        scaled = images(data.x, parts.train)
    else:
        scaled = columns(data.x.astype(np.float64), data.features, parts.train)
    y, scale = (data.y, 1.0) if data.classes else _quantity(data.y, parts.train)
    train, validation, test = (
        _part(scaled.rows(rows), y[rows]) for rows in (parts.train, parts.validation, parts.test)
    )
    return Prepared(
        train,
        validation,
        test,
        task=data.task,
        classes=len(data.classes) or None,
        features=train.x.shape[1],
        metric=ACCURACY if data.classes else RMSE,
        target_scale=scale,
        data_hash=data.hash(),
        split_hash=parts.hash(),
        disjoint=parts.disjoint,
        description="; ".join((data.description, *scaled.notes)),
        shape=data.shape or (train.x.shape[1],),
    )


def _part(x: np.ndarray, y: np.ndarray) -> Part:
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise UsageError(
            "Values are finite in single precision after scaling by the train rows, received some so far "
            "from these that they are not; correct or remove such rows."
        )
    return Part(np.ascontiguousarray(x), y)


def _quantity(y: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, float]:
    """`y` [n] in target units -> standardised float32 [n, 1], and its scale in target units."""
    seen = y[train]
    mean, scale = seen.mean(), float(seen.std())
    if seen.min() == seen.max():  # rounding leaves a tiny deviation of equal values
        raise UsageError(
            "A regression's target varies within train, received {value:g} in all its {rows} rows; "
            "add rows or take another split seed.",
            value=mean,
            rows=len(train),
        )
    with np.errstate(over="ignore"):  # looked at when the parts are made
        return ((y - mean) / scale).astype(np.float32)[:, None], scale

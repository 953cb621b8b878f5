"""Prepared data: split, scaled by what the train rows show, as arrays that networks take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ladera.base import UsageError
from ladera.problems import series, tokens, unequal
from ladera.problems.datasets import Dataset
from ladera.problems.parts import Made, Naive
from ladera.problems.scale import Scaled, columns, frame, images, quantity
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
    """x: float32 [n, features], C-contiguous. y: int32 [n] classes, or float32 [n, 1] standardised, of
    windows [n, horizon]."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Three parts and all that training and reporting need to know of the data.

    classes: how many; None for regression.
    shape: of an example as networks see it: [features], an image's [height, width, ...], a window's
        [window, columns], [steps] of tokens, or [steps, inputs + 1] where sequences were padded.
    target_scale: target units per unit of `y`: the standard deviation of the train targets
        (regression; rmse is reported in target units), 1 for classification.
    vocabulary: how many tokens there are, 0 the padding; None where examples are not tokens.
    padded: whether the last input of every moment is 1 where it is there and 0 where it is padding.
    naive: of windows, how well the last value repeated does.
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
    vocabulary: int | None = None
    padded: bool = False
    naive: Naive | None = None

    @property
    def outputs(self) -> int:
        """How many outputs a network needs."""
        return self.classes or self.train.y.shape[1]


def prepare(data: Dataset, seed: int = 0) -> Prepared:
    """Split `data` by `seed` and scale it by its train rows alone.

    Numeric columns are standardised one by one: missing values become the train median first;
    columns that are constant in train become 0. Text and categories become one 0/1 column for each
    category in train, missing being one of them; a category that train lacks is all 0. Images
    have one mean and one standard deviation, over all pixels of train. A numeric target is
    standardised. A series becomes windows (`series.make`), text and tokens numbers (`tokens`), and
    sequences of different lengths are scaled and padded (`unequal`).

    Raises UsageError as `split`, and for features that are infinite, absent or all constant.
    """
    made = series.make(data, seed) if data.kind == "series" else _dealt(data, seed)
    train, validation, test = (
        _part(made.rows(numbers), made.y[numbers])
        for numbers in (made.split.train, made.split.validation, made.split.test)
    )
    return Prepared(
        train,
        validation,
        test,
        task=data.task,
        classes=len(data.classes) or None,
        features=train.x.shape[1],
        metric=ACCURACY if data.classes else RMSE,
        target_scale=made.scale,
        data_hash=data.hash(),
        split_hash=made.split.hash(),
        disjoint=made.disjoint,
        description="; ".join((data.description, *made.notes)),
        shape=made.shape or (train.x.shape[1],),
        vocabulary=made.vocabulary,
        padded=made.padded,
        naive=made.naive,
    )


def _dealt(data: Dataset, seed: int) -> Made:
    """Rows in no order, dealt to the parts by `seed`."""
    parts = split(data.y, data.classes, seed, data.test)
    y, unit = (data.y, 1.0) if data.classes else quantity(data.y, parts.train)
    vocabulary = None
    if data.kind in ("text", "tokens"):
        read = tokens.of_text if data.kind == "text" else tokens.of_tokens
        rows, notes, vocabulary = read(data, parts.train)
    else:
        scaled = _scaled(data, parts.train)
        rows, notes = scaled.rows, scaled.notes
    padded = data.kind == "sequences"
    return Made(parts, rows, y, unit, data.shape, parts.disjoint, notes, vocabulary, padded)


def _scaled(data: Dataset, train: np.ndarray) -> Scaled:
    if not isinstance(data.x, np.ndarray):
        return frame(data.x, train)
    if data.kind == "image":
        return images(data.x, train)
    if data.kind == "sequences":
        return unequal.scaled(data.x.reshape(len(data.x), *(data.shape or ())), train)
    return columns(data.x.astype(np.float64), data.features, train)


def _part(x: np.ndarray, y: np.ndarray) -> Part:
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise UsageError(
            "Values are finite in single precision after scaling by the train rows, received some so far "
            "from these that they are not; correct or remove such rows."
        )
    return Part(np.ascontiguousarray(x), y)

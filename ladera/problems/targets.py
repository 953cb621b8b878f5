"""What the target is: classes or a quantity."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladera.base import UsageError

__all__ = ["TASKS", "Target", "encode"]

TASKS = ("auto", "classification", "regression")

# A target of whole numbers is classes when they are few and each has some rows.
MOST_CLASSES = 20
ROWS_PER_CLASS = 5


@dataclass(frozen=True)
class Target:
    """task: "classification" or "regression".
    y: [n], int32 codes of the classes, or float64 in target units.
    classes: their names, sorted by value; none for regression.
    """

    task: str
    y: np.ndarray
    classes: tuple[str, ...]


def encode(y: Any, task: str = "auto", labels: tuple[str, ...] = ()) -> Target:
    """The target of a column `y` [n] of numbers, booleans, text or categories.

    task "auto": classification for text, booleans and categories, and for at most 20 different whole
    numbers with at least 5 rows each on average; else regression.
    labels: the names of the classes 0, 1, ... where `y` holds these codes.

    Raises UsageError: more than one column, missing or infinite values, one class, a constant, text
    where a quantity is asked for, an unknown task.
    """
    if task not in TASKS:
        raise UsageError(
            "A task is one of {known}, received '{received}'.", known=", ".join(TASKS), received=task
        )
    values = _column(y)
    if task == "regression":
        return Target(task, _quantity(values), ())
    if task == "auto" and values.dtype.kind in "iuf" and not _few_whole(values):
        return Target("regression", _quantity(values), ())
    found, codes = np.unique(values, return_inverse=True)
    if len(found) < 2:
        raise UsageError(
            "A classification needs at least two classes, received only '{name}' in {rows} rows; "
            "choose another target or add rows.",
            name=_text(found[0]) if len(found) else "",
            rows=len(values),
        )
    whole = found.dtype.kind in "iu" and found[0] >= 0 and found[-1] < len(labels)
    names = tuple(labels[code] for code in found) if whole else tuple(_text(value) for value in found)
    return Target("classification", codes.astype(np.int32), names)


def _column(y: Any) -> np.ndarray:
    """[n] of int, float, bool or text, nothing missing."""
    values, missing = _from_series(y) if _is_series(y) else _from_array(y)
    if missing.any():
        raise UsageError(
            "Every row needs a target, received {missing} of {rows} rows without one "
            "(empty, NA, NaN, None and null count as missing); fill in or remove these rows.",
            missing=int(missing.sum()),
            rows=len(values),
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise UsageError(
            "A target is finite, received {count} infinite values; correct or remove these rows.",
            count=int((~np.isfinite(values)).sum()),
        )
    return values


def _is_series(y: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(y, pandas.Series)


def _from_series(y: Any) -> tuple[np.ndarray, np.ndarray]:
    import pandas as pd

    missing = y.isna().to_numpy()
    kind = y.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return np.where(missing, "", y.astype(str)).astype(str), missing
    if pd.api.types.is_bool_dtype(kind):
        return y.fillna(False).to_numpy(dtype=bool), missing
    if pd.api.types.is_integer_dtype(kind) and not missing.any():
        return y.to_numpy(dtype=np.int64), missing
    if pd.api.types.is_float_dtype(kind) or pd.api.types.is_integer_dtype(kind):
        return y.to_numpy(dtype=np.float64, na_value=np.nan), missing
    return _from_array(y.to_numpy(dtype=object, na_value=None))


def _from_array(y: Any) -> tuple[np.ndarray, np.ndarray]:
    try:
        array = np.asarray(y)
    except ValueError:  # rows of unequal lengths
        array = np.empty((0, 0))
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "biufUO":
        raise UsageError(
            "A target is one column of numbers or text, received shape {shape} of {kind}; "
            "give one value per row.",
            shape=array.shape,
            kind=array.dtype,
        )
    if array.dtype.kind != "O":
        missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(len(array), bool)
        return array, missing
    missing = np.array([value is None or value != value for value in array], bool)
    present = [value for value, absent in zip(array, missing, strict=True) if not absent]
    if present and all(isinstance(value, (int, float, np.number)) for value in present):
        values = np.full(len(array), np.nan)
        values[~missing] = present
        return values, missing
    return np.array(
        ["" if absent else str(v) for v, absent in zip(array, missing, strict=True)], str
    ), missing


def _few_whole(values: np.ndarray) -> bool:
    if values.dtype.kind == "f" and not (values == np.round(values)).all():
        return False
    return len(np.unique(values)) <= min(MOST_CLASSES, len(values) // ROWS_PER_CLASS)


def _quantity(values: np.ndarray) -> np.ndarray:
    """[n] float64, not constant."""
    try:
        y = values.astype(np.float64)
    except ValueError as error:
        raise UsageError(
            "A regression needs numbers as target, received text ({reason}); "
            "take task classification or choose another target.",
            reason=error,
        ) from None
    if not (np.abs(y) < np.finfo(np.float32).max).all():
        raise UsageError(
            "A regression's target is finite in single precision, received values up to {largest:g}; "
            "rescale the target or correct these rows.",
            largest=np.abs(y).max(initial=0.0),
        )
    if len(y) and (y == y[0]).all():
        raise UsageError(
            "A regression's target varies, received {value:g} in all {rows} rows; choose another target.",
            value=y[0],
            rows=len(y),
        )
    return y


def _text(value: Any) -> str:
    """A class's name: a whole number without decimals."""
    return str(int(value)) if isinstance(value, np.floating) and value.is_integer() else str(value)

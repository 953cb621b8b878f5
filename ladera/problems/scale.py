"""Features on one scale, by what the train rows show and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ladera.base import UsageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_CATEGORIES", "Scaled", "columns", "frame", "images", "numbers", "quantity"]

MOST_CATEGORIES = 255  # a text column with more of them names rows rather than groups
_LARGEST = float(np.finfo(np.float32).max)
_BLOCK = 1024  # rows: float64 for all of MNIST at once would take 300 MB, and be slower


@dataclass(frozen=True)
class Scaled:
    """rows: row numbers [k] -> scaled features float [k, d]. notes: what was decided."""

    rows: Callable[[np.ndarray], np.ndarray]
    notes: tuple[str, ...] = ()


def images(x: np.ndarray, train: np.ndarray) -> Scaled:
    """Pixels [n, pixels] with one mean and one standard deviation, over all pixels of `train`."""
    if not np.isfinite(x).all():
        raise UsageError(
            "Pixels are finite numbers, received values that are not; correct or remove these images."
        )
    seen = x[train]
    mean = seen.mean(dtype=np.float64)
    blocks = np.array_split(seen, len(seen) // _BLOCK + 1)
    std = (sum(np.square(block - mean).sum() for block in blocks) / seen.size) ** 0.5
    if seen.min() == seen.max():
        raise UsageError(
            "Images differ in some pixel, received {value:g} in all of them; check the data.", value=mean
        )
    return Scaled(lambda rows: _standardise(x, rows, mean, std))


def columns(x: np.ndarray, names: Sequence[str], train: np.ndarray) -> Scaled:
    """Columns [n, d] of float64, each with its own mean and standard deviation in `train`.

    Missing values (NaN) become the column's train median; a column constant in train becomes 0.
    """
    x, notes = _filled(x, names, train)
    seen = x[train]
    mean, variance = seen.mean(axis=0), seen.var(axis=0)
    # Equal values may leave a variance of rounding errors: scikit-learn's bound on these.
    rounding = len(seen) * np.finfo(float).eps
    constant = variance <= rounding * variance + (rounding * mean) ** 2
    if constant.all():
        raise _nothing_usable(names)
    std = np.where(constant, np.inf, np.sqrt(variance))
    return Scaled(lambda rows: _standardise(x, rows, mean, std), notes)


def _standardise(x: np.ndarray, rows: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """(x[rows] - mean)/std, computed in float64, block by block, kept in float32."""
    scaled = np.empty((len(rows), x.shape[1]), np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        with np.errstate(over="ignore"):  # looked at when the parts are made
            scaled[start : start + _BLOCK] = (x[block] - mean) / std
    return scaled


def _filled(x: np.ndarray, names: Sequence[str], train: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Missing values replaced by the train median (0 where train has none). Infinite ones raise."""
    missing = np.isnan(x)
    infinite = (np.abs(x) > _LARGEST).any(axis=0)  # comparing with NaN is False
    if infinite.any():
        raise UsageError(
            "Features are finite in single precision, received infinite or larger values in column "
            "'{column}'; correct or remove these rows.",
            column=names[int(np.argmax(infinite))],
        )
    if not missing.any():
        return x, ()
    known = ~missing[train].all(axis=0)
    median = np.zeros(x.shape[1])
    median[known] = np.nanmedian(x[train][:, known], axis=0)
    count, wide = int(missing.sum()), int(missing.any(axis=0).sum())
    return np.where(missing, median, x), (
        f"{count} missing numbers in {wide} columns set to the train median",
    )


def frame(x: pd.DataFrame, train: np.ndarray) -> Scaled:
    """A table: numeric columns as `columns`, then 0/1 columns for the categories of each text column.

    Left out, and said: dates and other kinds, text with one value in train or with more than 255.
    """
    known: dict[str, np.ndarray] = {}
    groups: list[np.ndarray] = []
    notes: list[str] = []
    for name in x.columns:
        column = x[name]
        if (values := numbers(column)) is not None:
            known[name] = values
        elif (hot := _one_hot(column, train)) is not None:
            groups.append(hot)
        else:
            notes.append(f"column '{name}' left out ({column.dtype}, {column.nunique()} different values)")
    if not known and not groups:
        raise _nothing_usable(list(x.columns))
    parts: list[Callable[[np.ndarray], np.ndarray]] = [hot.__getitem__ for hot in groups]
    if known:
        scaled = columns(np.column_stack(list(known.values())), list(known), train)
        parts.insert(0, scaled.rows)
        notes.extend(scaled.notes)
    return Scaled(lambda rows: np.concatenate([part(rows) for part in parts], axis=1), tuple(notes))


def numbers(column: pd.Series) -> np.ndarray | None:
    """float64 [n] with NaN for missing, or None where the column is not of numbers or booleans."""
    from pandas.api import types

    kind = column.dtype
    if types.is_object_dtype(kind) and types.infer_dtype(column, skipna=True) in _NUMBERS_AS_OBJECTS:
        return column.astype(float).to_numpy()
    if types.is_numeric_dtype(kind) and kind.kind in "biuf":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return None


_NUMBERS_AS_OBJECTS = ("boolean", "decimal", "floating", "integer", "mixed-integer-float")


def _one_hot(column: pd.Series, train: np.ndarray) -> np.ndarray | None:
    """float32 [n, categories], or None where the column does not name a few groups."""
    import pandas as pd

    if not isinstance(column.dtype, (pd.CategoricalDtype, pd.StringDtype)) and column.dtype != object:
        return None
    missing = column.isna().to_numpy()
    text = column.astype(str).mask(missing, None)
    known = pd.Index(sorted(text.iloc[train].dropna().unique()))
    if not 2 <= len(known) + missing[train].any() <= MOST_CATEGORIES:
        return None
    codes = known.get_indexer(pd.Index(text))  # -1: missing, or not in train
    hot = codes[:, None] == np.arange(len(known))
    if missing[train].any():
        hot = np.column_stack([hot, missing])
    return hot.astype(np.float32)


def quantity(y: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, float]:
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


def _nothing_usable(names: Sequence[str]) -> UsageError:
    return UsageError(
        "A data set needs at least one feature that varies in train, received none among {columns}; "
        "check the target and the columns.",
        columns=", ".join(names[:8]) + (", ..." if len(names) > 8 else ""),
    )

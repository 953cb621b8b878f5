"""Windows of a time series: what came before a moment, and the values from it on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ladera.base import UsageError
from ladera.problems import scale
from ladera.problems.parts import Made, Naive
from ladera.problems.raw import is_frame
from ladera.problems.splits import Split

if TYPE_CHECKING:
    from ladera.problems.datasets import Dataset

__all__ = ["columns", "make"]


def columns(
    x: Any, names: Sequence[str], target: str, y: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """The series [moments, columns] of float64, the target's own past as its last column; the columns'
    names, and notes. A column of dates is left out, once it is seen to rise.

    x: the other columns, a DataFrame or numbers [moments, columns], with their names. y: the target.
    Raises UsageError: text, dates that go back.
    """
    found: list[str] = []
    kept: list[np.ndarray] = []
    notes: list[str] = []
    for i, name in enumerate(names):
        column = x[name] if is_frame(x) else x[:, i]
        values = column.astype(np.float64) if isinstance(column, np.ndarray) else scale.numbers(column)
        if values is not None:
            found.append(name)
            kept.append(values)
        elif _are_dates(name, column):
            notes.append(f"column '{name}' left out: dates")
        else:
            raise UsageError(
                "A series is columns of numbers, received text or another kind in column '{column}'; leave "
                "it out or turn it into numbers.",
                column=name,
            )
    own = target or "y"
    while own in found:
        own += "'"
    return np.column_stack([*kept, y]), (*found, own), tuple(notes)


def _are_dates(name: str, column: Any) -> bool:
    """Whether a column tells when a moment was. Raises UsageError where its dates go back."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a format that it does not know at once
        try:
            dates = pd.to_datetime(column, errors="coerce")
        except (TypeError, ValueError, OverflowError):
            return False
    if not isinstance(dates.dtype, np.dtype | pd.DatetimeTZDtype) or dates.isna().any():
        return False
    back = dates.diff() < pd.Timedelta(0)
    if back.any():
        raise UsageError(
            "The rows of a series are moments in order, received the date {date} after a later one in column "
            "'{column}'; sort the table by it.",
            date=str(column.iloc[int(np.argmax(back.to_numpy()))]),
            column=name,
        )
    return True


def make(data: Dataset, seed: int) -> Made:
    """The windows of a series, split by time, each column on the scale of the train moments.

    A window is known by the moment t of its first target: it sees the `window` moments before t, and
    its targets are those from t on, `horizon` of them. The first 60 % of the moments are of train, the
    next 20 % of validation, the rest of test, and a window belongs to the part that all its targets lie
    in; one whose targets lie in two is left out. So the inputs of the first validation windows are
    moments of train, which are past by then, but no target of a part is known in an earlier one.

    What is missing in an input is the value before it, which is all that was known then.
    Raises UsageError: a split seed, a window that is too long, and as `scale.columns`.
    """
    if seed:
        raise UsageError(
            "Windows of a series are split by time, received split seed {received}; leave it at 0.",
            received=seed,
        )
    window, horizon, n = data.reading.window or 1, data.reading.horizon, len(data)
    borders = _borders(n, data.test)
    if not _fits(borders, window, horizon):
        raise UsageError(
            "A series is cut by time into 60, 20 and 20 % of its rows, of which a window of {window} and a "
            "horizon of {horizon} need {least}, received {rows}; take a shorter window or add rows.",
            window=window,
            horizon=horizon,
            least=next(k for k in count(n) if _fits(_borders(max(k, 1)), window, horizon)),
            rows=n,
        )
    starts = (window, *borders[1:-1])
    parts = [np.arange(a, b - horizon + 1) for a, b in zip(starts, borders[1:], strict=True)]
    split = Split(*parts)
    train = np.arange(borders[1])
    assert isinstance(data.x, np.ndarray)
    x, filled = _forward(data.x)
    scaled = scale.columns(x, data.features, train)
    moments = scaled.rows(np.arange(n))
    y, unit = scale.quantity(data.y, train)
    seen = sliding_window_view(moments, window, axis=0)  # [n - window + 1, columns, window]

    def rows(t: np.ndarray) -> np.ndarray:
        return seen[t - window].transpose(0, 2, 1).reshape(len(t), -1)

    notes = (
        f"windows of {window} moments and the next {horizon}, split by time at rows "
        f"{borders[1]} and {borders[2]}",
        *filled,
        *scaled.notes,
    )
    naive = Naive(*(_repeated(data.y, t, horizon) for t in parts[1:]))
    apart = _apart(parts, horizon)
    shape = (window, moments.shape[1])
    targets = sliding_window_view(y[:, 0], horizon)
    return Made(split, rows, targets, unit, shape, apart, notes, naive=naive)


def _borders(n: int, test: np.ndarray | None = None) -> tuple[int, int, int, int]:
    """Where each part begins, and the end; a test set that the data keep at their end stays it."""
    if test is not None and len(test) and (test == np.arange(n - len(test), n)).all():
        rest = n - len(test)
        return 0, rest - rest // 6, rest, n
    return 0, 3 * n // 5, 4 * n // 5, n


def _fits(borders: tuple[int, ...], window: int, horizon: int) -> bool:
    train, *others = (b - a for a, b in pairwise(borders))
    return train >= window + horizon and all(rows >= horizon for rows in others)


def _forward(x: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Missing values [moments, columns] as the last ones before them; where there is none they stay."""
    missing = np.isnan(x)
    if not missing.any():
        return x, ()
    last = np.maximum.accumulate(np.where(missing, 0, np.arange(len(x))[:, None]), axis=0)
    return np.take_along_axis(x, last, axis=0), (
        f"{int(missing.sum())} missing numbers as the last before them",
    )


def _repeated(y: np.ndarray, t: np.ndarray, horizon: int) -> float:
    """RMSE of the last value before each t, repeated; in target units."""
    off = sliding_window_view(y, horizon)[t] - y[t - 1][:, None]
    return float(np.sqrt((off**2).mean()))


def _apart(parts: list[np.ndarray], horizon: int) -> bool:
    """Whether no moment is a target in two parts: counted, not assumed."""
    targets = [np.unique(t[:, None] + np.arange(horizon)) for t in parts]
    together = np.concatenate(targets)
    return len(np.unique(together)) == len(together)

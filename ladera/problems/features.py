"""What the features of raw data are: a table's columns, pixels, a series, tokens, text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ladera.base import UsageError
from ladera.problems import series, tokens, unequal
from ladera.problems.raw import Raw, is_frame, named
from ladera.problems.reading import Reading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Features", "understand"]


class Features(NamedTuple):
    """The features of a `Dataset`, in its words."""

    x: np.ndarray | pd.DataFrame
    kind: str
    names: tuple[str, ...]
    shape: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()


def understand(raw: Raw, y: np.ndarray, reading: Reading) -> Features:
    """The features of raw data whose target is `y` [n]. Raises UsageError where they do not hold, or are
    not as many rows."""
    found = _found(raw, reading)
    if len(found.x) != len(y):
        raise UsageError(
            "Features and target have one row per example, received {x} rows of features and {y} targets; "
            "check that they belong together.",
            x=len(found.x),
            y=len(y),
        )
    if reading.window is None:
        return found
    if found.kind != "table":
        raise UsageError(
            "A window sees rows of a table, which are moments in order, received examples of shape {shape}; "
            "leave the window out.",
            shape=found.shape,
        )
    x, names, notes = series.columns(found.x, found.names, raw.target, y)
    return Features(x, "series", names, None, notes)


def _found(raw: Raw, reading: Reading) -> Features:
    if reading.text is not None:
        frame, notes = tokens.text_column(raw, reading.text)
        return Features(frame, "text", (reading.text,), None, notes)
    if reading.tokens:
        numbers = tokens.given(raw.x)
        return Features(numbers, "tokens", _numbered(numbers))
    if unequal.are(raw.x):
        moments = unequal.padded(raw.x)
        x = moments.reshape(len(moments), -1)
        return Features(x, "sequences", _numbered(x), moments.shape[1:])
    if is_frame(raw.x):
        frame = named(raw.x)
        return Features(frame, "table", tuple(frame.columns))
    if raw.window and not np.size(raw.x):  # a series of nothing but its target
        return Features(raw.x, "table", ())
    x = _array(raw.x)
    if x.ndim > 2:
        x, shape = x.reshape(len(x), -1), x.shape[1:]
        return Features(x, "image", raw.features or _numbered(x), shape)
    return Features(x, "table", raw.features or _numbered(x))


def _numbered(x: np.ndarray) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(1, x.shape[1] + 1))


def _array(x: Any) -> np.ndarray:
    """Real numbers [n, ...] with at least one feature."""
    try:
        array = np.asarray(x)
        if array.dtype.kind in "OUS":
            array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            "An array of features holds numbers in rows of one length ({reason}); "
            "pass text and categories as a pandas DataFrame.",
            reason=error,
        ) from None
    if array.ndim < 2 or array.dtype.kind not in "biuf" or 0 in array.shape[1:]:
        raise UsageError(
            "Features are real numbers of shape [rows, features], received shape {shape} of {kind}; "
            "a single feature is X.reshape(-1, 1).",
            shape=array.shape,
            kind=array.dtype,
        )
    return array

"""Data as it came, before anything is decided about it."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from ladera.base import UsageError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Raw", "from_frame", "is_frame", "named"]

_USUAL_TARGETS = ("target", "label", "class", "y")


@dataclass(frozen=True)
class Raw:
    """Features, target and where they come from.

    x: numbers [n, features], images [n, height, width, ...] or a pandas DataFrame.
    y: [n], array or pandas Series of anything.
    labels: names of the classes 0, 1, ... where `y` holds such codes.
    test: numbers of the rows that the data itself keeps for testing.
    window: moments that an example sees by default, where rows are moments of a series.
    """

    x: np.ndarray | pd.DataFrame
    y: Any
    target: str = ""
    labels: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    test: np.ndarray | None = None
    source: str = ""
    notes: tuple[str, ...] = ()
    window: int | None = None


def is_frame(value: Any) -> TypeGuard[pd.DataFrame]:
    """Whether `value` is a pandas DataFrame (pandas costs 0.3 s: it is not imported to ask)."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with text as column names. Raises UsageError where two columns have one name."""
    columns = [str(c).strip() for c in frame.columns]
    twice = [c for c in columns if columns.count(c) > 1]
    if twice:
        raise UsageError(
            "The columns of a table need different names, received '{column}' {times} times; "
            "rename one of them.",
            column=twice[0],
            times=columns.count(twice[0]),
        )
    return frame.set_axis(columns, axis=1)


def from_frame(
    frame: pd.DataFrame,
    target: Hashable | None,
    source: str = "",
    notes: tuple[str, ...] = (),
    alone: bool = False,
) -> Raw:
    """A table split into features and target. alone: a target needs no features, its own past will do.

    Without `target` it is the first column named target, label, class or y, else the last one.
    Raises UsageError: unknown target, columns of one name, nothing but the target.
    """
    frame = named(frame)
    columns = list(frame.columns)
    if len(columns) < (1 if alone else 2):
        raise UsageError(
            "A table needs a target and at least one feature, received {columns} columns; "
            "check the file's delimiter and its first line, which names the columns.",
            columns=len(columns),
        )
    chosen = _usual_target(columns) if target is None else str(target).strip()
    if chosen not in columns:
        raise unknown_name("column", chosen, columns)
    if target is None:
        notes = (*notes, f"target: column '{chosen}', as none was named")
    return Raw(frame.drop(columns=chosen), frame[chosen], target=chosen, source=source, notes=notes)


def _usual_target(columns: list[str]) -> str:
    by_name = {c.lower(): c for c in reversed(columns)}
    return next((by_name[name] for name in _USUAL_TARGETS if name in by_name), columns[-1])

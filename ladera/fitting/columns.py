"""Tables for fits: where their columns come from, and the numbers in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ladera.base import UsageError, unknown_name
from ladera.problems.raw import is_frame, named

__all__ = ["column_numbers", "columns"]


def columns(data: Any) -> dict[str, Any]:
    """The columns of a mapping, a DataFrame, or the path of a file, by name, in their order.

    Raises UsageError: another kind, a file that cannot be read, columns of different lengths, no rows.
    """
    if isinstance(data, (str, Path)):
        from ladera.problems.files import table

        data = table(Path(data))
    if is_frame(data):
        frame = named(data)
        found = {name: frame[name].to_numpy() for name in frame.columns}
    elif isinstance(data, Mapping):
        found = {str(name): column for name, column in data.items()}
    else:
        raise UsageError(
            "Data is a mapping from names to columns, a DataFrame or a file's path; received {received}.",
            received=type(data).__name__,
        )
    lengths = {name: len(column) if np.ndim(column) else 0 for name, column in found.items()}
    if len(set(lengths.values())) > 1 or not any(lengths.values()):
        raise UsageError(
            "The columns of a table have equally many rows, at least one; received {received}.",
            received=", ".join(f"{n} in {name}" for name, n in lengths.items()) or "no column",
        )
    return found


def column_numbers(found: Mapping[str, Any], name: str) -> np.ndarray:
    """A column as float64. Raises UsageError: no such column, or a cell that is no finite number."""
    if name not in found:
        raise unknown_name("column", name, found)
    cells = np.asarray(found[name])
    if cells.ndim != 1:
        raise UsageError(
            "A column has one number per row; '{name}' has shape {received}.", name=name, received=cells.shape
        )
    if cells.dtype.kind in "biuf" and np.isfinite(cells.astype(np.float64)).all():
        return cells.astype(np.float64)
    return np.array([_number(cell, row, name) for row, cell in enumerate(cells.tolist(), start=1)])


def _number(cell: Any, row: int, name: str) -> float:
    if cell is None or cell != cell or type(cell).__name__ in ("NAType", "NaTType") or cell == "":
        raise UsageError(
            "Row {row} has no value in the column '{name}'; fill it in, or leave the row out (rows are "
            "counted below the header, from 1).",
            row=row,
            name=name,
        )
    try:
        number = float(cell)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise UsageError(
            "A column of a fit holds numbers; row {row} of '{name}' holds '{received}' (rows are counted "
            "below the header, from 1): correct it, or leave the row out.",
            row=row,
            name=name,
            received=cell,
        )
    return number

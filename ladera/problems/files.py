"""Data from a file: .csv, .tsv, .parquet, .npz."""

from __future__ import annotations

import csv
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ladera.base import UsageError, unknown_name
from ladera.problems.raw import Raw, from_frame, named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["find", "is_file_name", "read", "table"]

_Reader = Callable[[Path, str | None, bool], Raw]
_DELIMITERS = ",;\t|"  # the first wins a tie
_DECIMAL_COMMA = re.compile(r"(?:^|;)\s*-?\d+,\d+\s*(?:;|$)", re.MULTILINE)
_SAMPLE = 1 << 16  # characters looked at to find delimiter and decimal sign
_DAMAGED_ARCHIVE = (EOFError, KeyError, MemoryError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)


def is_file_name(name: str) -> bool:
    """Whether `name` can only be meant as a path."""
    return "/" in name or "\\" in name or Path(name).suffix.lower() in _READERS


def read(path: Path, target: str | None, alone: bool = False) -> Raw:
    """The file's data. alone: a table may hold the target and nothing else.

    Raises UsageError: absent, of another kind, damaged, without the target.
    """
    reader = find(path)
    try:
        return replace(reader(path, target, alone), source=f"file {path.name}")
    except OSError as error:
        raise _damaged(path, error) from None


def find(path: Path) -> _Reader:
    """The reader of the file, which is there. Raises UsageError."""
    try:
        there, folder = path.is_file(), path.is_dir()
    except OSError:  # a name too long for the system
        there = folder = False
    if path.suffix.lower() not in _READERS or folder:
        raise UsageError(
            "Data is read from {known} files, received '{path}'; convert it to one of these.",
            known=", ".join(_READERS),
            path=path,
        )
    if not there:
        raise UsageError(
            "There is no file '{path}'; check the path (it starts at {folder}).", path=path, folder=Path.cwd()
        )
    return _READERS[path.suffix.lower()]


def table(path: Path) -> pd.DataFrame:
    """A .csv, .tsv or .parquet file, columns without a name left out. Raises UsageError as `read` does."""
    reader = find(path)
    if reader not in _TABLES:
        raise UsageError(
            "A table is read from {known} files, received '{path}'; convert it to one of these.",
            known=", ".join(kind for kind, known in _READERS.items() if known in _TABLES),
            path=path,
        )
    try:
        frame = _TABLES[reader](path)
    except OSError as error:
        raise _damaged(path, error) from None
    return named(frame.drop(columns=_nameless(frame)))


def _read_text(path: Path, target: str | None, alone: bool) -> Raw:
    frame = _text_frame(path)
    nameless = _nameless(frame)
    notes = ("columns without a name left out",) if nameless else ()
    return from_frame(frame.drop(columns=nameless), target, notes=notes, alone=alone)


def _nameless(frame: pd.DataFrame) -> list[str]:
    return [column for column in frame.columns if str(column).startswith("Unnamed: ")]


def _text_frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    delimiter, decimal = _dialect(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows cut short to fit the header
            # index_col=False: else a row longer than the header moves every column by one, silently
            return pd.read_csv(path, sep=delimiter, decimal=decimal, index_col=False, low_memory=False)
    except (ValueError, pd.errors.ParserWarning) as error:  # pandas' parser errors are ValueErrors
        raise _damaged(path, error) from None


def _dialect(path: Path) -> tuple[str, str]:
    """(delimiter, decimal sign) of a text table, from its beginning."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            sample = file.read(_SAMPLE)
    except UnicodeDecodeError as error:
        raise _damaged(path, f"not UTF-8 text: {error.reason}") from None
    header = next((line for line in sample.splitlines() if line.strip()), "")
    cells = {d: next(csv.reader([header], delimiter=d), []) for d in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda d: len(cells[d]))
    if header and all(_is_number(cell) for cell in cells[delimiter]):
        raise UsageError(
            "The first line of a table names its columns, '{path}' begins with '{line}'; "
            "add a line of names.",
            path=path,
            line=header.strip()[:60],
        )
    return delimiter, "," if delimiter == ";" and _DECIMAL_COMMA.search(sample) else "."


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _read_parquet(path: Path, target: str | None, alone: bool) -> Raw:
    return from_frame(_parquet_frame(path), target, alone=alone)


def _parquet_frame(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (pa.ArrowException, ValueError) as error:
        raise _damaged(path, error) from None


def _read_npz(path: Path, target: str | None, alone: bool) -> Raw:
    """Arrays x (or X) and y, or x_train, y_train, x_test and y_test; pickled ones are refused.

    `target` names another array than y.
    """
    if not zipfile.is_zipfile(path):
        raise _damaged(path, "it is not a zip archive")
    try:
        # opened here: numpy leaves its own handle open when the archive is damaged
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            members = {name: file[name] for name in file.files}
    except _DAMAGED_ARCHIVE as error:
        raise _damaged(path, error) from None
    arrays = {name: member for name, member in members.items() if isinstance(member, np.ndarray)}
    y = target or "y"
    if {"x_train", f"{y}_train", "x_test", f"{y}_test"} <= arrays.keys():
        return _with_test(path, arrays, y)
    x = arrays.get("x", arrays.get("X"))
    if x is None or (target is None and y not in arrays):
        raise _unusable(path, arrays)
    if y not in arrays:
        raise unknown_name("column", y, arrays)
    return Raw(x, arrays[y], y)


def _with_test(path: Path, arrays: dict[str, np.ndarray], target: str) -> Raw:
    """Train rows, then the test rows that the file keeps apart."""
    try:
        x, y = (np.concatenate([arrays[f"{a}_train"], arrays[f"{a}_test"]]) for a in ("x", target))
    except (TypeError, ValueError):  # shapes, ranks or kinds that do not go together
        raise _unusable(path, arrays) from None
    train = len(arrays["x_train"])
    if train != len(arrays[f"{target}_train"]):
        raise _unusable(path, arrays)
    return Raw(x, y, target, test=np.arange(train, len(x)))


def _unusable(path: Path, arrays: dict[str, np.ndarray]) -> UsageError:
    return UsageError(
        "An .npz file holds the arrays x and y, or x_train, y_train, x_test and y_test of shapes that go "
        "together; '{path}' holds {received}; save it with numpy.savez(path, x=..., y=...).",
        path=path,
        received=", ".join(f"{name} {a.shape}" for name, a in arrays.items()) or "none",
    )


def _damaged(path: Path, reason: object) -> UsageError:
    return UsageError(
        "The file '{path}' cannot be read as {kind} ({reason}); repair it or save it again.",
        path=path,
        kind=path.suffix.lower(),
        reason=str(reason).strip().splitlines()[0].rstrip(".")
        if str(reason).strip()
        else type(reason).__name__,
    )


_READERS: dict[str, _Reader] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".parquet": _read_parquet,
    ".npz": _read_npz,
}
_TABLES: dict[_Reader, Callable[[Path], pd.DataFrame]] = {
    _read_text: _text_frame,
    _read_parquet: _parquet_frame,
}

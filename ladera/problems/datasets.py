"""Data sets: by name, from a file, from OpenML, from Python."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.base import UsageError, unknown_name
from ladera.problems import features, files, sources
from ladera.problems.raw import Raw, from_frame, is_frame
from ladera.problems.reading import NOTHING, Reading
from ladera.problems.targets import encode

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dataset", "find", "from_arrays", "load", "names"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Data with its target understood, not yet split or scaled.

    x: real numbers [n, features] as they came (an image is a row of its pixels), or a pandas
        DataFrame where columns differ in kind.
    y: [n], int32 codes of `classes` for classification, float64 in target units for regression.
    kind: "table" (each column has its own scale), "image" (all pixels share one), "series" (rows are
        moments, the last column is the target's past), "tokens", "text" (one column of it) or "sequences"
        (of different lengths, padded, the last input of a moment 1 where it is there).
    shape: of an image, [height, width] or [height, width, channels]; None where it is not known.
    reading: how sequences are read out of it.
    test: the rows that the data itself keeps for testing, or None.
    source: origin and licence. notes: what was decided on the way here.
    """

    name: str
    x: np.ndarray | pd.DataFrame
    y: np.ndarray
    task: str
    classes: tuple[str, ...]
    features: tuple[str, ...]
    kind: str
    target: str
    test: np.ndarray | None
    source: str
    notes: tuple[str, ...]
    shape: tuple[int, ...] | None = None
    reading: Reading = NOTHING

    def __len__(self) -> int:
        return len(self.y)

    def hash(self) -> str:
        """16 hexadecimal digits of the SHA-256 of the content: values, names of columns and classes."""
        digest = hashlib.sha256()
        asked = [f"{name}={value}" for name, value in self.reading.said.items()]
        for text in (self.kind, *asked, self.task, *self.classes, "", *self.features):
            digest.update(text.encode() + b"\0")
        columns = [self.x[name] for name in self.features] if is_frame(self.x) else [self.x]
        for values in (*columns, self.y):
            _update(digest, values)
        return digest.hexdigest()[:16]

    @property
    def description(self) -> str:
        """One line: size, target, decisions."""
        what, parts = _WORDS.get(self.kind, ("rows", "columns"))
        target = f"{len(self.classes)} classes" if self.classes else "a numeric target"
        line = f"{self.name}: {len(self)} {what} of {len(self.features)} {parts}, {target}"
        return "; ".join((line, *self.notes))


_WORDS = {
    "image": ("images", "pixels"),
    "series": ("moments", "columns"),
    "tokens": ("sequences", "steps"),
    "text": ("texts", "column"),
    "sequences": ("sequences", "numbers, padding included"),
}


def names() -> list[str]:
    """Every data set known by name, sorted."""
    return sorted((*sources.MADE, *sources.FETCHED))


def load(
    name: str,
    target: str | None = None,
    task: str = "auto",
    say: sources.Say = sources.to_stderr,
    reading: Reading = NOTHING,
) -> Dataset:
    """The data set of a name in `names()`, a file's path, or openml:NAME.

    target: the column to predict; without it one named target, label, class or y, else the last.
    task: "auto" (see `targets.encode`), "classification" or "regression".
    say: called with a sentence before anything is downloaded.
    reading: how sequences are read out of it; by default there are none, but for a series' own windows.

    Raises UsageError for all that is wrong with the name, the file or its content.
    """
    raw = find(name, target, alone=reading.window is not None)(say)
    called = Path(name).name if files.is_file_name(name) else name.strip().lower()
    return understand(raw, called, task, reading)


def find(name: str, target: str | None = None, alone: bool = False) -> Callable[[sources.Say], Raw]:
    """What reads the data of that name; nothing is read yet. alone: a table may be its target alone.

    Raises UsageError: an unknown name, no such file, a target for data that has a fixed one.
    """
    known = name.strip().lower()
    if known in sources.MADE:
        if target is not None:
            raise UsageError(
                "The data set '{name}' has a fixed target, received target '{received}'; leave it out.",
                name=known,
                received=target,
            )
        return lambda say: sources.MADE[known]()
    if known in sources.FETCHED:
        return lambda say: sources.FETCHED[known].read(target, say)
    if known.startswith("openml:"):
        return lambda say: sources.openml(name.strip()[len("openml:") :], target, say)
    if files.is_file_name(name) or _exists(name):
        files.find(Path(name))
        return lambda say: files.read(Path(name), target, alone)
    raise unknown_name("data", name, names())


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # a name too long for the system
        return False


def from_arrays(
    x: Any,
    y: Any = None,
    *,
    target: Hashable | None = None,
    task: str = "auto",
    name: str = "arrays",
    reading: Reading = NOTHING,
) -> Dataset:
    """Data from Python: features and target, or a DataFrame that holds both.

    x: numbers [n, features], images [n, height, width, ...] or a DataFrame; y: [n]. Without `y`,
    `x` is a DataFrame and `target` names its column. Or x are sequences, a list of arrays
    [steps, inputs] of different lengths. reading: tokens or windows in them.
    """
    if y is not None:
        return understand(Raw(x, y), name, task, reading)
    if not is_frame(x):
        raise UsageError(
            "Data from Python is (X, y) or a pandas DataFrame with a target column, received {received}; "
            "pass one of these.",
            received=type(x).__name__,
        )
    return understand(from_frame(x, target, alone=reading.window is not None), name, task, reading)


def understand(raw: Raw, name: str, task: str, reading: Reading = NOTHING) -> Dataset:
    """The data set of raw data. Raises UsageError where shapes, features or target do not hold."""
    reading = reading.of_series(raw.window)
    if reading.window and task == "classification":
        raise UsageError(
            "Windows of a series answer with numbers, received task classification; take task regression or "
            "auto."
        )
    target = encode(raw.y, "regression" if reading.window else task, raw.labels)
    found = features.understand(raw, target.y, reading)
    return Dataset(
        name,
        found.x,
        target.y,
        target.task,
        target.classes,
        found.names,
        found.kind,
        raw.target,
        raw.test,
        raw.source,
        (*raw.notes, *found.notes),
        found.shape,
        reading,
    )


def _update(digest: Any, values: Any) -> None:
    """Feed one column or array to the digest, independent of byte order and memory layout."""
    if isinstance(values, np.ndarray):
        array = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.data)
        return
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values.dtype) and values.dtype.kind != "c":
        _update(digest, values.to_numpy(dtype=np.float64, na_value=np.nan))
    else:
        codes, categories = pd.factorize(values.astype(str).where(values.notna()), sort=True)
        _update(digest, codes.astype(np.int64))
        digest.update("\0".join(categories).encode())

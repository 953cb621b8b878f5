"""Sequences of tokens, whole numbers that name something: words of a text, or whatever Python gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.base import UsageError, unknown_name
from ladera.problems.raw import Raw, is_frame, named

if TYPE_CHECKING:
    import pandas as pd

    from ladera.problems.datasets import Dataset

__all__ = ["PADDING", "UNKNOWN", "given", "of_text", "text_column", "words"]

PADDING, UNKNOWN = 0, 1  # and the words of the vocabulary from 2 on, the most frequent first
_WORD = re.compile(r"\w+(?:['’]\w+)*")  # letters and digits of any script; "don't" is one word
_COVERED = 95  # percent of the train texts that are as long as the steps by default, or shorter
_LARGEST = 1 << 24  # whole numbers up to it are exact in float32


def words(text: str) -> list[str]:
    """The words of a text in lower case.

    >>> words("Don't panic: 42 times!")
    ["don't", 'panic', '42', 'times']
    """
    return _WORD.findall(text.lower())


def text_column(raw: Raw, column: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The column of text alone, and notes. Raises UsageError: no table, no such column, no text in it."""
    if not is_frame(raw.x):
        raise UsageError(
            "Text is a column of a table, received an array for text '{column}'; give a file or a DataFrame.",
            column=column,
        )
    frame = named(raw.x)
    if column == raw.target:
        raise UsageError(
            "The text is read and the target is answered, received '{column}' for both; name another target.",
            column=column,
        )
    if column not in frame.columns:
        raise unknown_name("column", column, list(frame.columns))
    texts = frame[column].astype(object).where(frame[column].notna(), "").astype(str)
    if not any(words(text) for text in texts):
        raise UsageError("A column of text has words, received none in '{column}'; check it.", column=column)
    others = [f"'{name}'" for name in frame.columns if name != column]
    notes = (f"columns left out beside the text: {', '.join(others)}",) if others else ()
    return texts.to_frame(), notes


def given(x: Any) -> np.ndarray:
    """Token numbers [n, steps] of int64; shorter sequences are padded at their end with 0.

    x: whole numbers from 0 on, an array [n, steps], a DataFrame, or sequences of different lengths.
    Raises UsageError for anything else.
    """
    rows = x.to_numpy() if is_frame(x) else x
    try:
        if not isinstance(rows, np.ndarray):
            rows = _padded([np.asarray(row) for row in rows])
        whole = rows.ndim == 2 and rows.size > 0 and bool((rows == np.round(rows)).all())
    except (TypeError, ValueError):
        whole = False
    if not whole or rows.min() < 0 or rows.max() >= _LARGEST:
        raise UsageError(
            "Tokens are whole numbers from 0, the padding, to {largest} in rows [n, steps], received "
            "something else; leave tokens out, or give numbers of that kind.",
            largest=_LARGEST - 1,
        )
    return rows.astype(np.int64)


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    if any(row.ndim != 1 for row in rows):
        raise ValueError
    whole = np.zeros((len(rows), max(map(len, rows))), np.result_type(*rows) if rows else np.int64)
    for to, row in zip(whole, rows, strict=True):
        to[: len(row)] = row
    return whole


Examples = tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...], int]


def of_tokens(data: Dataset, train: np.ndarray) -> Examples:
    """Examples by their numbers, notes, and how many tokens there are: one more than the largest."""
    assert isinstance(data.x, np.ndarray)
    tokens = _cut(data.x, data.reading.steps or data.x.shape[1])
    size = int(data.x.max()) + 1
    return _taken(tokens), (f"{size} tokens, {tokens.shape[1]} steps",), size


def of_text(data: Dataset, train: np.ndarray) -> Examples:
    """As `of_tokens`, of text: 0 is padding, 1 an unknown word, and from 2 on come the most frequent
    words of the train rows, those of equal frequency by the alphabet. Longer texts are cut at the end."""
    assert is_frame(data.x)
    texts = [words(text) for text in data.x.iloc[:, 0]]
    counted = Counter(word for row in train for word in texts[row])
    known = sorted(counted, key=lambda word: (-counted[word], word))[: data.reading.vocabulary - 2]
    number = {word: k for k, word in enumerate(known, start=2)}
    steps = data.reading.steps or _steps([len(texts[row]) for row in train])
    tokens = _cut(
        _padded([np.array([number.get(w, UNKNOWN) for w in text], np.int64) for text in texts]), steps
    )
    seen = tokens[train]
    unknown = (seen == UNKNOWN).sum() / max(1, (seen != PADDING).sum())
    said = f"{len(known)} words of the train rows ({unknown:.1%} of theirs unknown), {steps} steps"
    return _taken(tokens), (said,), len(known) + 2


def _steps(lengths: Sequence[int]) -> int:
    return max(1, ceil(np.percentile(lengths, _COVERED)))


def _cut(tokens: np.ndarray, steps: int) -> np.ndarray:
    """float32 [n, steps], which the arrays of examples are; whole numbers up to 2^24 are exact in it."""
    cut = np.zeros((len(tokens), steps), np.float32)
    width = min(steps, tokens.shape[1])
    cut[:, :width] = tokens[:, :width]
    return cut


def _taken(tokens: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: tokens[rows]

"""Train, validation and test: 60, 20 and 20 %, disjoint, stratified, from one seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from ladera.base import UsageError

__all__ = ["Split", "split"]

LEAST_ROWS = 10

# Rows are dealt to the parts like cards, one class after the other. In these orders any run of
# consecutive cards holds its share of each part to within one row, so every class does.
_TRAIN, _VALIDATION, _TEST = range(3)
_DEAL = (_TRAIN, _TEST, _TRAIN, _VALIDATION, _TRAIN)
_DEAL_TEST_GIVEN = (_TRAIN, _TRAIN, _VALIDATION, _TRAIN, _TRAIN, _TRAIN)  # 1/6: MNIST's 10,000 of 60,000


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of each part, sorted, int64; together they are all rows, once each."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def disjoint(self) -> bool:
        """Whether no row is in two parts: counted, not assumed."""
        rows = np.concatenate([self.train, self.validation, self.test])
        return len(np.unique(rows)) == len(rows)

    def hash(self) -> str:
        """16 hexadecimal digits of the SHA-256 of the row numbers."""
        digest = hashlib.sha256()
        for rows in (self.train, self.validation, self.test):
            digest.update(f"{len(rows)}:".encode() + rows.astype("<i8").tobytes())
        return digest.hexdigest()[:16]


def split(y: np.ndarray, classes: tuple[str, ...], seed: int = 0, test: np.ndarray | None = None) -> Split:
    """Split n rows with the target `y` [n]; codes of `classes` are stratified, none means a quantity.

    test: rows that are the test set already; validation is then 1/6 of the rest.

    Raises UsageError: too few rows, a class without a row in some part, a seed that is no whole
    number >= 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise UsageError(
            "A split's seed is a whole number >= 0, received {received!r}; the default is 0.", received=seed
        )
    given = np.empty(0, np.int64) if test is None else np.sort(test)
    rest = np.setdiff1d(np.arange(len(y)), given)
    if len(rest) < LEAST_ROWS:
        raise UsageError(
            "A split needs at least {least} rows, a test set that is given not counted, received {rows}; "
            "add rows.",
            least=LEAST_ROWS,
            rows=len(rest),
        )
    order = np.random.default_rng(np.random.SeedSequence(seed)).permutation(rest)
    if classes:
        order = order[np.argsort(y[order], kind="stable")]  # class by class, shuffled within each
    part = np.resize(_DEAL_TEST_GIVEN if len(given) else _DEAL, len(order))
    train, validation, dealt = (np.sort(order[part == p]) for p in (_TRAIN, _VALIDATION, _TEST))
    made = Split(train, validation, given if len(given) else dealt)
    _check_classes(y, classes, made)
    return made


def _check_classes(y: np.ndarray, classes: tuple[str, ...], made: Split) -> None:
    for rows, part in ((made.train, "train"), (made.validation, "validation"), (made.test, "test")):
        counts = np.bincount(y[rows], minlength=len(classes)) if classes else np.ones(0)
        if (counts == 0).any():
            missing = int(np.argmin(counts))
            raise UsageError(
                "Every class needs rows in train, validation and test, but class '{name}' has {rows} in "
                "all and none in {part}; add rows, merge the class with another, or, if the target is a "
                "quantity, take task regression.",
                name=classes[missing],
                rows=int((y == missing).sum()),
                part=part,
            )

"""What every part of Ladera shares: errors that carry their own words, and codes.

An error is a template and its fields, so the same error reads in every language: `str(error)` is
English, and a catalogue turns `error.template` into another language before the fields go in.
"""

from __future__ import annotations

import difflib
import operator
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

__all__ = ["LaderaError", "Status", "UsageError", "nearest", "temporary", "unknown_name", "whole_number"]


class LaderaError(Exception):
    """An error whose sentence says the rule, what was received and the way out.

    `template` is the English sentence with `{fields}`; `fields` fill it.
    """

    def __init__(self, template: str, **fields: object):
        super().__init__(template)
        self.template = template
        self.fields = fields

    def __str__(self) -> str:
        return self.template.format(**self.fields)

    def __reduce__(self):  # keyword fields survive the trip between processes
        return _rebuild, (type(self), self.template, self.fields)


def _rebuild(cls: type[LaderaError], template: str, fields: dict[str, object]) -> LaderaError:
    return cls(template, **fields)


class UsageError(LaderaError, ValueError):
    """Wrong use: the caller can mend it. The command line ends with exit code 2."""


class Status(StrEnum):
    """How one run ended. Failure of one run is a value, not an exception."""

    FINISHED = "finished"
    DIVERGED = "diverged"


def whole_number(name: str, value: object, least: int, most: int) -> int:
    """The value as an int, whatever kind of whole number it is. Raises UsageError: it is none, or out of
    these bounds."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # pyright: ignore[reportArgumentType]
    except TypeError:
        number = None
    if number is None or not least <= number <= most:
        raise UsageError(
            "{name} is a whole number from {least} to {most}, received {received}.",
            name=name,
            least=least,
            most=most,
            received=repr(value) if isinstance(value, str) else value,
        )
    return number


def temporary(path: Path) -> Path:
    """Where this process writes what is to become `path`, so that no half-written file is ever seen.

    The name tells whose it is: what a process that has ended left behind can be found and removed.
    """
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like `name` (always one: the sentence needs a way out)."""
    known = sorted(known)
    match = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.0)
    return match[0] if match else ""


def unknown_name(kind: str, received: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not known, with the nearest one and the whole list.

    `kind` is one of the keys of `_UNKNOWN`.
    """
    known = sorted(known)
    return UsageError(
        _UNKNOWN[kind],
        received=received,
        nearest=nearest(received, known),
        known=", ".join(known),
    )


# One whole sentence per kind: a translated sentence cannot be glued from translated words.
_UNKNOWN = {
    "optimizer": "There is no optimizer '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "solver": "There is no method '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "beta": "There is no beta '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "scaling": "There is no scaling '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "data": "There is no data set '{received}'; the nearest name is '{nearest}' (known: {known}; "
    "a file is named by its path, an OpenML set as openml:NAME).",
    "activation": "There is no activation '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "initialiser": "There is no initialiser '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "explained": "There is no rule, solver, schedule, activation or loss '{received}'; the nearest name is "
    "'{nearest}' (known: {known}).",
    "network": "There is no network '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "norm": "There is no norm '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "loss": "There is no loss '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "penalty": "There is no penalty '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "framework": "There is no framework '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "language": "There is no language '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "axis": "There is no axis '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "reproduction": "There is no reproduction '{received}'; the nearest name is '{nearest}' "
    "(known: {known}).",
    "column": "The data has no column '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "parameter": "There is no parameter '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "dimension": "There is no dimension '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "hyperparameter": "There is no hyperparameter '{received}'; the nearest name is '{nearest}' "
    "(known: {known}).",
    "schedule": "There is no schedule '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "sampling": "There is no sampling '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "instruments": "There are no instruments '{received}'; the nearest name is '{nearest}' (known: {known}).",
    "surface": "There is no surface '{received}'; the nearest name is '{nearest}' (known: {known}; "
    "a formula such as '3x^2 + y^2' is a surface too).",
}

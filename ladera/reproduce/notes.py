"""What a document misprinted of an example that somebody runs again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ladera.locale import Translator
from ladera.reproduce import source_001
from ladera.reproduce.row import Row
from ladera.rules import SGD, Adam, Rule

__all__ = ["errata_of"]


@dataclass(frozen=True)
class _Example:
    """A worked example: function (canonical text), rule, start; where its rows stand."""

    formula: str
    rule: Rule
    start: tuple[float, ...]
    source: str
    places: tuple[str, ...]  # how the places of its rows begin, in English


_EXAMPLES = (
    _Example("x^2", Adam(lr=0.1), (5.0,), "001", ("Adam by hand, on",)),
    _Example("(w - 3)^2", SGD(lr=0.1), (0.0,), "001", ("(w − 3)², iteration",)),
)


def errata_of(formula: str, rule: Any, start: Sequence[float], _: Translator) -> list[Row]:
    """The errata of the worked example that this is; empty where it is none, or has none.

    formula: the canonical text of the function. A rule that differs from the example's in what does
    not change its numbers is taken for another.
    """
    found = []
    for example in _EXAMPLES:
        if (example.formula, example.rule, example.start) == (formula, rule, tuple(start)):
            cases = [case for case in source_001.cases() if case.place.startswith(example.places)]
            found += [case.row(example.source, _) for case in cases]
    return [row for row in found if row.erratum is not None]

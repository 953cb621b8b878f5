"""All rows of the five documents, in their order."""

from __future__ import annotations

from collections.abc import Callable

from ladera.locale import translator
from ladera.reproduce import (
    source_000,
    source_001,
    source_002,
    source_002_rules,
    source_003,
    source_003_fits,
    source_004,
    source_004_runs,
    source_004_tables,
)
from ladera.reproduce.row import Case, Row

__all__ = ["sources"]

_CASES: tuple[tuple[str, Callable[[], list[Case]]], ...] = (
    ("000", source_000.cases),
    ("001", source_001.cases),
    ("002", source_002.cases),
    ("002", source_002_rules.cases),
    ("003", source_003.cases),
    ("003", source_003_fits.cases),
    ("004", source_004.cases),
    ("004", source_004_runs.cases),
    ("004", source_004_tables.cases),
)


def sources(lang: str = "en") -> list[Row]:
    """Every worked example of the documents, recomputed: what is printed, what comes out, the verdict.

    Raises UsageError: no such language.
    """
    _ = translator(lang)
    return [case.row(source, _) for source, cases in _CASES for case in cases()]

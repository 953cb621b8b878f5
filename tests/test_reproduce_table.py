"""Verdicts on small cases, and the rows as they are shown: translated, as a table, as a frame."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from itertools import product

import pytest
from rich.cells import cell_len
from rich.console import Console

from ladera.base import UsageError
from ladera.locale import translator
from ladera.reproduce import as_frame, sources, summary, table
from ladera.reproduce.row import claim, number, setting

ROWS = sources()


# ------------------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("printed", "value", "verdict"),
    [
        ("0.26", 0.2592, "rounded"),
        ("0.26", 0.26, "agrees"),
        ("0.26", 0.2651, "erratum"),
        ("2.3594", 2.359296, "erratum"),
        ("0.200", 0.200097, "rounded"),
        ("4", 4.9, "erratum"),
        ("3.387533875338753", 3.387533875338753 * (1 + 4e-16), "agrees"),
        ("3.387533875338753", 3.387533875338753 * (1 + 1e-12), "erratum"),
    ],
)
def test_the_verdict_on_a_number(printed: str, value: float, verdict: str):
    assert number("", "", printed, value).verdict == verdict


def test_digits_that_cannot_be_significant_are_not_compared():
    assert number("", "", "1.94201660", 1.9420166005, digits=8).verdict == "rounded"
    assert number("", "", "1.942016", 1.9420266, digits=8).verdict == "erratum"


def test_a_setting_is_never_rounded():
    assert setting("", "", "0.9", 0.95).verdict == "erratum"
    assert setting("", "", "0.9", 0.9).verdict == "agrees"


def test_an_erratum_is_told_only_where_there_is_one():
    told = [claim("", "", "", "", "It is wrong.", holds=holds).row("000", str) for holds in (True, False)]
    assert [(row.verdict, row.erratum) for row in told] == [("agrees", None), ("erratum", "It is wrong.")]


# --------------------------------------------------------------------------------- how it is shown


def test_both_languages_say_the_same():
    spanish = sources("es")
    assert [(r.source, r.verdict, r.imprecise) for r in spanish] == [
        (r.source, r.verdict, r.imprecise) for r in ROWS
    ]
    for row in spanish:
        assert not set("{}") & set(row.place + row.what + row.printed + row.computed + (row.erratum or ""))


def test_a_language_that_is_not_there():
    with pytest.raises(UsageError, match="no language 'fr'"):
        sources("fr")


@pytest.mark.parametrize(("lang", "width"), [*product(("en", "es"), (80, 120))])
def test_the_table_fits_and_holds_everything(lang: str, width: int):
    _ = translator(lang)
    rows = sources(lang)
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(table(rows, _))
    lines = out.getvalue().splitlines()
    assert max(cell_len(text) for text in lines) <= width
    assert sum(text.startswith(("✓ ", "≈ ", "✗ ", "~ ", "· ")) for text in lines) == len(rows)
    squeezed = re.sub(r"\s", "", out.getvalue())
    assert "000·OptimizaciónenRedesNeuronalesProfundas" in squeezed
    assert re.sub(r"\s", "", summary(rows, _)) in squeezed


def test_a_row_of_the_table_shows_the_row():
    out = io.StringIO()
    Console(file=out, width=2000, highlight=False).print(table(ROWS, translator("en")))
    text = out.getvalue()
    for row in ROWS:
        assert re.search(
            rf"^. .*{re.escape(row.printed)} .*{re.escape(row.computed)} *$", text, re.MULTILINE
        ), row
        assert row.erratum is None or f" {row.erratum} " in text
        assert f" {row.place} " in text
        assert f" {row.what} " in text


def test_the_summary_counts():
    counts = [int(n) for n in re.findall(r"\d+", summary(ROWS, translator("en")))]
    assert counts[0] == sum(counts[1:]) == len(ROWS)
    assert counts[3] == sum(row.verdict == "erratum" and not row.imprecise for row in ROWS)


def test_the_frame():
    frame = as_frame(ROWS)
    assert len(frame) == len(ROWS)
    assert list(frame.columns)[:7] == ["source", "place", "what", "printed", "computed", "verdict", "erratum"]
    assert frame["verdict"].isin(["agrees", "rounded", "erratum", "open"]).all()


def test_nothing_heavy_is_imported():
    heavy = ("jax", "torch", "pandas", "sklearn", "scipy", "sympy")
    code = f"import sys, ladera.reproduce as r; r.sources(); sys.exit(any(n in sys.modules for n in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

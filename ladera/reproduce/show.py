"""The rows as a data frame, and as a table for the terminal."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ladera.locale import Translator
from ladera.reproduce.row import Row

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TITLES", "as_frame", "summary", "table"]

TITLES = {
    "000": "Optimización en Redes Neuronales Profundas",
    "001": "Optimización en las Redes Neuronales",
    "002": "Función de pérdida y descenso por gradiente",
    "003": "Métodos de Optimización",
    "004": "Informe técnico: convergencia en redes neuronales",
}
_MARKS = {
    "agrees": ("✓", "green"),
    "rounded": ("≈", "blue"),
    "erratum": ("✗", "bold red"),
    "imprecise": ("~", "yellow"),
    "open": ("·", "dim"),
}


def as_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """One line per row, one column per field of Row."""
    import pandas as pd

    names = [field.name for field in dataclasses.fields(Row)]
    return pd.DataFrame([dataclasses.astuple(row) for row in rows], columns=names)


def summary(rows: Sequence[Row], _: Translator) -> str:
    """How many rows there are of each verdict, in one sentence that explains the marks."""
    found = Counter(_kind(row) for row in rows)
    template = _(
        "{rows} values and statements: ✓ {agrees} agree, ≈ {rounded} agree but for rounding, ✗ {erratum} are "
        "wrong, ~ {imprecise} are imprecise, · {open} have nothing printed to compare with."
    )
    counts = {kind: found[kind] for kind in _MARKS}
    return template.format(rows=len(rows), **counts)


def _kind(row: Row) -> str:
    return "imprecise" if row.imprecise else row.verdict


def table(rows: Sequence[Row], _: Translator) -> RenderableType:
    """A Rich table for each document, the erratum below what it belongs to, and the summary."""
    parts: list[RenderableType] = []
    for source, group in groupby(rows, key=lambda row: row.source):
        parts += [Text(f"{source} · {TITLES[source]}", style="bold"), _table(group, _), Text()]
    return Group(*parts, Text(summary(rows, _), style="dim"))


def _table(rows: Iterable[Row], _: Translator) -> Table:
    found = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    found.add_column("", no_wrap=True)
    found.add_column(_("where, what"), overflow="fold", ratio=5)
    found.add_column(_("printed"), overflow="fold", ratio=3)
    found.add_column(_("computed"), overflow="fold", ratio=3)
    place = None
    for row in rows:
        mark, style = _MARKS[_kind(row)]
        what = Text()
        if row.place != place:
            what.append(f"{row.place}\n", style="bold")
            place = row.place
        what.append(row.what)
        if row.erratum is not None:
            what.append(f"\n{row.erratum}", style=style)
        found.add_row(Text(mark, style=style), what, Text(row.printed), Text(row.computed))
    return found

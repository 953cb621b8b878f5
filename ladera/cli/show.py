"""How traces, races and fits look in a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ladera.base import UsageError
from ladera.locale import Translator

if TYPE_CHECKING:
    from ladera.fitting import Fit
    from ladera.reproduce import Row
    from ladera.tracing import Mark, Race, Trace

_MOST_ROWS = 200  # of a table; a CSV file takes them all
_MARKS = {"right": ("✓", "green"), "wrong": ("✗", "red"), "blank": ("·", "yellow")}


def terminal() -> Console:
    return Console(highlight=False)


def number(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], right: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in header:
        table.add_column(Text(name), justify="right" if right else "left", no_wrap=right)
    for row in rows:
        table.add_row(*(Text(number(value)) for value in row))
    return table


def _print_whole(console: Console, table: Table) -> None:
    """In a narrow terminal the lines break; numbers that are cut off would be no use."""
    needed = Measurement.get(Console(width=10_000), console.options.update(width=10_000), table).maximum
    Console(width=max(console.width, needed), highlight=False).print(table, soft_wrap=True)


def written(path: Path, _: Translator) -> None:
    terminal().print(Text(_("Written: {path}").format(path=path)), soft_wrap=True)


def save_figure(figure: Any, path: Path) -> None:
    """The same. Raises UsageError: the place cannot be written."""
    try:
        write_figure(figure, path)
    except OSError as error:
        raise UsageError(
            "The file '{path}' cannot be written ({reason}); choose another place.",
            path=path,
            reason=error.strerror,
        ) from None


def write_figure(figure: Any, path: Path) -> None:
    """A page that works offline: the drawing library is in it."""
    figure.write_html(path, include_plotlyjs=True, full_html=True)


def trace(found: Trace, _: Translator) -> None:
    """The table, where it ended, how large a step the minimum bears, and what a source misprinted."""
    from ladera.reproduce.notes import errata_of
    from ladera.tracing import columns, stability
    from ladera.tracing.card import sentence

    console = terminal()
    heading = _("{method} on f = {formula}").format(
        method=found.method.describe(), formula=found.surface.text
    )
    console.print(Text(heading, style="bold"), soft_wrap=True)
    cells = columns(found, _)
    shown = min(found.steps, _MOST_ROWS)
    rows = [[values[k].item() for values in cells.values()] for k in range(shown)]
    _print_whole(console, table(list(cells), rows))
    if shown < found.steps:
        said = _("{shown} of {steps} steps are shown; --csv writes them all.")
        console.print(Text(said.format(shown=shown, steps=found.steps)))
    console.print(Text(sentence(found, _)))
    if limit := stability(found.surface, found.x[-1], found.method):
        console.print(Text(limit.sentence(_)))
    _errata(console, errata_of(found.surface.text, found.method, tuple(found.x[0].tolist()), _), _)


def _errata(console: Console, rows: list[Row], _: Translator) -> None:
    """What a document misprinted of this very example, one sentence for each place."""
    template = _("Erratum in document {source}, {place}: printed {printed}; right {right}. {why}")
    for (source, place), group in groupby(rows, key=lambda row: (row.source, row.place)):
        mine = list(group)
        said = template.format(
            source=source,
            place=place,
            printed=", ".join(f"{row.what} = {row.printed}" for row in mine),
            right=", ".join(row.computed for row in mine),
            why=mine[0].erratum,
        )
        console.print(Text(said, style="yellow"))


def reproduction(shown: list[Row], all_rows: list[Row], _: Translator) -> None:
    """The table, and what the marks and their numbers are, of all rows even where some are shown."""
    from ladera.reproduce import summary, table

    console = terminal()
    console.print(table(shown, _))
    if len(shown) < len(all_rows):
        console.print(Text(summary(all_rows, _), style="dim"))


def race(found: Race, lang: str, _: Translator) -> None:
    from ladera.tracing.trace import OUTCOMES

    console = terminal()
    console.print(Text(found.sentence(lang), style="bold"))
    names = {
        "method": _("method"),
        "arrives": _("arrives at step"),
        "evaluations": _("evaluations"),
        "seconds": _("seconds"),
        "stays": _("stays"),
        "steps": _("steps"),
        "status": _("ended"),
    }
    words: dict[Any, str] = {True: _("yes"), False: _("no")}
    words |= {outcome: _(outcome) for outcome in OUTCOMES}
    frame = found.table()
    rows = [[_word(value, words) for value in row] for row in frame.astype(object).to_numpy().tolist()]
    _print_whole(console, table([names.get(name, name) for name in frame.columns], rows))


def _word(value: Any, words: dict[Any, str]) -> Any:
    if value is None or type(value).__name__ == "NAType" or value != value:
        return None
    return words[value] if isinstance(value, (bool, str)) and value in words else value


def marks(found: list[Mark], _: Translator) -> None:
    console = terminal()
    for mark in found:
        sign, style = _MARKS[mark.verdict]
        console.print(Text(f"{sign} {mark.sentence(_)}", style=style))
    right = sum(mark.verdict == "right" for mark in found)
    console.print(Text(_("{right} of {all} are right.").format(right=right, all=len(found)), style="bold"))


def fit(found: Fit, at_one: Sequence[str], lang: str, _: Translator) -> None:
    """The equation, its parameters, how well it fits and what is to be doubted, and the residuals.

    at_one: the parameters that started at 1 because nobody said where.
    """
    from ladera.cli.scatter import scatter
    from ladera.fitting.words import doubts, quality

    console = terminal()
    console.print(Text(found.equation, style="bold"), soft_wrap=True)
    frame = found.table(lang)
    rows = [[name, f"{value:.10g}", *rest] for name, value, *rest in frame.to_numpy().tolist()]
    _print_whole(console, table(list(frame.columns), rows))
    console.print(Text(quality(found, _)))
    if at_one:
        console.print(Text(_("Started at 1: {names}.").format(names=", ".join(at_one))))
    for doubt in doubts(found, _):
        console.print(Text(doubt, style="yellow"))
    one = len(found.variables) == 1
    name = found.variables[0] if one else _("fitted")
    x = found.data[name] if one else found.fitted
    width = max(20, min(60, console.width - 12))
    console.print(Text(_("Residuals, observed less fitted:")))
    for line in scatter(x.tolist(), found.residuals.tolist(), name, width):
        console.print(Text(line), soft_wrap=True)

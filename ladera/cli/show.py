"""How traces, races and explanations look in a terminal."""

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

from ladera.locale import Translator

if TYPE_CHECKING:
    from ladera.explaining import Explanation
    from ladera.reproduce import Row
    from ladera.steps import Line
    from ladera.tracing import Mark, Race, Trace

_MOST_ROWS = 200  # of a table; a CSV file takes them all
_MARKS = {"right": ("✓", "green"), "wrong": ("✗", "red"), "blank": ("·", "yellow")}


def _console() -> Console:
    return Console(highlight=False)


def _number(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]], right: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in header:
        table.add_column(Text(name), justify="right" if right else "left", no_wrap=right)
    for row in rows:
        table.add_row(*(Text(_number(value)) for value in row))
    return table


def _print_whole(console: Console, table: Table) -> None:
    """In a narrow terminal the lines break; numbers that are cut off would be no use."""
    needed = Measurement.get(Console(width=10_000), console.options.update(width=10_000), table).maximum
    Console(width=max(console.width, needed), highlight=False).print(table, soft_wrap=True)


def written(path: Path, _: Translator) -> None:
    _console().print(Text(_("Written: {path}").format(path=path)), soft_wrap=True)


def write_figure(figure: Any, path: Path) -> None:
    """A page that works offline: the drawing library is in it."""
    figure.write_html(path, include_plotlyjs=True, full_html=True)


def trace(found: Trace, _: Translator) -> None:
    """The table, where it ended, how large a step the minimum bears, and what a source misprinted."""
    from ladera.reproduce.notes import errata_of
    from ladera.tracing import columns, stability
    from ladera.tracing.card import sentence

    console = _console()
    heading = _("{method} on f = {formula}").format(method=found.rule.describe(), formula=found.surface.text)
    console.print(Text(heading, style="bold"), soft_wrap=True)
    table = columns(found, _)
    shown = min(found.steps, _MOST_ROWS)
    rows = [[values[k].item() for values in table.values()] for k in range(shown)]
    _print_whole(console, _table(list(table), rows))
    if shown < found.steps:
        said = _("{shown} of {steps} steps are shown; --csv writes them all.")
        console.print(Text(said.format(shown=shown, steps=found.steps)))
    console.print(Text(sentence(found, _)))
    if limit := stability(found.surface, found.x[-1], found.rule):
        console.print(Text(limit.sentence(_)))
    _errata(console, errata_of(found.surface.text, found.rule, tuple(found.x[0].tolist()), _), _)


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

    console = _console()
    console.print(table(shown, _))
    if len(shown) < len(all_rows):
        console.print(Text(summary(all_rows, _), style="dim"))


def race(found: Race, lang: str, _: Translator) -> None:
    console = _console()
    console.print(Text(found.sentence(lang), style="bold"))
    names = {
        "method": _("method"),
        "arrives": _("arrives at step"),
        "evaluations": _("evaluations"),
        "stays": _("stays"),
        "steps": _("steps"),
        "status": _("ended"),
    }
    words = {True: _("yes"), False: _("no"), "finished": _("finished"), "diverged": _("diverged")}
    frame = found.table()
    rows = [[_word(value, words) for value in row] for row in frame.astype(object).to_numpy().tolist()]
    _print_whole(console, _table([names.get(name, name) for name in frame.columns], rows))


def _word(value: Any, words: dict[Any, str]) -> Any:
    if value is None or value != value or type(value).__name__ == "NAType":
        return None
    return words[value] if isinstance(value, (bool, str)) and value in words else value


def marks(found: list[Mark], _: Translator) -> None:
    console = _console()
    for mark in found:
        sign, style = _MARKS[mark.verdict]
        console.print(Text(f"{sign} {mark.sentence(_)}", style=style))
    right = sum(mark.verdict == "right" for mark in found)
    console.print(Text(_("{right} of {all} are right.").format(right=right, all=len(found)), style="bold"))


def explanation(e: Explanation, _: Translator) -> None:
    from ladera.explaining.page import FRAMEWORK_NAMES, SYMMETRY_NAMES

    console = _console()
    console.print(Text(f"{e.title}: {e.summary}", style="bold"))
    if e.paper:
        console.print(Text(_("Source: {paper}.").format(paper=e.paper)))
    console.print()
    on_matrix = e.matrix_lines
    if on_matrix:
        _lines(console, on_matrix)
        console.print(Text(_("That is on a matrix. On any other array:")))
    _lines(console, e.lines)
    if e.rule.scope == "block" and not on_matrix:
        console.print(Text(_("That is on a vector; what becomes of a matrix is told by the code.")))
    rows = [[h.name, h.domain or _("flag"), h.default, h.meaning] for h in e.hyperparameters]
    header = [_("name"), _("domain"), _("default"), _("meaning")]
    console.print(_table(header, [[str(cell) for cell in row] for row in rows], right=False))
    for name, settings in e.dialects.items():
        said = ", ".join(f"{key}={value}" for key, value in settings.items()) or _("as in the paper")
        console.print(Text(f"{FRAMEWORK_NAMES[name]}: {said}"))
    kept = [_(SYMMETRY_NAMES[name]) for name, holds in e.symmetries.items() if holds]
    console.print(Text(_("Its way does not depend on: {what}.").format(what=", ".join(kept) or "–")))


def _lines(console: Console, lines: list[Line]) -> None:
    console.print()
    for line in lines:
        console.print(Text(f"    {line.text()}"), soft_wrap=True)
    console.print()


def catalogue(found: list[Explanation], _: Translator) -> None:
    console = _console()
    kept = {
        "permutation": _("order"),
        "sign": _("signs"),
        "rotation": _("rotation"),
        "scale": _("loss scale"),
        "slicing": _("slices"),
    }
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in (_("rule"), _("what it is"), "lr", _("acts on"), *kept.values()):
        table.add_column(Text(name))
    for e in found:
        holds = e.symmetries
        marks = ["✓" if holds[name] else "–" for name in kept]
        lr = _number(e.rule.hyperparameters().get("lr"))
        table.add_row(*(Text(cell) for cell in (e.name, e.summary, lr, e.rule.scope, *marks)))
    console.print(table)
    console.print(Text(_("✓: what may be changed of the problem without changing the way."), style="dim"))

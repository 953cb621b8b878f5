"""How explanations and the catalogue look in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ladera.cli import show
from ladera.cli.scatter import scatter
from ladera.explaining.function import FunctionExplanation
from ladera.locale import Translator

if TYPE_CHECKING:
    from ladera.explaining import Explained, Explanation
    from ladera.explaining.schedule import ScheduleExplanation
    from ladera.explaining.solver import SolverExplanation
    from ladera.steps import Line

__all__ = ["catalogue", "explanation"]


def explanation(
    e: Explanation | SolverExplanation | ScheduleExplanation | FunctionExplanation, _: Translator
) -> None:
    console = show.terminal()
    console.print(Text(f"{e.title}: {e.summary}", style="bold"))
    if e.paper:
        console.print(Text(_("Source: {paper}.").format(paper=e.paper)))
    console.print()
    if isinstance(e, FunctionExplanation):
        _of_function(console, e)
    elif e.kind == "solver":
        _of_solver(console, e, _)
    elif e.kind == "schedule":
        _of_schedule(console, e, _)
    else:
        _of_rule(console, e, _)


def _of_rule(console: Console, e: Explanation, _: Translator) -> None:
    from ladera.explaining.page import FRAMEWORK_NAMES, SYMMETRY_NAMES

    on_matrix = e.matrix_lines
    if on_matrix:
        _lines(console, on_matrix)
        console.print(Text(_("That is on a matrix. On any other array:")))
    _lines(console, e.lines)
    if e.rule.scope == "block" and not on_matrix:
        console.print(Text(_("That is on a vector; what becomes of a matrix is told by the code.")))
    _hyperparameters(console, e, _)
    for name, settings in e.dialects.items():
        said = ", ".join(f"{key}={value}" for key, value in settings.items()) or _("as in the paper")
        console.print(Text(f"{FRAMEWORK_NAMES[name]}: {said}"))
    kept = [_(SYMMETRY_NAMES[name]) for name, holds in e.symmetries.items() if holds]
    console.print(Text(_("Its way does not depend on: {what}.").format(what=", ".join(kept) or "–")))


def _of_function(console: Console, e: FunctionExplanation) -> None:
    console.print(Text(textwrap.indent(e.formula_text(), "    ")), soft_wrap=True)
    console.print()
    for heading, said in e.facts.items():
        console.print(Text(f"{heading}: {said}"))


def _of_solver(console: Console, e: SolverExplanation, _: Translator) -> None:
    from ladera.explaining.solver_page import asked, search_words
    from ladera.steps.written import letter

    console.print(Text(textwrap.indent(e.formula_text(), "    ")), soft_wrap=True)
    console.print()
    console.print(
        show.table(
            [_("letter"), _("meaning")],
            [[letter(name), said] for name, said in e.letters.items()],
            right=False,
        )
    )
    console.print()
    _hyperparameters(console, e, _)
    for said in (search_words(e, _), asked(e, _)):
        if said:
            console.print(Text(said))
    console.print(Text(_("How it ends: {codes}.").format(codes=", ".join(code.name for code in e.codes))))
    for place, name in e.elsewhere.items():
        console.print(Text(f"{place}: {name}"))


def _of_schedule(console: Console, e: ScheduleExplanation, _: Translator) -> None:
    console.print(Text(textwrap.indent(e.formula_text(), "    ")), soft_wrap=True)
    console.print()
    console.print(Text(e.letters))
    if e.hyperparameters:
        console.print()
        _hyperparameters(console, e, _)
    at, factors, beside = e.points()
    for name, values in (("lr", factors), (e.along, beside)):
        if values is not None:
            console.print()
            console.print(Text(name))
            for line in scatter(at.tolist(), values.tolist(), _("epochs")):
                console.print(Text(line), soft_wrap=True)


def _hyperparameters(console: Console, e: Explained, _: Translator) -> None:
    rows = [[h.name, h.domain or _("flag"), h.default, h.meaning] for h in e.hyperparameters]
    header = [_("name"), _("domain"), _("default"), _("meaning")]
    console.print(show.table(header, [[str(cell) for cell in row] for row in rows], right=False))


def _lines(console: Console, lines: list[Line]) -> None:
    console.print()
    for line in lines:
        console.print(Text(f"    {line.text()}"), soft_wrap=True)
    console.print()


def catalogue(found: Sequence[Explanation | SolverExplanation], _: Translator) -> None:
    """A table of the rules, and one of the solvers."""
    console = show.terminal()
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
    for e in (e for e in found if e.kind == "rule"):
        holds = e.symmetries
        marks = ["✓" if holds[name] else "–" for name in kept]
        lr = show.number(e.rule.hyperparameters().get("lr"))
        table.add_row(*(Text(cell) for cell in (e.name, e.summary, lr, e.rule.scope, *marks)))
    console.print(table)
    console.print(Text(_("✓: what may be changed of the problem without changing the way."), style="dim"))
    console.print(_solvers([e for e in found if e.kind == "solver"], _))
    console.print(
        Text(_("In brackets: what an evaluation is charged, in gradient evaluations."), style="dim")
    )


def _solvers(found: list[SolverExplanation], _: Translator) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in (_("solver"), _("what it is"), _("what it asks for"), _("bounds"), _("leaves saddles")):
        table.add_column(Text(name))
    for e in found:
        marks = ["✓" if holds else "–" for holds in (e.solver.bounded, e.solver.curved)]
        table.add_row(*(Text(cell) for cell in (e.name, e.summary, ", ".join(e.asks), *marks)))
    return table

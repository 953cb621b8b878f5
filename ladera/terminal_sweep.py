"""What the terminal shows of a sweep: the answer, the combinations, where their studies lie."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ladera.analysis.combination_words import difference_text, sentence, verdict_name
from ladera.analysis.combinations import BEST, DIVERGED, OPEN, PENDING, TIES, WORSE, Combination, SweepAnswer
from ladera.analysis.words import lr_text, metric_name, metric_text
from ladera.locale import Translator
from ladera.swept import Sweep
from ladera.terminal import show_answer

__all__ = ["show_sweep"]

_WIDE = 110  # columns from which on every dimension has a column of its own
_MARKS = {BEST: "✓", TIES: "≈", OPEN: "?", WORSE: " ", DIVERGED: "×", PENDING: "…"}


def show_sweep(sweep: Sweep, _: Translator, console: Console | None = None) -> None:
    """The answer in one sentence, a row per combination, where they lie."""
    console = console or Console(highlight=False)
    answer = sweep.recommendation()
    show_answer(answer.grade, sentence(answer, _), _, console)
    console.print()
    console.print(_table(answer, console.width >= _WIDE, _))
    console.print(Text(_legend(sweep, answer, _), style="dim"))
    console.print()
    # not wrapped: a path that is cut in two cannot be clicked or copied
    said = _("Every combination is a study of its own in {path}: 'ladera report' draws it.")
    console.print(Text(said.format(path=sweep.path)), soft_wrap=True)


def _table(answer: SweepAnswer, wide: bool, _: Translator) -> Table:
    """In a narrow terminal the dimensions share a column, and the intervals of the medians are left out."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    names = list(answer.ranking[0].values)
    for name in names if wide else [", ".join(names)]:
        table.add_column(name, overflow="fold")
    table.add_column(_("winner"), overflow="fold")
    headings = ["lr", metric_name(answer.metric, _), _("95 % interval"), _("worse by"), "s"]
    for heading in headings if wide else headings[:2] + headings[3:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for place, row in enumerate(answer.ranking, start=1):
        style = "bold" if row.verdict == BEST else ""
        table.add_row(*(Text(cell) for cell in _row(place, row, answer, wide)), style=style)
    return table


def _row(place: int, row: Combination, answer: SweepAnswer, wide: bool) -> list[str]:
    low, high = (metric_text(end, answer.unit) for end in row.interval)
    values = list(row.values.values())
    return [
        f"{_MARKS[row.verdict]}{place}",
        *(values if wide else [", ".join(values)]),
        row.title or "–",
        lr_text(row.lr),
        metric_text(row.median, answer.unit),
        *([f"[{low}, {high}]" if row.title else "–"] if wide else []),
        difference_text(row, answer.unit) if row.title else "–",
        "–" if row.seconds is None else f"{row.seconds:.0f}",
    ]


def _legend(sweep: Sweep, answer: SweepAnswer, _: Translator) -> str:
    """What the columns and marks mean, those that are there."""
    lines = [
        _(
            "{metric}: median on the validation set over {n} reporting seeds, each combination with its "
            "winner."
        )
    ]
    lines.append(_("Worse by: mean difference to the best, seed by seed, and its 95 % interval."))
    lines.append(_("s: seconds that its trainings took."))
    if answer.of(OPEN):
        lines.append(_("? not separated from the best, corrected for the number of combinations (Holm)."))
    there = dict.fromkeys(row.verdict for row in answer.ranking if row.verdict in (TIES, DIVERGED, PENDING))
    lines += [f"{_MARKS[verdict]} {verdict_name(verdict, _)}." for verdict in there]
    if len(sweep.asked["dimensions"].get("epochs", ())) > 1:
        lines.append(_("Budgets differ: combinations with more epochs were given more."))
    return " ".join(lines).format(metric=metric_name(answer.metric, _), n=answer.seeds)

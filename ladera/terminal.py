"""What the terminal shows: a progress bar while training, then the answer, the ranking, the report."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Protocol, Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task
from rich.progress import Progress as Bar
from rich.table import Column, Table
from rich.text import Text

from ladera.analysis.answer import CLEAR, TIE, Answer, Ranked
from ladera.analysis.pace import time_to_target
from ladera.analysis.words import (
    full_batch,
    grade_name,
    lr_text,
    metric_name,
    metric_text,
    sentence,
    warnings,
)
from ladera.locale import N_, Translator

__all__ = ["Progress", "show", "show_answer"]

_GRADES = {CLEAR: ("✓", "bold green"), TIE: ("≈", "bold blue")}
_OPEN = ("?", "bold yellow")


class Study(Protocol):
    """What is shown; `ladera.study.Study` is one."""

    def recommendation(self) -> Answer: ...


def show_answer(grade: str, said: str, _: Translator, console: Console) -> None:
    """The grade and the answer in one sentence."""
    symbol, style = _GRADES.get(grade, _OPEN)
    console.print()
    console.print(Text(f"{symbol} {grade_name(grade, _)}", style=style))
    console.print(Text(said))


def show(study: Study, report: Path | None, _: Translator, console: Console | None = None) -> None:
    """The answer in one sentence, what to know beside it, the ranking, where the report lies.

    Colours and styles only where the console is a terminal.
    """
    console = console or Console(highlight=False)
    answer = study.recommendation()
    show_answer(answer.grade, sentence(answer, _), _, console)
    for warning in warnings(answer, _):
        console.print(Text(f"⚠ {warning}", style="yellow"))
    if answer.ranking:
        console.print()
        console.print(_ranking(answer, _))
        console.print(Text(_legend(answer, _), style="dim"))
    if report is not None:
        console.print()
        # not wrapped: a path that is cut in two cannot be clicked or copied
        console.print(Text(_("Report: {path}").format(path=report)), soft_wrap=True)


def _ranking(answer: Answer, _: Translator) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("", overflow="fold", min_width=8)  # names need no heading, and 80 columns are few
    for heading in (
        "lr",
        metric_name(answer.metric, _),
        _("95 % interval"),
        _("rank"),
        _("P(beaten)"),
        _("passes") if answer.full_batch else _("steps"),
        _("diverged"),
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, ranked in enumerate(answer.ranking, start=1):
        table.add_row(
            *_row(place, ranked, answer), style="bold" if ranked.optimizer == answer.optimizer else ""
        )
    return table


def _row(place: int, ranked: Ranked, answer: Answer) -> list[Text]:
    low, high = ranked.interval
    first, last = ranked.rank_interval
    mark = "≈" if ranked.equal else "?" if ranked.tied else " "
    beaten = ranked.probability_beaten_by_best
    time = time_to_target(ranked, answer)
    cells = [
        f"{mark}{place}",
        answer.titles[ranked.optimizer],
        lr_text(ranked.lr),
        metric_text(ranked.median, answer.unit),
        f"[{metric_text(low, answer.unit)}, {metric_text(high, answer.unit)}]",
        str(first) if first == last else f"{first}–{last}",
        f"{beaten:.2f}" if math.isfinite(beaten) else "–",
        "–" if time is None else f"{time:.0f}",
        f"{100 * ranked.diverged:.0f} %",
    ]
    return [Text(cell) for cell in cells]  # Text: a name is never read as markup


def _legend(answer: Answer, _: Translator) -> str:
    """What the columns and marks mean, those that are there."""
    metric = metric_name(answer.metric, _)
    lines = [
        _("{metric}: median on the validation set over {n} reporting seeds.").format(
            metric=metric, n=answer.seeds
        ),
        _("P(beaten): by the best one."),
    ]
    if answer.target is not None:
        target = metric_text(answer.target, answer.unit)
        template = _("Steps: until {target} is reached.")
        if answer.full_batch:
            template = _("Passes: over the training set, until {target} is reached.")
        lines.append(template.format(target=target))
    if any(ranked.equal for ranked in answer.ranking):
        lines.append(_("≈ ties with the best."))
    if any(ranked.tied and not ranked.equal for ranked in answer.ranking):
        lines.append(_("? not separated from the best."))
    if answer.full_batch:
        lines.append(full_batch(answer, _))
    return " ".join(lines)


class Progress:
    """Runs done, runs per second, best so far and time left, on standard error.

    A context. Where standard error is not a terminal there is no bar, only the notes and the line
    at the end.
    """

    def __init__(self, _: Translator, console: Console | None = None):
        self._translate = _
        self._console = console or Console(stderr=True, highlight=False)
        self._bar = Bar(
            BarColumn(bar_width=None),
            _Line(_),
            console=self._console,
            transient=True,
            expand=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, best="–")
        self._began = time.perf_counter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._bar.stop()
        task = self._bar.tasks[self._task]
        if task.completed:
            line = self._translate(N_("{runs} runs in {time}."))
            seconds = time.perf_counter() - self._began
            self._console.print(
                Text(line.format(runs=int(task.completed), time=_clock(seconds)), style="dim")
            )

    def extend(self, runs: int) -> None:
        """So many more runs are to be done."""
        self._bar.update(self._task, total=(self._bar.tasks[self._task].total or 0) + runs)

    def advance(self, runs: float) -> None:
        """So many more runs are done; a part of a run counts as a part."""
        self._bar.advance(self._task, runs)

    def best(self, optimizer: str, lr: float | None, value: float) -> None:
        """The best run so far: its optimizer, learning rate and final validation metric."""
        rate = "" if lr is None else f" {lr_text(lr)}"
        self._bar.update(self._task, best=f"{optimizer}{rate} {value:.4g}")

    def note(self, template: str, **fields: object) -> None:
        """A line above the bar; the template is translated."""
        self._console.print(Text(self._translate(template).format(**fields)))


class _Line(ProgressColumn):
    """The words beside the bar, one template for each language."""

    def __init__(self, _: Translator):
        super().__init__(table_column=Column(no_wrap=True))
        self._template = _("{done}/{total} runs, {rate}/s, best {best}, {left} left")

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        return Text(
            self._template.format(
                done=int(task.completed),
                total="–" if task.total is None else int(task.total),
                rate="–" if task.speed is None else f"{task.speed:.1f}",
                best=task.fields["best"],
                left="–" if left is None else _clock(left),
            )
        )


def _clock(seconds: float) -> str:
    """1:05 for 65 seconds, 1:01:05 for an hour more."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

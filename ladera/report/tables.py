"""Rows of text for the page: the ranking, and the data under each figure."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from ladera.analysis.answer import Answer, Ranked
from ladera.analysis.pace import time_to_target
from ladera.analysis.words import lr_text, metric_name, metric_text
from ladera.locale import Translator
from ladera.report.series import Band, Convergence, Inspected, Scale, Sensitivity

__all__ = [
    "Row",
    "Strip",
    "Table",
    "convergence_table",
    "inspection_table",
    "ranking_rows",
    "sensitivity_table",
]


@dataclass(frozen=True)
class Strip:
    """One optimizer's reporting seeds on a scale that all rows share, in percent of its width."""

    seeds: list[float]
    interval: tuple[float, float] | None
    median: float | None


@dataclass(frozen=True)
class Row:
    """One optimizer of the ranking, as text."""

    optimizer: str  # command-line name
    title: str
    state: str  # "best" | "tied" | "", for the style sheet
    mark: str  # the same in words
    lr: str
    lr_interval: str
    median: str
    interval: str
    ranks: str
    beaten: str
    steps: str
    diverged: str
    strip: Strip | None


@dataclass(frozen=True)
class Table:
    """The data of a figure: shown as a table and offered as CSV."""

    head: list[str]
    rows: list[list[str]]

    @property
    def link(self) -> str:
        """The table as CSV in a data: link."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.head, *self.rows])
        return "data:text/csv;charset=utf-8," + quote(text.getvalue())


def ranking_rows(answer: Answer, _: Translator) -> list[Row]:
    """Best first."""
    scale = Scale(answer.metric, answer.direction, answer.start)
    ends = scale.metric_ends(_seeds_as_band(ranked) for ranked in answer.ranking)
    return [_row(ranked, answer, ends, _) for ranked in answer.ranking]


def convergence_table(curves: Sequence[Convergence], answer: Answer, _: Translator) -> Table:
    """One row per optimizer and recorded step, or number of passes."""
    metric = metric_name(answer.metric, _)
    columns = {
        "train_loss": _("training loss"),
        "validation_loss": _("validation loss"),
        "train_metric": _("training {metric}").format(metric=metric),
        "validation_metric": _("validation {metric}").format(metric=metric),
    }
    parts = (_("{value}, median"), _("{value}, lowest"), _("{value}, highest"), _("{value}, n"))
    head = [_("optimizer"), _("learning rate"), _("passes") if answer.full_batch else _("steps")]
    head += [part.format(value=name) for name in columns.values() for part in parts]
    rows = []
    for curve in curves:
        bands = [curve.bands[column] for column in columns]
        for k, step in enumerate(bands[0].x):
            values = [text for band in bands for text in _point(band, k)]
            rows.append([curve.title, lr_text(curve.lr), f"{step:.0f}", *values])
    return Table(head, rows)


def sensitivity_table(curves: Sequence[Sensitivity], answer: Answer, _: Translator) -> Table:
    """One row per optimizer and learning rate."""
    name = _("final validation {metric}").format(metric=metric_name(answer.metric, _))
    parts = (_("{value}, median"), _("{value}, lowest"), _("{value}, highest"))
    head = [_("optimizer"), _("learning rate"), *(part.format(value=name) for part in parts)]
    head += [_("runs"), _("diverged")]
    rows = []
    for curve in curves:
        for k, lr in enumerate(curve.band.x):
            median, low, high, _n = _point(curve.band, k)
            counts = [str(curve.runs[k]), str(curve.diverged[k])]
            rows.append([curve.title, lr_text(lr), median, low, high, *counts])
    return Table(head, rows)


def inspection_table(curves: Sequence[Inspected], _: Translator) -> Table:
    """One row per optimizer and step at which it was looked into."""
    names = {
        "sharpness": _("sharpness"),
        "stability": _("over the limit"),
        "noise_scale": _("noise scale"),
        "norm_test": _("norm test"),
    }
    parts = (_("{value}, median"), _("{value}, lowest"), _("{value}, highest"))
    head = [
        _("optimizer"),
        _("steps"),
        *(part.format(value=name) for name in names.values() for part in parts),
    ]
    rows = []
    for curve in curves:
        for step in sorted({x for band in curve.bands.values() for x in band.x}):
            bands = [curve.bands[name] for name in names]
            points = [_point(band, band.x.index(step))[:3] if step in band.x else [""] * 3 for band in bands]
            rows.append([curve.title, f"{step:.0f}", *(text for point in points for text in point)])
    return Table(head, rows)


def _row(ranked: Ranked, answer: Answer, ends: list[float] | None, _: Translator) -> Row:
    low, high = ranked.interval
    first, last = ranked.rank_interval
    state, mark, time = "", "", time_to_target(ranked, answer)
    if ranked.optimizer == answer.optimizer:
        state, mark = "best", _("best")
    elif ranked.tied:
        state, mark = "tied", _("≈ tie") if ranked.equal else _("? undecided")
    return Row(
        optimizer=ranked.optimizer,
        title=answer.titles[ranked.optimizer],
        state=state,
        mark=mark,
        lr=lr_text(ranked.lr),
        lr_interval=_between(*(lr_text(lr) for lr in ranked.lr_interval)),
        median=metric_text(ranked.median, answer.unit),
        interval=f"[{metric_text(low, answer.unit)}, {metric_text(high, answer.unit)}]",
        ranks=_between(str(first), str(last)),
        beaten=_share(ranked.probability_beaten_by_best),
        steps="–" if time is None else f"{time:.0f}",
        diverged=f"{100 * ranked.diverged:.0f} %",
        strip=_strip(ranked, ends),
    )


def _strip(ranked: Ranked, ends: list[float] | None) -> Strip | None:
    if ends is None:
        return None
    low, high = ends

    def place(value: float) -> float:  # what lies beyond the scale stands at its end
        return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)

    return Strip(
        [place(value) for value in ranked.values if math.isfinite(value)],
        (place(ranked.interval[0]), place(ranked.interval[1]))
        if all(map(math.isfinite, ranked.interval))
        else None,
        place(ranked.median) if math.isfinite(ranked.median) else None,
    )


def _seeds_as_band(ranked: Ranked) -> Band:
    values: list[float | None] = [value for value in ranked.values if math.isfinite(value)]
    n = len(values)
    return Band([float(k) for k in range(n)], values, values, values, [1] * n)


def _point(band: Band, k: int) -> list[str]:
    return [*(_value(part[k]) for part in (band.median, band.low, band.high)), str(band.n[k])]


def _value(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _between(low: str, high: str) -> str:
    return low if low == high else f"{low} – {high}"


def _share(probability: float) -> str:
    if not math.isfinite(probability):
        return "–"
    return "> 0.99" if probability > 0.99 else "< 0.01" if probability < 0.01 else f"{probability:.2f}"

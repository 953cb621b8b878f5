"""The figure of a sweep: every combination's seeds, median and interval, best first."""

from __future__ import annotations

import html
from typing import Any

import plotly.graph_objects as go

from ladera.analysis.combination_words import difference_text, sentence, verdict_name, winner
from ladera.analysis.combinations import BEST, TIES, Combination, SweepAnswer
from ladera.analysis.words import metric_name, metric_text
from ladera.locale import Translator

__all__ = ["combinations_figure", "wrapped"]

_ROW = 26  # px
_MOST = 60  # combinations that are drawn; the table has them all
_COLOURS = {BEST: "#0072B2", TIES: "#009E73"}  # of Okabe & Ito; marker and words say the same
_REST = "#59636e"
_MARKERS = {BEST: "star", TIES: "diamond"}


def combinations_figure(answer: SweepAnswer, title: str, _: Translator) -> go.Figure:
    """A row per combination: a line for the interval of the median, a marker for the median. The answer
    stands above. Combinations without a value are left out, and those behind the first 60."""
    rows = [row for row in answer.ranking if row.title][:_MOST]
    drawn = go.Figure()
    for place, row in enumerate(rows):
        _draw(drawn, place, row, answer, _)
    said = wrapped(html.escape(sentence(answer, _)))
    lines = said.count("<br>") + 1
    names = [html.escape(f"{row.name} · {winner(row, _)}") for row in rows]
    ends = [end for row in rows for end in row.interval]
    room = 0.03 * (max(ends, default=1.0) - min(ends, default=0.0))
    drawn.update_layout(
        template="plotly_white",
        title={
            "text": f"{title}<br><span style='font-size:12px'>{said}</span>",
            **{"x": 0.015, "y": 1.0, "xref": "container", "yref": "container", "yanchor": "top"},
            "pad": {"t": 18},
        },
        showlegend=False,
        height=150 + _ROW * len(rows) + 17 * lines,
        margin={"t": 70 + 17 * lines, "b": 70, "r": 40},
        xaxis={
            "title": {"text": _("validation {metric}").format(metric=metric_name(answer.metric, _))},
            "range": [min(ends, default=0.0) - room, max(ends, default=1.0) + room],
        },
        yaxis={
            "tickvals": list(range(len(rows))),
            "ticktext": names,
            "range": [len(rows) - 0.5, -0.5],
            "automargin": True,
            "zeroline": False,
        },
    )
    return drawn


def _draw(drawn: go.Figure, place: int, row: Combination, answer: SweepAnswer, _: Translator) -> None:
    colour = _COLOURS.get(row.verdict, _REST)
    shared: dict[str, Any] = {"name": row.name, "hoverinfo": "skip"}
    drawn.add_scatter(
        x=list(row.interval), y=[place, place], mode="lines", line={"color": colour, "width": 3}, **shared
    )
    told = [
        f"{verdict_name(row.verdict, _)}: {metric_text(row.median, answer.unit)}",
        _("worse by") + f" {difference_text(row, answer.unit)}",
    ]
    drawn.add_scatter(
        x=[row.median],
        y=[place],
        mode="markers",
        marker={"color": colour, "size": 11, "symbol": _MARKERS.get(row.verdict, "circle")},
        name=row.name,
        hovertext="<br>".join(told[: 1 if row.verdict == BEST else 2]),
        hoverinfo="text",
    )


def wrapped(text: str, width: int = 125) -> str:
    """The text in lines, as Plotly breaks them."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "<br>".join([*lines, line])

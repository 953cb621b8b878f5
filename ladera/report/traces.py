"""What is drawn of one optimizer: median and range, a ring at what was chosen, crosses where it was lost."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from ladera.locale import Translator
from ladera.report import axes
from ladera.report.series import Band, Convergence, Inspected, Sensitivity
from ladera.report.style import Style

__all__ = ["crosses", "curve", "ring"]

_OPACITY = 0.12  # of a band: nine on top of each other still let the lines through


def curve(
    curve: Convergence | Sensitivity | Inspected, band: Band, style: Style, axis: int, _: Translator
) -> list[dict[str, Any]]:
    """The band, a casing where the colour is light, the median."""
    place = {
        "name": html.escape(curve.title),
        "legendgroup": curve.optimizer,
        "xaxis": axes.reference("x", axis),
        "yaxis": axes.reference("y", axis),
    }
    xs, edges = _outline(band)
    silent = {"hoverinfo": "skip", "showlegend": False, "mode": "lines", **place}
    fill = {
        **silent,
        "x": xs,
        "y": edges,
        "fill": "toself",
        "fillcolor": style.fill(_OPACITY),
        "line": {"width": 0},
    }
    line = {"color": style.colour, "width": 2, "dash": style.dash}
    traces = [fill]
    if style.cased:
        casing = {**line, "color": style.edge, "width": 4}
        traces.append({**silent, "x": band.x, "y": band.median, "line": casing})
    median = {
        "x": band.x,
        "y": band.median,
        "mode": "lines+markers",
        "line": line,
        "marker": {
            "symbol": style.marker,
            "size": 7,
            "color": style.colour,
            "line": {"color": style.edge, "width": 1},
            "maxdisplayed": 9,
        },
        "customdata": [list(point) for point in zip(band.low, band.high, band.n, strict=True)],
        "hovertemplate": _(
            "<b>%{fullData.name}</b> at %{x}: %{y:.4g}<br>range %{customdata[0]:.4g} to "
            "%{customdata[1]:.4g}, n = %{customdata[2]}"
        )
        + "<extra></extra>",
        "showlegend": True,
        **place,
    }
    return [*traces, median]


def ring(curve: Sensitivity, style: Style) -> list[dict[str, Any]]:
    """Marks the learning rate that was chosen."""
    if curve.chosen not in curve.band.x:
        return []
    mark = {"symbol": "circle-open", "size": 17, "color": style.edge, "line": {"width": 2}}
    return [
        {
            "x": [curve.chosen],
            "y": [curve.band.median[curve.band.x.index(curve.chosen)]],
            "mode": "markers",
            "marker": mark,
            "name": html.escape(curve.title),
            "legendgroup": curve.optimizer,
            "showlegend": False,
            "hoverinfo": "skip",
        }
    ]


def crosses(curve: Sensitivity, row: int, style: Style, _: Translator) -> dict[str, Any]:
    """× wherever runs diverged: heavy where all seeds did, thin where only some."""
    lost = [(lr, k, n) for lr, k, n in zip(curve.band.x, curve.diverged, curve.runs, strict=True) if k]
    return {
        "x": [lr for lr, _k, _n in lost],
        "y": [row] * len(lost),
        "yaxis": "y2",
        "mode": "markers",
        "marker": {
            "symbol": "x-thin",
            "size": 8,
            "line": {"color": style.edge, "width": [3 if k == n else 1.2 for _lr, k, n in lost]},
        },
        "customdata": [[k, n] for _lr, k, n in lost],
        "hovertemplate": _("<b>%{fullData.name}</b> at %{x}: %{customdata[0]} of %{customdata[1]} diverged")
        + "<extra></extra>",
        "name": html.escape(curve.title),
        "legendgroup": curve.optimizer,
        "showlegend": False,
    }


def _outline(band: Band) -> tuple[list[float | None], list[float | None]]:
    """The band as closed outlines, one per stretch without a gap, separated by None."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for stretch in _stretches(band):
        xs += [band.x[k] for k in stretch] + [band.x[k] for k in reversed(stretch)] + [None]
        ys += [band.low[k] for k in stretch] + [band.high[k] for k in reversed(stretch)] + [None]
    return xs, ys


def _stretches(band: Band) -> Iterable[list[int]]:
    stretch: list[int] = []
    for k, median in enumerate(band.median):
        if median is not None:  # a band without its line would be read as another optimizer's
            stretch.append(k)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch

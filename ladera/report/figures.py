"""One function per figure. Each returns a Plotly figure as plain data, {"data": [...], "layout": {...}}.

Plain lists and dicts serve the report, a notebook (`plotly.graph_objects.Figure(figure)`) and a
browser alike, and are made a hundred times faster than validated figure objects.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ladera.analysis.words import metric_name
from ladera.locale import Translator
from ladera.report.series import Band, Convergence, Inspected, Scale, Sensitivity
from ladera.report.style import Style

__all__ = ["convergence", "inspection", "sensitivity"]

Figure = dict[str, Any]

_OPACITY = 0.12  # of a band: nine on top of each other still let the lines through
_INK, _GRID = "#1f2328", "#e8eaed"
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_EARLY = 0.2  # share of the training that the metric's axis need not show: it would flatten the rest
_ROW = 17  # px of one optimizer's row in the strip of diverged runs
_PLOT = 400  # px of the sensitivity curves themselves


def convergence(
    curves: Sequence[Convergence], styles: Mapping[str, Style], scale: Scale, unit: str, _: Translator
) -> Figure:
    """Median and range over the reporting seeds against the training: loss above, metric below; train
    left, validation right.

    unit: of the horizontal axis, in words. `meta` of every trace says what it is in the other units.
    """
    metric = metric_name(scale.metric, _)
    panels = (  # column of the study, heading, side (0 left), row (0 top)
        ("train_loss", _("training loss"), 0, 0),
        ("validation_loss", _("validation loss"), 1, 0),
        ("train_metric", _("training {metric}").format(metric=metric), 0, 1),
        ("validation_metric", _("validation {metric}").format(metric=metric), 1, 1),
    )
    across, down = ((0.0, 0.47), (0.53, 1.0)), ((0.56, 1.0), (0.0, 0.44))
    data, layout = [], _layout(680)
    for axis, (column, heading, side, row) in enumerate(panels, start=1):
        if row == 0:
            ends = scale.loss_ends(curve.bands[column] for curve in curves)
        else:  # train and validation share it; the loss of overfitted weights would flatten the other
            both = [curve.bands[c] for curve in curves for c, _h, _s, r in panels if r == row]
            ends = scale.metric_ends(band.after(_EARLY) for band in both)
        layout[_axis_name("x", axis)] = _axis(
            domain=list(across[side]),
            anchor=_reference("y", axis),
            matches=None if axis == 1 else "x",
            title=_title(unit) if row == 1 else None,
        )
        layout[_axis_name("y", axis)] = _axis(
            domain=list(down[row]),
            anchor=_reference("x", axis),
            matches=_reference("y", axis - 1) if (side, row) == (1, 1) else None,
            range=ends,
            showticklabels=ends is not None,
            **(_logarithmic(ends) if row == 0 else {}),
        )
        layout["annotations"].append(_heading(heading, across[side][0], down[row][1]))
        for curve in curves:
            data += [
                {**trace, "meta": curve.per_x, "showlegend": trace["showlegend"] and axis == 1}
                for trace in _curve(curve, curve.bands[column], styles[curve.optimizer], axis, _)
            ]
    return {"data": data, "layout": layout}


def sensitivity(
    curves: Sequence[Sensitivity], styles: Mapping[str, Style], scale: Scale, _: Translator
) -> Figure:
    """Final metric against learning rate: median and range over the tuning seeds, a ring at the chosen one.

    Diverged runs stand as × in a strip on the side of the bad values, a row per optimizer, so that
    they do not hide each other.
    """
    lost = [curve for curve in curves if any(curve.diverged)]
    strip_px = _ROW * len(lost) + (34 if lost else 0)  # rows and the gap with their heading
    main, strip = _stack(_PLOT, strip_px, strip_below=scale.direction == "max")
    layout = _layout(_PLOT + strip_px + _MARGIN["t"] + _MARGIN["b"])
    ends = _decades(lr for curve in curves for lr in curve.band.x)
    title = _title(_("learning rate"))
    layout["xaxis"] = _axis(**_logarithmic(ends), title=title, anchor="free", position=0, range=ends)
    ends = scale.metric_ends(curve.band for curve in curves)
    layout["yaxis"] = _axis(domain=list(main), anchor="x", range=ends, showticklabels=ends is not None)
    heading = _("final validation {metric}").format(metric=metric_name(scale.metric, _))
    layout["annotations"].append(_heading(heading, 0.0, main[1]))
    data = []
    for curve in curves:
        style = styles[curve.optimizer]
        data += [*_curve(curve, curve.band, style, 1, _), *_ring(curve, style)]
    if lost:
        layout["yaxis2"] = _strip_axis(strip, [curve.title for curve in lost])
        data += [_crosses(curve, row, styles[curve.optimizer], _) for row, curve in enumerate(lost)]
        layout["annotations"].append(_heading(_("diverged runs"), 0.0, strip[1]))
    return {"data": data, "layout": layout}


def inspection(curves: Sequence[Inspected], styles: Mapping[str, Style], batch: int, _: Translator) -> Figure:
    """The share of the limit of stability, left, and the gradient noise scale, right, against the steps:
    median and range over the reporting seeds; a line where they change their meaning."""
    panels = (  # column, heading, side, the line
        ("stability", _("sharpness over the limit of stability"), (0.0, 0.47), 1.0),
        ("noise_scale", _("gradient noise scale, examples"), (0.53, 1.0), float(batch)),
    )
    data, layout = [], _layout(400)
    layout["shapes"] = []
    for axis, (column, heading, side, mark) in enumerate(panels, start=1):
        shown = [curve for curve in curves if any(m is not None for m in curve.bands[column].median)]
        ends = _decades([mark, *_positive(curve.bands[column] for curve in shown)])
        layout[_axis_name("x", axis)] = _axis(
            domain=list(side), anchor=_reference("y", axis), title=_title(_("steps"))
        )
        layout[_axis_name("y", axis)] = _axis(anchor=_reference("x", axis), range=ends, **_logarithmic(ends))
        layout["annotations"].append(_heading(heading, side[0], 1.0))
        layout["shapes"].append(
            {
                "type": "line",
                "xref": f"{_reference('x', axis)} domain",
                "yref": _reference("y", axis),
                **{"x0": 0, "x1": 1, "y0": mark, "y1": mark},
                "line": {"color": _INK, "width": 1, "dash": "dot"},
            }
        )
        for curve in shown:
            traces = _curve(curve, curve.bands[column], styles[curve.optimizer], axis, _)
            data += [{**trace, "showlegend": trace["showlegend"] and axis == 2} for trace in traces]
    return {"data": data, "layout": layout}


def _positive(bands: Iterable[Band]) -> list[float]:
    values = [value for band in bands for part in (band.low, band.median, band.high) for value in part]
    return [value for value in values if value is not None and value > 0]


# ---------------------------------------------------------------------------------------- traces


def _curve(
    curve: Convergence | Sensitivity | Inspected, band: Band, style: Style, axis: int, _: Translator
) -> list[dict[str, Any]]:
    """The band, a casing where the colour is light, the median."""
    place = {
        "name": html.escape(curve.title),
        "legendgroup": curve.optimizer,
        "xaxis": _reference("x", axis),
        "yaxis": _reference("y", axis),
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


def _ring(curve: Sensitivity, style: Style) -> list[dict[str, Any]]:
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


def _crosses(curve: Sensitivity, row: int, style: Style, _: Translator) -> dict[str, Any]:
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


# ---------------------------------------------------------------------------------------- layout

_MARGIN = {"l": 64, "r": 12, "t": 30, "b": 48}


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "autosize": True,
        "margin": dict(_MARGIN),
        "font": {"family": _FONT, "size": 13, "color": _INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": -0.12, "itemwidth": 45},
        "annotations": [],
    }


def _axis(**settings: Any) -> dict[str, Any]:
    look = {
        "gridcolor": _GRID,
        "zeroline": False,
        "showline": True,
        "linecolor": "#8c959f",
        "ticks": "outside",
        "tickcolor": "#8c959f",
        "ticklen": 4,
        "automargin": True,
    }
    return look | {key: value for key, value in settings.items() if value is not None}


def _logarithmic(ends: list[float] | None) -> dict[str, Any]:
    """Plain powers of ten (10⁻³, never 1m); where the axis is short, plain numbers: 0.1, 0.2, 0.5, 1."""
    if ends is None or ends[1] - ends[0] > 2.5:
        return {"type": "log", "dtick": 1, "exponentformat": "power", "minexponent": 2}
    return {"type": "log", "dtick": "D2", "tickformat": "~g"}


def _strip_axis(domain: tuple[float, float], names: Sequence[str]) -> dict[str, Any]:
    rows = list(range(len(names)))
    return _axis(
        domain=list(domain),
        anchor="free",
        position=0,
        range=[len(names) - 0.5, -0.5],
        tickvals=rows,
        ticktext=[html.escape(name) for name in names],
        tickfont={"size": 11},
        showgrid=False,
        fixedrange=True,
    )


def _stack(main: int, strip: int, strip_below: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """Domains of the main plot and of the strip, which has its heading above it (px in, shares out)."""
    if not strip:
        return (0.0, 1.0), (0.0, 0.0)
    share, gap = strip / (main + strip), 34 / (main + strip)
    if strip_below:
        return (share, 1.0), (0.0, share - gap)
    return (0.0, 1.0 - share), (1.0 - share + gap, 1.0)


def _heading(text: str, x: float, y: float) -> dict[str, Any]:
    return {
        "text": f"<b>{html.escape(text)}</b>",
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
    }


def _title(text: str) -> dict[str, Any]:
    return {"text": html.escape(text), "standoff": 8, "font": {"size": 13}}


def _decades(values: Iterable[float]) -> list[float] | None:
    """Ends of a logarithmic axis, as exponents of ten, with room for the markers."""
    exponents = [math.log10(value) for value in values]
    return [min(exponents) - 0.15, max(exponents) + 0.15] if exponents else None


def _reference(letter: str, axis: int) -> str:
    return letter if axis == 1 else f"{letter}{axis}"


def _axis_name(letter: str, axis: int) -> str:
    return f"{letter}axis" if axis == 1 else f"{letter}axis{axis}"

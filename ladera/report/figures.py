"""One function per figure. Each returns a Plotly figure as plain data, {"data": [...], "layout": {...}}.

Plain lists and dicts serve the report, a notebook (`plotly.graph_objects.Figure(figure)`) and a
browser alike, and are made a hundred times faster than validated figure objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ladera.analysis.words import metric_name
from ladera.locale import Translator
from ladera.report import axes, traces
from ladera.report.series import Band, Convergence, Inspected, Scale, Sensitivity
from ladera.report.style import Style

__all__ = ["convergence", "inspection", "sensitivity"]

Figure = dict[str, Any]

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
    data, layout = [], axes.layout(680)
    for axis, (column, heading, side, row) in enumerate(panels, start=1):
        if row == 0:
            ends = scale.loss_ends(curve.bands[column] for curve in curves)
        else:  # train and validation share it; the loss of overfitted weights would flatten the other
            both = [curve.bands[c] for curve in curves for c, _h, _s, r in panels if r == row]
            ends = scale.metric_ends(band.after(_EARLY) for band in both)
        layout[axes.axis_name("x", axis)] = axes.axis(
            domain=list(across[side]),
            anchor=axes.reference("y", axis),
            matches=None if axis == 1 else "x",
            title=axes.title(unit) if row == 1 else None,
        )
        layout[axes.axis_name("y", axis)] = axes.axis(
            domain=list(down[row]),
            anchor=axes.reference("x", axis),
            matches=axes.reference("y", axis - 1) if (side, row) == (1, 1) else None,
            range=ends,
            showticklabels=ends is not None,
            **(axes.logarithmic(ends) if row == 0 else {}),
        )
        layout["annotations"].append(axes.heading(heading, across[side][0], down[row][1]))
        for curve in curves:
            data += [
                {**trace, "meta": curve.per_x, "showlegend": trace["showlegend"] and axis == 1}
                for trace in traces.curve(curve, curve.bands[column], styles[curve.optimizer], axis, _)
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
    main, strip = axes.stack(_PLOT, strip_px, strip_below=scale.direction == "max")
    layout = axes.layout(_PLOT + strip_px + axes.MARGIN["t"] + axes.MARGIN["b"])
    ends = axes.decades(lr for curve in curves for lr in curve.band.x)
    title = axes.title(_("learning rate"))
    layout["xaxis"] = axes.axis(**axes.logarithmic(ends), title=title, anchor="free", position=0, range=ends)
    ends = scale.metric_ends(curve.band for curve in curves)
    layout["yaxis"] = axes.axis(domain=list(main), anchor="x", range=ends, showticklabels=ends is not None)
    heading = _("final validation {metric}").format(metric=metric_name(scale.metric, _))
    layout["annotations"].append(axes.heading(heading, 0.0, main[1]))
    data = []
    for curve in curves:
        style = styles[curve.optimizer]
        data += [*traces.curve(curve, curve.band, style, 1, _), *traces.ring(curve, style)]
    if lost:
        layout["yaxis2"] = axes.strip_axis(strip, [curve.title for curve in lost])
        data += [traces.crosses(curve, row, styles[curve.optimizer], _) for row, curve in enumerate(lost)]
        layout["annotations"].append(axes.heading(_("diverged runs"), 0.0, strip[1]))
    return {"data": data, "layout": layout}


def inspection(curves: Sequence[Inspected], styles: Mapping[str, Style], batch: int, _: Translator) -> Figure:
    """The share of the limit of stability, left, and the gradient noise scale, right, against the steps:
    median and range over the reporting seeds; a line where they change their meaning."""
    panels = (  # column, heading, side, the line
        ("stability", _("sharpness over the limit of stability"), (0.0, 0.47), 1.0),
        ("noise_scale", _("gradient noise scale, examples"), (0.53, 1.0), float(batch)),
    )
    data, layout = [], axes.layout(400)
    layout["shapes"] = []
    for axis, (column, heading, side, mark) in enumerate(panels, start=1):
        shown = [curve for curve in curves if any(m is not None for m in curve.bands[column].median)]
        ends = axes.decades([mark, *_positive(curve.bands[column] for curve in shown)])
        layout[axes.axis_name("x", axis)] = axes.axis(
            domain=list(side), anchor=axes.reference("y", axis), title=axes.title(_("steps"))
        )
        layout[axes.axis_name("y", axis)] = axes.axis(
            anchor=axes.reference("x", axis), range=ends, **axes.logarithmic(ends)
        )
        layout["annotations"].append(axes.heading(heading, side[0], 1.0))
        layout["shapes"].append(
            {
                "type": "line",
                "xref": f"{axes.reference('x', axis)} domain",
                "yref": axes.reference("y", axis),
                **{"x0": 0, "x1": 1, "y0": mark, "y1": mark},
                "line": {"color": axes.INK, "width": 1, "dash": "dot"},
            }
        )
        for curve in shown:
            drawn = traces.curve(curve, curve.bands[column], styles[curve.optimizer], axis, _)
            data += [{**trace, "showlegend": trace["showlegend"] and axis == 2} for trace in drawn]
    return {"data": data, "layout": layout}


def _positive(bands: Iterable[Band]) -> list[float]:
    values = [value for band in bands for part in (band.low, band.median, band.high) for value in part]
    return [value for value in values if value is not None and value > 0]

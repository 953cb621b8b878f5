"""Figures of a trace and of a race: the cost over the steps, and the way over the function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ladera.locale import N_, Translator
from ladera.report.style import Style, styles
from ladera.surfaces import Surface
from ladera.tracing.card import sentence
from ladera.tracing.ground import contours, curve, minima, titled
from ladera.tracing.stability import stability

if TYPE_CHECKING:
    from ladera.tracing.race import Race
    from ladera.tracing.trace import Trace

__all__ = ["race_figure", "trace_figure"]

_MOST_ARROWS = 12  # gradients that are drawn: more would hide the way
_MARKED = 30  # at most so many steps get a marker
# What a solver's steps are kept short by: one panel is enough, for the first of these.
_KEPT = {
    "Delta": N_("trust radius Δ"),
    "alpha": N_("step length α"),
}
_AXES = {"steps": N_("step"), "evaluations": N_("gradient evaluations"), "seconds": N_("seconds")}
_RIGHT: dict[str, Any] = {"row": 1, "col": 2}  # where the way is drawn


def trace_figure(trace: Trace, _: Translator) -> go.Figure:
    """Cost over the steps beside the way over the function, and below it how long a solver's steps may
    be; in words, where it ended."""
    name = trace.method.describe()
    kept = next((letter for letter in _KEPT if letter in trace.values), None)
    figure = _panels(_("cost"), _("way"), _(_KEPT[kept]) if kept else "")
    look = styles([name])[name]
    floor = _floor(trace.surface, [trace])
    _cost(figure, name, np.arange(trace.steps + 1), trace.fun, look, floor)
    if kept:
        _numbers(figure, name, trace.values[kept], look, _)
    _way(figure, trace.surface, {name: trace}, {name: look}, _)
    if trace.surface.dimension == 2:
        _gradients(figure, trace, _)
    said = [sentence(trace, _)]
    if limit := stability(trace.surface, trace.x[-1], trace.method):
        said.append(limit.sentence(_))
    return _finished(figure, f"{name}: f = {trace.surface.text}", _("step"), said, floor, _)


def race_figure(race: Race, by: str, _: Translator) -> go.Figure:
    """The same for several methods."""
    looks = styles(race.traces)
    figure = _panels(_("cost"), _("ways"))
    floor = _floor(race.surface, list(race.traces.values()))
    for name, trace in race.traces.items():
        _cost(figure, name, race.spent(name, by), trace.fun, looks[name], floor)
    _way(figure, race.surface, race.traces, looks, _)
    title = f"f = {race.surface.text}"
    from ladera.tracing.race import told

    return _finished(figure, title, _(_AXES[by]), [told(race, _)], floor, _)


def _panels(left: str, right: str, below: str = "") -> go.Figure:
    """Two panels side by side, and below the left one a small one where it has a title."""
    return make_subplots(
        rows=2 if below else 1,
        cols=2,
        specs=[[{}, {"rowspan": 2}], [{}, None]] if below else [[{}, {}]],
        subplot_titles=(left, right, below) if below else (left, right),
        column_widths=[0.45, 0.55],
        row_heights=[0.66, 0.34] if below else [1.0],
        horizontal_spacing=0.12,
        vertical_spacing=0.14,
    )


def _numbers(figure: go.Figure, name: str, values: np.ndarray, look: Style, _: Translator) -> None:
    """What keeps a solver's steps short, at each of them."""
    figure.add_trace(
        go.Scatter(
            x=list(range(1, len(values) + 1)),
            y=values.tolist(),
            showlegend=False,
            **_line(name, look, 6),
        ),
        row=2,
        col=1,
    )
    scale = "log" if np.all(values > 0) and values.max() > 20 * values.min() else "linear"
    figure.update_yaxes(type=scale, exponentformat="power", row=2, col=1)
    figure.update_xaxes(title_text=_("step"), matches="x", row=2, col=1)


def _floor(surface: Surface, traces: list[Trace]) -> float | None:
    """What the cost is shown above of: the known minimum. None: f is shown as it is."""
    seen = min(float(trace.fun.min()) for trace in traces)
    known = surface.minimum
    return float(known) if known is not None and np.isfinite(known) and known <= seen + 1e-9 else None


def _cost(
    figure: go.Figure, name: str, x: np.ndarray, fun: np.ndarray, look: Style, floor: float | None
) -> None:
    # a logarithmic axis has no 0, and below 1e-16 of rounding nothing is told
    shown = fun if floor is None else np.maximum(fun - floor, 1e-16)
    figure.add_trace(
        go.Scatter(
            x=x.tolist(),
            y=shown.tolist(),
            **_line(name, look, 7),
            customdata=fun.tolist(),
            hovertemplate="%{x}: f = %{customdata:.6g}",
        ),
        row=1,
        col=1,
    )


def _line(name: str, look: Style, size: float) -> dict[str, Any]:
    """How a method is drawn, wherever it is."""
    marker = {
        "symbol": look.marker,
        "size": size,
        "color": look.colour,
        "line": {"color": look.edge, "width": 1.5 if look.cased else 0},
        "maxdisplayed": _MARKED,
    }
    return {
        "name": name,
        "legendgroup": name,
        "mode": "lines+markers",
        "line": {"color": look.edge, "dash": look.dash, "width": 2},
        "marker": marker,
    }


def _way(
    figure: go.Figure, surface: Surface, traces: dict[str, Trace], looks: dict[str, Style], _: Translator
) -> None:
    window = _window(surface, traces)
    if surface.dimension == 1:
        curve(figure, surface, window[0], **_RIGHT)
    elif surface.dimension == 2:
        contours(figure, surface, window, **_RIGHT)
    for name, trace in traces.items():
        across = trace.x[:, 0]
        up = trace.fun if surface.dimension == 1 else trace.x[:, 1]
        look = looks[name]
        figure.add_trace(
            go.Scatter(
                x=across.tolist(),
                y=up.tolist(),
                showlegend=False,
                **_line(name, look, 6),
                customdata=np.column_stack([np.arange(len(across)), trace.fun]).tolist(),
                hovertemplate="%{customdata[0]}: (%{x:.6g}, %{y:.6g}), f = %{customdata[1]:.6g}",
            ),
            **_RIGHT,
        )
    minima(figure, surface, _, **_RIGHT)
    names = surface.variables
    figure.update_xaxes(title_text=names[0], range=list(window[0]), **_RIGHT)
    if surface.dimension == 2:
        figure.update_yaxes(title_text=names[1], range=list(window[1]), **_RIGHT)
    else:
        figure.update_yaxes(title_text="f", **_RIGHT)


def _window(surface: Surface, traces: dict[str, Trace]) -> list[tuple[float, float]]:
    """The surface's own window, widened to hold every start, and ways that do not fly off."""
    found = []
    for axis in range(surface.dimension):
        low, high = surface.window[axis]
        starts = [trace.x[0, axis] for trace in traces.values()]
        low, high = min([low, *starts]), max([high, *starts])
        near = (low - (high - low), high + (high - low))
        seen = np.concatenate([trace.x[:, axis] for trace in traces.values()]).clip(*near)
        low, high = min(low, seen.min()), max(high, seen.max())
        room = 0.04 * (high - low)
        found.append((float(low - room), float(high + room)))
    return found


def _gradients(figure: go.Figure, trace: Trace, _: Translator) -> None:
    """Arrows against the gradient, where it was taken; the longest as long as the longest step."""
    count = min(trace.steps, _MOST_ARROWS)
    if count == 0:
        return
    points, downhill = trace.points[:count], -trace.gradients[:count]
    longest = float(np.linalg.norm(downhill, axis=1).max())
    if longest == 0:
        return
    moved = np.linalg.norm(np.diff(trace.x[: count + 1], axis=0), axis=1)
    length = max(float(moved.max()), 0.05 * float(np.ptp(trace.surface.window[0]))) / longest
    for tail, arrow in zip(points, downhill * length, strict=True):
        head = tail + arrow
        figure.add_annotation(
            x=float(head[0]),
            y=float(head[1]),
            ax=float(tail[0]),
            ay=float(tail[1]),
            xref="x2",
            yref="y2",
            axref="x2",
            ayref="y2",
            text="",
            showarrow=True,
            arrowhead=2,
            arrowwidth=1.2,
            arrowcolor="#444444",
        )
    figure.add_trace(
        go.Scatter(
            x=[None], y=[None], mode="lines", line={"color": "#444444"}, name=_("against the gradient")
        ),
        **_RIGHT,
    )


def _finished(
    figure: go.Figure, title: str, axis: str, said: list[str], floor: float | None, _: Translator
) -> go.Figure:
    """Axes and titles; what happened stands in words under the title, where people look first."""
    below = "xaxis3" in figure.layout  # which has the same axis
    figure.update_xaxes(title_text="" if below else axis, row=1, col=1)
    costs = [drawn["y"] for drawn in figure.to_dict()["data"] if drawn.get("xaxis") == "x"]
    positive = all(min(cost) > 0 for cost in costs)
    name = "f" if floor is None else _("f above its minimum")
    scale = "log" if positive else "linear"
    figure.update_yaxes(title_text=name, type=scale, exponentformat="power", row=1, col=1)
    return titled(figure, title, said, 620 if below else 520)

"""One step of a second-order method over the function: the quadratic that it goes by, and where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ladera.base import UsageError
from ladera.locale import N_, Translator
from ladera.steps.formula import number_text
from ladera.tracing.ground import contours, curve, minima, titled
from ladera.tracing.models import Model

if TYPE_CHECKING:
    from ladera.tracing.trace import Trace

__all__ = ["model_figure"]

_MODEL, _STEP, _EDGE, _METRIC = "#0072B2", "#D55E00", "#000000", "#009E73"
_ENDS = {"size": [8, 13], "symbol": ["circle", "arrow"], "angleref": "previous", "opacity": 1}
_GRID = 161
_LEVELS = 5  # lines of equal model value, and half as many more


def model_figure(trace: Trace, k: int, _: Translator) -> go.Figure:
    """Step k in one or two variables: f, the model's level lines (or its parabola) around x, the trust
    region's edge, the ellipse of a learnt inverse Hessian through the step's tip, and the step.

    Raises UsageError: no such step, no model, or more than two variables.
    """
    trace.check_step(k)
    if k not in trace.models:
        raise UsageError(
            "The method '{method}' goes by no quadratic model; newton, trust, newton-cg, bfgs, lbfgs, "
            "gauss-newton and lm do.",
            method=trace.method.describe(),
        )
    if trace.surface.dimension > 2:
        raise UsageError(
            "A model is drawn over one or two variables, and this function has {received}.",
            received=trace.surface.dimension,
        )
    model, figure = trace.models[k], go.Figure()
    window = _window(model)
    (_over_a_line if trace.surface.dimension == 1 else _over_a_plane)(figure, trace, model, window, _)
    said = _(_SAID).format(
        promised=number_text(model.value - float(model(model.step))),
        fell=number_text(trace.fun[k - 1] - trace.fun[k]),
    )
    title = _("{method}, step {k}: f = {formula}").format(
        method=trace.method.describe(), k=k, formula=trace.surface.text
    )
    height = 520 if trace.surface.dimension == 1 else 760
    return titled(figure, title, [said], height)


_SAID = N_("The model promises that f falls by {promised}; it falls by {fell}.")


def _window(model: Model) -> list[tuple[float, float]]:
    """Around x, as far as the step; and the radius and the model's minimum, where they are near."""
    step = float(np.linalg.norm(model.step))
    reach = [step]
    if model.radius is not None:
        reach.append(min(model.radius / float(np.linalg.svd(model.scale)[1].min()), 4 * step))
    if model.lowest is not None:
        reach.append(min(float(np.linalg.norm(model.lowest)), 3 * step))
    half = 1.35 * max(*reach, 1e-9)
    return [(float(x) - half, float(x) + half) for x in model.at]


def _over_a_line(
    figure: go.Figure, trace: Trace, model: Model, window: list[tuple[float, float]], _: Translator
) -> None:
    curve(figure, trace.surface, window[0])
    x = np.linspace(*window[0], 201)
    _line(figure, x, model((x - model.at)[:, None]), _("quadratic model"), _MODEL, "dash")
    ends = np.array([model.at, model.at + model.step])[:, 0]
    heights = [model.value, trace.surface.value_at(float(ends[1]))]
    _line(figure, ends, heights, _("step"), _STEP, "solid", markers=True)
    minima(figure, trace.surface, _)
    figure.update_xaxes(title_text=trace.surface.variables[0], range=list(window[0]))
    figure.update_yaxes(title_text="f")


def _over_a_plane(
    figure: go.Figure, trace: Trace, model: Model, window: list[tuple[float, float]], _: Translator
) -> None:
    contours(figure, trace.surface, window)
    _level_lines(figure, model, window, _("quadratic model"))
    circle = _circle()
    if model.radius is not None:
        edge = model.at + model.radius * circle @ np.linalg.inv(model.scale)
        _line(figure, edge[:, 0], edge[:, 1], _("trust region"), _EDGE, "dot")
    if model.inverse:
        edge = _ellipse(model, circle)
        _line(figure, edge[:, 0], edge[:, 1], _("ellipse of the inverse Hessian"), _METRIC, "dashdot")
    if model.lowest is not None:
        lowest = model.at + model.lowest
        name = _("minimum of the model")
        look = {"symbol": "diamond-open", "size": 11, "color": _MODEL, "line": {"width": 2}}
        figure.add_trace(go.Scatter(x=[lowest[0]], y=[lowest[1]], mode="markers", marker=look, name=name))
    ends = np.array([model.at, model.at + model.step])
    _line(figure, ends[:, 0], ends[:, 1], _("step"), _STEP, "solid", markers=True)
    minima(figure, trace.surface, _)
    names = trace.surface.variables
    figure.update_xaxes(title_text=names[0], range=list(window[0]), constrain="domain")
    figure.update_yaxes(title_text=names[1], range=list(window[1]), scaleanchor="x")


def _level_lines(figure: go.Figure, model: Model, window: list[tuple[float, float]], name: str) -> None:
    """Where the model is as high as at x, and lower and higher, evenly by the distance from its lowest."""
    across, up = (np.linspace(*side, _GRID) for side in window)
    values = model(np.stack(np.meshgrid(across, up), axis=-1) - model.at)
    low = float(values.min())
    levels = [low + (model.value - low) * (k / 3) ** 2 for k in range(1, 3 * _LEVELS // 2)]
    for k, level in enumerate(levels):
        figure.add_trace(
            go.Contour(
                x=across.tolist(),
                y=up.tolist(),
                z=values.tolist(),
                contours={"start": level, "end": level, "size": 1, "coloring": "none"},
                line={"width": 2.5 if k == 2 else 1, "color": _MODEL},  # k = 2: as high as at x
                name=name,
                legendgroup="model",
                showlegend=k == 2,
                showscale=False,
                hoverinfo="skip",
            )
        )


def _circle() -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 181)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _ellipse(model: Model, circle: np.ndarray) -> np.ndarray:
    """pᵀBp = constant around x, through the step's tip: what the method takes for equally far."""
    size = np.sqrt(max(float(model.step @ model.matrix @ model.step), 0.0))
    return model.at + size * circle @ np.linalg.inv(np.linalg.cholesky(model.matrix))


def _line(
    figure: go.Figure, x: Any, y: Any, name: str, colour: str, dash: str, markers: bool = False
) -> None:
    figure.add_trace(
        go.Scatter(
            x=np.asarray(x).tolist(),
            y=np.asarray(y).tolist(),
            mode="lines+markers" if markers else "lines",
            line={"color": colour, "dash": dash, "width": 3 if markers else 2},
            marker={"size": [7, 11], "symbol": ["circle", "arrow"], "angleref": "previous"}
            if markers
            else {},
            name=name,
        )
    )

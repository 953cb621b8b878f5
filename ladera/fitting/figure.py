"""The figure of a fit: data and curve, and below them what the curve misses."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ladera.fitting.words import sentence
from ladera.locale import Translator
from ladera.report.style import Style, styles

if TYPE_CHECKING:
    from ladera.fitting.fit import Fit

__all__ = ["figure"]

_POINTS = 401  # of the curve
_LEVEL = 0.95  # of the band
_LINE = 130  # characters of a line under the title: Plotly breaks none by itself
_FONT = {"family": "DejaVu Sans, Arial, sans-serif", "size": 13}


def figure(fit: Fit, _: Translator) -> go.Figure:
    """Data and curve with its band (of several variables observed against fitted), residuals below."""
    shown = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    data, curve = styles(["data", "curve"])["data"], styles(["data", "curve"])["curve"]
    if len(fit.variables) == 1:
        name = fit.variables[0]
        x, y = fit.data[name], fit.observed
        _curve(shown, fit, name, curve, _)
    else:
        name, x, y = _("fitted"), fit.fitted, fit.observed
        _diagonal(shown, fit, curve, _)
    _dots(shown, 1, x, y, _("data"), data, f"{name} = %{{x:.6g}}, {fit.target} = %{{y:.6g}}")
    _dots(shown, 2, x, fit.residuals, _("residuals"), data, f"{name} = %{{x:.6g}}: %{{y:.4g}}")
    shown.add_hline(y=0, line={"color": "#777777", "width": 1}, row=2, col=1)  # pyright: ignore
    shown.update_xaxes(title_text=name, row=2, col=1)
    shown.update_yaxes(title_text=fit.target, row=1, col=1)
    shown.update_yaxes(title_text=_("residual"), row=2, col=1)
    return _finished(shown, fit, _)


def _curve(shown: go.Figure, fit: Fit, name: str, look: Style, _: Translator) -> None:
    x = fit.data[name]
    room = 0.02 * (np.ptp(x) or 1)
    at = np.linspace(x.min() - room, x.max() + room, _POINTS)
    y = fit.predict({name: at})
    inside = np.isfinite(y)
    at, y = at[inside], y[inside]
    half = fit.band({name: at}, _LEVEL) if np.isfinite(fit.covariance).all() else np.array([np.nan])
    if np.isfinite(half).all():
        band = _("{share} confidence band of the curve").format(share=f"{100 * _LEVEL:g} %")
        shown.add_trace(
            go.Scatter(
                x=[*at.tolist(), *at[::-1].tolist()],
                y=[*(y + half).tolist(), *(y - half)[::-1].tolist()],
                fill="toself",
                fillcolor=look.fill(0.2),
                line={"width": 0},
                hoverinfo="skip",
                name=band,
            ),
            row=1,
            col=1,
        )
    line = {"color": look.edge, "width": 2, "simplify": False}
    shown.add_trace(
        go.Scatter(x=at.tolist(), y=y.tolist(), mode="lines", line=line, name=_("curve")), row=1, col=1
    )


def _diagonal(shown: go.Figure, fit: Fit, look: Style, _: Translator) -> None:
    ends = [float(fit.fitted.min()), float(fit.fitted.max())]
    line = {"color": look.edge, "width": 2}
    name = _("observed as fitted")
    shown.add_trace(go.Scatter(x=ends, y=ends, mode="lines", line=line, name=name), row=1, col=1)


def _dots(
    shown: go.Figure, row: int, x: np.ndarray, y: np.ndarray, name: str, look: Style, hover: str
) -> None:
    marker: dict[str, Any] = {"symbol": look.marker, "size": 7, "color": look.colour}
    marker["line"] = {"color": look.edge, "width": 1.5 if look.cased else 0}
    shown.add_trace(
        go.Scatter(
            x=x.tolist(),
            y=y.tolist(),
            mode="markers",
            marker=marker,
            name=name,
            showlegend=row == 1,
            hovertemplate=f"{hover}<extra></extra>",
        ),
        row=row,
        col=1,
    )


def _finished(shown: go.Figure, fit: Fit, _: Translator) -> go.Figure:
    """How well it fits stands in words under the title, where people look first."""
    said = sentence(fit, _)
    lines = textwrap.wrap(said.replace("<", "&lt;"), _LINE)
    below = "".join(f"<br><span style='font-size:13px'>{line}</span>" for line in lines)
    title = f"{fit.target} = {fit.formula.text}".replace("<", "&lt;")
    shown.update_layout(
        template="plotly_white",
        font=_FONT,
        title={"text": f"<b>{title}</b>{below}", "x": 0.02, "y": 0.97, "yanchor": "top"},
        legend={"orientation": "h", "y": -0.12},
        margin={"l": 80, "r": 20, "t": 80 + 20 * len(lines), "b": 80},
        height=680 + 20 * len(lines),
        meta={"description": said},
    )
    return shown

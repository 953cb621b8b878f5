"""The function itself in a figure: its curve or contours, its minima; and what stands above a figure."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ladera.locale import Translator
from ladera.surfaces import Surface

__all__ = ["contours", "curve", "minima", "titled"]

_GRID = 121  # points per axis of a contour
_LINE = 150  # characters of a line under the title: Plotly breaks none by itself
_FONT = {"family": "DejaVu Sans, Arial, sans-serif", "size": 13}


def curve(figure: go.Figure, surface: Surface, window: tuple[float, float], **panel: Any) -> None:
    """f of one variable. panel: row and column, where the figure has several."""
    x = np.linspace(*window, 401)
    y = np.asarray(surface.value(x[:, None]))
    look: dict[str, Any] = {"mode": "lines", "line": {"color": "#777777"}, "hoverinfo": "skip"}
    figure.add_trace(go.Scatter(x=x.tolist(), y=y.tolist(), name="f", **look), **panel)


def contours(figure: go.Figure, surface: Surface, window: list[tuple[float, float]], **panel: Any) -> None:
    """Lines of equal f, spaced evenly in log(f - min) so that a valley's floor shows."""
    across, up = (np.linspace(*side, _GRID) for side in window)
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    values = np.asarray(surface.value(grid))
    finite = values[np.isfinite(values)]
    low = float(finite.min())
    shown = np.log10(
        np.where(np.isfinite(values), values, finite.max()) - low + 1e-3 * np.ptp(finite) + 1e-12
    )
    figure.add_trace(
        go.Contour(
            x=across.tolist(),
            y=up.tolist(),
            z=shown.tolist(),
            ncontours=24,
            showscale=False,
            colorscale=[[0, "#e8eef4"], [1, "#93a9be"]],
            line={"width": 0.6, "color": "#7d8ea0"},
            hoverinfo="skip",
        ),
        **panel,
    )


def minima(figure: go.Figure, surface: Surface, _: Translator, **panel: Any) -> None:
    """The known minima, in one or two variables."""
    for minimum in surface.minima if surface.dimension <= 2 else ():
        height = surface.value_at(*minimum) if surface.dimension == 1 else minimum[1]
        figure.add_trace(
            go.Scatter(
                x=[minimum[0]],
                y=[height],
                mode="markers",
                marker={"symbol": "x-thin", "size": 11, "line": {"width": 3, "color": "#000000"}},
                name=_("minimum"),
                legendgroup="minimum",
                showlegend=minimum == surface.minima[0],
            ),
            **panel,
        )


def titled(figure: go.Figure, title: str, said: list[str], height: int) -> go.Figure:
    """The figure with its title and, in words below it, what it shows."""
    lines = textwrap.wrap(" ".join(said).replace("<", "&lt;"), _LINE)
    below = "".join(f"<br><span style='font-size:13px'>{line}</span>" for line in lines)
    figure.update_layout(
        template="plotly_white",
        font=_FONT,
        title={"text": f"<b>{title}</b>{below}", "x": 0.02, "y": 0.97, "yanchor": "top"},
        legend={"orientation": "h", "y": -0.2},
        margin={"l": 70, "r": 20, "t": 90 + 20 * len(lines), "b": 90},
        height=height + 20 * len(lines),
        meta={"description": " ".join(said)},
    )
    return figure

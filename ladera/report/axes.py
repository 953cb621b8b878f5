"""The axes, headings and margins that all figures share, as Plotly takes them."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "INK",
    "MARGIN",
    "axis",
    "axis_name",
    "decades",
    "heading",
    "layout",
    "logarithmic",
    "reference",
    "stack",
    "strip_axis",
    "title",
]

INK, _GRID = "#1f2328", "#e8eaed"
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
MARGIN = {"l": 64, "r": 12, "t": 30, "b": 48}


def layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "autosize": True,
        "margin": dict(MARGIN),
        "font": {"family": _FONT, "size": 13, "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": -0.12, "itemwidth": 45},
        "annotations": [],
    }


def axis(**settings: Any) -> dict[str, Any]:
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


def logarithmic(ends: list[float] | None) -> dict[str, Any]:
    """Plain powers of ten (10⁻³, never 1m); where the axis is short, plain numbers: 0.1, 0.2, 0.5, 1."""
    if ends is None or ends[1] - ends[0] > 2.5:
        return {"type": "log", "dtick": 1, "exponentformat": "power", "minexponent": 2}
    return {"type": "log", "dtick": "D2", "tickformat": "~g"}


def strip_axis(domain: tuple[float, float], names: Sequence[str]) -> dict[str, Any]:
    rows = list(range(len(names)))
    return axis(
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


def stack(main: int, strip: int, strip_below: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """Domains of the main plot and of the strip, which has its heading above it (px in, shares out)."""
    if not strip:
        return (0.0, 1.0), (0.0, 0.0)
    share, gap = strip / (main + strip), 34 / (main + strip)
    if strip_below:
        return (share, 1.0), (0.0, share - gap)
    return (0.0, 1.0 - share), (1.0 - share + gap, 1.0)


def heading(text: str, x: float, y: float) -> dict[str, Any]:
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


def title(text: str) -> dict[str, Any]:
    return {"text": html.escape(text), "standoff": 8, "font": {"size": 13}}


def decades(values: Iterable[float]) -> list[float] | None:
    """Ends of a logarithmic axis, as exponents of ten, with room for the markers."""
    exponents = [math.log10(value) for value in values]
    return [min(exponents) - 0.15, max(exponents) + 0.15] if exponents else None


def reference(letter: str, axis: int) -> str:
    return letter if axis == 1 else f"{letter}{axis}"


def axis_name(letter: str, axis: int) -> str:
    return f"{letter}axis" if axis == 1 else f"{letter}axis{axis}"

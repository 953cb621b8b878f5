"""The figure of a learning-rate sweep: final training loss against the rate, both in logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ladera.finding.curve import Curve, Found
from ladera.finding.words import sentence
from ladera.locale import Translator
from ladera.report.combinations import wrapped
from ladera.report.style import Style, styles

__all__ = ["figure"]


def figure(found: Found, _: Translator) -> go.Figure:
    """Median and range over the seeds for every rule; shaded the interval to take, dotted the predicted
    edge, × where seeds diverged. Below it the sentences."""
    drawn = go.Figure()
    looks = styles(curve.optimizer for curve in found.curves)
    finite = np.concatenate([curve.losses[np.isfinite(curve.losses)] for curve in found.curves])
    top = max(float(curve.starts.max()) for curve in found.curves)
    ceiling = max(top * 1.5, float(np.min(finite, initial=top)))
    for curve in found.curves:
        _draw(drawn, curve, looks[curve.optimizer], ceiling, _)
    said = "<br>".join(wrapped(sentence(curve, found, _)) for curve in found.curves)
    floor = float(finite[finite > 0].min()) if (finite > 0).any() else ceiling / 10
    drawn.update_layout(
        template="plotly_white",
        title={"text": f"{found.data} · {found.network}"},
        xaxis={"title": {"text": _("learning rate")}, "type": "log", "exponentformat": "power", "dtick": 1},
        yaxis={
            "title": {"text": _("final training loss")},
            "type": "log",
            "exponentformat": "power",
            "dtick": "D2",
            "range": [np.log10(floor) - 0.1, np.log10(ceiling) + 0.1],
        },
        margin={"t": 80, "b": 90 + 17 * (1 + said.count("<br>"))},
        height=560 + 17 * said.count("<br>"),
    )
    drawn.add_annotation(
        text=said,
        x=0,
        y=0,
        xref="paper",
        yref="paper",
        yshift=-64,
        yanchor="top",
        align="left",
        showarrow=False,
    )
    return drawn


def _draw(drawn: go.Figure, curve: Curve, look: Style, ceiling: float, _: Translator) -> None:
    trained = np.isfinite(curve.median)
    x = curve.rates[trained]
    low, high = curve.losses.min(axis=1)[trained], np.minimum(curve.losses.max(axis=1), ceiling)[trained]
    shared: dict[str, Any] = {"legendgroup": curve.optimizer, "name": curve.title}
    drawn.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=look.fill(0.15),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        **shared,
    )
    drawn.add_scatter(
        x=x,
        y=np.minimum(curve.median[trained], ceiling),
        customdata=curve.median[trained],
        mode="lines+markers",
        line={"color": look.edge, "dash": look.dash},
        marker={
            "symbol": look.marker,
            "size": 7,
            "color": look.colour,
            "line": {"color": look.edge, "width": 1},
        },
        hovertemplate="%{x:.3g}: %{customdata:.4g}",
        **shared,
    )
    lost = curve.diverged > 0
    drawn.add_scatter(
        x=curve.rates[lost],
        y=np.full(int(lost.sum()), ceiling),
        customdata=curve.diverged[lost],
        mode="markers",
        marker={"symbol": "x-thin", "size": 9, "line": {"color": look.edge, "width": 2}},
        hovertemplate=_("%{x:.3g}: %{customdata} seeds diverged") + "<extra></extra>",
        showlegend=False,
        **shared,
    )
    if curve.interval is not None:
        drawn.add_vrect(*curve.interval, fillcolor=look.fill(0.12), line_width=0, layer="below")
    where = (("dot", _("λ where training begins")), ("dashdot", _("λ after training")))
    for limit, (dash, told) in zip(curve.predicted or (), where, strict=False):
        if limit is not None:
            drawn.add_vline(limit, line={"color": look.edge, "width": 1.5, "dash": dash})
            drawn.add_annotation(
                x=np.log10(limit),
                y=0.99,
                yref="paper",
                yanchor="top",
                xanchor="right",
                text=told,
                font={"size": 10, "color": look.edge},
                showarrow=False,
                textangle=-90,
            )

"""The figure of an activation or a loss: its value and its derivative, as the code computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ladera.locale import N_
from ladera.networks import activations, losses
from ladera.report.style import styles

if TYPE_CHECKING:
    from ladera.explaining.function import FunctionExplanation

__all__ = ["NAMES", "all_series", "figure", "series", "varied"]

_FURTHEST, _POINTS = 5.0, 1001  # to either side of 0; corners at whole numbers are points
NAMES = {"derivative": N_("derivative"), "value": N_("value")}
# What is varied, where it is not a single input.
_SOFTMAX = N_("input of one unit, that of another unit being 0")
_LEAD = N_("raw output of the right class, that of another class being 0")
_LOGIT = N_("raw output z, the class being 1")
_ERROR = N_("error z - y of one output")


def figure(e: FunctionExplanation) -> go.Figure:
    """Two lines over what is varied: value and derivative."""
    _ = e._
    (x, found), over = series(e), varied(e)
    looks = styles(NAMES)
    drawn = go.Figure()
    for name in ("value", "derivative"):
        look = looks[name]
        drawn.add_trace(
            go.Scatter(
                x=x.tolist(),
                y=found[name].tolist(),
                name=_(NAMES[name]),
                mode="lines",
                line={"color": look.edge, "dash": look.dash, "width": 2.5},
                hovertemplate="%{x:.3g}: %{y:.4g}",
            )
        )
    drawn.update_layout(
        title={"text": f"{e.title}: {e.formula_text().splitlines()[0]}"},
        template="plotly_white",
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.2},
    )
    drawn.update_xaxes(title_text=_(over), zeroline=True, zerolinecolor="#999999")
    drawn.update_yaxes(zeroline=True, zerolinecolor="#999999")
    return drawn


def series(e: FunctionExplanation) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What is varied, and value and derivative there, in float64."""
    x, [found] = all_series([e])
    return x, found


def all_series(
    functions: Sequence[FunctionExplanation],
) -> tuple[np.ndarray, list[dict[str, np.ndarray]]]:
    """The same of many, in one program: each would be compiled for a quarter of a second."""
    import jax
    import jax.numpy as jnp

    x = np.linspace(-_FURTHEST, _FURTHEST, _POINTS)
    differentiated = [jax.vmap(jax.value_and_grad(_of_one_number(e))) for e in functions]
    with jax.enable_x64(True):
        found = jax.jit(lambda x: [both(x) for both in differentiated])(jnp.asarray(x))
    return x, [{"value": np.asarray(value), "derivative": np.asarray(slope)} for value, slope in found]


def varied(e: FunctionExplanation) -> str:
    """What a figure's x is, to be translated."""
    if e.kind == "activation":
        return _SOFTMAX if e.name == "softmax" else "x"
    if not losses.LOSSES[e.name.partition(":")[0]].needs_classes:
        return _ERROR
    return _LOGIT if losses.outputs(e.name, 2) == 1 else _LEAD


def _of_one_number(e: FunctionExplanation) -> Callable[[Any], Any]:
    """The function of the number that is varied."""
    import jax.numpy as jnp

    if e.kind == "activation":
        apply = activations.activation(e.name)
        return (lambda x: apply(jnp.stack([x, 0 * x]))[0]) if e.name == "softmax" else apply
    loss, over = losses.loss(e.name), varied(e)
    if over == _ERROR:
        return lambda x: loss(x.reshape(1, 1), jnp.zeros((1, 1), x.dtype))[0]
    if over == _LOGIT:
        return lambda x: loss(x.reshape(1, 1), jnp.ones(1, jnp.int32))[0]
    return lambda x: loss(jnp.stack([x, jnp.zeros_like(x)]).reshape(1, 2), jnp.zeros(1, jnp.int32))[0]

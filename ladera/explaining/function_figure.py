"""The figure of an activation or a loss: its value and its derivative, as the code computes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ladera.locale import N_
from ladera.networks import activations, losses
from ladera.report.style import styles

if TYPE_CHECKING:
    from ladera.explaining.function import FunctionExplanation

__all__ = ["figure", "series"]

_FURTHEST, _POINTS = 5.0, 1001  # to either side of 0; corners at whole numbers are points
_NAMES = {"derivative": N_("derivative"), "value": N_("value")}
# What is varied, where it is not a single input.
_SOFTMAX = N_("input of one unit, that of another unit being 0")
_LEAD = N_("raw output of the right class, that of another class being 0")
_LOGIT = N_("raw output z, the class being 1")
_ERROR = N_("error z - y of one output")


def figure(e: FunctionExplanation) -> go.Figure:
    """Two lines over what is varied: value and derivative."""
    _ = e._
    (x, found), varied = series(e), _varied(e)
    looks = styles(_NAMES)
    drawn = go.Figure()
    for name in ("value", "derivative"):
        look = looks[name]
        drawn.add_trace(
            go.Scatter(
                x=x.tolist(),
                y=found[name].tolist(),
                name=_(_NAMES[name]),
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
    drawn.update_xaxes(title_text=_(varied), zeroline=True, zerolinecolor="#999999")
    drawn.update_yaxes(zeroline=True, zerolinecolor="#999999")
    return drawn


def series(e: FunctionExplanation) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What is varied, and value and derivative there, in float64."""
    import jax
    import jax.numpy as jnp

    x = np.linspace(-_FURTHEST, _FURTHEST, _POINTS)
    with jax.enable_x64(True):
        both = jax.jit(jax.vmap(jax.value_and_grad(_of_one_number(e))))
        value, slope = both(jnp.asarray(x))
    return x, {"value": np.asarray(value), "derivative": np.asarray(slope)}


def _varied(e: FunctionExplanation) -> str:
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
    loss, varied = losses.loss(e.name), _varied(e)
    if varied == _ERROR:
        return lambda x: loss(x.reshape(1, 1), jnp.zeros((1, 1), x.dtype))[0]
    if varied == _LOGIT:
        return lambda x: loss(x.reshape(1, 1), jnp.ones(1, jnp.int32))[0]
    return lambda x: loss(jnp.stack([x, jnp.zeros_like(x)]).reshape(1, 2), jnp.zeros(1, jnp.int32))[0]

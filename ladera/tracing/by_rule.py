"""The way of an update rule, by the NumPy reference in float64, with every statement of its own file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.base import Status
from ladera.locale import N_
from ladera.rules import Rule, blocks
from ladera.steps.walk import seen
from ladera.surfaces import Surface
from ladera.tracing.trace import Trace

if TYPE_CHECKING:
    from ladera.steps import Line

__all__ = ["follow", "lines"]

_NO_GRADIENT = N_("The gradient is not finite at step {step}; take a smaller learning rate or another start.")
_NO_VALUE = N_("The function is not finite after step {step}; take a smaller learning rate or another start.")


def follow(surface: Surface, rule: Rule, start: np.ndarray, steps: int) -> Trace:
    """Its trace from a start, (d,), where the surface is finite."""
    row: dict[str, Any] = {}

    def see(name: str, value: Any) -> Any:
        row[name] = value
        return value

    twin = seen(rule, see)
    x = _entered(start)
    s = blocks.init(rule, x)
    xs, fun, points, gradients, rows, states = [x], [_value(surface, x)], [], [], [], []
    ended = None
    for t in range(1, steps + 1):
        point, g = _gradient(surface, twin, s, x)
        if not _finite(g):
            ended = _NO_GRADIENT, {"step": t}
            break
        row.clear()
        after, new = blocks.step(twin, t, g, s, x)
        value = _value(surface, new)
        if not math.isfinite(value):
            ended = _NO_VALUE, {"step": t}
            break
        states.append(s)
        points.append(point)
        gradients.append(g)
        rows.append(dict(row))
        xs.append(new)
        fun.append(value)
        s, x = after, new
    d = surface.dimension
    return Trace(
        surface,
        rule,
        x=np.reshape(xs, (-1, d)),
        fun=np.array(fun),
        points=np.reshape(points, (-1, d)),
        gradients=np.reshape(gradients, (-1, d)),
        values=_columns(rows),
        evaluations=rule.evaluations * np.arange(len(xs)),
        status=Status.DIVERGED if ended else Status.FINISHED,
        ended=ended,
        inside=states,
    )


def lines(trace: Trace, k: int, letter: str) -> list[Line]:
    """Step k: each statement, the same with its numbers, and its value."""
    from ladera.steps import substituted

    assert isinstance(trace.method, Rule)
    x, g = _entered(trace.x[k - 1]), _entered(trace.gradients[k - 1])
    return substituted(trace.method, k, g, trace.inside[k - 1], x, letter)


def _entered(x: np.ndarray) -> Any:
    """A vector of one variable as the number it is, which rules step much faster."""
    return float(x[0]) if x.size == 1 else x


def _gradient(surface: Surface, rule: Rule, s: Any, x: Any) -> tuple[Any, Any]:
    """Where a step's gradient is taken, and the gradient that it steps with."""
    point = blocks.read(rule, s, x)
    g = _slope(surface, point)
    if rule.evaluations > 1:
        point = blocks.probe(rule, g, s, x)
        g = _slope(surface, point)
    return point, g


def _value(surface: Surface, x: Any) -> float:
    return surface.value_at(x) if isinstance(x, float) else surface.value_at(*x.tolist())


def _slope(surface: Surface, x: Any) -> Any:
    if isinstance(x, float):
        return surface.gradient_at(x)[0]
    return np.array(surface.gradient_at(*x.tolist()))


def _finite(g: Any) -> bool:
    return math.isfinite(g) if isinstance(g, float) else all(map(math.isfinite, g.tolist()))


def _columns(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Each statement's values, conditions and absent parts left out."""
    found = {}
    for name in rows[0] if rows else ():
        column = [row[name] for row in rows]
        if not any(value is None or isinstance(value, (bool, np.bool_, tuple)) for value in column):
            found[name] = np.array(column)
    return {name: column for name, column in found.items() if column.dtype.kind == "f"}

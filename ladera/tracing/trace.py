"""One method on one function, step by step, with every intermediate number kept.

The steps are taken by the NumPy reference in float64. What the table shows are the statements of the
rule's own file, seen while they ran.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera import rules, surfaces
from ladera.base import Status, UsageError
from ladera.locale import N_, Translator, translator
from ladera.rules import Rule, blocks
from ladera.steps.walk import seen
from ladera.surfaces import Surface

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from ladera.steps import Line

__all__ = ["Trace", "trace"]

_MOST_STEPS = 1_000_000


@dataclass(frozen=True, eq=False)
class Trace:
    """A method's way over a surface of d variables, in n steps.

    x: (n + 1, d), from the start on; fun: (n + 1,), the function there.
    points, gradients: (n, d), where each step's gradient was taken, and the gradient.
    values: name of a statement of the rule -> its value at each step, (n,) or (n, d).
    status, ended: whether every step was taken, and if not, why: a template and its fields.
    """

    surface: Surface
    rule: Rule
    x: np.ndarray
    fun: np.ndarray
    points: np.ndarray
    gradients: np.ndarray
    values: dict[str, np.ndarray]
    status: Status
    ended: tuple[str, dict[str, Any]] | None = None
    states: list[Any] = field(default_factory=list, repr=False)  # before each step

    @property
    def message(self) -> str:
        """Why it ended before its last step; "" where it did not."""
        return self.told(translator())

    def told(self, _: Translator) -> str:
        """The message in a language."""
        return _(self.ended[0]).format(**self.ended[1]) if self.ended else ""

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self.gradients)

    @cached_property
    def evaluations(self) -> np.ndarray:
        """Gradient evaluations spent before each row of `x`, (n + 1,)."""
        return self.rule.evaluations * np.arange(self.steps + 1)

    def table(self, lang: str = "en") -> pd.DataFrame:
        """A row per step as a course writes it: k, x, f, f', the rule's statements, the new x."""
        from ladera.tracing.table import table

        return table(self, translator(lang))

    def to_csv(self, path: str | Path, lang: str = "en") -> Path:
        """The table as a CSV file, numbers in full; the path."""
        self.table(lang).to_csv(path, index=False)
        return Path(path)

    def lines(self, k: int) -> list[Line]:
        """Step k = 1, 2, ...: each statement, the same with its numbers, and its value."""
        from ladera.steps import substituted

        self._check_step(k)
        x, g = self.x[k - 1], self.gradients[k - 1]
        letter = self.surface.variables[0] if self.surface.dimension == 1 else "x"
        return substituted(self.rule, k, _entered(g), self.states[k - 1], _entered(x), letter)

    def latex(self, k: int, lang: str = "en") -> str:
        """Step k as LaTeX: function, gradient, every statement with its numbers."""
        from ladera.tracing.card import latex

        return latex(self, k, translator(lang))

    def card(self, k: int, lang: str = "en") -> str:
        """Step k as plain text."""
        from ladera.tracing.card import card

        return card(self, k, translator(lang))

    def figure(self, lang: str = "en") -> go.Figure:
        """Cost over the steps, and the way over the function (a curve, or contours)."""
        from ladera.tracing.figure import trace_figure

        return trace_figure(self, translator(lang))

    def sentence(self, _: Translator) -> str:
        """Where it ended, in words."""
        from ladera.tracing.card import sentence

        return sentence(self, _)

    def _check_step(self, k: int) -> None:
        if not isinstance(k, int) or not 1 <= k <= self.steps:
            raise UsageError(
                "This trace has the steps 1 to {steps}, received {received}.", steps=self.steps, received=k
            )


def trace(
    f: Any,
    x0: float | Sequence[float] | np.ndarray,
    method: str | Rule | type[Rule] = "sgd",
    steps: int = 20,
    **hyperparameters: Any,
) -> Trace:
    """Follow a method over a function from `x0`, keeping every number.

    f: a surface's name, a formula such as "3x^2 + 2xy + y^2", a Surface, or a JAX-traceable callable
        of an array of shape (d,).
    x0: d numbers, or one number where d = 1.
    method: a rule, its class, its name, or "file.py:Rule"; hyperparameters replace its own.

    A value that is not finite ends the trace, with its step named in `message`; that is no error.
    Raises UsageError for an unknown name, a wrong formula and a start where f has no value.
    """
    surface = surfaces.of(f, dimension=np.size(x0))
    rule = rules.make(method, **hyperparameters)
    check_steps(steps)
    start = surfaces.check_start(surface, np.atleast_1d(x0))
    with np.errstate(all="ignore"):
        return _follow(surface, rule, start, steps)


def check_steps(steps: Any) -> None:
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= _MOST_STEPS:
        raise UsageError(
            "The number of steps is a whole number from 1 to {most}, received {received}.",
            most=_MOST_STEPS,
            received=steps,
        )


def _entered(x: np.ndarray) -> Any:
    """A vector of one variable as the number it is, which rules step much faster."""
    return float(x[0]) if x.size == 1 else x


_NO_GRADIENT = N_("The gradient is not finite at step {step}; take a smaller learning rate or another start.")
_NO_VALUE = N_("The function is not finite after step {step}; take a smaller learning rate or another start.")


def _follow(surface: Surface, rule: Rule, start: np.ndarray, steps: int) -> Trace:
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
        *(surface, rule, np.reshape(xs, (-1, d)), np.array(fun)),
        *(np.reshape(points, (-1, d)), np.reshape(gradients, (-1, d)), _columns(rows)),
        Status.DIVERGED if ended else Status.FINISHED,
        ended,
        states,
    )


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

"""One method on one function, step by step, with every intermediate number kept.

An update rule takes its steps by the NumPy reference, and what its table shows are the statements of
its own file; a solver takes them by its own compiled program, and says which numbers it goes by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera import surfaces
from ladera.base import Status, UsageError
from ladera.locale import N_, Translator, translator
from ladera.rules import Rule
from ladera.solvers._methods import method_of
from ladera.surfaces import Surface
from ladera.tracing.checks import check_steps

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from ladera.solvers import Result, Solver
    from ladera.steps import Line
    from ladera.tracing.models import Model

__all__ = ["OUTCOMES", "Trace", "trace"]

# The words of `Trace.outcome`: of any method, and of a solver's codes.
OUTCOMES = (
    *(N_("finished"), N_("diverged"), N_("converged"), N_("settled"), N_("no descent"), N_("saddle")),
    *(N_("unbounded"), N_("singular"), N_("not finite")),
)


@dataclass(frozen=True, eq=False)
class Trace:
    """A method's way over a surface of d variables, in n steps.

    x: (n + 1, d), from the start on; fun: (n + 1,), the function there.
    points, gradients: (n, d), where each step's gradient was taken, and the gradient.
    values: what the method calculates at each step, by the name of a rule's statement or the letter of
        a solver's number: (n,), (n, d) or, of a matrix, (n, d, d).
    evaluations: gradient evaluations spent when each row of `x` was there, (n + 1,). A solver has by
        then evaluated what tells it to accept the point and whether to go on.
    status, ended: whether every step was taken, and if not, why: a template and its fields.
    code: how a solver ended, RUNNING where it took every step; None of a rule.
    """

    surface: Surface
    method: Rule | Solver
    x: np.ndarray
    fun: np.ndarray
    points: np.ndarray
    gradients: np.ndarray
    values: dict[str, np.ndarray]
    evaluations: np.ndarray
    status: Status
    ended: tuple[str, dict[str, Any]] | None = None
    inside: list[Any] = field(default_factory=list, repr=False)  # what a card needs of each step
    code: Result | None = None

    @property
    def message(self) -> str:
        """Why it ended before its last step; "" where it did not."""
        return self.told(translator())

    def told(self, _: Translator) -> str:
        """The message in a language."""
        return _(self.ended[0]).format(**self.ended[1]) if self.ended else ""

    @property
    def outcome(self) -> str:
        """How it ended in a word: finished, diverged, or a solver's code, such as converged."""
        if self.code is None or not self.ended:
            return str(self.status)
        return self.code.name.lower().replace("_", " ")

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self.gradients)

    @property
    def letter(self) -> str:
        """What the point is called: the variable's own name where there is one, x for a vector."""
        name = self.surface.variables[0]
        if self.surface.dimension > 1 or (self.code is not None and name in self._taken):
            return "x"
        return name

    @property
    def _taken(self) -> set[str]:
        """Letters that a solver's equations use: a variable of such a name is called x in them."""
        from ladera.steps.equations import names_in, parts

        assert not isinstance(self.method, Rule)
        return {parts(name)[0] for e in self.method.equations() for name in names_in(e.text)}

    def table(self, lang: str = "en") -> pd.DataFrame:
        """A row per step as a course writes it: k, x, f, f', the method's own numbers, the new x."""
        from ladera.tracing.table import table

        return table(self, translator(lang))

    def to_csv(self, path: str | Path, lang: str = "en") -> Path:
        """The table as a CSV file, numbers in full; the path."""
        self.table(lang).to_csv(path, index=False)
        return Path(path)

    def lines(self, k: int) -> list[Line]:
        """Step k = 1, 2, ...: each statement, the same with its numbers, and its value."""
        from ladera.tracing import by_rule, by_solver

        self.check_step(k)
        teller = by_rule if self.code is None else by_solver
        return teller.lines(self, k, self.letter)

    def latex(self, k: int, lang: str = "en") -> str:
        """Step k as LaTeX: function, gradient, every statement with its numbers."""
        from ladera.tracing.card import latex

        return latex(self, k, translator(lang))

    def card(self, k: int, lang: str = "en") -> str:
        """Step k as plain text."""
        from ladera.tracing.card import card

        return card(self, k, translator(lang))

    @cached_property
    def models(self) -> dict[int, Model]:
        """Step k = 1, 2, ... -> the quadratic that it goes by; empty for methods that have none."""
        from ladera.tracing.models import models

        return models(self)

    def figure(self, lang: str = "en", model: int | None = None) -> go.Figure:
        """Cost over the steps, and the way over the function (a curve, or contours).

        model: a step whose quadratic model is drawn over the function instead of the way, in one or
            two variables: its level lines, the trust region, the inverse Hessian's ellipse.
        """
        from ladera.tracing.figure import trace_figure
        from ladera.tracing.model_figure import model_figure

        if model is not None:
            return model_figure(self, model, translator(lang))
        return trace_figure(self, translator(lang))

    def sentence(self, _: Translator) -> str:
        """Where it ended, in words."""
        from ladera.tracing.card import sentence

        return sentence(self, _)

    def check_step(self, k: Any) -> None:
        """Raises UsageError for a step that was not taken."""
        if not isinstance(k, int) or not 1 <= k <= self.steps:
            raise UsageError(
                "This trace has the steps 1 to {steps}, received {received}.", steps=self.steps, received=k
            )


def trace(
    f: Any,
    x0: float | Sequence[float] | np.ndarray,
    method: str | Rule | Solver | type[Rule | Solver] = "sgd",
    steps: int = 20,
    **hyperparameters: Any,
) -> Trace:
    """Follow a method over a function from `x0`, keeping every number.

    f: a surface's name, a formula such as "3x^2 + 2xy + y^2", a Surface, or a JAX-traceable callable
        of an array of shape (d,).
    x0: d numbers, or one number where d = 1.
    method: a rule or a solver ("newton", "bfgs", "lm"), its class, its name, or "file.py:Rule";
        hyperparameters replace its own.
    steps: how many at most; of a solver, points that are accepted, however many were tried.

    A value that is not finite ends the trace, with its step named in `message`; that is no error. A
    solver ends where it has converged, or for another reason that `message` tells.
    Raises UsageError for an unknown name, a wrong formula, a start where f has no value, and a method
    of least squares on a surface that is no sum of squares.
    """
    surface = surfaces.of(f, dimension=np.size(x0))
    made = method_of(method, **hyperparameters)
    check_steps(steps)
    start = surfaces.check_start(surface, np.atleast_1d(x0))
    if isinstance(made, Rule):
        from ladera.tracing.by_rule import follow

        with np.errstate(all="ignore"):
            return follow(surface, made, start, steps)
    from ladera.tracing.by_solver import follow

    return follow(surface, made, start, steps)

"""fit: the parameters of a formula from a table, with how sure they are."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.base import LaderaError, UsageError
from ladera.fitting.columns import column_numbers, columns
from ladera.fitting.covariance import null_space
from ladera.fitting.curve_fit import parameter_box
from ladera.fitting.estimate import Estimate, estimate
from ladera.fitting.models import FormulaModel, Model, formula_model
from ladera.fitting.names import names_used, sides, spelt, target_of
from ladera.fitting.observations import Observations, observations, real
from ladera.formulas import Formula
from ladera.formulas.names import declared_names, spelt_name
from ladera.locale import translator
from ladera.optimize.least_squares import solver_of_squares
from ladera.optimize.solution import Solution

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["Fit", "fit"]


@dataclass(frozen=True, eq=False)
class Fit:
    """A formula with d parameters, fitted to m observations.

    formula: of the parameters and then the variables. names, values, covariance: of the parameters, (d,)
    and (d, d). data: the columns of the variables, (m,) each. observed, fitted: the target, (m,).
    weighted: the observations and a constant in units of their errors, (2, m), without errors as they are.
    absolute: whether the errors of the observations are in their units, or known up to a factor.
    """

    formula: Formula
    target: str
    names: tuple[str, ...]
    values: np.ndarray
    covariance: np.ndarray
    data: dict[str, np.ndarray]
    observed: np.ndarray
    fitted: np.ndarray
    weighted: np.ndarray
    solution: Solution
    absolute: bool = False
    box: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(self.data)

    @property
    def residuals(self) -> np.ndarray:
        """Observed less fitted, (m,)."""
        return self.observed - self.fitted

    @property
    def dof(self) -> int:
        """Degrees of freedom, m - d."""
        return self.observed.size - self.values.size

    @property
    def rss(self) -> float:
        """The sum of squared residuals, each over its standard error if that was given."""
        return 2 * float(self.solution.cost)

    @property
    def sigma(self) -> float:
        """The residual standard deviation, √(rss/dof); nan without degrees of freedom."""
        return float(np.sqrt(self.rss / self.dof)) if self.dof else float("nan")

    @property
    def r2(self) -> float:
        """The share of the spread about the mean that the formula explains; nan where there is none."""
        y, one = self.weighted
        spread = float(((y - one * (one @ y) / (one @ one)) ** 2).sum())
        return 1 - self.rss / spread if spread > 0 else float("nan")

    @property
    def errors(self) -> np.ndarray:
        """Standard errors, (d,); infinite where the data do not tell them."""
        return np.sqrt(np.diagonal(self.covariance))

    def interval(self, level: float = 0.95) -> np.ndarray:
        """Confidence intervals, (d, 2), by Student's t (with absolute errors by the normal distribution)."""
        half = self.quantile(level) * self.errors
        return np.stack([self.values - half, self.values + half], axis=1)

    def quantile(self, level: float) -> float:
        """By how many standard errors an interval goes to either side."""
        from scipy.special import ndtri, stdtrit

        if not 0 < level < 1:
            raise UsageError("A confidence level lies between 0 and 1, received {received}.", received=level)
        above = (1 + level) / 2
        return float(ndtri(above) if self.absolute else stdtrit(self.dof, above) if self.dof else np.inf)

    @property
    def correlation(self) -> np.ndarray:
        """Of the parameters, (d, d); nan where there is no covariance."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.covariance / np.outer(self.errors, self.errors)

    @functools.cached_property
    def undetermined(self) -> tuple[str, ...]:
        """The parameters that others can stand in for exactly, so that the data do not determine them."""
        which = null_space(self.solution.jac)
        return tuple(name for name, idle in zip(self.names, which, strict=True) if idle)

    def predict(self, data: Any) -> np.ndarray:
        """The formula at other data, (n,): a table with the variables' columns; of one, an array."""
        return np.asarray(self.formula.value(self._points(data)))

    def band(self, data: Any, level: float = 0.95) -> np.ndarray:
        """Half the width of the curve's confidence band at other data, (n,)."""
        slopes = np.asarray(self.formula.gradient(self._points(data)))[:, : self.values.size]
        variance = np.einsum("ni,ij,nj->n", slopes, self.covariance, slopes)
        return self.quantile(level) * np.sqrt(np.maximum(variance, 0))

    def _points(self, data: Any) -> np.ndarray:
        if isinstance(data, (str, Mapping)) or hasattr(data, "columns") or hasattr(data, "__fspath__"):
            found = spelt(columns(data))
            x = [column_numbers(found, name) for name in self.variables]
        else:
            x = [np.atleast_1d(real(data, "data"))]
            if len(self.variables) != 1 or x[0].ndim != 1:
                raise UsageError(
                    "Data to predict from is a table with the columns {names}; received {received}.",
                    names=", ".join(self.variables),
                    received=f"an array of shape {x[0].shape}",
                )
        size = x[0].size if x else len(next(iter(columns(data).values())))
        return np.column_stack([np.broadcast_to(self.values, (size, self.values.size)), *x])

    # -- in words and pictures -------------------------------------------------------------------

    @property
    def equation(self) -> str:
        """The formula with its numbers, to six digits."""
        return f"{self.target} = {self._fixed.text}"

    def latex(self) -> str:
        """The right-hand side with its numbers, to six digits, as LaTeX."""
        return self._fixed.latex()

    @functools.cached_property
    def _fixed(self) -> Formula:
        return self.formula.fixed(dict(zip(self.names, self.values.tolist(), strict=True)), digits=6)

    def table(self, lang: str = "en", level: float = 0.95) -> pd.DataFrame:
        """A row per parameter: value, standard error, confidence interval."""
        from ladera.fitting.words import table

        return table(self, level, translator(lang))

    def residual_table(self) -> pd.DataFrame:
        """A row per observation: variables, target, fitted value, residual."""
        import pandas as pd

        shown = {self.target: self.observed, "fitted": self.fitted, "residual": self.residuals}
        return pd.DataFrame({**self.data, **shown})

    def sentence(self, lang: str = "en") -> str:
        """How well it fits, and what must not be believed of it."""
        from ladera.fitting.words import sentence

        return sentence(self, translator(lang))

    def figure(self, lang: str = "en") -> go.Figure:
        """Data and curve with its confidence band (of several variables observed against fitted values),
        and the residuals below."""
        from ladera.fitting.figure import figure

        return figure(self, translator(lang))

    def as_dict(self, lang: str = "en") -> dict[str, Any]:
        """Everything, as plain values for JSON; None where there is no number."""
        from ladera.fitting.words import as_dict

        return as_dict(self, translator(lang))


def fit(
    formula: str,
    data: Any,
    start: Mapping[str, float],
    target: str | None = None,
    sigma: Any = None,
    method: Any = "lm",
    bounds: Any = None,
    *,
    absolute_sigma: bool = False,
    maxiter: int | None = None,
    maxfev: int | None = None,
    **options: Any,
) -> Fit:
    """Fit a formula to a table by least squares.

    formula: "a*t + b" or "y = a*t + b". Its names are columns of the table or parameters.
    data: a mapping from names to columns, a DataFrame, or the path of a .csv, .tsv or .parquet file.
    start: where each parameter starts.
    target: the column to fit; else the formula's left side, the only column that it does not use, or y.
    sigma: the column of the observations' standard errors (or an array); they count up to a factor, or as
        they are with absolute_sigma.
    bounds: a mapping from names to pairs (low, high), or as in `curve_fit`.
    method, maxiter, maxfev, options: as in `least_squares`.

    Raises UsageError for wrong use (an unknown name, text among the numbers), LaderaError with the reason
    where no fit is found.
    """
    solver = solver_of_squares(method, options.pop("tol", None), options)
    found = spelt(columns(data))
    if not isinstance(start, Mapping):
        raise UsageError(
            "start is a mapping from parameters to numbers, such as {{'a': 1}}; received {received!r}.",
            received=start,
        )
    names = declared_names(tuple(start))
    target, sigma = spelt_name(target), spelt_name(sigma)
    left, right = sides(formula)
    used = names_used(right, found, names, target or left)
    target = target_of(target, left, found, used, sigma)
    variables = tuple(name for name in used if name in found)
    if target in variables:
        raise UsageError(
            "The target '{target}' is what the formula is to give, and the formula uses it; name another "
            "target or leave it out of the formula.",
            target=target,
        )
    seen = observations(
        {name: column_numbers(found, name) for name in variables or list(found)[:1]},
        column_numbers(found, target),
        column_numbers(found, sigma) if isinstance(sigma, str) else sigma,
        True,
    )
    model = formula_model(right, names, variables)
    begin = real([start[name] for name in start], "start")
    box = parameter_box(bounds, names, len(names), solver)
    limits = maxiter, maxfev
    ended = estimate(Model(model, right, names), seen, begin, solver, box, limits, absolute_sigma)
    if not ended.solution.success:
        raise LaderaError(ended.solution.status.message)
    return _fit(model, seen, ended, target, absolute_sigma, box)


def _fit(
    model: FormulaModel, seen: Observations, ended: Estimate, target: str, absolute: bool, box: Any
) -> Fit:
    data = {name: seen.x[name] for name in model.variables}
    spread = np.broadcast_to(ended.values, (seen.count, ended.values.size))
    fitted = np.asarray(model.formula.value(np.column_stack([spread, *data.values()])))
    weighted = np.stack([seen.y, np.ones_like(seen.y)])
    if seen.sigma is not None:
        weighted = weighted / seen.sigma
    if seen.root is not None:
        weighted = np.linalg.solve(seen.root, weighted.T).T
    return Fit(
        formula=model.formula,
        target=target,
        names=model.parameters,
        values=ended.values,
        covariance=ended.covariance,
        data=data,
        observed=seen.y,
        fitted=fitted,
        weighted=weighted,
        solution=ended.solution,
        absolute=absolute,
        box=box,
    )

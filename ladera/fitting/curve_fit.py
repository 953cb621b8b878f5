"""curve_fit: a model's parameters from data, for one curve or for thousands."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ladera.base import LaderaError, UsageError, unknown_name
from ladera.fitting.estimate import Estimate, estimate
from ladera.fitting.models import Model, model_of
from ladera.fitting.observations import observations, real
from ladera.formulas.names import spelt_name
from ladera.locale import N_, translator
from ladera.optimize.bounds import box_of
from ladera.optimize.least_squares import solver_of_squares

__all__ = ["FitWarning", "curve_fit", "parameter_box"]


class FitWarning(UserWarning):
    """A fit that ended, with covariances or curves that did not come out."""


def curve_fit(
    model: Any,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool = True,
    bounds: Any = None,
    method: Any = "lm",
    *,
    maxiter: int | None = None,
    maxfev: int | None = None,
    full_output: bool = False,
    **options: Any,
) -> Any:
    """The parameters with which the model misses the data least, and their covariance, as SciPy's.

    model: a JAX-traceable function model(x, a, b, ...), or a formula such as "a*exp(-b*x) + c".
    xdata: given to the model as it is: (m,), or any array or mapping that it takes; a mapping or a
        DataFrame of several variables for a formula. ydata: (m,); or (n, m), n curves in one program,
        with an xdata for all of them or with n as its first axis.
    p0: where to start, (d,), or (n, d) for n starts; or a mapping from names to numbers. Without it 1,
        or a point within the bounds. The parameters of a formula are those of the mapping, in its order;
        without one every name but x (or, if there is no x, t), in alphabetical order.
    sigma: standard errors of ydata, (m,) or (n, m), or their covariance, (m, m) or (n, m, m).
        absolute_sigma: whether they are in the units of ydata, or known up to a factor.
    bounds: (low, high), each a number or one per parameter; or a mapping from names to pairs.
    method, maxiter, maxfev, options: as in `least_squares`.

    Gives popt (d,) and pcov (d, d), or (n, d) and (n, d, d); with full_output the Solution, too. pcov is
    infinite where the data do not determine the parameters, with a FitWarning. Of n curves, those that
    fail are nan, with a FitWarning and a code in the Solution.

    Raises UsageError for wrong use, and LaderaError where one curve fails, with the reason (with
    full_output: nan and the code).
    """
    solver = solver_of_squares(method, options.pop("tol", None), options)
    seen = observations(xdata, ydata, sigma, check_finite)
    meant = model_of(model, p0, seen.x)
    seen = seen.of(meant.columns)
    start = _start(meant, p0, bounds)
    box = parameter_box(bounds, meant.names, start.shape[-1], solver)
    if p0 is None and box is not None:
        start = _within(*box)
    found = estimate(meant, seen, start, solver, box, (maxiter, maxfev), bool(absolute_sigma))
    if found.values.ndim == 1 and not full_output and not found.solution.success:
        raise LaderaError(found.solution.status.message)
    _warn(found)
    if full_output:
        return found.values, found.covariance, found.solution
    return found.values, found.covariance


def _start(model: Model, p0: Any, bounds: Any) -> np.ndarray:
    """(d,) or (n, d)"""
    if p0 is None:
        if not model.names:
            raise UsageError(
                "The number of parameters is read off a model's arguments, and '{name}' does not tell them; "
                "give a start, p0.",
                name=model.name,
            )
        return np.ones(len(model.names))
    if isinstance(p0, Mapping):
        p0 = _in_order(model, p0)
    start = np.atleast_1d(real(p0, "p0"))
    if start.ndim > 2 or start.size == 0:
        raise UsageError(
            "p0 has one start, (d,), or n of them, (n, d); received shape {received}.", received=start.shape
        )
    if model.names and start.shape[-1] != len(model.names) and model.text:
        raise UsageError(
            "p0 has a number for each parameter of the formula ({known}); received {received}.",
            known=", ".join(model.names),
            received=start.shape[-1],
        )
    return start


def _in_order(model: Model, p0: Mapping[str, Any]) -> list[Any]:
    """The numbers of a mapping; a formula has taken its names from it."""
    if model.text:
        return list(p0.values())
    if set(p0) != set(model.names):
        raise UsageError(
            "p0 has a number for each parameter of '{name}' ({known}); received {received}.",
            name=model.name,
            known=", ".join(model.names),
            received=", ".join(map(str, p0)),
        )
    return [p0[name] for name in model.names]


def parameter_box(bounds: Any, names: Sequence[str], dimension: int, solver: Any) -> Any:
    """The bounds as (low, high), (d,) each; None without any.

    Raises UsageError as `box_of` does, and for a name that is no parameter.
    """
    if isinstance(bounds, Mapping):
        bounds = {spelt_name(name): pair for name, pair in bounds.items()}
        for name in bounds:
            if name not in names:
                raise unknown_name("parameter", str(name), names)
        bounds = [bounds.get(name, (None, None)) for name in names]
        return box_of(bounds, dimension, solver, pairs=True)
    return box_of(bounds, dimension, solver, pairs=False)


def _within(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where SciPy starts: in the middle, or 1 beside the one bound, or 1."""
    start = np.ones_like(low)
    start = np.where(np.isfinite(low), low + 1, start)
    start = np.where(np.isfinite(high), high - 1, start)
    both = np.isfinite(low) & np.isfinite(high)
    with np.errstate(invalid="ignore"):
        return np.where(both, (low + high) / 2, start)


def _warn(found: Estimate) -> None:
    success = np.asarray(found.solution.success)
    failed = int((~success).sum())
    without = success & np.isinf(found.covariance).all(axis=(-2, -1))
    if failed and success.ndim:
        _say(
            N_("{failed} of {n} curves failed and are nan; full_output=True tells why, in its status."),
            failed=failed,
            n=success.size,
        )
    if without.any() and found.full[without].all():
        _say(
            N_(
                "There are as many observations as parameters, so that nothing tells the errors: the "
                "covariance is infinite."
            )
        )
    elif without.any() and success.ndim:
        _say(
            N_("The data of {failed} of {n} curves do not determine the parameters: pcov is infinite there."),
            failed=int(without.sum()),
            n=success.size,
        )
    elif without.any():
        _say(
            N_(
                "The data do not determine the parameters, as others fit equally well: the covariance is "
                "infinite."
            )
        )


def _say(template: str, **fields: object) -> None:
    warnings.warn(translator()(template).format(**fields), FitWarning, stacklevel=4)

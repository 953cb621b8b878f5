"""The parameters of a model from observations: of one curve, or of n in one program."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ladera.base import UsageError
from ladera.fitting.covariance import covariance
from ladera.fitting.models import Model, check_shape, residuals_of
from ladera.fitting.observations import Observations
from ladera.optimize.functions import Given, Starts
from ladera.optimize.minimize import limits_of, solution
from ladera.optimize.solution import Solution

__all__ = ["Estimate", "estimate"]


class Estimate(NamedTuple):
    """values (..., d) and covariance (..., d, d), nan where it failed; whether the data determine all
    parameters, (...); and how it ended."""

    values: np.ndarray
    covariance: np.ndarray
    full: np.ndarray
    solution: Solution


def estimate(
    model: Model,
    seen: Observations,
    start: np.ndarray,
    solver: Any,
    box: Any,
    limits: tuple[Any, Any],
    absolute: bool,
) -> Estimate:
    """start: (d,), or (n, d). limits: maxiter and maxfev, or None.

    Raises UsageError: another number of starts than of curves, fewer observations than parameters, a
    model of another shape.
    """
    import jax

    from ladera.optimize.program import Limits, run

    start = _starts(start, seen)
    d = start.shape[-1]
    if seen.count < d:
        raise UsageError(
            "There must be at least as many observations as parameters, or the parameters are not "
            "determined; received {m} observations and {d} parameters.",
            m=seen.count,
            d=d,
        )
    data = seen.data()
    given = Given(residuals_of(model.function, tuple(data)), model.name)
    shared = tuple(value for name, value in data.items() if name not in seen.own)
    rows = tuple(value for name, value in data.items() if name in seen.own)
    with jax.enable_x64(True):
        one = jax.tree.map(lambda a: a[0], seen.x) if "x" in seen.own else seen.x
        check_shape(model, one, d, (seen.count,))
    most = Limits(*limits_of(*limits, Starts(start), solver))
    found = run(given, solver, start, most, shared, box, rows)
    ended = solution(found, found.fun, found.jac, solver, cost=found.end.fun)
    found_covariance, full = covariance(found.jac, 2 * found.end.fun, absolute)
    success = np.asarray(ended.success)
    return Estimate(
        np.where(success[..., None], ended.x, np.nan),
        np.where(success[..., None, None], found_covariance, np.nan),
        full,
        ended,
    )


def _starts(start: np.ndarray, seen: Observations) -> np.ndarray:
    if seen.y.ndim == 1:
        return start
    n = seen.y.shape[0]
    if start.ndim == 1:
        return np.tile(start, (n, 1))
    if start.shape[0] != n:
        raise UsageError(
            "p0 has one start, (d,), or one per curve, ({n}, d); received shape {received}.",
            n=n,
            received=start.shape,
        )
    return start

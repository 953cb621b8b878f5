"""least_squares: half the sum of squared residuals, minimised."""

from __future__ import annotations

from typing import Any

from ladera.base import UsageError
from ladera.optimize.bounds import box_of
from ladera.optimize.functions import of_residuals, starts
from ladera.optimize.minimize import check_args, limits_of, solution, solver_of
from ladera.optimize.solution import Solution

__all__ = ["least_squares", "solver_of_squares"]


def least_squares(
    residuals: Any,
    x0: Any,
    method: Any = "lm",
    *,
    args: tuple[Any, ...] = (),
    bounds: Any = None,
    tol: float | None = None,
    maxiter: int | None = None,
    maxfev: int | None = None,
    **options: Any,
) -> Solution:
    """The x with the least ½ Σ rᵢ(x)².

    residuals: a JAX-traceable function of an array (d,) (and of args) that gives r, (m,), m >= d; the
        name of a surface that is a sum of squares; or formulas of the residuals, as a list of texts.
    x0, args, bounds, maxiter, maxfev, options: as in `minimize`. method: "lm" or "gauss-newton".

    The solution has SciPy's fields: `fun` the residuals, `jac` their Jacobian, `cost`, `optimality`.

    Raises UsageError as `minimize` does, and for fewer residuals than parameters.
    """
    import jax

    from ladera.optimize.program import Limits, run

    solver = solver_of_squares(method, tol, options)
    begin = starts(x0)
    check_args(args)
    box = box_of(bounds, begin.dimension, solver, pairs=False)
    with jax.enable_x64(True):
        given = of_residuals(residuals, begin.dimension, begin.x.dtype, args)
    found = run(given, solver, begin.x, Limits(*limits_of(maxiter, maxfev, begin, solver)), args, box)
    return solution(found, found.fun, found.jac, solver, cost=found.end.fun)


def solver_of_squares(method: Any, tol: float | None, options: dict[str, Any]) -> Any:
    """The solver of a name; raises UsageError, too, for one that is not of least squares."""
    solver = solver_of(method, tol, options)
    if solver.needs != "residuals":
        raise UsageError(
            "Least squares are solved by 'lm' or 'gauss-newton', received '{method}'; minimize takes all.",
            method=solver.label(),
        )
    return solver

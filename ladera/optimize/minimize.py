"""minimize: any method, first or second order, from one start or from thousands."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladera import solvers
from ladera.base import UsageError
from ladera.optimize.bounds import box_of
from ladera.optimize.functions import Starts, of_residuals, of_values, starts
from ladera.optimize.solution import Solution

__all__ = ["check_args", "limits_of", "minimize", "solution", "solver_of"]

MOST = 2**31 - 1


def minimize(
    f: Any,
    x0: Any,
    method: Any = "lbfgs",
    *,
    args: tuple[Any, ...] = (),
    bounds: Any = None,
    tol: float | None = None,
    maxiter: int | None = None,
    maxfev: int | None = None,
    **options: Any,
) -> Solution:
    """The minimum of f, from x0.

    f: a JAX-traceable function of an array (d,) (and of args) that gives one number; a surface's
        name; or a formula such as "3x^2 + 2xy + y^2". Methods of least squares (lm, gauss-newton)
        take surfaces that are sums of squares.
    x0: (d,); or (n, d), n starts in one program, each row with its own code and counts. float32
        starts are solved in float32, anything else in float64.
    method: a name ("newton", "trust", "newton-cg", "bfgs", "lbfgs", "cg"; or a rule's, "adam"), a
        solver (`ladera.solvers.BFGS(gtol=1e-8)`) or a rule (`ladera.rules.Adam(lr=0.1)`).
    bounds: a (low, high) per variable, or a pair of arrays, None or inf where there is none; for
        "lbfgs" (and "lm").
    tol: the method's gtol. maxiter, maxfev: most iterations and evaluations of f.
    options: hyperparameters of the method, as gtol=1e-8, history=20, lr=0.1.

    How it ended is in `status`, `message` and `success`; `success` says that x is a minimum, and a
    saddle, a fall without bound or a start where f is not finite are codes. Up to 64 variables, the
    Hessian at the end is looked at before that is said.

    Raises UsageError: what is no function of one number, an unknown name (with the nearest one), bounds
    for a method that has none.
    """
    solver = solver_of(method, tol, options)
    begin = starts(x0)
    check_args(args)
    import jax

    from ladera.optimize.program import Limits, run

    box = box_of(bounds, begin.dimension, solver, pairs=True)
    squares = solver.needs == "residuals"
    with jax.enable_x64(True):
        given = (of_residuals if squares else of_values)(f, begin.dimension, begin.x.dtype, args)
    limits = Limits(*limits_of(maxiter, maxfev, begin, solver))
    found = run(given, solver, begin.x, limits, args, box, ())
    fun, jac = (found.end.fun, found.end.grad) if squares else (found.fun, found.jac)
    if squares and not callable(f) and not isinstance(f, (list, tuple)):
        fun, jac = 2 * fun, 2 * jac  # a surface is Σ r², without the half of least squares
    return solution(found, fun, jac, solver)


def solution(found: Any, fun: Any, jac: Any, solver: Any, cost: Any = None) -> Solution:
    """The Solution of a program's outcome."""
    end = found.end
    one = np.ndim(end.code) == 0
    counts = {name: int(n) if one else n for name, n in end.counts._asdict().items()}
    return Solution(
        x=end.x,
        fun=fun.item() if np.ndim(fun) == 0 else fun,
        jac=jac,
        **counts,
        status=solvers.Result(int(end.code)) if one else end.code,
        method=solver.label(),
        seconds=found.seconds,
        cost=cost.item() if cost is not None and np.ndim(cost) == 0 else cost,
    )


def limits_of(maxiter: Any, maxfev: Any, begin: Starts, solver: Any) -> tuple[int, int]:
    """The limits asked for, or those of the method: rules take small steps, solvers few."""
    most = 100_000 if isinstance(solver, solvers.Lifted) else 1000 + 200 * begin.dimension
    asked = {"maxiter": most if maxiter is None else maxiter, "maxfev": MOST if maxfev is None else maxfev}
    for name, value in asked.items():
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not 1 <= value <= MOST:
            raise UsageError(
                "{name} is a whole number, 1 or more, received {received!r}.", name=name, received=value
            )
    return int(asked["maxiter"]), int(asked["maxfev"])


def solver_of(method: Any, tol: float | None, options: dict[str, Any]) -> Any:
    if tol is not None:
        options = {"gtol": tol, **options}
    return solvers.make(method, **options)


def check_args(args: Any) -> None:
    if not isinstance(args, tuple):
        raise UsageError("args is a tuple, such as (data,), received {received!r}.", received=args)

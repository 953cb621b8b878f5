"""One program per function and method: any number of rows, each with its own end."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ladera.optimize.around import settled
from ladera.optimize.functions import Given
from ladera.solvers._objective import Box, Objective, Residuals
from ladera.solvers._solver import Solver, State
from ladera.solvers.result import Result

__all__ = ["Limits", "Outcome", "run"]


class Limits(NamedTuple):
    """After how many iterations and evaluations a row ends, whether it has converged or not."""

    nit: Any  # int32
    nfev: Any


class Outcome(NamedTuple):
    """What a program gives, as NumPy arrays, with the rows in front where there are several.

    end: the last state. fun, jac: at its x; of least squares the residuals and their Jacobian.
    """

    end: State
    fun: Any
    jac: Any
    seconds: dict[str, float]


class _AnyNumber:
    """Stands where a number will: no domain refuses it."""


_ANY_NUMBER = _AnyNumber()

# of XLA's compiler: two thirds of the time, and what it makes is as fast
_OPTIONS: dict[str, str | bool] = {"xla_cpu_use_fusion_emitters": False}


def run(
    given: Given,
    solver: Solver,
    x: np.ndarray,
    limits: Limits,
    args: tuple[Any, ...] = (),
    box: tuple[np.ndarray, np.ndarray] | None = None,
    rows: tuple[Any, ...] = (),
) -> Outcome:
    """Solve from x, (d,), or from every row of x, (n, d).

    args: given to the function after x, the same for all rows. rows: given after those, each with n
    as its first axis. Numbers of the solver, args and rows are data: no value of theirs compiles anew.
    """
    many = x.ndim == 2
    numbers = {name: np.asarray(value, x.dtype) for name, value in solver.numbers().items()}
    skeleton = solver.replace(**dict.fromkeys(numbers, _ANY_NUMBER))
    program = _program(given.function, skeleton, many, bool(box))
    walls = tuple(np.asarray(wall, x.dtype) for wall in box or ())
    counts = Limits(np.int32(limits.nit), np.int32(limits.nfev))
    with jax.enable_x64(True):
        return program(numbers, x, counts, args, walls, rows)


@dataclass
class _Program:
    """A jitted function, compiled ahead of time for each shape, so that the two times come apart."""

    function: Callable[..., Any]
    compiled: dict[Any, Any] = field(default_factory=dict)

    def __call__(self, *arguments: Any) -> Outcome:
        began = time.perf_counter()
        leaves, tree = jax.tree.flatten(arguments)
        key = tree, tuple((np.shape(leaf), np.result_type(leaf).str) for leaf in leaves)
        if key not in self.compiled:
            self.compiled[key] = jax.jit(self.function).lower(*arguments).compile(_OPTIONS)
        ready = time.perf_counter()
        end, fun, jac = jax.device_get(self.compiled[key](*arguments))
        return Outcome(end, fun, jac, {"compile": ready - began, "run": time.perf_counter() - ready})


@functools.lru_cache(maxsize=64)
def _program(function: Callable[..., Any], skeleton: Solver, many: bool, boxed: bool) -> _Program:
    squares = skeleton.needs == "residuals"

    def alone(numbers: Any, x: Any, limits: Limits, args: Any, box: Any, row: Any) -> Any:
        solver = skeleton.replace(**numbers)

        def given(x: Any) -> Any:
            return function(x, *args, *row)

        f = Residuals(given) if squares else Objective(given)
        walls = Box(*box) if boxed else None

        def goes_on(s: State) -> Any:
            return s.code == Result.RUNNING

        def step(s: State) -> State:
            return _limited(solver.step(f, s, walls), limits)

        s = lax.while_loop(goes_on, step, solver.init(f, x, walls))
        if isinstance(f, Residuals):
            return s._replace(memory=()), f.residuals(s.x), f.jacobian(s.x)
        if not boxed:
            s = settled(f, s)
        return s._replace(memory=()), s.fun, s.grad

    if many:
        alone = jax.vmap(alone, (None, 0, None, None, None, 0))
    return _Program(alone)


def _limited(s: State, limits: Limits) -> State:
    code = jnp.where(s.counts.nfev >= limits.nfev, jnp.int32(Result.MAX_EVALUATIONS), s.code)
    code = jnp.where(s.counts.nit >= limits.nit, jnp.int32(Result.MAX_STEPS), code)
    return s._replace(code=jnp.where(s.code == Result.RUNNING, code, s.code))

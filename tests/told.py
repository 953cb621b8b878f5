"""Solvers driven from outside: f is evaluated here and told, so that one compiled program serves every
function of as many variables, whoever wrote it.

`solve` goes the way that a program of the solver goes; SciPy gets the same functions from `Told`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ladera.solvers import Solver, State
from ladera.solvers._objective import Box
from ladera.solvers.result import Result

__all__ = ["Told", "solve"]

_SECOND = ("Newton", "Trust", "NewtonCG")  # which ask for second derivatives


class Told:
    """A function of x, (n,), compiled once, by what it is asked for; x may be longer than n.

    Values are NumPy's; `calls` counts evaluations.
    """

    def __init__(self, function: Callable[[Any], Any], n: int):
        self.n, self.calls = n, 0
        self._function = function
        self._pair = self._jit(jax.value_and_grad(function))

    @functools.cached_property
    def _hessian(self) -> Callable[[Any], Any]:
        return self._jit(jax.hessian(self._function))

    def _jit(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return jax.jit(lambda x: function(x[: self.n]))

    def __call__(self, x: Any) -> tuple[Any, Any]:
        """The value and the gradient at x, as long as x."""
        self.calls += 1
        with jax.enable_x64(True):
            fun, grad = self._pair(np.asarray(x, float))
        return np.float64(fun), np.pad(grad, (0, len(x) - self.n))

    def hessian(self, x: Any) -> np.ndarray:
        with jax.enable_x64(True):
            h = np.asarray(self._hessian(np.asarray(x, float)))
        return np.pad((h + h.T) / 2, (0, len(x) - self.n))


class _Answers:
    """Stands where f does: gives what it was told, and keeps where it was asked."""

    def __init__(self, pair: Any = None, hessian: Any = None, here: Any = None):
        self.pair, self.h, self.here = pair, hessian, here

    def value_and_grad(self, x: Any) -> Any:
        self.x = x
        return self.pair or (jnp.zeros((), x.dtype), jnp.zeros_like(x))

    def hessian(self, x: Any) -> Any:
        return jnp.eye(x.size, dtype=x.dtype) if self.h is None else self.h

    def hvp(self, x: Any, v: Any) -> Any:
        return v if self.here is None else self.here @ v


@functools.cache
def _programs(skeleton: Solver) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def asked(solver: Solver, s: State, here: Any, box: Any) -> Any:
        f = _Answers(here=here)
        solver.step(f, s, box)
        return f.x

    def begin(numbers: Any, box: Any, x: Any, pair: Any, h: Any) -> Any:
        solver = skeleton.replace(**numbers)
        s = solver.init(_Answers(pair, h, h), x, box)
        return s, asked(solver, s, h, box)

    def step(numbers: Any, box: Any, s: State, pair: Any, h: Any, here: Any) -> Any:
        solver = skeleton.replace(**numbers)
        s = solver.step(_Answers(pair, h, here), s, box)
        here = None if h is None else jnp.where(s.taken, h, here)
        return s, here, asked(solver, s, here, box)

    return jax.jit(begin), jax.jit(step)


def solve(
    solver: Solver,
    f: Told,
    start: Any,
    most: int = 3000,
    size: int | None = None,
    bounds: tuple[Any, Any] | None = None,
) -> State:
    """The last state, as NumPy arrays, from a start, (n,), after `most` evaluations at most.

    size: variables that the program has; those that f does not look at stay 0. bounds: low and high.
    """
    numbers = solver.numbers()
    begin, step = _programs(solver.replace(**type(solver)().numbers()))
    more = (size or len(start)) - len(start)
    x = np.pad(np.asarray(start, float), (0, more))
    box = None
    if bounds is not None:
        low, high = (np.asarray(b, float) for b in bounds)
        box = Box(np.append(low, np.full(more, -np.inf)), np.append(high, np.full(more, np.inf)))
        x = np.clip(x, *box)

    def h_of(x: Any) -> Any:
        return f.hessian(x) if type(solver).__name__ in _SECOND else None

    with jax.enable_x64(True):
        here = h_of(x)
        s, x = begin(numbers, box, x, f(x), here)
        while s.code == Result.RUNNING and s.counts.nfev < most:
            s, here, x = step(numbers, box, s, f(x), h_of(x), here)
        return jax.device_get(s._replace(x=s.x[: len(start)], grad=s.grad[: len(start)], memory=()))

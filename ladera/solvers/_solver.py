"""The contract of a solver: two functions of one vector and what may be asked of f there.

    s = solver.init(f, x)       the state at the start
    s = solver.step(f, s)       one trial: a point is evaluated, and taken or not

A step costs one evaluation, so that a program of a thousand rows waits for no row's line search, and
methods can be charged for what they evaluate. A row ends when its `code` does, and moves no more.

Solvers are written on JAX alone: a row is a loop whose length depends on its numbers.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp

from ladera.hyperparameters import Hyperparameters
from ladera.solvers._equations import Equation
from ladera.solvers._objective import Box, Counts, Objective
from ladera.solvers.result import Result

__all__ = ["Solver", "State"]

_BOTTOM = -1e30  # a value below is taken for a fall without bound


class State(NamedTuple):
    """Where a solver is.

    x, fun, grad: the point that was taken last, (d,), the value there and the gradient, (d,).
    length: of the step that was just taken (the trial's α, or a trust region's radius); 0 at first.
    taken: whether the last trial was. code: int32, of `Result`. counts: what was spent.
    first: the largest element of the gradient at the start. memory: the solver's own.
    """

    x: Any
    fun: Any
    grad: Any
    length: Any
    taken: Any
    code: Any
    counts: Counts
    first: Any
    memory: Any


class Solver(Hyperparameters):
    """A method for one vector. Subclass it, name the hyperparameters, write `init` and `step`.

    needs: "value" where f gives one number, "residuals" where it gives those whose squares it adds.
    bounded: whether it takes bounds. curved: whether it looks at the curvature before it says that
        it has converged, so that it leaves saddles.
    asks: what it evaluates beside f: "gradient", "hessian", "products" of the Hessian with vectors,
        "residuals" and their "jacobian".
    tabled: which numbers of its steps (see `shown`) stand in the columns of an iteration table.
    """

    needs: ClassVar[str] = "value"
    bounded: ClassVar[bool] = False
    curved: ClassVar[bool] = False
    paper: ClassVar[str] = ""
    asks: ClassVar[tuple[str, ...]] = ("gradient",)
    tabled: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def name(cls) -> str:
        """The name on the command line: NewtonCG is newton-cg."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    def init(self, f: Any, x: Any, box: Box | None = None) -> State:
        """The state at x, (d,)."""
        raise NotImplementedError

    def step(self, f: Any, s: State, box: Box | None = None) -> State:
        """One trial further."""
        raise NotImplementedError

    def equations(self) -> tuple[Equation, ...]:
        """The lines of a step that was taken, in the order in which it calculates them."""
        return ()

    def shown(self, f: Any, before: State, after: State) -> dict[str, Any]:
        """The numbers of a step that was taken, by the names of `equations`, and what is so in it.

        before: the state before the trial that was taken. x, g and f, before and after it, and the
        identity I are known without being told. `B`, (d, d), is the matrix of the quadratic that the
        step goes by; where that is known by its inverse alone, the inverse is `H`.
        """
        return {}


def begin(f: Objective, x: Any, memory: Any, box: Box | None = None) -> State:
    """The state at the start of a solver that works with gradients."""
    fun, grad = f.value_and_grad(x)
    first = jnp.abs(slope_inside(x, grad, box)).max()
    finite = jnp.isfinite(fun) & jnp.isfinite(grad).all()
    code = jnp.where(finite, Result.RUNNING, Result.NOT_FINITE).astype(jnp.int32)
    counts = Counts.none().plus(nfev=1, njev=1)
    return State(x, fun, grad, jnp.zeros_like(fun), jnp.bool_(True), code, counts, first, memory)


def slope_inside(x: Any, grad: Any, box: Box | None) -> Any:
    """The gradient, or how far x can go against it within the bounds."""
    return grad if box is None else x - box.put(x - grad)


def vanishes(grad: Any, first: Any, gtol: Any) -> Any:
    """Whether a gradient is small: below gtol, and a thousand times smaller than a start's that was
    small itself (on a function of small numbers every gradient is)."""
    own = jnp.where(first > 0, 1e-3 * first, gtol)  # a start on a saddle has none
    return jnp.abs(grad).max() <= jnp.minimum(gtol, own)


def ended(running: Any, *ends: tuple[Any, Result]) -> Any:
    """The code of the first end that has come; RUNNING without one."""
    code = jnp.int32(Result.RUNNING)
    for condition, result in reversed(ends):
        code = jnp.where(condition, jnp.int32(result), code)
    return jnp.where(running, code, jnp.int32(Result.RUNNING))


def stuck(slope: Any, gtol: Any) -> Any:
    """The code where nothing lower is found, and no element of the gradient is larger than `slope`."""
    return jnp.where(slope <= gtol, jnp.int32(Result.SETTLED), jnp.int32(Result.NO_DESCENT))


def without_bound(fun: Any) -> Any:
    return fun < _BOTTOM

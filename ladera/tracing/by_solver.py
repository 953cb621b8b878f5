"""The way of a solver: its own jitted step, driven trial by trial, with the numbers that it goes by.

A row is an iteration. What a line search or a trust region tries and rejects is seen in the evaluations.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.base import Status
from ladera.solvers import Result, Solver
from ladera.solvers._equations import charge
from ladera.solvers._objective import Objective, Residuals
from ladera.surfaces import Surface
from ladera.tracing.trace import Trace

if TYPE_CHECKING:
    from ladera.solvers import State
    from ladera.steps import Line

__all__ = ["follow", "lines"]

_LOST = (Result.UNBOUNDED, Result.DIVERGED, Result.NOT_FINITE)


def follow(surface: Surface, solver: Solver, start: np.ndarray, steps: int) -> Trace:
    """Its trace from a start, (d,), where the surface is finite. Methods of least squares go by the
    surface's residuals, whose squares added up are f; their own cost is half of that.

    Raises UsageError where they are asked for a surface that has none.
    """
    import jax

    squares = solver.needs == "residuals"
    if squares:
        surface.residual_values(start)  # refuses what is no sum of squares
    unit = 2.0 if squares else 1.0
    begin, advance = _program(surface, solver.skeleton())
    with jax.enable_x64(True):
        numbers = {name: np.asarray(value, float) for name, value in solver.numbers().items()}
        s = begin(numbers, start)
        states, inside = [_seen(s)], []
        while len(inside) < steps and int(s.code) == Result.RUNNING:
            s, went, told = advance(numbers, s)
            if bool(went.taken) and np.isfinite(went.fun):
                states.append(_seen(went))
                inside.append(jax.device_get(told))
        code = Result(int(s.code))
    x, fun, gradients = (np.array([getattr(one, name) for one in states]) for name in ("x", "fun", "grad"))
    spent = np.array([charge(one.counts, surface.dimension, solver.needs) for one in states])
    for k, told in enumerate(inside):
        told |= _around(states[k], states[k + 1])
    return Trace(
        surface,
        solver,
        x=x,
        fun=unit * fun,
        points=x[:-1],
        gradients=unit * gradients[:-1],
        values={name: np.array([told[name] for told in inside]) for name in solver.tabled if inside},
        evaluations=spent,
        status=Status.DIVERGED if code in _LOST else Status.FINISHED,
        ended=None if code == Result.RUNNING else (code.message, {}),
        inside=inside,
        code=code,
    )


def lines(trace: Trace, k: int, letter: str) -> list[Line]:
    """Step k: each equation that belongs to it, the same with its numbers, and its value."""
    from ladera.steps import written

    assert isinstance(trace.method, Solver)
    told = trace.inside[k - 1]
    writing = written.Writing((str(k - 2), str(k - 1), str(k)), letter, trace.surface.dimension == 1)
    return [
        line
        for equation in trace.method.equations()
        if not equation.when or told[equation.when]
        for line in written.lines(equation.text, writing, told)
    ]


def _seen(s: State) -> State:
    """What a row shows of a state, on the host."""
    import jax

    return jax.device_get(s._replace(memory=()))


def _around(before: State, after: State) -> dict[str, Any]:
    """What is known of every step without being told."""
    ends = {"x": "x", "g": "grad", "f": "fun"}
    found = {name: getattr(before, field) for name, field in ends.items()}
    found |= {f"{name}_new": getattr(after, field) for name, field in ends.items()}
    return {**found, "I": np.eye(before.x.size)}


@functools.lru_cache(maxsize=64)
def _program(surface: Surface, solver: Solver) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The state at a start; and on from a state to the next point that is taken, or to the end: the new
    state, the same before the end was looked around, and what the step tells of itself."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    from ladera.optimize.around import settled

    squares = solver.needs == "residuals"
    f = Residuals(surface.residual_values) if squares else Objective(surface.value)

    def advance(numbers: dict[str, Any], s: State) -> tuple[State, State, dict[str, Any]]:
        mine = solver.replace(**numbers)

        def tried(carry: Any) -> Any:
            _, s, _ = carry
            after = mine.step(f, s)
            return s, after, ~after.taken & (after.code == Result.RUNNING)

        before, after, _ = lax.while_loop(lambda carry: carry[2], tried, (s, s, jnp.bool_(True)))
        ended = after if squares else settled(f, after)
        return ended, after, mine.shown(f, before, after)

    return jax.jit(lambda numbers, x: solver.replace(**numbers).init(f, x)), jax.jit(advance)

"""Direction × search: what every method has in common that goes along a line."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from ladera.hyperparameters import Positive
from ladera.locale import N_
from ladera.solvers._equations import Equation
from ladera.solvers._objective import Box, Counts, Objective
from ladera.solvers._rounding import IDLE, Record
from ladera.solvers._solver import Solver, State, begin, ended, slope_inside, stuck, vanishes, without_bound
from ladera.solvers.result import Result
from ladera.solvers.searches import Armijo, Search, StrongWolfe
from ladera.solvers.searches._search import pick

__all__ = ["Descent", "Step", "Way"]


class Way(NamedTuple):
    """A direction: p, (d,); what it cost; and whether it leaves a point whose gradient vanishes."""

    p: Any
    counts: Counts = Counts()
    escapes: Any = False


class Step(NamedTuple):
    """What a step has shown: from x to x + s, where the gradient changed by y to g. (d,) each.
    p: the direction, of which s is a multiple."""

    s: Any
    y: Any
    g: Any
    p: Any


class _Memory(NamedTuple):
    own: Any  # the direction's
    p: Any
    search: Any
    steepest: Any  # whether p is steepest descent for want of anything better
    record: Record


class Descent(Solver):
    """A solver that goes along `direction` as far as `search` says, and learns from the step.

    A direction file writes the functions below, which read as its equations. A memory that has not
    learnt anything, a direction that does not descend, and a line along which nothing lower is found
    make it begin anew with steepest descent.

    gtol: it has converged where no element of the gradient is larger. search: how far to go.
    """

    gtol: Positive = 1e-6
    search: Search = StrongWolfe()

    def remember(self, x: Any) -> Any:
        """The direction's memory at the start."""
        return ()

    def learnt(self, memory: Any) -> Any:
        """Whether the memory says more than that the way down is steepest descent."""
        return jnp.bool_(True)

    def direction(self, f: Objective, memory: Any, x: Any, g: Any) -> Way:
        """Where to go from x, where the gradient is g."""
        raise NotImplementedError

    def restricted(self, memory: Any, free: Any) -> Any:
        """The memory of the variables that are free, 0 or 1, alone."""
        return memory

    def learn(self, memory: Any, step: Step) -> Any:
        """The memory after a step."""
        return memory

    def first_trial(self, memory: Any, slope: Any) -> Any:
        """The first length that the search tries along the direction, where the slope is this."""
        return jnp.ones_like(slope)

    # ---- the loop -------------------------------------------------------------------------------

    def init(self, f: Objective, x: Any, box: Box | None = None) -> State:
        x = x if box is None else box.put(x)
        s = begin(f, x, (), box)
        record = Record(s.fun, s.first, jnp.int32(0))
        return self._turned(f, s, self.remember(x), jnp.bool_(False), record, box)

    def step(self, f: Objective, s: State, box: Box | None = None) -> State:
        m: _Memory = s.memory
        x, search, p = s.x + m.search.alpha * m.p, m.search, m.p
        if box is not None:
            x = box.put(x)
            p = (x - s.x) / search.alpha  # what the bounds leave of the direction
            search = search._replace(slope0=s.grad @ p)
        fun, grad = f.value_and_grad(x)
        search = self._search(box).step(search, fun, grad @ p)
        moved = (x != s.x).any()
        found = (search.done & moved) | (jnp.isfinite(grad).all() & without_bound(fun))
        nothing = search.failed | (search.done & ~moved)
        s = s._replace(counts=s.counts.plus(nfev=1, njev=1), taken=jnp.bool_(False))
        went = s._replace(x=x, fun=fun, grad=grad, length=m.search.alpha, taken=jnp.bool_(True))
        return lax.cond(
            found | nothing,
            lambda: self._after(f, s, went, found, box),
            lambda: s._replace(memory=m._replace(search=search)),
        )

    def _search(self, box: Box | None) -> Search:
        return self.search if box is None else Armijo()

    def _after(self, f: Objective, s: State, went: State, found: Any, box: Box | None) -> State:
        """The search has ended: on along a new direction from where it went, or, where it found nothing,
        along steepest descent. It ends where that was steepest descent already, or where for long
        nothing but the rounding has changed."""
        m: _Memory = s.memory
        own = self.learn(m.own, Step(went.x - s.x, went.grad - s.grad, went.grad, m.p))
        went = went._replace(counts=went.counts.plus(nit=1))
        s, own = pick(found, (went._replace(memory=()), own), (s._replace(memory=()), m.own))
        slope = jnp.abs(slope_inside(s.x, s.grad, box)).max()
        record = m.record.after(s.fun, slope)
        s = self._turned(f, s, own, ~found, record, box)
        nothing = (~found & m.steepest) | (record.idle >= IDLE)
        nothing = nothing & (s.code == Result.RUNNING)
        return s._replace(code=jnp.where(nothing, stuck(slope, self.gtol), s.code))

    def _turned(self, f: Objective, s: State, own: Any, lost: Any, record: Any, box: Box | None) -> State:
        """At s, with a new direction (steepest descent where the last one is `lost`), or at an end."""
        way = self._way(f, s, own, box)
        lost = lost | ~_descends(s, way)
        own = pick(lost, self.remember(s.x), own)
        steepest = lost | ~self.learnt(own)
        p = jnp.where(steepest, -s.grad, way.p)
        slope = s.grad @ p
        unit = jnp.minimum(1, 1 / jnp.linalg.norm(p))
        alpha = jnp.where(steepest, unit, self.first_trial(own, slope))
        search = self._search(box).start(s.fun, slope, alpha)
        still = vanishes(slope_inside(s.x, s.grad, box), s.first, self.gtol) & ~jnp.asarray(way.escapes)
        code = ended(
            s.code == Result.RUNNING, (without_bound(s.fun), Result.UNBOUNDED), (still, Result.CONVERGED)
        )
        return s._replace(
            code=jnp.where(s.code == Result.RUNNING, code, s.code),
            counts=s.counts.plus(**way.counts._asdict()),
            memory=_Memory(own, p, search, steepest, record),
        )

    def _way(self, f: Objective, s: State, own: Any, box: Box | None) -> Way:
        """The direction; with bounds, that of the variables which none of them holds back."""
        if box is None:
            return self.direction(f, own, s.x, s.grad)
        free = box.free(s.x, s.grad)
        return self.direction(f, self.restricted(own, free), s.x, s.grad * free)

    # ---- seen from inside -----------------------------------------------------------------------

    def equations(self) -> tuple[Equation, ...]:
        return (
            Equation("p = -g", "steepest", N_("where nothing better is known")),
            Equation("alpha", said=N_("found by the line search")),
            Equation("x_new = x + alpha*p"),
        )

    def shown(self, f: Objective, before: State, after: State) -> dict[str, Any]:
        m: _Memory = before.memory
        return {"p": m.p, "alpha": m.search.alpha, "steepest": m.steepest, "turned": ~m.steepest}

    def taken(self, before: State, after: State) -> Step:
        """What a step that was taken has shown."""
        return Step(after.x - before.x, after.grad - before.grad, after.grad, before.memory.p)


def _descends(s: State, way: Way) -> Any:
    """Whether a direction is a number, changes x at all, and leads down."""
    p = way.p
    moves = jnp.isfinite(p).all() & (jnp.abs(p) > jnp.finfo(p.dtype).eps * jnp.abs(s.x)).any()
    return moves & ((s.grad @ p < 0) | way.escapes)

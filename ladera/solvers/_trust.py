"""Trust regions: a step is believed within a radius that grows and shrinks with its success."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from ladera.hyperparameters import Positive
from ladera.locale import N_
from ladera.solvers._equations import Equation
from ladera.solvers._objective import Box, Counts, Objective
from ladera.solvers._rounding import IDLE, Record, change
from ladera.solvers._solver import Solver, State, begin, ended, stuck, vanishes, without_bound
from ladera.solvers.result import Result

__all__ = ["Model", "TrustRegion"]

_ACCEPTED = 0.1  # η: of the promised fall, what a step must have to be taken


class Model(NamedTuple):
    """A step within the radius: p, (d,); the fall that the quadratic promises; what it cost."""

    p: Any
    promised: Any
    counts: Counts


class _Memory(NamedTuple):
    radius: Any
    own: Any  # the quadratic at x
    record: Record


class TrustRegion(Solver):
    """Nocedal & Wright 2006, Algorithm 4.1. A method writes `quadratic` and `within`.

    gtol: it has converged where no element of the gradient is larger. radius: of the first region.
    """

    gtol: Positive = 1e-6
    radius: Positive = 1.0

    def quadratic(self, f: Objective, x: Any) -> tuple[Any, Counts]:
        """What is to be known of f's curvature at x, and what that cost."""
        return (), Counts()

    def within(self, f: Objective, own: Any, x: Any, g: Any, radius: Any) -> Model:
        """The lowest point of the quadratic within the radius, or a good one."""
        raise NotImplementedError

    def rising(self, own: Any) -> Any:
        """Whether no curvature is negative, as far as is known."""
        return jnp.bool_(True)

    # ---- the loop -------------------------------------------------------------------------------

    def init(self, f: Objective, x: Any, box: Box | None = None) -> State:
        s = begin(f, x, ())
        record = Record(s.fun, s.first, jnp.int32(0))
        return self._arrived(f, s, jnp.asarray(self.radius, x.dtype), record)

    def step(self, f: Objective, s: State, box: Box | None = None) -> State:
        m: _Memory = s.memory
        model = self.within(f, m.own, s.x, s.grad, m.radius)
        x = s.x + model.p
        fun, grad = f.value_and_grad(x)
        spent = s.counts.plus(**model.counts._asdict()).plus(nfev=1, njev=1)
        fell = -change(s.fun, fun, (s.grad + grad) @ model.p / 2)
        known = jnp.isfinite(fun) & jnp.isfinite(grad).all() & (model.promised > 0)
        ratio = jnp.where(known, fell / model.promised, -jnp.inf)
        length = jnp.linalg.norm(model.p)
        radius = _radius(m.radius, length, ratio)
        went = s._replace(x=x, fun=fun, grad=grad, length=length, taken=jnp.bool_(True), memory=())
        went = went._replace(counts=spent.plus(nit=1))
        vanished = radius <= jnp.finfo(x.dtype).eps * (1 + jnp.linalg.norm(s.x))
        stayed = s._replace(
            taken=jnp.bool_(False),
            code=jnp.where(
                vanished & (s.code == Result.RUNNING), stuck(jnp.abs(s.grad).max(), self.gtol), s.code
            ),
            counts=spent,
            memory=m._replace(radius=radius),
        )
        record = m.record.after(fun, jnp.abs(grad).max())
        return lax.cond(ratio > _ACCEPTED, lambda: self._arrived(f, went, radius, record), lambda: stayed)

    def _arrived(self, f: Objective, s: State, radius: Any, record: Record) -> State:
        own, spent = self.quadratic(f, s.x)
        still = vanishes(s.grad, s.first, self.gtol) & self.rising(own)
        code = ended(
            s.code == Result.RUNNING, (without_bound(s.fun), Result.UNBOUNDED), (still, Result.CONVERGED)
        )
        code = jnp.where(
            (record.idle >= IDLE) & (code == Result.RUNNING), stuck(jnp.abs(s.grad).max(), self.gtol), code
        )
        return s._replace(
            code=jnp.where(s.code == Result.RUNNING, code, s.code),
            counts=s.counts.plus(**spent._asdict()),
            memory=_Memory(radius, own, record),
        )

    # ---- seen from inside -----------------------------------------------------------------------

    def equations(self) -> tuple[Equation, ...]:
        return (
            Equation("x_new = x + p"),
            Equation("ratio = (f - f_new)/(-(g @ p) - (p @ q)/2)", "measured"),
            Equation("Delta_new = 2*Delta", "grown", N_("where the ratio is above 3/4 and p that long")),
            Equation("Delta_new = norm(p)/4", "shrunk", N_("where it is below 1/4")),
            Equation("Delta_new = Delta", "kept", N_("else")),
        )

    def shown(self, f: Objective, before: State, after: State) -> dict[str, Any]:
        Delta, Delta_new = before.memory.radius, after.memory.radius
        p, g = after.x - before.x, before.grad
        bend = f.hvp(before.x, p)
        fell, promised = before.fun - after.fun, -(g @ p) - p @ bend / 2
        # what rounding hides is no number to show
        hidden = promised <= 1e3 * jnp.finfo(fell.dtype).eps * jnp.abs(before.fun)
        return {
            "Delta": Delta,
            "p": p,
            "q": bend,
            "ratio": jnp.where(hidden, 1, fell / promised),
            "Delta_new": Delta_new,
            "measured": ~hidden,
            "grown": Delta_new > Delta,
            "shrunk": Delta_new < Delta,
            "kept": Delta_new == Delta,
        }


def _radius(radius: Any, length: Any, ratio: Any) -> Any:
    """The next radius, by what a step of this length has had of the promised fall."""
    larger = (ratio > 0.75) & (length > 0.99 * radius)
    kept = jnp.where(larger, 2 * radius, radius)
    return jnp.where(ratio < 0.25, jnp.minimum(length, radius) / 4, kept)

"""Gauss-Newton: to the minimum of the residuals' linear model, as far along as they really fall."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jax import lax

from ladera.hyperparameters import Positive
from ladera.locale import N_
from ladera.solvers._equations import Equation
from ladera.solvers._linear import solved, triangle
from ladera.solvers._objective import Box, Counts, Residuals
from ladera.solvers._solver import Solver, State
from ladera.solvers._squares import Tangent
from ladera.solvers.result import Result
from ladera.solvers.searches import Armijo

__all__ = ["GaussNewton"]


class _Memory(NamedTuple):
    r: Any  # residuals at x, (m,)
    J: Any  # their derivatives, (m, n)
    p: Any  # the direction, (n,)
    search: Any
    tangent: Tangent


class GaussNewton(Solver):
    """Nocedal & Wright 2006, section 10.3: p = -J⁺r, damped by Armijo's line search on ½‖r‖².

    Where columns of J depend on each other, p leaves those alone that the ones before them can stand in
    for. Where the model is poor, p is long and its search short; Levenberg-Marquardt turns p, too.

    gtol: the share of the residuals that may be left to take away; see LevenbergMarquardt. search: how
    far to go.
    """

    needs: ClassVar[str] = "residuals"
    paper: ClassVar[str] = "Nocedal & Wright 2006, section 10.3"
    asks: ClassVar[tuple[str, ...]] = ("residuals", "jacobian")
    tabled: ClassVar[tuple[str, ...]] = ("p", "alpha")

    gtol: Positive = 1e-10
    search: Armijo = Armijo()

    def init(self, f: Residuals, x: Any, box: Box | None = None) -> State:
        r = f.residuals(x)
        size, zero = jnp.linalg.norm(r), jnp.zeros((), x.dtype)
        counts = Counts.none().plus(nfev=1)
        s = State(
            *(x, r @ r / 2, jnp.zeros_like(x), zero, jnp.bool_(True)),
            *(jnp.int32(Result.RUNNING), counts, size, ()),
        )
        s = self._arrived(f, s, r)
        finite = jnp.isfinite(s.fun) & jnp.isfinite(s.memory.J).all()
        return s._replace(code=jnp.where(finite, s.code, jnp.int32(Result.NOT_FINITE)))

    def step(self, f: Residuals, s: State, box: Box | None = None) -> State:
        m: _Memory = s.memory
        x = s.x + m.search.alpha * m.p
        r = f.residuals(x)
        fun = r @ r / 2
        search = self.search.step(m.search, fun, jnp.zeros_like(fun))
        s = s._replace(counts=s.counts.plus(nfev=1), taken=jnp.bool_(False))
        # A trial that moves x by nothing but rounding has nothing left to find.
        unmoved = (jnp.abs(x - s.x) <= jnp.finfo(x.dtype).eps * jnp.abs(s.x)).all()
        lost = m.tangent.lost(jnp.linalg.norm(m.J, axis=0) == 0)
        stayed = s._replace(
            code=jnp.where(search.failed | unmoved, lost, s.code), memory=m._replace(search=search)
        )
        went = s._replace(x=x, fun=fun, length=m.search.alpha, taken=jnp.bool_(True))
        went = went._replace(counts=went.counts.plus(nit=1))
        return lax.cond(search.done & ~unmoved, lambda: self._arrived(f, went, r), lambda: stayed)

    def _arrived(self, f: Residuals, s: State, r: Any) -> State:
        """At x, with residuals r: the new direction, or the end."""
        J = f.jacobian(s.x)
        t, grad, columns = triangle(J, r), r @ J, jnp.linalg.norm(J, axis=0)
        tangent = Tangent(t, grad, columns, jnp.linalg.norm(r), s.x)
        p = solved(t)
        finite = jnp.isfinite(p).all()
        p = jnp.where(finite, p, -grad)
        search = self.search.start(s.fun, grad @ p, jnp.ones_like(s.fun))
        end = tangent.end(self.gtol, s.first, columns == 0)
        return s._replace(
            grad=grad,
            counts=s.counts.plus(njev=1),
            code=jnp.where(s.code == Result.RUNNING, end, s.code),
            memory=_Memory(r, J, p, search, tangent),
        )

    # ---- seen from inside -----------------------------------------------------------------------

    def equations(self):
        return (
            Equation("r = residuals(x)"),
            Equation("J = jacobian(x)"),
            Equation("(J.T @ J) @ p = -J.T @ r"),
            Equation("alpha", said=N_("found by the line search")),
            Equation("x_new = x + alpha*p"),
        )

    def shown(self, f, before, after):
        m: _Memory = before.memory
        return {"r": m.r, "J": m.J, "B": m.J.T @ m.J, "p": m.p, "alpha": m.search.alpha}

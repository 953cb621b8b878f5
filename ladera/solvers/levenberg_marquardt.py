"""Levenberg-Marquardt: Gauss and Newton's step where the model is good, a short downhill one elsewhere."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jax import lax

from ladera.base import unknown_name
from ladera.hyperparameters import Positive
from ladera.locale import N_
from ladera.solvers._equations import Equation
from ladera.solvers._linear import Triangle, columns, normal, triangle
from ladera.solvers._objective import Box, Counts, Residuals
from ladera.solvers._region import within
from ladera.solvers._solver import Solver, State
from ladera.solvers._squares import Tangent
from ladera.solvers.result import Result
from ladera.solvers.searches._search import pick

__all__ = ["LevenbergMarquardt"]

SCALINGS = ("marquardt", "identity")
_ACCEPTED = 1e-4  # of the promised fall, what a step must have to be taken
_BENT = 0.375  # of a step's length: a longer bend is none that two derivatives tell
_HIDDEN = 4  # rejections one after another of which rounding hides the reason
_ROUNDS = 3  # in which a step within bounds finds out which of them it runs into


class _Memory(NamedTuple):
    r: Any  # residuals at x, (m,)
    J: Any  # their derivatives, (m, n)
    t: Triangle  # of J and r
    longest: Any  # lengths of J's columns, the largest so far, (n,)
    radius: Any  # Δ
    damping: Any  # λ, as far as it can be foreseen
    along: Any  # from x to the last other point, (n,)
    bend: Any  # Jᵀq, with q the second derivative of the residuals along that, (n,)
    hidden: Any  # rejections one after another of which rounding hides the reason


class _Trial(NamedTuple):
    x: Any
    r: Any  # there, (m,)
    fun: Any
    p: Any  # the step
    length: Any  # ‖D v‖
    damping: Any  # λ of v
    bend: Any  # Jᵀq along p, as it turned out
    ratio: Any  # what ½‖r‖² fell by, as a share of what was promised
    hidden: Any  # whether rounding hides both
    shrink: Any  # by how much a rejection shortens the step
    good: Any


class LevenbergMarquardt(Solver):
    """(JᵀJ + λ D²) v = -Jᵀr (Levenberg 1944, Marquardt 1963) with the λ >= 0 that keeps ‖D v‖ within a
    radius, which grows and shrinks with the model's success (Moré 1978).

    The step is bent: p = v + a, with a = -½(JᵀJ + λ D²)⁻¹Jᵀq and q the second derivative of the
    residuals along v (Transtrum & Sethna 2012). q is read off the residuals at the last other point that
    was tried, as far as v goes the same way (Bouaricha & Schnabel 1997), so it costs no evaluation. A
    step is rejected, too, where its own bend turns out longer than itself: then the model was wrong,
    and that the residuals have fallen is luck.

    It has converged where the residuals stand upright on what the parameters can change (Bates & Watts
    1981): a test that no scaling of data or parameters changes, and that a parameter which runs off to
    where nothing depends on it does not pass.

    gtol: the share of the residuals that may be left to take away. xtol: a step that changes no
    parameter by a larger share of it ends the search, too. radius: of the first region, as a share of
    ‖D x‖. scaling: marquardt (D: the largest lengths of J's columns so far) or identity. geodesic: q by
    automatic differentiation at x, for the price of one more evaluation of the residuals.
    """

    needs: ClassVar[str] = "residuals"
    bounded: ClassVar[bool] = True
    paper: ClassVar[str] = "Moré 1978; Transtrum & Sethna 2012; Bouaricha & Schnabel 1997"
    asks: ClassVar[tuple[str, ...]] = ("residuals", "jacobian")
    tabled: ClassVar[tuple[str, ...]] = ("Delta", "lambda", "p", "ratio")

    gtol: Positive = 1e-10
    xtol: Positive = 1e-14
    radius: Positive = 1.0
    scaling: str = "marquardt"
    geodesic: bool = False

    @classmethod
    def name(cls) -> str:
        """What everybody calls it."""
        return "lm"

    def __post_init__(self):
        super().__post_init__()
        if self.scaling not in SCALINGS:
            raise unknown_name("scaling", str(self.scaling), SCALINGS)

    def init(self, f: Residuals, x: Any, box: Box | None = None) -> State:
        x = x if box is None else box.put(x)
        r, J = f.residuals(x), f.jacobian(x)
        t = triangle(J, r)
        size, longest = jnp.linalg.norm(r), columns(t)
        reach = jnp.linalg.norm(self._scale(longest) * x)
        radius = self.radius * jnp.where(reach > 0, reach, size)  # at 0 the residuals tell how far
        zero, nowhere = jnp.zeros_like(size), jnp.zeros_like(x)
        memory = _Memory(r, J, t, longest, radius, zero, nowhere, nowhere, jnp.int32(0))
        counts = Counts.none().plus(nfev=1, njev=1)
        s = State(x, r @ r / 2, r @ J, zero, jnp.bool_(True), jnp.int32(0), counts, size, memory)
        finite = jnp.isfinite(s.fun) & jnp.isfinite(J).all()
        code = jnp.where(finite, self._end(s, _tangent(s, box)), jnp.int32(Result.NOT_FINITE))
        return s._replace(code=code)

    def step(self, f: Residuals, s: State, box: Box | None = None) -> State:
        here = _tangent(s, box)
        trial = self._trial(f, s, here, box)
        s = s._replace(counts=s.counts.plus(nfev=2 if self.geodesic else 1))
        stayed = self._stayed(s, here, trial)
        return lax.cond(
            trial.good,
            lambda: self._arrived(f, s, here, trial, stayed, box),
            lambda: stayed,
        )

    # ---- the step --------------------------------------------------------------------------------

    def _trial(self, f: Residuals, s: State, here: Tangent, box: Box | None) -> _Trial:
        m: _Memory = s.memory
        D = self._scale(m.longest)
        v, damping, system, free = _straight(s, D, box)
        p = v + self._bend(f, s, D, v, system, free)
        x = s.x + p
        x = x if box is None else box.put(x)
        p, r = x - s.x, f.residuals(x)
        fun = r @ r / 2
        slope, promised = _promise(m.t, v)
        ratio = (s.fun - fun) / promised
        # Jᵀq with q = 2 (r(x + p) - r - J p)
        bend = 2 * (r @ m.J - s.grad - (m.t.R @ p) @ m.t.R)
        a = normal(system, bend * free) / 2
        straight = jnp.linalg.norm(D * a) <= jnp.linalg.norm(D * p)
        hidden = promised <= here.hidden
        lower = jnp.where(hidden, fun <= s.fun + 4 * here.hidden, (ratio > _ACCEPTED) & straight)
        good = jnp.isfinite(r).all() & lower
        # To the lowest point of the parabola through both values with the slope at x.
        shrink = -slope / (2 * (fun - s.fun - slope))
        shrink = jnp.where(jnp.isfinite(shrink), jnp.clip(shrink, 0.1, 0.5), 0.1)
        length = jnp.linalg.norm(D * v)
        return _Trial(x, r, fun, p, length, damping, bend, ratio, hidden, shrink, good)

    def _bend(self, f: Residuals, s: State, D: Any, v: Any, system: Triangle, free: Any) -> Any:
        """a, or 0 where it is not short beside v."""
        m: _Memory = s.memory
        if self.geodesic:
            bend = f.curvature(s.x, v) @ m.J
        else:
            # The part of v along the last other point bends as the way there did, by its square.
            far = (D * m.along) @ (D * m.along)
            share = jnp.where(far > 0, (D * m.along) @ (D * v) / jnp.where(far > 0, far, 1), 0)
            bend = share**2 * m.bend
        a = -normal(system, bend * free) / 2
        short = jnp.linalg.norm(D * a) <= _BENT * jnp.linalg.norm(D * v)
        return jnp.where(short, a, 0)

    # ---- taken or not ----------------------------------------------------------------------------

    def _arrived(
        self, f: Residuals, s: State, here: Tangent, trial: _Trial, stayed: State, box: Box | None
    ) -> State:
        m: _Memory = s.memory
        r, J = trial.r, f.jacobian(trial.x)
        grad, t = r @ J, triangle(J, r)
        bend = 2 * (m.r @ J - grad + (t.R @ trial.p) @ t.R)  # the last point lies at -p from here
        memory = m._replace(
            r=r, J=J, t=t, longest=jnp.maximum(m.longest, columns(t)), along=-trial.p, bend=bend
        )
        counts = s.counts.plus(nit=1, njev=1)
        went = s._replace(x=trial.x, fun=trial.fun, grad=grad, length=trial.length, counts=counts)
        went = went._replace(taken=jnp.bool_(True), memory=memory)
        there = _tangent(went, box)
        # Where rounding hides the fall, it is judged by how much is left to take away.
        better = jnp.isfinite(J).all() & (~trial.hidden | (there.left < here.left))
        ratio = jnp.where(trial.hidden, jnp.where(there.left < here.left / 2, 1, 0.5), trial.ratio)
        radius = jnp.where((ratio >= 0.75) | (trial.damping == 0), 2 * trial.length, m.radius)
        radius = jnp.where(ratio <= 0.25, trial.shrink * trial.length, radius)
        damping = trial.damping * m.radius / radius
        memory = memory._replace(radius=radius, damping=damping, hidden=jnp.int32(0))
        code = self._end(went, there)
        idle = self._unmoved(s, trial) & (code == Result.RUNNING)
        went = went._replace(memory=memory, code=jnp.where(idle, self._lost(went, there), code))
        stayed = stayed._replace(counts=s.counts.plus(njev=1))
        return pick(better, went, stayed)

    def _stayed(self, s: State, here: Tangent, trial: _Trial) -> State:
        m: _Memory = s.memory
        radius = trial.shrink * trial.length
        known = jnp.isfinite(trial.bend).all()
        hidden = jnp.where(trial.hidden, m.hidden + 1, 0)
        over = self._unmoved(s, trial) | (hidden >= _HIDDEN) | ~(radius > 0)
        memory = m._replace(radius=radius, damping=trial.damping / trial.shrink, hidden=hidden)
        memory = memory._replace(along=jnp.where(known, trial.p, 0), bend=jnp.where(known, trial.bend, 0))
        code = jnp.where(over, self._lost(s, here), s.code)
        return s._replace(taken=jnp.bool_(False), code=code, memory=memory)

    def _unmoved(self, s: State, trial: _Trial) -> Any:
        share = jnp.maximum(self.xtol, jnp.finfo(s.x.dtype).eps)
        return (jnp.abs(trial.p) <= share * jnp.abs(s.x)).all()

    def _end(self, s: State, here: Tangent) -> Any:
        return here.end(self.gtol, s.first, columns(s.memory.t) == 0)

    def _lost(self, s: State, here: Tangent) -> Any:
        m: _Memory = s.memory
        return here.lost(columns(m.t) <= jnp.finfo(s.x.dtype).eps * m.longest)

    def _scale(self, longest: Any) -> Any:
        """D"""
        return jnp.ones_like(longest) if self.scaling == "identity" else jnp.where(longest > 0, longest, 1)

    # ---- seen from inside -----------------------------------------------------------------------

    def equations(self):
        return (
            Equation("r = residuals(x)"),
            Equation("J = jacobian(x)"),
            Equation("D"),
            Equation("Delta"),
            Equation("lambda", said=N_("0 where ‖D v‖ ≤ Δ then, else such that ‖D v‖ is Δ to a tenth")),
            Equation("(J.T @ J + lambda*D**2) @ v = -J.T @ r"),
            Equation("h", "bends", N_("Jᵀ times the second derivative of r along v")),
            Equation("(J.T @ J + lambda*D**2) @ a = -h/2", "bends"),
            Equation("p = v + a", "bends", N_("where a is short beside v")),
            Equation("p = v", "straight", N_("else")),
            Equation("x_new = x + p"),
            Equation("u = J @ v"),
            Equation("ratio = (r @ r - r_new @ r_new)/(-2*(r @ u) - u @ u)", "measured"),
            Equation("Delta_new = 2*norm(D @ v)", "grown", N_("where the ratio is above 3/4, or λ = 0")),
            Equation("Delta_new = c*norm(D @ v)", "shrunk", N_("where it is below 1/4, 0.1 ≤ c ≤ 0.5")),
            Equation("Delta_new = Delta", "kept", N_("else")),
        )

    def shown(self, f, before, after):
        m: _Memory = before.memory
        D = self._scale(m.longest)
        v, lam, system, free = _straight(before, D, None)
        a = self._bend(f, before, D, v, system, free)
        u, r_new = m.J @ v, f.residuals(after.x)
        promised = -2 * (m.r @ u) - u @ u
        measured = promised > 1e3 * jnp.finfo(v.dtype).eps * before.fun  # below, rounding hides it
        Delta, length = after.memory.radius, jnp.linalg.norm(D * v)
        grown, same, bends = Delta == 2 * length, Delta == m.radius, jnp.linalg.norm(a) > 0
        A = m.J.T @ m.J + lam * jnp.diag(D**2)
        return {
            **{"r": m.r, "J": m.J, "D": jnp.diag(D), "B": m.J.T @ m.J, "lambda": lam, "Delta": m.radius},
            **{"v": v, "h": -2 * A @ a, "a": a, "p": v + a, "u": u, "r_new": r_new, "Delta_new": Delta},
            "ratio": jnp.where(measured, (m.r @ m.r - r_new @ r_new) / promised, 1),
            "c": Delta / length,
            **{"measured": measured, "bends": bends, "straight": ~bends},
            **{"grown": grown, "kept": ~grown & same, "shrunk": ~grown & ~same},
        }


def _tangent(s: State, box: Box | None) -> Tangent:
    m: _Memory = s.memory
    free = None if box is None else box.free(s.x, s.grad)
    return Tangent.at(m.t, s.x, s.grad, s.fun, free)


def _promise(t: Triangle, v: Any) -> tuple[Any, Any]:
    """The slope of ½‖r + J v‖² at 0, and by how much it falls."""
    u = t.R @ v
    slope = t.c @ u
    return slope, -slope - u @ u / 2


def _straight(s: State, D: Any, box: Box | None) -> tuple[Any, Any, Triangle, Any]:
    """v, λ, the triangle of JᵀJ + λ D², and which parameters took part, as 0 and 1.

    Within bounds, what runs into one is held there, and the rest finds its way anew.
    """
    m: _Memory = s.memory
    if box is None:
        v, damping, system = within(m.t, D, m.radius, m.damping)
        return v, damping, system, jnp.ones_like(s.x)

    def tried(held: Any, free: Any, rounds: Any) -> Any:
        t = triangle(m.t.R * free[None, :], m.t.c + m.t.R @ held)
        v, damping, system = within(t, D, m.radius, m.damping)
        x = s.x + held + v * free
        out = free * jnp.where(x == box.put(x), 0, 1).astype(free.dtype)
        inside = box.put(x) - s.x
        return (
            (jnp.where(out > 0, inside, held), free - out, rounds + 1),
            out.any(),
            (inside, damping, system, free),
        )

    first = tried(jnp.zeros_like(s.x), box.free(s.x, s.grad), jnp.int32(0))
    _, _, step = lax.while_loop(lambda c: c[1] & (c[0][2] < _ROUNDS), lambda c: tried(*c[0]), first)
    return step

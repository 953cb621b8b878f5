"""A step is tried and believed by what it promised: the loop of Levenberg, Marquardt and Nielsen."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jax import lax

from ladera.hyperparameters import Positive
from ladera.solvers._objective import Box, Counts
from ladera.solvers._solver import State, ended, vanishes
from ladera.solvers.curvature._curved import Curved
from ladera.solvers.result import Result

__all__ = ["Damped", "Seen", "Step"]

_GOOD = 1e-4  # of what was promised: less, and the step is rejected
_ROUNDINGS = 32  # a promise of so many roundings of f can be neither kept nor broken
_SHORT = 8  # steps one after another of which rounding hides the gain: it has settled


class Seen(NamedTuple):
    """What is known at a point: value, gradient (d,) and the method's own curvature."""

    fun: Any
    grad: Any
    own: Any


class Step(NamedTuple):
    """p, (d,), how much lower f will be by the quadratic model, and what it cost to know."""

    p: Any
    promised: Any
    counts: Counts = Counts()


class _Memory(NamedTuple):
    own: Any
    damping: Any  # λ
    growth: Any  # by which λ grows at the next rejection
    short: Any  # steps one after another of which rounding hides the gain
    looks: Any  # points at which the curvature was taken


class Damped(Curved):
    """p minimises a quadratic model of f plus ½λ‖p‖² in the method's own norm. Nielsen 1999: a step
    that keeps its promise divides λ by up to 3, a rejected one multiplies it by 2, 4, 8, ...

    A method writes these three. gtol: it has converged where no element of the gradient is larger than
    this share of the largest at the start. xtol: a step that changes no parameter by a larger share of
    it ends the search, too. damping: λ at the start, as a share of the curvature there.
    """

    paper: ClassVar[str] = "Nielsen 1999; Madsen, Nielsen & Tingleff 2004, Algorithm 3.16"

    gtol: Positive = 1e-10
    xtol: Positive = 1e-14
    damping: Positive = 1e-3

    def look(self, f: Any, x: Any, p: Any, number: Any) -> Seen:
        """The curvature at x, reached by the step p; `number` counts the looks."""
        raise NotImplementedError

    def first_damping(self, own: Any) -> Any:
        """λ at the start."""
        raise NotImplementedError

    def propose(self, f: Any, own: Any, x: Any, g: Any, damping: Any) -> Step:
        """The step from x, where the gradient is g."""
        raise NotImplementedError

    def init(self, f: Any, x: Any, box: Box | None = None) -> State:
        seen = self.look(f, x, jnp.zeros_like(x), jnp.int32(0))
        lam = jnp.asarray(self.first_damping(seen.own), x.dtype)
        finite = jnp.isfinite(seen.fun) & jnp.isfinite(seen.grad).all()
        first = jnp.abs(seen.grad).max()
        code = ended(
            jnp.bool_(True),
            (~finite, Result.NOT_FINITE),
            (vanishes(seen.grad, first, self.gtol), Result.CONVERGED),
        )
        memory = _Memory(seen.own, lam, jnp.full_like(lam, 2), jnp.int32(0), jnp.int32(1))
        counts = Counts.none().plus(nfev=1, njev=1, nhev=1)
        zero = jnp.zeros_like(seen.fun)
        return State(x, seen.fun, seen.grad, zero, jnp.bool_(True), code, counts, first, memory)

    def step(self, f: Any, s: State, box: Box | None = None) -> State:
        m: _Memory = s.memory
        p, promised, cost = self.propose(f, m.own, s.x, s.grad, m.damping)
        x = s.x + p
        fun = f.value(x)
        s = s._replace(counts=s.counts.plus(**cost._asdict()).plus(nfev=1))
        eps = jnp.finfo(fun.dtype).eps * jnp.abs(s.fun)
        # Where rounding hides the promise, a step is good unless f rises visibly: digits of x are won.
        hidden = promised <= _ROUNDINGS * eps
        ratio = jnp.where(hidden, 1, (s.fun - fun) / promised)
        kept = jnp.where(hidden, fun <= s.fun + _ROUNDINGS * eps, ratio > _GOOD)
        small = (jnp.abs(p) <= self.xtol * jnp.abs(s.x)).all()

        def taken() -> State:
            seen = self.look(f, x, p, m.looks)
            short = jnp.where(hidden, m.short + 1, 0)
            shrunk = m.damping * jnp.maximum(1 / 3, 1 - (2 * ratio - 1) ** 3)
            code = ended(
                jnp.bool_(True),
                (vanishes(seen.grad, s.first, self.gtol), Result.CONVERGED),
                (small | (short >= _SHORT), Result.SETTLED),
            )
            counts = s.counts.plus(nit=1, njev=1, nhev=1)
            memory = _Memory(seen.own, shrunk, jnp.full_like(shrunk, 2), short, m.looks + 1)
            yes, length = jnp.bool_(True), jnp.linalg.norm(p)
            return State(x, seen.fun, seen.grad, length, yes, code, counts, s.first, memory)

        def rejected() -> State:
            lam = m.damping * m.growth
            lost = jnp.where(hidden, jnp.int32(Result.SETTLED), jnp.int32(Result.NO_DESCENT))
            code = jnp.where(small | ~jnp.isfinite(lam), lost, s.code)
            memory = m._replace(damping=lam, growth=2 * m.growth)
            return s._replace(taken=jnp.bool_(False), memory=memory, code=code)

        return lax.cond(jnp.isfinite(fun) & kept, taken, rejected)

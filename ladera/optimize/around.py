"""A look around where a method says that it has converged: a vanishing gradient is no minimum yet."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from ladera.solvers._objective import Objective
from ladera.solvers._solver import State
from ladera.solvers.result import Result

__all__ = ["LARGEST", "settled"]

LARGEST = 64  # variables: beyond, a Hessian costs more than most methods do
_STEP = 1e-3  # how far to look, as a share of 1 + the largest coordinate
_SURELY = 1e-8  # of the largest curvature: a smaller one may be rounding, or none


def settled(f: Objective, s: State) -> State:
    """The state with the code SADDLE where it has converged and the function is lower close by.

    One Hessian tells a minimum by its curvatures. Only where one of them is not surely positive, the
    function is looked at a small step along each axis of curvature, both ways. A point there tells
    against a minimum if it is lower, and lower than the tangent says: on a valley's flat bottom, which
    the tolerance allows to end on, a convex function is never below its tangent.
    """
    if s.x.size > LARGEST:
        return s
    done = (s.code == Result.CONVERGED) | (s.code == Result.SETTLED)
    return lax.cond(done, lambda: _looked_around(f, s), lambda: s)


def _looked_around(f: Objective, s: State) -> State:
    h = f.hessian(s.x)
    h = jnp.where(jnp.isfinite(h).all(), h, jnp.zeros_like(h))
    curvature, axes = jnp.linalg.eigh(h)
    sure = curvature[0] > _SURELY * jnp.abs(curvature).max()
    s = s._replace(counts=s.counts.plus(nhev=1))

    def looked() -> State:
        far = _STEP * (1 + jnp.abs(s.x).max())
        steps = far * jnp.concatenate([axes.T, -axes.T])
        values = lax.map(lambda p: f.value(s.x + p), steps)
        rounding = 64 * jnp.finfo(s.x.dtype).eps * jnp.abs(s.fun)
        tangent = s.fun + jnp.minimum(steps @ s.grad, 0)
        lower = (values < tangent - rounding).any()
        counts = s.counts.plus(nfev=2 * s.x.size)
        return s._replace(counts=counts, code=jnp.where(lower, jnp.int32(Result.SADDLE), s.code))

    return lax.cond(sure, lambda: s, looked)

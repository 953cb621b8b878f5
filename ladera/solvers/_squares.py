"""How a search for the least squares ends: tests that no scale of data or parameters changes."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from ladera.solvers._linear import Triangle, columns, triangle
from ladera.solvers.result import Result

__all__ = ["Tangent"]

_ROUNDINGS = 4  # a number that is the sum of many is off by some
_FLAT = 64  # times √ε: cosines that are right angles as far as sums of squares can tell


class Tangent(NamedTuple):
    """Residuals r (m,) at x (n,) and the plane of what the parameters can do to them.

    t: the triangle of J. slope: Jᵀr, (n,). columns: the lengths of J's columns, (n,). size: ‖r‖.
    Of parameters that a bound holds back, R's columns, slope and columns are 0.
    """

    t: Triangle
    slope: Any
    columns: Any
    size: Any
    x: Any

    @classmethod
    def at(cls, t: Triangle, x: Any, slope: Any, fun: Any, free: Any = None) -> Tangent:
        """At x, where ½‖r‖² is `fun`. free (n,): 0 for parameters that a bound holds back, 1 for others."""
        if free is not None:
            t, slope = triangle(t.R * free[None, :], t.c), slope * free
        return cls(t, slope, columns(t), jnp.sqrt(2 * fun), x)

    @property
    def left(self) -> Any:
        """How much of ‖r‖ the plane still takes away."""
        return jnp.linalg.norm(self.t.c)

    @property
    def rounding(self) -> Any:
        """Of r: by how much it differs where x differs in its last digits."""
        made_of = self.size + jnp.linalg.norm(self.columns * self.x)
        return _ROUNDINGS * jnp.finfo(self.size.dtype).eps * made_of

    @property
    def hidden(self) -> Any:
        """The change of ½‖r‖² that rounding hides."""
        return self.size * self.rounding

    def converged(self, gtol: Any, first: Any) -> Any:
        """Whether r stands upright on the plane, its relative offset (Bates & Watts 1981) below gtol or
        all rounding; or has vanished beside the `first` ‖r‖, so that no angle is left to measure."""
        upright = self.left <= jnp.maximum(gtol * self.size, self.rounding)
        return upright | (self.size <= jnp.finfo(self.size.dtype).eps * first)

    def flat(self) -> Any:
        """Whether r stands upright on every single column, as far as ½‖r‖² can tell. That is what can
        be seen of a minimum where the columns become dependent, and no plane remains to stand on."""
        there = self.columns > 0
        against = jnp.where(there, self.slope / jnp.where(there, self.columns, 1), 0)
        cosine = _FLAT * jnp.sqrt(jnp.finfo(self.size.dtype).eps)
        nothing_to_gain = against @ against / 2 <= _ROUNDINGS * self.hidden
        return nothing_to_gain & (jnp.abs(against).max() <= cosine * self.size)

    def end(self, gtol: Any, first: Any, idle: Any) -> Any:
        """The code at a point that was arrived at; RUNNING where something is left to take away.
        idle (n,): which parameters change nothing there."""
        done = jnp.where(self._without(idle), jnp.int32(Result.SINGULAR), jnp.int32(Result.CONVERGED))
        return jnp.where(self.converged(gtol, first), done, jnp.int32(Result.RUNNING))

    def lost(self, idle: Any) -> Any:
        """The code where no lower point is found. idle (n,): which parameters do as good as nothing."""
        flat = jnp.where(self.flat(), jnp.int32(Result.SETTLED), jnp.int32(Result.NO_DESCENT))
        return jnp.where(self._without(idle), jnp.int32(Result.SINGULAR), flat)

    def _without(self, idle: Any) -> Any:
        """Whether a parameter is not determined; all are as good as others where r vanishes."""
        return idle.any() & (self.size > 0)

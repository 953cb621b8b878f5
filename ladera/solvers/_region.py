"""The least squares step that is no longer than a radius."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from ladera.solvers._linear import Triangle, damped, downwards, solved

__all__ = ["Step", "within"]

_CLOSE = 0.1  # of the radius: a step need not be as long to the last digit
_TRIES = 10  # values of λ; Newton's method takes two or three


class Step(NamedTuple):
    """v (n,) with (JᵀJ + λ D²) v = -Jᵀr; λ; and the triangle of JᵀJ + λ D²."""

    v: Any
    damping: Any
    system: Triangle


class _Search(NamedTuple):
    step: Step
    length: Any  # of D v
    following: Any  # the λ to try next
    low: Any  # the λ that is wanted lies between these
    high: Any
    tries: Any


def within(t: Triangle, D: Any, radius: Any, guess: Any) -> Step:
    """The v with the least ‖R v + c‖ among those with ‖D v‖ <= radius, a tenth of it too long or short.

    Gauss and Newton's step, λ = 0, where that lies within; else the λ > 0 with ‖D v‖ = radius, found by
    Newton's method on 1/‖D v‖, which is almost linear in λ (Hebden 1973; Moré 1978, section 5).
    D > 0 (n,). guess: where λ may be; 0 without a guess.
    """

    def looked(damping: Any, system: Triangle, low: Any, high: Any, tries: Any) -> _Search:
        v = solved(system)
        length = jnp.linalg.norm(D * v)
        w = downwards(system.R, D**2 * v)  # d‖D v‖/dλ = -‖w‖²/‖D v‖
        newton = damping + (length / radius - 1) * length**2 / (w @ w)
        # Newton's method comes from the left and stays there; where columns depend on each other, its
        # slope at λ = 0 is not to be had.
        known = (jnp.diagonal(system.R) != 0).all() & jnp.isfinite(newton)
        long = length > radius
        low = jnp.where(long, jnp.where(known, jnp.maximum(newton, damping), damping), low)
        high = jnp.where(long, high, damping)
        between = jnp.maximum(jnp.sqrt(low * high), 1e-3 * high)
        following = jnp.where(known & (newton >= low) & (newton < high), newton, between)
        return _Search(Step(v, damping, system), length, following, low, high, tries)

    def searching(s: _Search) -> Any:
        inside = (s.step.damping == 0) & (s.length <= radius)
        return (jnp.abs(s.length - radius) > _CLOSE * radius) & ~inside & (s.tries < _TRIES)

    def further(s: _Search) -> _Search:
        system = damped(t, jnp.sqrt(s.following) * D)
        return looked(s.following, system, s.low, s.high, s.tries + 1)

    most = jnp.linalg.norm((t.c @ t.R) / D) / radius  # as ‖D v‖ <= ‖D⁻¹Jᵀr‖/λ
    first = looked(jnp.zeros_like(radius), t, jnp.zeros_like(radius), most, jnp.int32(0))
    guessed = jnp.clip(guess, first.low, most)
    first = first._replace(following=jnp.where(guess > 0, guessed, first.following))
    return lax.while_loop(searching, further, first).step

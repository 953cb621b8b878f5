"""What the rounding of f hides: differences of values, and progress."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

__all__ = ["IDLE", "Record", "change"]

IDLE = 20  # steps without a lower value or a smaller gradient than ever before are all rounding
_HIDDEN = 2 / 3  # ε to this power: the share of f below which its rounding may hide a change


def change(before: Any, after: Any, told: Any) -> Any:
    """after - before, of two values of f; or what the slopes at both have `told` of it, where that is so
    little, by the values and by the slopes, that rounding may hide it.

    Armijo's test of a change that is told is Hager & Zhang's approximate one (2005, (4.3)).
    """
    seen = after - before
    little = jnp.finfo(seen.dtype).eps ** _HIDDEN * jnp.abs(before)
    hidden = (jnp.abs(seen) <= little) & (jnp.abs(told) <= little)
    return jnp.where(hidden, told, seen)


class Record(NamedTuple):
    """The lowest value and the smallest gradient so far, and for how many steps neither has fallen."""

    value: Any
    slope: Any
    idle: Any

    def after(self, value: Any, slope: Any) -> Record:
        """The record after a step to a value and a gradient, by its largest element."""
        better = (value < self.value) | (slope < self.slope)
        low, small = jnp.minimum(self.value, value), jnp.minimum(self.slope, slope)
        return Record(low, small, jnp.where(better, 0, self.idle + 1))

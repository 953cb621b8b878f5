"""Random bits that cost next to nothing: a hash of a counter and a key.

JAX's own generators are made for samples of which much is asked; a dropout mask of 4,096 units drawn
by one of them takes a third of a small network's step. A unit's fate only has to be independent, for
all that can be seen, of its neighbours', of the step's before and of the other layers': one round of
an integer hash gives that for five operations a unit.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

__all__ = ["bits", "fold", "key"]


def key(seed: Any, step: Any) -> Any:
    """The key, uint32 [2], of a training's step; both are uint32 scalars."""
    return fold(jnp.stack([seed, step]), 0)


def fold(key: Any, number: int) -> Any:
    """Another key for each number."""
    salt = np.uint32((0x9E3779B9 * (number + 1)) % 2**32)
    first = _mixed(key[0] ^ salt, key[1])
    return jnp.stack([first, _mixed(key[1] + salt, first)])


def bits(key: Any, shape: tuple[int, ...]) -> Any:
    """Uniform uint32 of that shape."""
    count = jnp.arange(int(np.prod(shape)), dtype=jnp.uint32)
    return _mixed(count + key[0], key[1]).reshape(shape)


def _mixed(x: Any, salt: Any) -> Any:
    """Every bit of the result depends on every bit of both: multipliers and shifts of a 32-bit hash
    with the least bias that a search has found (Wellons 2018, hash prospector), salted in between."""
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x21F0AAAD) ^ salt
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x735A2D97)
    return x ^ (x >> np.uint32(15))

"""Winograd's F(2x2, 3x3): four outputs of a 3x3 convolution from 16 multiplications instead of 36.

Y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ x B)] A for every tile of 4x4 inputs and 2x2 outputs (Lavin and Gray 2016,
equation 8). Over channels and tiles the 16 products are 16 matrix products. The four outputs of a tile
are one window of a 2x2 pooling. Everything is linear, so each gradient is the adjoint of what is here.

Images are [height, width, n, channels]: slices along height and width are then long runs of memory.
The tiles of an image [h, w, n, c] are [down, across] with down = h // 2 - 1; a last odd row or column
is in no tile. Lists of 16 are ordered by row, then column of the tile.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

__all__ = ["image", "images", "kernels", "outputs", "products", "tiles"]

# Row i of Bᵀ is x[a] + sign * x[b].
_B = ((0, 2, -1), (1, 2, 1), (2, 1, -1), (1, 3, -1))
_G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])


def images(x: Any) -> list[list[Any]]:
    """x [h, w, n, ...] at the rows i and columns j of every tile: [i][j] is [down, across, n, ...]."""
    down, across = x.shape[0] // 2 - 1, x.shape[1] // 2 - 1
    return [[x[i : i + 2 * down - 1 : 2, j : j + 2 * across - 1 : 2] for j in range(4)] for i in range(4)]


def tiles(x: Any) -> list[Any]:
    """Bᵀ x B: 16 arrays [tiles, channels] of x [h, w, n, channels]."""
    at = images(x)
    return [
        ((at[a][c] + s * at[b][c]) + t * (at[a][d] + s * at[b][d])).reshape(-1, x.shape[-1])
        for a, b, s in _B
        for c, d, t in _B
    ]


def kernels(w: Any) -> Any:
    """G w Gᵀ: [16, channels, outputs] of w [9 * channels, outputs]."""
    # As one product, with an adjoint that is one: 60 small loops fewer for XLA to compile.
    each = jnp.asarray(np.kron(_G, _G), w.dtype) @ w.reshape(9, -1)
    return each.reshape(16, -1, w.shape[-1])


def outputs(m: Any) -> list[Any]:
    """Aᵀ m A: the outputs of a tile at (0, 0), (0, 1), (1, 0), (1, 1), each like one of the 16."""

    def gathered(v: Any) -> tuple[Any, Any]:
        return v[0] + v[1] + v[2], v[1] - v[2] - v[3]

    columns = [gathered([m[4 * i + j] for i in range(4)]) for j in range(4)]
    return [one for row in (0, 1) for one in gathered([c[row] for c in columns])]


def products(g: Any) -> list[Any]:
    """A g Aᵀ, the adjoint of `outputs`: the gradients of the 16 products from those of the four outputs."""

    def spread(a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
        return a, a + b, a - b, -b

    left, right = spread(g[0], g[2]), spread(g[1], g[3])
    return [one for a, b in zip(left, right, strict=True) for one in spread(a, b)]


def image(v: Any, shape: tuple[int, int, int, int]) -> Any:
    """The adjoint of `tiles`: the gradient of an image of that shape from those of the 16."""
    h, w, n, c = shape
    down, across = h // 2 - 1, w // 2 - 1
    grid = [one.reshape(down, across, n, c) for one in v]
    rows = [_unrolled(grid[4 * i : 4 * i + 4], 1) for i in range(4)]
    whole = _unrolled(rows, 0)
    return jnp.pad(whole, ((0, h % 2), (0, w % 2), (0, 0), (0, 0)))


def _unrolled(v: list[Any], axis: int) -> Any:
    """B v along one axis, each tile's four added to those of the next tile where the two overlap."""
    b = (v[0], v[1] - v[2] + v[3], v[1] + v[2] - v[0], -v[3])

    def overlapped(this: Any, before: Any) -> Any:
        return _padded(this, axis, 0, 1) + _padded(before, axis, 1, 0)

    pairs = jnp.stack([overlapped(b[0], b[2]), overlapped(b[1], b[3])], axis + 1)
    shape = pairs.shape
    return pairs.reshape(*shape[:axis], 2 * shape[axis], *shape[axis + 2 :])


def _padded(v: Any, axis: int, low: int, high: int) -> Any:
    sides = [(low, high, 0) if at == axis else (0, 0, 0) for at in range(v.ndim)]
    return lax.pad(v, jnp.zeros((), v.dtype), sides)

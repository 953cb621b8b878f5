"""A 3x3 convolution as the four outputs of every 2x2 window, or as their maximum, on a CPU.

A convolution layer is followed by a 2x2 pooling, so what it computes is kept by the place in the
window. Images are [height, width, n, channels].
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ladera.networks._apart import apart
from ladera.networks._winograd import image, images, kernels, outputs, products, tiles

__all__ = ["first", "windows"]

_FEW = 3  # channels: up to so many, nine multiplications per channel are quicker than the transforms


def first(four: Any) -> Any:
    """Where the maximum of four arrays is, 0 to 3; the first of them where several are."""
    top, places = _largest(four), jnp.arange(4, dtype=jnp.int32)
    last = jnp.where(four[2] == top, places[2], places[3])
    return jnp.where(four[0] == top, places[0], jnp.where(four[1] == top, places[1], last))


def _largest(four: Any) -> Any:
    return jnp.maximum(jnp.maximum(four[0], four[1]), jnp.maximum(four[2], four[3]))


def _shares(g: Any, at: Any) -> list[Any]:
    """The gradients of four arrays, from that of their maximum."""
    return [jnp.where(at == place, g, 0) for place in range(4)]


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def windows(x: Any, w: Any, pooled: bool) -> Any:
    """The convolution of x [h, w, n, c] with w [9 c, outputs], without padding.

    Four arrays [down, across, n, outputs] for (0, 0), (0, 1), (1, 0), (1, 1) of every window, or with
    `pooled` their maximum, with down = h // 2 - 1: what fills no window is left out.
    """
    return _forward(x, w, pooled)[0]


def _forward(x: Any, w: Any, pooled: bool) -> tuple[Any, Any]:
    shape = (x.shape[0] // 2 - 1, x.shape[1] // 2 - 1, x.shape[2], w.shape[1])
    if x.shape[-1] <= _FEW:
        saved, read, four = (), (x, w), _direct
    else:
        saved = apart(tiles, x)
        read, four = [v @ u for v, u in zip(saved, list(kernels(w)), strict=True)], lambda *m: outputs(m)
    if not pooled:
        return tuple(y.reshape(shape) for y in apart(four, *read)), (x, w, saved, None)
    if not saved:
        y, at = apart(lambda *a: (_largest(f := four(*a)), first(f)), *read)
        return y.reshape(shape), (x, w, saved, at.reshape(shape))
    # Apart from each other: XLA would otherwise write out the four for both, and read them again.
    y = apart(lambda *a: _largest(four(*a)), *read)
    at = apart(lambda *a: first(four(*a)), *read)
    return y.reshape(shape), (x, w, saved, at.reshape(shape))


def _backward(pooled: bool, kept: Any, g: Any) -> tuple[Any, Any]:
    x, w, saved, at = kept
    return (_direct_gradients if x.shape[-1] <= _FEW else _winograd_gradients)(
        x, w, saved, (lambda g, at: _shares(g, at)) if pooled else (lambda g, _: list(g)), (g, at)
    )


windows.defvjp(_forward, _backward)


def _winograd_gradients(x: Any, w: Any, saved: Any, shares: Any, g: Any) -> tuple[Any, Any]:
    m = apart(lambda *g: [one.reshape(-1, w.shape[1]) for one in products(shares(*g))], *g)
    u, adjoint = jax.vjp(kernels, w)
    # Transposed in memory first, the product with a transposed left side is a third faster.
    turned = [lax.optimization_barrier(v.T) for v in saved]
    (dw,) = adjoint(jnp.stack([v @ one for v, one in zip(turned, m, strict=True)]))
    v = [one @ k for one, k in zip(m, list(u.swapaxes(1, 2)), strict=True)]
    return apart(lambda *v: image(v, x.shape), *v), dw


def _direct(x: Any, w: Any) -> list[Any]:
    """The four outputs by the definition, as one run over the weights of each output."""
    taps = w.reshape(9, x.shape[-1], 1, 1, 1, -1)
    return [
        sum(
            part[..., c, None] * taps[k, c]
            for k, part in enumerate(_reached(x, place))
            for c in range(x.shape[-1])
        )
        for place in range(4)
    ]


def _reached(x: Any, place: int) -> list[Any]:
    """The nine inputs [down, across, n, c] that an output of every window sees."""
    at, (down, across) = images(x), divmod(place, 2)
    return [at[down + i][across + j] for i in range(3) for j in range(3)]


def _patches(x: Any, place: int) -> Any:
    """They as rows [9 c, positions]: written along the positions, in long runs."""
    rows = [part[..., c] for part in _reached(x, place) for c in range(x.shape[-1])]
    return jnp.stack([row.reshape(-1) for row in rows])


def _direct_gradients(x: Any, w: Any, _: Any, shares: Any, g: Any) -> tuple[Any, Any]:
    parts = [one.reshape(-1, w.shape[1]) for one in shares(*g)]
    found = [jax.vjp(partial(_patches, place=place), x) for place in range(4)]
    dw = sum(patches @ one for (patches, _), one in zip(found, parts, strict=True))
    # Of a first layer nobody asks for the gradient of x, and XLA leaves it out.
    dx = sum(adjoint(w @ one.T)[0] for (_, adjoint), one in zip(found, parts, strict=True))
    return dx, dw

"""Convolution and pooling of images [n, height, width, channels].

On a CPU as matrix products, with gradients written by hand: XLA's own convolution and pooling run
their gradients there on one example at a time. On other backends as the library's convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ladera.networks._apart import apart
from ladera.networks._windows import first, windows

__all__ = ["block", "convolve", "max_pool"]


def convolve(x: Any, w: Any, b: Any = None, size: int = 3) -> Any:
    """The convolution of x [n, h, w, c] with w [size * size * c, outputs], stride 1, no padding.

    The rows of w are ordered by row, column and channel of the window, as in Keras; like everywhere in
    the field the window is not turned round. b [outputs] is added. [n, h - size + 1, w - size + 1,
    outputs]. A 3x3 convolution on a CPU is Winograd's (ladera.networks._winograd): the same numbers
    but for rounding. Reverse mode only.
    """
    if not _by_products():
        filters = w.reshape(size, size, x.shape[-1], -1)
        y = lax.conv_general_dilated(x, filters, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    elif size == 3:
        y = _by_windows(x, w)
    else:
        y = _turned(_by_patches(_turned(x), w, size))
    return y if b is None else y + b.reshape(1, 1, 1, -1)


def max_pool(x: Any) -> Any:
    """The maximum of every 2x2 window of x [n, h, w, c], with stride 2: [n, h // 2, w // 2, c].

    An odd last row or column is left out, as in PyTorch and Keras. The gradient goes to the first
    maximum of a window by row and column, as in PyTorch.
    """
    return _once(lambda x: _chosen(_quarters(x)), x)


def block(x: Any, w: Any, b: Any, act: Callable[[Any], Any], monotone: bool, size: int = 3) -> Any:
    """max_pool(act(convolve(x, w, b))): [n, (h - size + 1) // 2, (w - size + 1) // 2, outputs].

    monotone: whether `act` is elementwise and nowhere decreasing, so that the largest of four is taken
    before bias and activation: a quarter of the work, and the four are never written to memory.
    """

    def activated(y: Any, b: Any) -> Any:
        return act(y + b.reshape(1, 1, 1, -1))

    if _by_products() and size != 3 and monotone:
        y = _by_patches(_turned(x), w, size)
        return _turned(apart(lambda y, b: act(_chosen(_quarters(y)) + b.reshape(-1, 1, 1, 1)), y, b))
    if not (_by_products() and size == 3):
        y = convolve(x, w, size=size)
        if monotone:
            return _once(lambda y, b: activated(_chosen(_quarters(y)), b), y, b)
        return _once(lambda y, b: _chosen(_quarters(activated(y, b))), y, b)
    y: Any = windows(_rows_first(x), w, monotone)
    if monotone:
        return _examples_first(apart(activated, y, b))
    return _examples_first(apart(lambda b, *y: _chosen([activated(one, b) for one in y]), b, *y))


def _once(f: Callable[..., Any], *args: Any) -> Any:
    """f(*args), on a CPU apart from what reads it."""
    return apart(f, *args) if _by_products() else f(*args)


def _by_products() -> bool:
    return jax.default_backend() == "cpu"


def _rows_first(x: Any) -> Any:
    return x.transpose(1, 2, 0, 3)


def _examples_first(x: Any) -> Any:
    return x.transpose(2, 0, 1, 3)


def _turned(x: Any) -> Any:
    """[n, h, w, c] as [c, h, w, n] or back."""
    return x.transpose(3, 1, 2, 0)


def _quarters(x: Any) -> list[Any]:
    """x [n, h, w, c] (or turned) at each place of its 2x2 windows: four arrays [n, h // 2, w // 2, c]."""
    n, h, w, c = x.shape
    windows = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c)
    return [windows[:, :, i, :, j] for i in (0, 1) for j in (0, 1)]


def _chosen(four: Any) -> Any:
    """The largest of four arrays, nan if one is; the gradient goes to the first of the largest."""
    chosen = lax.select_n(lax.stop_gradient(first(four)), *four)
    lost = jnp.isnan(four[0]) | jnp.isnan(four[1]) | jnp.isnan(four[2]) | jnp.isnan(four[3])
    return jnp.where(lost, jnp.nan, chosen)


def _by_windows(x: Any, w: Any) -> Any:
    n, height, width, _ = x.shape
    even = jnp.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)))
    four: Any = windows(_rows_first(even), w, False)
    y = [_examples_first(one) for one in four]
    rows = [jnp.stack(y[:2], 3), jnp.stack(y[2:], 3)]
    whole = jnp.stack(rows, 2).reshape(n, even.shape[1] - 2, even.shape[2] - 2, -1)
    return whole[:, : height - 2, : width - 2]


def _by_patches(x: Any, w: Any, size: int) -> Any:
    """The convolution of x [c, h, w, n], [outputs, h - size + 1, w - size + 1, n].

    Examples last, the rows of patches are copied in long runs.
    """
    c, height, width, n = x.shape
    h, k = height - size + 1, width - size + 1
    patches = jnp.stack([x[:, i : i + h, j : j + k] for i in range(size) for j in range(size)])
    return _outputs(w, patches.reshape(size * size * c, h * k * n)).reshape(-1, h, k, n)


@jax.custom_vjp
def _outputs(w: Any, patches: Any) -> Any:
    """[outputs, positions] of patches [size * size * c, positions]."""
    return w.T @ patches


def _outputs_backward(kept: tuple[Any, Any], g: Any) -> tuple[Any, Any]:
    w, patches = kept
    return patches @ lax.optimization_barrier(g.T), w @ g  # transposed in memory it is faster


_outputs.defvjp(lambda w, patches: (w.T @ patches, (w, patches)), _outputs_backward)

"""The matrix product x W with a gradient that the CPU multiplies at full rate."""

from __future__ import annotations

from typing import Any

import jax
from jax import lax

__all__ = ["product"]


@jax.custom_vjp
def product(x: Any, w: Any) -> Any:
    """x W for x [n, inputs], w [inputs, outputs].

    The gradient of w is xᵀ g. Left to itself XLA hands a product with a transposed left side to
    another routine, at half the rate of the forward product; transposed in memory first, it is as
    fast. Same numbers but for rounding; reverse mode only.
    """
    return x @ w


def _forward(x: Any, w: Any) -> tuple[Any, tuple[Any, Any]]:
    return x @ w, (x, w)


def _backward(saved: tuple[Any, Any], g: Any) -> tuple[Any, Any]:
    x, w = saved
    return g @ w.T, lax.optimization_barrier(x.T) @ g


product.defvjp(_forward, _backward)

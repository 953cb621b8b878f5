"""Each loss's Hessian in the raw outputs, as SᵀS.

Of `z` [n, k] and the targets `y`, S has the shape [n, k, k]. Where a loss has none, the table says so.
"""

from __future__ import annotations

from typing import Any

from ladera.networks.losses.values import target

__all__ = ["of_binary_cross_entropy", "of_cross_entropy", "of_huber", "of_mse"]


def of_cross_entropy(z: Any, y: Any, smoothing: float = 0.0) -> Any:
    """diag(√p) (I - 1 pᵀ), whose square is diag(p) - p pᵀ, whatever the targets."""
    import jax
    import jax.numpy as jnp

    p = jax.nn.softmax(z, axis=-1)
    from_mean = jnp.eye(z.shape[-1], dtype=z.dtype)[None] - p[:, None, :]
    return jnp.sqrt(p)[:, :, None] * from_mean


def of_binary_cross_entropy(z: Any, y: Any) -> Any:
    """√(p (1 - p)), as exp(-|z|/2)/(1 + exp(-|z|)), in which nothing cancels."""
    import jax.numpy as jnp

    far = jnp.abs(z)[:, :, None]
    return jnp.exp(-far / 2) / (1 + jnp.exp(-far))


def of_mse(z: Any, y: Any) -> Any:
    """√(2/k) I."""
    import jax.numpy as jnp

    n, k = z.shape
    root = jnp.eye(k, dtype=z.dtype) * (2 / k) ** 0.5
    return jnp.broadcast_to(root[None], (n, k, k))


def of_huber(z: Any, y: Any, delta: float = 1.0) -> Any:
    """√(1/k) I where |z - y| <= δ; 0 beyond, where the loss is straight."""
    import jax.numpy as jnp

    k = z.shape[-1]
    near = (jnp.abs(z - target(z, y)) <= delta).astype(z.dtype)
    return near[:, :, None] * jnp.eye(k, dtype=z.dtype)[None] * (1 / k) ** 0.5

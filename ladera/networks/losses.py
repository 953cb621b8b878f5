"""Losses: one number per example, from the network's raw outputs.

JAX is imported when a loss is computed, not when it is named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ladera.base import UsageError, unknown_name

__all__ = ["LOSSES", "correct", "curvature_root", "loss", "resolve"]


def cross_entropy(z: Any, y: Any) -> Any:
    """Softmax cross-entropy -log softmax(z)[y] from logits `z` [n, classes], labels `y` int [n].

    In nats, shape [n]. The largest logit is taken out first, so it is finite for finite logits.
    """
    import jax
    import jax.numpy as jnp

    z = z - jax.lax.stop_gradient(z.max(axis=-1, keepdims=True))
    chosen = jnp.take_along_axis(z, y[:, None], axis=-1)[:, 0]
    return jnp.log(jnp.exp(z).sum(axis=-1)) - chosen


def mse(z: Any, y: Any) -> Any:
    """Mean over the outputs of (z - y)², shape [n]; integer labels `y` stand for one-hot targets."""
    import jax
    import jax.numpy as jnp

    target = jax.nn.one_hot(y, z.shape[-1], dtype=z.dtype) if jnp.issubdtype(y.dtype, jnp.integer) else y
    return ((z - target) ** 2).mean(axis=-1)


LOSSES: dict[str, Callable[[Any, Any], Any]] = {"cross_entropy": cross_entropy, "mse": mse}
_DEFAULT = {"classification": "cross_entropy", "regression": "mse"}


def resolve(name: str, task: str) -> str:
    """The loss's name with "auto" replaced by the task's customary one.

    Raises UsageError for an unknown loss, and for cross-entropy on a regression.
    """
    if name == "auto":
        return _DEFAULT[task]
    if name not in LOSSES:
        raise unknown_name("loss", name, [*LOSSES, "auto"])
    if name == "cross_entropy" and task == "regression":
        raise UsageError(
            "The loss 'cross_entropy' needs classes as target, received numbers; take loss 'mse' or 'auto'."
        )
    return name


def loss(name: str) -> Callable[[Any, Any], Any]:
    """The function of a resolved name."""
    return LOSSES[name]


def curvature_root(name: str) -> Callable[[Any], Any]:
    """The function S of raw outputs `z` [n, k], shape [n, k, k], with SᵀS the Hessian in z of each
    example's loss. The losses' Hessians do not depend on the target."""
    return _ROOTS[name]


def _root_of_cross_entropy(z: Any) -> Any:
    """diag(√p) (I - 1 pᵀ), whose square is diag(p) - p pᵀ."""
    import jax
    import jax.numpy as jnp

    p = jax.nn.softmax(z, axis=-1)
    from_mean = jnp.eye(z.shape[-1], dtype=z.dtype)[None] - p[:, None, :]
    return jnp.sqrt(p)[:, :, None] * from_mean


def _root_of_mse(z: Any) -> Any:
    """√(2/k) I."""
    import jax.numpy as jnp

    n, k = z.shape
    root = jnp.eye(k, dtype=z.dtype) * (2 / k) ** 0.5
    return jnp.broadcast_to(root[None], (n, k, k))


_ROOTS = {"cross_entropy": _root_of_cross_entropy, "mse": _root_of_mse}


def correct(z: Any, y: Any) -> Any:
    """1 where the largest output is the label's, else 0; shape [n], dtype of `z`."""
    return (z.argmax(axis=-1) == y).astype(z.dtype)

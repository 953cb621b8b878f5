"""What each loss computes. JAX is imported when a loss is computed, not when it is named.

Everywhere: `z` [n, k] are a network's raw outputs, finite; the answer is one number per example, [n],
and what is minimised is their mean. `y` are labels, int [n], or numbers, [n, k]. Where a loss goes
over the outputs, it is their mean, as in PyTorch.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "binary_cross_entropy",
    "correct",
    "cross_entropy",
    "focal",
    "hinge",
    "huber",
    "mae",
    "mse",
    "target",
]


def cross_entropy(z: Any, y: Any, smoothing: float = 0.0) -> Any:
    """Softmax cross-entropy -Σ tⱼ log softmax(z)ⱼ from logits `z` [n, classes], labels `y` int [n].

    t is 1 - smoothing at the label and smoothing/classes everywhere besides (Szegedy et al. 2016,
    section 7). In nats, shape [n]. The largest logit is taken out first, so it is finite for finite
    logits.
    """
    import jax
    import jax.numpy as jnp

    z = z - jax.lax.stop_gradient(z.max(axis=-1, keepdims=True))
    chosen = jnp.take_along_axis(z, y[:, None], axis=-1)[:, 0]
    total = jnp.log(jnp.exp(z).sum(axis=-1))
    if smoothing == 0:
        return total - chosen
    return total - (1 - smoothing) * chosen - smoothing * z.mean(axis=-1)


def binary_cross_entropy(z: Any, y: Any) -> Any:
    """-log sigmoid(z) of class 1 and -log sigmoid(-z) of class 0, from one logit `z` [n, 1], labels
    `y` int [n], 0 or 1.

    In nats, shape [n]. As log(1 + exp(±z)), the exponential's argument being at most 0.
    """
    import jax
    import jax.numpy as jnp

    wrong = jnp.where(y == 1, -z[:, 0], z[:, 0])
    return jax.nn.softplus(wrong)


def focal(z: Any, y: Any, gamma: float = 2.0) -> Any:
    """(1 - p)^γ (-log p), p = softmax(z)[y]: cross-entropy, with examples that are right already
    weighing less (Lin et al. 2017, equation 4, without class weights).

    From logits `z` [n, classes], labels `y` int [n]; in nats, shape [n]. 1 - p is formed as
    -expm1(log p), which keeps its digits where p is near 1.
    """
    import jax.numpy as jnp

    surprise = cross_entropy(z, y)
    wrong = -jnp.expm1(-surprise)
    some = wrong > 0  # 0 raised to less than 2 has no second derivative, and the loss has one: 0
    return jnp.where(some, jnp.where(some, wrong, 1) ** gamma, 0) * surprise


def hinge(z: Any, y: Any) -> Any:
    """Σ over the other classes j of max(0, 1 - z_y + zⱼ), over the number of classes: PyTorch's
    multi_margin_loss, after Weston and Watkins 1999 (Crammer and Singer 2001 take the largest alone).

    From scores `z` [n, classes], labels `y` int [n]; shape [n]. At a corner the slope is 0.
    """
    import jax
    import jax.numpy as jnp

    chosen = jnp.take_along_axis(z, y[:, None], axis=-1)
    others = 1 - jax.nn.one_hot(y, z.shape[-1], dtype=z.dtype)
    return (others * jax.nn.relu(1 - chosen + z)).mean(axis=-1)


def mse(z: Any, y: Any) -> Any:
    """Mean over the outputs of (z - y)², shape [n]; integer labels `y` stand for one-hot targets."""
    return ((z - target(z, y)) ** 2).mean(axis=-1)


def mae(z: Any, y: Any) -> Any:
    """Mean over the outputs of |z - y|, shape [n]; integer labels `y` stand for one-hot targets. Where
    z = y the slope is 0."""
    import jax
    import jax.numpy as jnp

    d = z - target(z, y)
    return (d * jax.lax.stop_gradient(jnp.sign(d))).mean(axis=-1)  # the slope of jnp.abs at 0 is 1


def huber(z: Any, y: Any, delta: float = 1.0) -> Any:
    """Mean over the outputs of d²/2 where |d| <= δ, else δ (|d| - δ/2), with d = z - y (Huber 1964);
    shape [n]; integer labels `y` stand for one-hot targets. Nothing beyond δ is squared."""
    import jax.numpy as jnp

    far = jnp.abs(z - target(z, y))
    near = jnp.minimum(far, delta)
    return (near * (far - near / 2)).mean(axis=-1)  # its slope, too, without a difference that cancels


def target(z: Any, y: Any) -> Any:
    """The numbers [n, k] that `z` is held to: `y` itself, or its labels one-hot."""
    import jax
    import jax.numpy as jnp

    return jax.nn.one_hot(y, z.shape[-1], dtype=z.dtype) if jnp.issubdtype(y.dtype, jnp.integer) else y


def correct(z: Any, y: Any) -> Any:
    """1 where the largest output is the label's, or where one output alone has its sign; else 0. Shape
    [n], dtype of `z`."""
    chosen = (z[:, 0] > 0).astype(y.dtype) if z.shape[-1] == 1 else z.argmax(axis=-1)
    return (chosen == y).astype(z.dtype)

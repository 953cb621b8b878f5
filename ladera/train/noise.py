"""How much the gradients of single examples differ, at the weights of one training.

    noise scale   tr Σ / ‖G‖²: the batch from which on more examples in it hardly make a step better
    norm test     the error of a batch's mean gradient over its norm; above 1 noise decides where it goes

McCandlish et al. 2018, An empirical model of large-batch training, equations 2.8 and A.1 (batches of one
example and of all that are looked at); Byrd et al. 2012, Sample size selection in optimization methods for
machine learning, equation 3.4.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree

from ladera.networks import penalties
from ladera.train.compiled import examples
from ladera.train.evaluation import Evaluation, Row
from ladera.train.work import Task

__all__ = ["Spread", "noise_scale", "norm_test", "spread"]

_NUMBERS = 2**22  # of the gradients that are held at a time: 16 MB
_MOST = 32  # examples at a time


class Spread(NamedTuple):
    """Of gradients gᵢ of n examples with the mean g: ‖g‖² and Σ‖gᵢ - g‖²."""

    examples: int
    mean: float
    deviations: float


def noise_scale(found: Spread, population: int) -> float:
    """In examples; from a sample without replacement of a training set of so many. inf where the sample's
    mean gradient is not longer than chance makes it."""
    n = found.examples
    if n < 2:
        return float("nan")
    variance = found.deviations / (n - 1)
    chance = variance / n * (1 - n / population)  # of the mean: none where all are in it
    if not np.isfinite(variance):
        return float("nan")
    return variance / (found.mean - chance) if found.mean > chance else float("inf")


def norm_test(found: Spread) -> float:
    """Of a batch: √(Σ‖gᵢ - g‖² / (n (n - 1)) / ‖g‖²)."""
    n = found.examples
    if n < 2:
        return float("nan")
    error = found.deviations / (n * (n - 1))
    return (error / found.mean) ** 0.5 if found.mean else float("inf")


def spread(task: Task, params: Any, seed: int, step: int, rows: np.ndarray) -> Spread:
    """Of the gradients of these rows of the training set, as a training at step `step` takes them: each
    with a dropout of its own."""
    data, _ = examples(task)
    d = sum(leaf.size for leaf in jax.tree.leaves(params))
    at_once = max(1, min(_MOST, _NUMBERS // d, len(rows)))
    size = -(-len(rows) // at_once) * at_once
    known = np.arange(size) < len(rows)
    order = np.resize(rows, size).reshape(-1, at_once)
    keys = np.uint32(step) + np.arange(size, dtype=np.uint32).reshape(-1, at_once)
    row = Row(
        numbers=None,
        penalty=jnp.asarray(task.penalty.numbers, jnp.float32),
        dropout=jnp.float32(task.dropout),
        seed=jnp.uint32(seed),
    )
    weights = jnp.asarray(known.reshape(-1, at_once), jnp.float32)
    params = jax.tree.map(jnp.asarray, params)
    mean, deviations = _compiled(task)(
        params, row, data.x, data.y, jnp.asarray(order), jnp.asarray(keys), weights
    )
    return Spread(len(rows), float(mean), float(deviations))


@lru_cache(maxsize=2)
def _compiled(task: Task) -> Any:
    return jax.jit(partial(_spread, Evaluation.of(task, 1)))


def _spread(
    program: Evaluation, params: Any, row: Row, x: Any, y: Any, order: Any, keys: Any, weights: Any
) -> tuple[Any, Any]:
    """‖g‖² and Σ‖gᵢ - g‖² over the examples `order` [chunks, size] at weight 1, by Chan, Golub & LeVeque
    1979, so that gradients which are nearly alike cancel nothing."""

    def gradient(x: Any, y: Any, key: Any) -> Any:
        slope, _ = jax.grad(program.objective, has_aux=True)(params, program.bare, row, key, x[None], y[None])
        if program.penalised:
            slope = penalties.add_slope(slope, params, row.penalty[0], row.penalty[1])
        return ravel_pytree(slope)[0]

    def add(sums: tuple[Any, Any, Any], chunk: tuple[Any, Any, Any]) -> tuple[tuple[Any, Any, Any], None]:
        n, mean, deviations = sums
        rows, key, weight = chunk
        g = jax.vmap(gradient)(x[rows], y[rows], key)
        more = weight.sum()
        own = weight @ g / more
        within = weight @ ((g - own.reshape(1, -1)) ** 2).sum(axis=1)
        apart = own - mean
        whole = n + more
        between = n * more / whole * (apart @ apart)
        return (whole, mean + more / whole * apart, deviations + within + between), None

    d = sum(leaf.size for leaf in jax.tree.leaves(params))
    none = (jnp.float32(0), jnp.zeros(d, jnp.float32), jnp.float32(0))
    (_, mean, deviations), _ = lax.scan(add, none, (order, keys, weights))
    return mean @ mean, deviations

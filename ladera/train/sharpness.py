"""Sharpness: the largest eigenvalue of the Hessian of a training loss, from products with vectors alone.

Lanczos 1950 with full reorthogonalisation: a power iteration that forgets nothing. It needs fewer
products than plain power iteration, and finds the largest eigenvalue also where a negative one is larger
in size, which power iteration would return. Of networks: LeCun, Simard & Pearlmutter 1993; Ghorbani,
Krishnan & Xiao 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ladera.train.compiled import examples
from ladera.train.evaluation import Chunks, Evaluation
from ladera.train.full_batch import FullBatch
from ladera.train.work import Task, initial

__all__ = ["EXAMPLES", "Hessian", "Sharpness", "hessian", "largest", "sample", "sharp_enough"]

EXAMPLES = 1024  # of the training set, evenly spaced: a product costs as much whatever the set
_PRODUCTS = 40
_TOLERANCE = 1e-3  # relative
# Of a difference of gradients, against the size of the weights. In float32, on relu networks, a tenth of it
# loses 6 % to rounding and ten times as much 3 % to curvature and corners; this one 0.2 %.
_SPACING = 1e-3


class Sharpness(NamedTuple):
    """value: the largest eigenvalue. vector: of length 1, its eigenvector, to start from next time.
    converged: whether the residual fell below the tolerance. products: Hessian-vector products spent."""

    value: float
    vector: np.ndarray
    converged: bool
    products: int


def largest(
    product: Callable[[Any], Any],
    start: np.ndarray,
    products: int = _PRODUCTS,
    tolerance: float = _TOLERANCE,
) -> Sharpness:
    """The largest eigenvalue of a symmetric matrix that is known by its product with a vector, (d,) -> (d,).

    start: any vector (d,) but 0; a good one saves products. products: at most so many. tolerance: of the
    residual ‖Av − λv‖, against |λ|.
    """
    d = len(start)
    basis = np.zeros((min(products, d), d))
    diagonal: list[float] = []
    beside: list[float] = []
    v = np.asarray(start, float) / np.linalg.norm(start)
    value, weights, residual = 0.0, np.ones(1), np.inf
    for k in range(len(basis)):
        basis[k] = v
        w = np.asarray(product(v), float)
        diagonal.append(float(v @ w))
        for _ in range(2):  # once loses orthogonality to rounding, and ghosts of eigenvalues appear
            w = w - basis[: k + 1].T @ (basis[: k + 1] @ w)
        length = float(np.linalg.norm(w))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        value, weights = float(values[-1]), vectors[:, -1]
        residual = length * abs(weights[-1])
        if not np.isfinite(length) or residual <= tolerance * abs(value):
            break
        beside.append(length)
        v = w / length
    found = weights @ basis[: len(weights)]
    return Sharpness(value, found, bool(residual <= tolerance * abs(value)), len(diagonal))


def sharp_enough(task: Task) -> bool:
    """Whether the task's loss is a function of the weights alone, so that it has a Hessian: without
    dropout, and without a norm that is moved by the batches."""
    return not task.dropout and not jax.tree.leaves(task.network.state(task.shape, task.outputs))


def sample(task: Task, most: int = EXAMPLES) -> np.ndarray:
    """Rows of the training set, evenly spaced and at most so many."""
    return np.unique(np.linspace(0, task.train_size - 1, min(most, task.train_size)).astype(int))


class Hessian:
    """Products with vectors of the Hessian of a task's training loss, its l2 penalty included, on `rows` of
    the training set, in float32.

    Where a layer's gradient cannot be differentiated again (convolutions, recurrences) a product is a
    central difference of gradients.
    """

    def __init__(self, task: Task, rows: np.ndarray):
        data, _ = examples(task)
        chunks = Chunks.of(np.asarray(data.x)[rows], np.asarray(data.y)[rows], task.network.at_once)
        params, _ = initial(task, 0)
        _, self._unravel = ravel_pytree(jax.tree.map(jnp.asarray, params))
        self._twice = task.network.twice
        self._given = jax.tree.map(jnp.asarray, (chunks, np.asarray(task.penalty.numbers[:2], np.float32)))
        self._program = Evaluation.of(task, 1)
        self._exact = jax.jit(lambda x, v, *given: self._loss(*given).hvp(x, v))
        self._gradient = jax.jit(lambda x, *given: self._loss(*given).value_and_grad(x)[1])

    def at(self, params: Any) -> Callable[[Any], Any]:
        """The product with a vector (d,), at these parameters; vectors are in the order of
        `jax.flatten_util.ravel_pytree`."""
        x, _ = ravel_pytree(jax.tree.map(jnp.asarray, params))
        if self._twice:
            return lambda v: self._exact(x, jnp.asarray(v, x.dtype), *self._given)
        size = _SPACING * float(jnp.linalg.norm(x))

        def difference(v: Any) -> Any:
            v = jnp.asarray(v, x.dtype)
            h = size / float(jnp.linalg.norm(v))
            ahead, behind = (self._gradient(x + step * v, *self._given) for step in (h, -h))
            return (ahead - behind) / (2 * h)

        return difference

    def _loss(self, chunks: Chunks, penalty: Any) -> FullBatch:
        return FullBatch(self._program, chunks, penalty, self._unravel)


@lru_cache(maxsize=2)
def hessian(task: Task, most: int = EXAMPLES) -> Hessian:
    """Of the task's training loss on at most so many examples, always the same ones."""
    return Hessian(task, sample(task, most))

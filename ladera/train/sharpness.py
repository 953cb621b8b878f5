"""Sharpness: the largest eigenvalue of the Hessian of a training loss, from products with vectors alone.

Lanczos 1950 with full reorthogonalisation: a power iteration that forgets nothing. It needs fewer
products than plain power iteration, and finds the largest eigenvalue also where a negative one is larger
in size, which power iteration would return. Of networks: LeCun, Simard & Pearlmutter 1993; Ghorbani,
Krishnan & Xiao 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ladera.train.compiled import examples
from ladera.train.evaluation import Chunks, Evaluation
from ladera.train.full_batch import FullBatch
from ladera.train.work import Cohort, Task, initial

__all__ = ["EXAMPLES", "Sharpness", "before_and_after", "hessian", "largest", "sharp_enough"]

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


def hessian(task: Task, params: Any, most: int = EXAMPLES) -> tuple[Callable[[Any], Any], Any]:
    """The Hessian's product with a vector at `params`, and `params` as a vector (d,).

    Of the training loss with its l2 penalty, on `most` training examples at most, always the same ones, in
    the precision of `params`. Where a layer's gradient cannot be differentiated again (convolutions,
    recurrences) the product is a central difference of gradients.
    """
    x, unravel = ravel_pytree(jax.tree.map(jnp.asarray, params))
    data, _ = examples(task)
    rows = np.unique(np.linspace(0, task.train_size - 1, min(most, task.train_size)).astype(int))
    chunks = Chunks.of(np.asarray(data.x)[rows], np.asarray(data.y)[rows], task.network.at_once)
    chunks = jax.tree.map(jnp.asarray, chunks)
    program = Evaluation(
        network=task.network,
        shape=task.shape,
        outputs=task.outputs,
        loss=task.loss,
        classifies=task.classifies,
        penalised=task.penalty.in_loss,
        held=False,
        drops=False,
        width=1,
    )
    penalty = jnp.asarray(task.penalty.numbers[:2], x.dtype)
    return _product(FullBatch(program, chunks, penalty, unravel), x, task.network.twice), x


def _product(f: FullBatch, x: Any, twice: bool) -> Callable[[Any], Any]:
    if twice:
        exact = jax.jit(f.hvp)
        return lambda v: exact(x, jnp.asarray(v, x.dtype))
    size = _SPACING * float(jnp.linalg.norm(x))
    gradient = jax.jit(lambda x: f.value_and_grad(x)[1])

    def difference(v: Any) -> Any:
        v = jnp.asarray(v, x.dtype)
        h = size / float(jnp.linalg.norm(v))
        return (gradient(x + h * v) - gradient(x - h * v)) / (2 * h)

    return difference


def before_and_after(cohort: Cohort) -> list[tuple[float, float]]:
    """The sharpness of each trial at its initial weights and at those it is trained to; nan where these are
    not finite. The cohort's lanes are filled once."""
    from ladera.train.cohort import trained

    after = trained(cohort).params
    found = []
    for lane, trial in enumerate(cohort.trials[: cohort.width]):
        begun, _ = initial(cohort.task, trial.seed)
        ended = jax.tree.map(lambda leaf, lane=lane: leaf[lane], after)
        found.append((_of(cohort.task, begun), _of(cohort.task, ended)))
    return found


def _of(task: Task, params: Any) -> float:
    product, x = hessian(task, params)
    if not bool(jnp.isfinite(x).all()):
        return float("nan")
    start = np.random.default_rng(0).standard_normal(x.size)
    return largest(product, start).value

"""What is dear to know of a training, looked at between its segments.

    sharpness     λ₁, the largest eigenvalue of the training loss's Hessian
    stability     λ₁ over what the rule stands with the learning rate and the accumulators it has: from 1 on
                  steps grow from side to side. Where accumulators divide the gradient, each coordinate by
                  its own, it is the largest eigenvalue of D^½ H D^½, D being 1/`stability.threshold`
    noise scale   `noise.noise_scale`, of up to `sharpness.EXAMPLES` examples of the training set
    norm test     `noise.norm_test`, of the batch that comes next

nan: not measured there, or not to be had. With dropout, or where batches move a norm's state, the loss has
no Hessian; with the latter an example has no gradient of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from ladera.rules import Rule
from ladera.rules._stability import accumulates, threshold
from ladera.train.evaluation import Row
from ladera.train.noise import noise_scale, norm_test, spread
from ladera.train.program import Carry, Program
from ladera.train.recipe import Recipe
from ladera.train.sharpness import hessian, largest, sample, sharp_enough
from ladera.train.work import Task, Trial, orders

__all__ = ["INSPECTED", "Inspection"]

INSPECTED = ("sharpness", "stability", "noise_scale", "norm_test")

_PRODUCTS = 30
_TOLERANCE = 1e-2  # relative: an instrument, no certificate
_FRESH = 0.1  # of a start that is not what was found before: that may be another eigenvector by now


class Inspection:
    """Of the trainings in one filling of the lanes; `found` has of each instrument [epochs + 1, lanes]."""

    def __init__(
        self, task: Task, program: Program, trials: Sequence[Trial], row: Row, factors: np.ndarray | None
    ):
        """trials: in their lanes; lanes behind them are not looked at. factors: of the whole training, by
        which `row.numbers` are multiplied, where it is scheduled."""
        self.task, self.program, self.trials, self.row, self.factors = task, program, trials, row, factors
        size = (task.epochs + 1, program.width)
        self.found = {name: np.full(size, np.nan, np.float32) for name in INSPECTED}
        self._vectors: dict[tuple[str, int], np.ndarray] = {}  # found before, to start from

    def look(self, epoch: int, carry: Carry) -> None:
        """After so many epochs: at the numbers that the last step had, or the first one will have."""
        goes_on, rule = self.program.goes_on(carry), self.trials[0].rule
        assert isinstance(rule, Rule)
        params, state = carry.weights.params, self.program.state(rule, carry)
        at = (0, 0) if epoch == 0 else (epoch - 1, -1)
        numbers = self.program.numbers(self.row, carry, None if self.factors is None else self.factors[at])
        recipe = Recipe.of(rule)
        for lane, trial in enumerate(self.trials):
            own = jax.tree.map(lambda leaf, lane=lane: np.asarray(leaf[lane]), (params, state, numbers))
            if goes_on[lane] and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(own[0])):
                now = recipe.build([float(number) for number in own[2]])
                self._note(epoch, lane, trial.seed, now, round(float(carry.t)), *own[:2])

    def _note(self, epoch: int, lane: int, seed: int, rule: Rule, t: int, params: Any, state: Any) -> None:
        noted: dict[str, float] = {}
        if sharp_enough(self.task):
            noted["sharpness"] = value = self._largest("sharpness", lane, params)
            limits = _limits(rule, t, state, params)
            if limits is not None and (limits == limits[0]).all():
                noted["stability"] = value / float(limits[0])
            elif limits is not None:
                noted["stability"] = self._largest("stability", lane, params, 1 / np.sqrt(limits))
        if not jax.tree.leaves(self.task.network.state(self.task.shape, self.task.outputs)):
            known = spread(self.task, params, seed, t, sample(self.task))
            noted["noise_scale"] = noise_scale(known, self.task.train_size)
            if not self.task.whole:
                [batch] = orders(self.task, seed, epoch, 1)[:, 0]
                noted["norm_test"] = norm_test(spread(self.task, params, seed, t, batch))
        for name, number in noted.items():
            self.found[name][epoch, lane] = number

    def _largest(self, name: str, lane: int, params: Any, scale: np.ndarray | None = None) -> float:
        """The largest eigenvalue of the Hessian, or of S H S, S being the diagonal matrix of `scale`."""
        product = hessian(self.task).at(params)
        d = sum(leaf.size for leaf in jax.tree.leaves(params))
        start = np.random.default_rng(0).standard_normal(d) / np.sqrt(d)
        if (before := self._vectors.get((name, lane))) is not None:
            start = before + _FRESH * start
        whole = product if scale is None else lambda v: scale * np.asarray(product(scale * v), float)
        found = largest(whole, start, _PRODUCTS, _TOLERANCE)
        self._vectors[name, lane] = found.vector
        return found.value


def _limits(rule: Rule, t: int, state: Any, params: Any) -> np.ndarray | None:
    """The curvature of each coordinate above which the rule is not stable, (d,). None: there is no such
    limit, or nothing has been accumulated yet."""
    leaves = jax.tree.leaves(params)
    if (t == 0 and accumulates(rule)) or len(state) != len(leaves):  # not a state for each array
        return None
    found = [threshold(rule, t + 1, own, leaf) for own, leaf in zip(state, leaves, strict=True)]
    known = [part.ravel() for part in found if part is not None]
    return np.concatenate(known) if len(known) == len(found) else None

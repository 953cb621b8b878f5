"""One compiled program: trainings of one network by a solver, each on the whole training set.

A pass is one evaluation of loss and gradient over the training set: as much work as an epoch of
mini-batches. A solver is given as many passes as a rule is given epochs, and what an epoch's record
shows was paid for by then: a step that costs more than is left is shown when its passes are earned, or
never. Lanes go one after another, so that a step's branches and loops are real ones.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree

from ladera.solvers._objective import Counts
from ladera.solvers._solver import Solver, State
from ladera.solvers.curvature._curved import Curved
from ladera.solvers.result import Result
from ladera.train.evaluation import Chunks, Ended, Evaluation, Measured, Metrics, Row, Weights
from ladera.train.full_batch import FullBatch
from ladera.train.recipe import Recipe
from ladera.train.work import Task

__all__ = ["Carry", "SolverData", "SolverProgram"]

_SEGMENT_EPOCHS = 10  # a solver's epoch may be long, and progress is heard of between segments
_JACOBIAN = 2**20  # numbers in the part of the Jacobian that is formed at a time: 8 MB


class SolverData(NamedTuple):
    """The examples, on the device."""

    training: Chunks
    validation: Chunks


class Carry(NamedTuple):
    """Everything that goes from one segment to the next; all with the lanes as first axis."""

    state: State
    before: Any  # [lanes, d] the point before the last step
    shown: Any  # [lanes, d] the point that is paid for
    measured: Any  # training loss and share correct, validation loss and share correct, there


@dataclasses.dataclass(frozen=True)
class SolverProgram(Evaluation):
    """The static half of a cohort of one solver's trainings, in float64: a method that converges needs
    the digits."""

    recipe: Recipe

    dtype: ClassVar[Any] = np.float64

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return (self.recipe,)

    @property
    def chunk(self) -> int:
        """Training examples that are evaluated at a time."""
        if not (issubclass(self.recipe.rule, Curved) and self.recipe.rule.forms_matrix):
            return self.network.at_once
        parameters = self.network.count(self.shape, self.outputs)
        return max(1, min(self.network.at_once, _JACOBIAN // (parameters * self.outputs)))

    def precision(self) -> contextlib.AbstractContextManager[None]:
        """Where it is traced, compiled and called."""
        return jax.enable_x64(True)

    def read(self, chunk: Chunks) -> Chunks:
        wide = np.int64 if np.issubdtype(chunk.y.dtype, np.integer) else self.dtype
        return Chunks(chunk.x.astype(self.dtype), chunk.y.astype(wide), chunk.weight.astype(self.dtype))

    def epochs_per_segment(self, task: Task) -> int:
        return max(k for k in range(1, min(_SEGMENT_EPOCHS, task.epochs) + 1) if task.epochs % k == 0)

    def agenda(
        self, task: Task, seeds: Sequence[int], epoch: int, factors: np.ndarray | None = None
    ) -> np.ndarray:
        """What `run` is told of a segment's epochs: how many passes each may have come to. A solver has
        nothing that a schedule could move."""
        return np.arange(epoch + 1, epoch + 1 + self.epochs_per_segment(task), dtype=np.int32)

    def weights(self, carry: Carry) -> Any:
        return carry.shown

    def evaluate(self, weights: Any, examples: Chunks) -> tuple[Any, Any]:
        """Mean loss [lanes] and share correct [lanes] of the examples; weights: vectors [lanes, d]."""
        return super().evaluate(Weights(jax.vmap(self._unravel)(weights), self.bare), examples)

    def rests(self, carry: Carry) -> bool:
        """Whether there is nothing left to train: never, as each lane is heard of to the end."""
        return False

    def ended(self, carry: Carry) -> Ended:
        code = np.asarray(carry.state.code)
        passes = self._passes(Counts(*map(np.asarray, carry.state.counts)))
        lost = (code == Result.NOT_FINITE).astype(np.float32)
        code = np.where(code == Result.RUNNING, Result.MAX_STEPS, code)
        return Ended(lost, passes, [Result(int(c)).name.lower() for c in code])

    # ---- all lanes ------------------------------------------------------------------------------

    def start(self, index: Any, row: Row, weights: Weights, data: SolverData) -> Carry:
        """The carry before the first step, from initial weights with the lanes as first axis."""

        def begun(lane: tuple[Row, Any]) -> Carry:
            row, params = lane
            x, _ = ravel_pytree(jax.tree.map(lambda leaf: leaf.astype(self.dtype), params))
            state = self._built(row).init(self._objective(row, data), x)
            return Carry(state, x, x, self._measured(data, x))

        return lax.map(begun, (row, weights.params))

    def run(
        self, index: Any, carry: Carry, row: Row, allowed: Any, data: SolverData
    ) -> tuple[Carry, Measured]:
        """Train a segment. allowed: passes that may have been spent by the end of each epoch, int32."""

        def trained(lane: tuple[Carry, Row]) -> tuple[Carry, Metrics]:
            carry, row = lane
            return lax.scan(partial(self._epoch, row, data), carry, allowed)

        carry, metrics = lax.map(trained, (carry, row))
        return carry, Measured(jax.tree.map(jnp.transpose, metrics))

    # ---- one lane -------------------------------------------------------------------------------

    def _epoch(self, row: Row, data: SolverData, carry: Carry, allowed: Any) -> tuple[Carry, Metrics]:
        f, solver = self._objective(row, data), self._built(row)

        def goes_on(carry: Carry) -> Any:
            return (carry.state.code == Result.RUNNING) & (self._passes(carry.state.counts) < allowed)

        def step(carry: Carry) -> Carry:
            return carry._replace(state=solver.step(f, carry.state), before=carry.state.x)

        first = carry.measured
        carry = lax.while_loop(goes_on, step, carry)
        paid = self._passes(carry.state.counts) <= allowed
        shown = jnp.where(paid, carry.state.x, carry.before)
        moved = (shown != carry.shown).any()
        measured = lax.cond(moved, lambda: self._measured(data, shown), lambda: carry.measured)
        carry = carry._replace(shown=shown, measured=measured)
        return carry, Metrics(*first[:2], *measured)

    def _measured(self, data: SolverData, x: Any) -> tuple[Any, ...]:
        found = [self.evaluate(x[None], examples) for examples in (data.training, data.validation)]
        return tuple(value[0] for pair in found for value in pair)

    def _passes(self, counts: Counts) -> Any:
        """Passes over the training set: one for a value, or for value and gradient; two for a product
        with the Hessian; for a curvature what the solver says."""
        more = self.recipe.rule.surcharge(self.outputs) if issubclass(self.recipe.rule, Curved) else 0
        return counts.nfev + 2 * counts.nhvp + more * counts.nhev

    def _objective(self, row: Row, data: SolverData) -> FullBatch:
        return FullBatch(self, data.training, row.penalty, self._unravel)

    def _built(self, row: Row) -> Solver:
        return self.recipe.build([row.numbers[k] for k in range(len(self.recipe.numbers))])

    @cached_property
    def _unravel(self) -> Any:
        params = self.network.init(np.random.default_rng(0), self.shape, self.outputs)
        with jax.enable_x64(True):
            _, unravel = ravel_pytree(jax.tree.map(lambda leaf: jnp.asarray(leaf, self.dtype), params))
        return unravel

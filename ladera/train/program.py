"""One compiled program: many trainings of one network in lanes, each lane a row of numbers.

A program is the static half: network, loss, batch, which rules, how many lanes. Everything that can
be a number at run time is an argument: learning rates and all other hyperparameters, penalties,
initial weights, the order of the examples, and which of the program's rules the lanes use. So one
compilation serves every learning rate, seed and rule of a study. A schedule is data, too: what the
numbers are multiplied by at each step, computed on the host. Without one there is no such argument.
What depends on the losses, an early stop and a rate that falls on a plateau, is in `epoch_end.py`.

A whole segment of epochs is one `lax.scan`. Lanes never meet: a lane's numbers depend on its own row
and on the width alone, and a lane that diverges is frozen where it was.
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

from ladera.networks import penalties
from ladera.rules import Blocks, Rule, blocks
from ladera.train import epoch_end, instruments
from ladera.train.evaluation import Data, Ended, Evaluation, Measured, Metrics, Row, Weights
from ladera.train.packing import Packing, pack
from ladera.train.recipe import Recipe
from ladera.train.work import Task, orders

__all__ = ["Agenda", "Carry", "Program"]


class Agenda(NamedTuple):
    """What a segment's steps are told, the epochs and the steps of each as first axes."""

    orders: Any  # int32 [epochs, steps, lanes, batch]: the examples; batch 0: all of them, as they stand
    factors: Any  # float32 [epochs, steps, numbers]: what the lanes' numbers are multiplied by; or None


class Carry(NamedTuple):
    """Everything that goes from one segment to the next."""

    t: Any  # steps done, float32 scalar shared by the lanes: a batched one would run every branch
    weights: Weights  # of the lanes
    slots: Any  # the rules' states, packed
    diverged: Any  # [lanes] float32: the step whose loss was not finite, 0 while there is none
    way: Any  # what the instruments remember
    kept: Any = None  # what epochs are judged by, where training may stop or its rate may fall


class _Done(NamedTuple):
    """How far an epoch is."""

    carry: Carry
    loss: Any  # [steps, lanes]
    right: Any  # [steps, lanes]
    g: Any  # of the last step


@dataclasses.dataclass(frozen=True)
class Program(Evaluation):
    """The static half of a cohort: `start`, `run` and `evaluate` are what gets compiled."""

    batch: int
    recipes: tuple[Recipe, ...]

    dtype: ClassVar[Any] = np.float32
    chunk: ClassVar[None] = None  # it takes the training set as it is, not in chunks

    def precision(self) -> contextlib.AbstractContextManager[None]:
        """Where it is traced, compiled and called."""
        return contextlib.nullcontext()

    def epochs_per_segment(self, task: Task) -> int:
        return task.epochs_per_segment

    def agenda(
        self, task: Task, seeds: Sequence[int], epoch: int, factors: np.ndarray | None = None
    ) -> Agenda:
        """What `run` is told of a segment's epochs. factors: of the whole training, where it is scheduled."""
        segment = task.epochs_per_segment
        if task.whole:  # its order changes nothing, and a copy for each lane would be large
            examples = np.zeros((segment, 1, len(seeds), 0), np.int32)
        else:
            by_seed = {seed: orders(task, seed, epoch, segment) for seed in seeds}
            examples = np.stack([by_seed[seed] for seed in seeds], axis=2)
        return Agenda(examples, None if factors is None else factors[epoch : epoch + segment])

    def weights(self, carry: Carry) -> Weights:
        return epoch_end.best_weights(carry.kept, carry.diverged, carry.weights)

    def rests(self, carry: Carry) -> bool:
        """Whether early stopping has left nothing to train."""
        if carry.kept is None or carry.kept.best is None:
            return False
        return not bool(epoch_end.moves(carry.kept, carry.diverged).any())

    def ended(self, carry: Carry) -> Ended:
        if carry.kept is None or carry.kept.best is None:
            return Ended(np.asarray(carry.diverged))
        best = carry.kept.best
        return Ended(
            np.asarray(carry.diverged), best=np.asarray(best.epoch), stopped=np.asarray(best.stopped)
        )

    # ---- what an inspection asks --------------------------------------------------------------------

    def numbers(self, row: Row, carry: Carry, factors: Any) -> Any:
        """The rules' numbers [lanes, numbers] as a step sees them whose schedule gives these factors."""
        scheduled = row.numbers if factors is None else row.numbers * factors.reshape(1, -1)
        return epoch_end.rated(row.watch, carry.kept, scheduled)

    def goes_on(self, carry: Carry) -> np.ndarray:
        """Which lanes neither diverged nor stopped, [lanes]."""
        return np.asarray(epoch_end.moves(carry.kept, carry.diverged))

    def state(self, rule: Rule, carry: Carry) -> Any:
        """The rule's state, its leaves with the lanes as first axis; of a rule that takes arrays one at a
        time a tuple of their states."""
        packing = self._packings[self.recipes.index(Recipe.of(rule))]
        (state,) = packing.states(carry.slots)
        return state

    # ---- the rules: one branch each, over states packed into the same slots ---------------------

    @cached_property
    def _packings(self) -> tuple[Packing, ...]:
        params = self.network.init(np.random.default_rng(0), self.shape, self.outputs)

        def states(recipe: Recipe) -> Any:
            def init(numbers: Any) -> list[Any]:
                arrays = Blocks(map(jnp.asarray, jax.tree.leaves(params)))
                return [blocks.init(recipe.build(numbers), arrays)]

            return jax.eval_shape(init, [jax.ShapeDtypeStruct((), jnp.float32)] * len(recipe.numbers))

        return pack([states(recipe) for recipe in self.recipes])

    def _init(self, recipe: Recipe, packing: Packing, numbers: Any, params: Any) -> Any:
        rule = recipe.build(list(numbers))
        state = blocks.init(rule, Blocks(jax.tree.leaves(params)))
        return packing.fill([state], packing.empty())

    def _read(self, recipe: Recipe, packing: Packing, numbers: Any, slots: Any, params: Any) -> Any:
        rule = recipe.build(list(numbers))
        leaves, shape = jax.tree.flatten(params)
        (state,) = packing.states(slots)
        return shape.unflatten(blocks.read(rule, state, Blocks(leaves)).parts)

    def _probe(self, recipe: Recipe, packing: Packing, numbers: Any, g: Any, slots: Any, params: Any) -> Any:
        rule = recipe.build(list(numbers))
        leaves, shape = jax.tree.flatten(params)
        (state,) = packing.states(slots)
        if recipe.evaluations == 1:  # beside a rule of two: its own point once more
            return shape.unflatten(blocks.read(rule, state, Blocks(leaves)).parts)
        gradient = Blocks(jax.tree.leaves(g))
        return shape.unflatten(blocks.probe(rule, gradient, state, Blocks(leaves)).parts)

    def _step(
        self,
        recipe: Recipe,
        packing: Packing,
        t: Any,
        numbers: Any,
        penalty: Any,
        alive: Any,
        g: Any,
        slots: Any,
        params: Any,
    ) -> tuple[Any, Any]:
        rule = recipe.build(list(numbers))
        if self._joins:
            g = penalties.add_slope(g, params, penalty[0], penalty[1])
        leaves, shape = jax.tree.flatten(params)
        (state,) = packing.states(slots)
        state, new = blocks.step(rule, t, Blocks(jax.tree.leaves(g)), state, Blocks(leaves))
        parts = list(new.parts)
        if self.held:
            lr = numbers[recipe.numbers.index("lr")]
            parts = penalties.after_step(leaves, parts, lr, *(penalty[k] for k in (2, 3, 4)))
        moved = [jnp.where(alive, after, x) for after, x in zip(parts, leaves, strict=True)]
        return packing.fill([state], slots), shape.unflatten(moved)

    def _branches(self, function: Any) -> list[Any]:
        """`function` for every rule, over all lanes."""
        return [
            partial(function, recipe, packing)
            for recipe, packing in zip(self.recipes, self._packings, strict=True)
        ]

    # ---- all lanes ------------------------------------------------------------------------------

    def start(self, index: Any, row: Row, weights: Weights, data: Data) -> Carry:
        """The carry before the first step, from initial weights with the lanes as first axis."""
        init = [jax.vmap(b) for b in self._branches(self._init)]
        slots = lax.switch(index, init, row.numbers, weights.params)
        kept = epoch_end.begin(row.watch, weights)
        way = instruments.begin(weights.params)
        return Carry(jnp.float32(0), weights, slots, jnp.zeros(self.width, jnp.float32), way, kept)

    def run(self, index: Any, carry: Carry, row: Row, agenda: Agenda, data: Data) -> tuple[Carry, Measured]:
        """Train a segment. index: which rule, int32 scalar."""
        epoch = partial(self._epoch, index, row, data)
        return lax.scan(epoch_end.unless_all_rest(epoch), carry, agenda)

    def _epoch(
        self, index: Any, row: Row, data: Data, carry: Carry, agenda: Agenda
    ) -> tuple[Carry, Measured]:
        """Its last two steps are taken apart from the others, by the same code, so that the instruments
        see what they change."""
        steps = agenda.orders.shape[0]
        cuts = jnp.array([0, max(steps - 2, 0), max(steps - 1, 0), steps], jnp.int32)

        def step(at: Any, done: _Done) -> _Done:
            told = jax.tree.map(lambda part: part[at], agenda)
            carry, loss, right, g = self._train_step(index, row, data, done.carry, told)
            return _Done(carry, done.loss.at[at].set(loss), done.right.at[at].set(right), g)

        def part(done: _Done, bounds: Any) -> tuple[_Done, Any]:
            done = lax.fori_loop(bounds[0], bounds[1], step, done)
            return done, done.carry.weights.params

        nothing = jnp.zeros((steps, self.width), jnp.float32)
        begun = _Done(carry, nothing, nothing, jax.tree.map(jnp.zeros_like, carry.weights.params))
        (carry, loss, right, g), ends = lax.scan(part, begun, jnp.stack([cuts[:-1], cuts[1:]], axis=1))
        train = (loss[0], right[0], loss.mean(axis=0), right.mean(axis=0))
        *validation, noted = self.look(carry.weights, data.validation)
        told = jax.tree.map(lambda part: part[-1], agenda)
        _, after = self._gradient(carry.weights.params, carry.weights.state, row, carry.t, data, told)
        if self._joins:
            before = jax.tree.map(lambda points: points[1], ends)
            g, after = self._sloped(g, before, row), self._sloped(after, carry.weights.params, row)
        way, shown = instruments.read(carry.way, ends, g, after, steps, noted)
        measured = Metrics(*train, *validation)
        kept = epoch_end.after_epoch(row.watch, carry.kept, measured.validation_loss, carry.weights)
        return carry._replace(kept=kept, way=way), Measured(measured, shown)

    def _gradient(
        self, point: Any, state: Any, row: Row, t: Any, data: Data, told: Agenda
    ) -> tuple[Any, Any]:
        """Of every lane's mini-batch: (loss, (correctness, next state)), and the gradient of what is
        minimised; the penalty's is left to the rule's step where it joins there."""
        whole = told.orders.size == 0  # the lanes share it
        x, y = (data.x, data.y) if whole else (data.x[told.orders], data.y[told.orders])
        over = (0, 0, 0, None, *((None, None) if whole else (0, 0)))
        gradient = jax.vmap(jax.value_and_grad(self.objective, has_aux=True), in_axes=over)
        found, g = gradient(point, state, row._replace(watch=None), t.astype(jnp.uint32), x, y)
        return found, self._sloped(g, point, row) if self.penalised and not self._joins else g

    @cached_property
    def _joins(self) -> bool:
        """Whether a penalty's slope joins the gradient in the rule's step, in the same pass over memory: it
        is then of x, where every gradient is taken."""
        elsewhere = any(recipe.looks_ahead or recipe.evaluations > 1 for recipe in self.recipes)
        return self.penalised and not elsewhere

    def _sloped(self, g: Any, point: Any, row: Row) -> Any:
        """The gradient of every lane, with the penalty's at `point`."""
        add = jax.vmap(lambda g, point, numbers: penalties.add_slope(g, point, numbers[0], numbers[1]))
        return add(g, point, row.penalty)

    def _train_step(
        self, index: Any, row: Row, data: Data, carry: Carry, told: Agenda
    ) -> tuple[Carry, Any, Any, Any]:
        """The next carry, the batch's loss and correctness [lanes], and the gradient."""
        row = row._replace(numbers=self.numbers(row, carry, told.factors))
        t = carry.t + 1
        params, state = carry.weights
        point = params
        if any(recipe.looks_ahead for recipe in self.recipes):
            read = [jax.vmap(b) for b in self._branches(self._read)]
            point = lax.switch(index, read, row.numbers, carry.slots, params)
        (loss, (right, seen)), g = self._gradient(point, state, row, t, data, told)
        if any(recipe.evaluations > 1 for recipe in self.recipes):
            probe = [jax.vmap(b) for b in self._branches(self._probe)]
            point = lax.switch(index, probe, row.numbers, g, carry.slots, params)
            _, g = self._gradient(point, state, row, t, data, told)

        fails = epoch_end.moves(carry.kept, carry.diverged) & ~jnp.isfinite(loss)
        diverged = jnp.where(fails, t, carry.diverged)
        alive = epoch_end.moves(carry.kept, diverged)
        update = [jax.vmap(b, in_axes=(None, 0, 0, 0, 0, 0, 0)) for b in self._branches(self._step)]
        now = (t, row.numbers, row.penalty, alive, g, carry.slots, params)
        slots, params = lax.switch(index, update, *now)
        state = jax.tree.map(partial(_where, alive), seen, state)
        moved = carry._replace(t=t, weights=Weights(params, state), slots=slots, diverged=diverged)
        return moved, loss, right, g


def _where(alive: Any, after: Any, before: Any) -> Any:
    """Lanes [lanes, ...] that moved, where they are alive."""
    return jnp.where(alive.reshape(-1, *[1] * (after.ndim - 1)), after, before)

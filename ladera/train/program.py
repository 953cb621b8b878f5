"""One compiled program: many trainings of one network in lanes, each lane a row of numbers.

A program is the static half: network, loss, batch, which rules, how many lanes. Everything that can
be a number at run time is an argument: learning rates and all other hyperparameters, penalties,
initial weights, the order of the examples, and which of the program's rules the lanes use. So one
compilation serves every learning rate, seed and rule of a study.

A whole segment of epochs is one `lax.scan`. Lanes never meet: a lane's numbers depend on its own row
and on the width alone, and a lane that diverges is frozen where it was.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ladera.networks import MLP, losses, penalties
from ladera.rules import Blocks, blocks
from ladera.train.packing import Packing, pack
from ladera.train.product import product
from ladera.train.recipe import Recipe

EVALUATION_CHUNK = 512  # examples

__all__ = ["Carry", "Chunks", "Data", "Metrics", "Program", "Row"]


class Chunks(NamedTuple):
    """Examples to evaluate on, in chunks that stay in the cache; the last is padded, at weight 0."""

    x: Any  # [chunks, size, features] float32
    y: Any  # [chunks, size] int32, or [chunks, size, outputs] float32
    weight: Any  # [chunks, size] float32: 1, or 0 for padding

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> Chunks:
        n = len(x)
        chunks = -(-n // EVALUATION_CHUNK)
        size = -(-n // (8 * chunks)) * 8  # a multiple of 8: splits of nearly one size share a program
        rows = np.minimum(np.arange(chunks * size), n - 1).reshape(chunks, size)
        weight = (np.arange(chunks * size) < n).astype(np.float32).reshape(chunks, size)
        return cls(x[rows], y[rows], weight)


class Data(NamedTuple):
    """The examples, on the device: shared by all lanes, never copied into the program."""

    x: Any  # [n, features] float32, for training
    y: Any  # [n] int32, or [n, outputs] float32
    validation: Chunks


class Row(NamedTuple):
    """What differs between lanes, each with the lanes as first axis."""

    numbers: Any  # [lanes, largest number of hyperparameters] float32
    penalty: Any  # [lanes, 2] float32: l1, l2


class Carry(NamedTuple):
    """Everything that goes from one segment to the next."""

    t: Any  # steps done, float32 scalar shared by the lanes: a batched one would run every branch
    params: Any  # tree of [lanes, ...]
    slots: Any  # the rules' states, packed
    diverged: Any  # [lanes] float32: the step whose loss was not finite, 0 while there is none


class Metrics(NamedTuple):
    """Per epoch and lane: [epochs, lanes]."""

    first_loss: Any  # of the epoch's first mini-batch, before its update
    first_correct: Any
    train_loss: Any  # mean over the epoch's mini-batches, each before its own update
    train_correct: Any  # likewise the share classified correctly (0 for a regression)
    validation_loss: Any  # after the epoch
    validation_correct: Any


@dataclasses.dataclass(frozen=True)
class Program:
    """The static half of a cohort: `start`, `run` and `evaluate` are what gets compiled."""

    network: MLP
    features: int
    outputs: int
    loss: str
    classifies: bool
    penalised: bool
    batch: int
    width: int
    recipes: tuple[Recipe, ...]

    # ---- one lane ------------------------------------------------------------------------------

    def measure(self, params: Any, x: Any, y: Any) -> tuple[Any, Any]:
        """Losses [n] and correctness [n] of the examples."""
        z = self.network.apply(params, x, product)
        per_example = losses.loss(self.loss)(z, y)
        right = losses.correct(z, y) if self.classifies else jnp.zeros_like(per_example)
        return per_example, right

    def objective(self, params: Any, penalty: Any, x: Any, y: Any) -> tuple[Any, tuple[Any, Any]]:
        """What is minimised on one mini-batch; beside it the plain loss and the correctness."""
        per_example, right = self.measure(params, x, y)
        plain = per_example.mean()
        total = plain
        if self.penalised:
            total = plain + penalties.value(params, penalty[0], penalty[1])
        return total, (plain, right.mean())

    # ---- the rules: one branch each, over states packed into the same slots ---------------------

    @cached_property
    def _packings(self) -> tuple[Packing, ...]:
        params = self.network.init(np.random.default_rng(0), self.features, self.outputs)

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
        alive: Any,
        g: Any,
        slots: Any,
        params: Any,
    ) -> tuple[Any, Any]:
        rule = recipe.build(list(numbers))
        leaves, shape = jax.tree.flatten(params)
        (state,) = packing.states(slots)
        state, new = blocks.step(rule, t, Blocks(jax.tree.leaves(g)), state, Blocks(leaves))
        moved = [jnp.where(alive, after, x) for after, x in zip(new.parts, leaves, strict=True)]
        return packing.fill([state], slots), shape.unflatten(moved)

    def _branches(self, function: Any) -> list[Any]:
        """`function` for every rule, over all lanes."""
        return [
            partial(function, recipe, packing)
            for recipe, packing in zip(self.recipes, self._packings, strict=True)
        ]

    # ---- all lanes ------------------------------------------------------------------------------

    def start(self, index: Any, row: Row, params: Any) -> Carry:
        """The carry before the first step, from initial weights with the lanes as first axis."""
        slots = lax.switch(index, [jax.vmap(b) for b in self._branches(self._init)], row.numbers, params)
        return Carry(jnp.float32(0), params, slots, jnp.zeros(self.width, jnp.float32))

    def run(self, index: Any, carry: Carry, row: Row, orders: Any, data: Data) -> tuple[Carry, Metrics]:
        """Train a segment.

        index: which rule, int32 scalar. orders: examples of every step, int32
        [epochs, steps, lanes, batch].
        """
        epoch = partial(self._epoch, index, row, data)
        return lax.scan(epoch, carry, orders)

    def _epoch(self, index: Any, row: Row, data: Data, carry: Carry, orders: Any) -> tuple[Carry, Metrics]:
        step = partial(self._train_step, index, row, data)
        carry, (loss, right) = lax.scan(step, carry, orders)
        train = (loss[0], right[0], loss.mean(axis=0), right.mean(axis=0))
        return carry, Metrics(*train, *self.evaluate(carry.params, data.validation))

    def _train_step(
        self, index: Any, row: Row, data: Data, carry: Carry, order: Any
    ) -> tuple[Carry, tuple[Any, Any]]:
        x, y = data.x[order], data.y[order]
        t = carry.t + 1
        point = carry.params
        if any(recipe.looks_ahead for recipe in self.recipes):
            read = [jax.vmap(b) for b in self._branches(self._read)]
            point = lax.switch(index, read, row.numbers, carry.slots, carry.params)
        gradient = jax.vmap(jax.value_and_grad(self.objective, has_aux=True))
        (total, (plain, right)), g = gradient(point, row.penalty, x, y)
        if any(recipe.evaluations > 1 for recipe in self.recipes):
            probe = [jax.vmap(b) for b in self._branches(self._probe)]
            point = lax.switch(index, probe, row.numbers, g, carry.slots, carry.params)
            _, g = gradient(point, row.penalty, x, y)

        fails = (carry.diverged == 0) & ~jnp.isfinite(total)
        diverged = jnp.where(fails, t, carry.diverged)
        update = [jax.vmap(b, in_axes=(None, 0, 0, 0, 0, 0)) for b in self._branches(self._step)]
        slots, params = lax.switch(index, update, t, row.numbers, diverged == 0, g, carry.slots, carry.params)
        return Carry(t, params, slots, diverged), (plain, right)

    def evaluate(self, params: Any, examples: Chunks) -> tuple[Any, Any]:
        """Mean loss [lanes] and share correct [lanes] of the examples."""

        def add(sums: tuple[Any, Any], chunk: Chunks) -> tuple[tuple[Any, Any], None]:
            loss, right = jax.vmap(self.measure, in_axes=(0, None, None))(params, chunk.x, chunk.y)
            weight = chunk.weight.reshape(1, -1)
            return (sums[0] + (loss * weight).sum(axis=1), sums[1] + (right * weight).sum(axis=1)), None

        zeros = jnp.zeros(self.width, jnp.float32)
        (loss, right), _ = lax.scan(add, (zeros, zeros), examples)
        n = examples.weight.sum()
        return loss / n, right / n

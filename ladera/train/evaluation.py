"""What every program does, whoever moves the weights: measure a network on examples, in lanes."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ladera.networks import Network, draws, losses
from ladera.networks.layers import ASKING, Pass, Seen
from ladera.train.instruments import Instruments, Noted, notes
from ladera.train.work import Task

__all__ = ["Chunks", "Data", "Ended", "Evaluation", "Measured", "Metrics", "Row", "Weights"]


class Chunks(NamedTuple):
    """Examples to evaluate on, in chunks that stay in the cache; the last is padded, at weight 0."""

    x: Any  # [chunks, size, *shape] float32
    y: Any  # [chunks, size] int32, or [chunks, size, outputs] float32
    weight: Any  # [chunks, size] float32: 1, or 0 for padding

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, most: int) -> Chunks:
        """`most` examples in each, at most."""
        n = len(x)
        chunks = -(-n // most)
        size = -(-n // (8 * chunks)) * 8  # a multiple of 8: splits of nearly one size share a program
        rows = np.minimum(np.arange(chunks * size), n - 1).reshape(chunks, size)
        weight = (np.arange(chunks * size) < n).astype(np.float32).reshape(chunks, size)
        return cls(x[rows], y[rows], weight)


class Data(NamedTuple):
    """The examples, on the device: shared by all lanes, never copied into the program."""

    x: Any  # [n, *shape] float32, for training
    y: Any  # [n] int32, or [n, outputs] float32
    validation: Chunks


class Row(NamedTuple):
    """What differs between lanes, each with the lanes as first axis."""

    numbers: Any  # [lanes, largest number of hyperparameters], of the program's precision
    penalty: Any  # [lanes, 5]: the numbers of a `Penalty`
    dropout: Any = None  # [lanes] float32: the share of units that is left out
    seed: Any = None  # [lanes] uint32: what is drawn while it trains is drawn from it
    watch: Any = None  # what the ends of epochs are judged by (`epoch_end.Watch`), where they are


class Weights(NamedTuple):
    """What a network is, with the lanes as first axis."""

    params: Any
    state: Any  # what training moves without a gradient


class Metrics(NamedTuple):
    """Per epoch and lane: [epochs, lanes]. A rule's training values are means over the epoch's
    mini-batches, each before its own update; a solver's are of the whole training set, after it."""

    first_loss: Any  # before the epoch: of its first mini-batch, or of the whole training set
    first_correct: Any
    train_loss: Any
    train_correct: Any  # the share classified correctly, or of a quantity the mean squared error
    validation_loss: Any  # after the epoch
    validation_correct: Any


class Measured(NamedTuple):
    """What a segment hands out."""

    metrics: Metrics
    instruments: Instruments | None = None  # where a rule trained


class Ended(NamedTuple):
    """How the lanes ended, each [lanes]."""

    diverged: np.ndarray  # the step whose loss was not finite, 0 for none
    passes: np.ndarray | None = None  # over the training set that were spent, where the epochs do not tell
    result: list[str] | None = None  # why a solver stopped
    best: np.ndarray | None = None  # the epoch whose weights are restored, where training may stop early
    stopped: np.ndarray | None = None  # the epoch after which it did, 0 where it went to the end


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A network, its loss, and how many lanes there are of it."""

    network: Network
    shape: tuple[int, ...]  # of an example
    outputs: int
    loss: str
    classifies: bool
    penalised: bool  # whether the loss that is minimised has a penalty
    held: bool  # whether weights are held back after each step
    drops: bool  # whether units are left out in training
    width: int

    @classmethod
    def of(cls, task: Task, width: int, **more: Any) -> Self:
        """Of the task; `more` is what a subclass needs beside."""
        return cls(
            network=task.network,
            shape=task.shape,
            outputs=task.outputs,
            loss=task.loss,
            classifies=task.classifies,
            penalised=task.penalty.in_loss,
            held=task.penalty.after_steps,
            drops=task.dropout > 0,
            width=width,
            **more,
        )

    @property
    def bare(self) -> Any:
        """The state of a network of which training moves nothing: a tree without leaves."""
        return self.network.state(self.shape, self.outputs)

    def read(self, chunk: Chunks) -> Chunks:
        """The chunk in the precision of the weights."""
        return chunk

    def measure(self, weights: Weights, x: Any, y: Any, how: Pass = ASKING) -> tuple[Any, Any, Any]:
        """Losses [n] and scores [n] of the examples: correctness, or of a quantity the squared error.
        The third is the network's next state."""
        z, state = self.network.apply(weights.params, weights.state, x, how)
        per_example = losses.loss(self.loss)(z, y)
        return per_example, losses.correct(z, y) if self.classifies else losses.mse(z, y), state

    def objective(
        self, params: Any, state: Any, row: Row, step: Any, x: Any, y: Any
    ) -> tuple[Any, tuple[Any, Any]]:
        """The loss of one mini-batch, of one lane, without the penalty; beside it the correctness and the
        network's next state. step: uint32."""
        dropout = row.dropout if self.drops else None
        target = y if self.network.forced else None
        how = Pass(train=True, key=draws.key(row.seed, step), dropout=dropout, target=target)
        per_example, right, state = self.measure(Weights(params, state), x, y, how)
        return per_example.mean(), (right.mean(), state)

    def evaluate(self, weights: Weights, examples: Chunks) -> tuple[Any, Any]:
        """Mean loss [lanes] and share correct [lanes] of the examples."""
        return self._over(weights, examples, looks=False)[:2]

    def look(self, weights: Weights, examples: Chunks) -> tuple[Any, Any, list[Noted]]:
        """The same, and what the layers showed."""
        loss, right, noted = self._over(weights, examples, looks=True)
        return loss, right, [Noted(one.largest.max(axis=0), one.saturated.mean(axis=0)) for one in noted]

    def _over(self, weights: Weights, examples: Chunks, looks: bool) -> tuple[Any, Any, list[Noted]]:
        """Mean loss and share correct, and of every chunk what the layers showed."""

        def measured(weights: Weights, x: Any, y: Any) -> tuple[Any, Any, list[Noted]]:
            seen: list[Seen] | None = [] if looks else None
            loss, right, _ = self.measure(weights, x, y, Pass(seen=seen))
            return loss, right, notes(seen or [])

        def add(sums: tuple[Any, Any], chunk: Chunks) -> tuple[tuple[Any, Any], list[Noted]]:
            chunk = self.read(chunk)
            loss, right, noted = jax.vmap(measured, in_axes=(0, None, None))(weights, chunk.x, chunk.y)
            weight = chunk.weight.reshape(1, -1)
            return (sums[0] + (loss * weight).sum(axis=1), sums[1] + (right * weight).sum(axis=1)), noted

        first = jax.tree.leaves(weights.params)[0]
        zeros = jnp.zeros(first.shape[0], first.dtype)
        (loss, right), noted = lax.scan(add, (zeros, zeros), examples)
        n = examples.weight.sum().astype(first.dtype)
        return loss / n, right / n, noted

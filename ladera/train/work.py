"""What goes to a worker and what comes back: plain values, without JAX."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.networks import Network
from ladera.networks.penalties import Penalty
from ladera.rules import Rule
from ladera.schedules import CONSTANT, NEVER, Schedules, Stop
from ladera.train.recipe import Recipe

if TYPE_CHECKING:
    from ladera.solvers import Solver

__all__ = [
    "REPLACEMENT",
    "SAMPLINGS",
    "SHUFFLED",
    "Cohort",
    "Records",
    "Task",
    "Trial",
    "factors",
    "initial",
    "orders",
]


SHUFFLED, REPLACEMENT = "shuffled", "replacement"
SAMPLINGS = (SHUFFLED, REPLACEMENT)


@dataclass(frozen=True)
class Task:
    """What all runs of a study share: the problem and the training."""

    examples: Path  # folder of .npy files: x_train, y_train, x_validation, ..., y_test
    network: Network
    shape: tuple[int, ...]  # of an example
    outputs: int
    loss: str
    classifies: bool
    penalty: Penalty
    dropout: float
    target_scale: float  # of the metric rmse, in the target's units
    train_size: int
    batch: int
    epochs: int
    sampling: str = SHUFFLED  # how the examples of a batch are drawn
    segments: int = 1  # into which a training is cut, at least, where it has as many epochs

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches only; every epoch is drawn anew, so no example is left out for good."""
        return self.train_size // self.batch

    @property
    def whole(self) -> bool:
        """Whether every batch is the whole training set."""
        return self.sampling == SHUFFLED and self.batch == self.train_size

    @property
    def epochs_per_segment(self) -> int:
        """The largest divisor of the epochs whose segment stays short: one program, often heard of."""
        most = max(1, min(_SEGMENT_STEPS // self.steps_per_epoch, self.epochs // self.segments))
        return max(k for k in range(1, min(most, self.epochs) + 1) if self.epochs % k == 0)


_SEGMENT_STEPS = 2000


@dataclass(frozen=True)
class Trial:
    """One training: a rule or a solver with its numbers, and a seed."""

    run: str
    rule: Rule | Solver
    seed: int


@dataclass(frozen=True)
class Cohort:
    """Trials that one worker trains one after another, `width` lanes at a time."""

    name: str
    task: Task
    recipes: tuple[Recipe, ...]  # of all the rules that the program holds
    width: int
    trials: tuple[Trial, ...]
    reads_test: bool = False
    checkpoints: Path | None = None  # folder; None: a crash loses the whole cohort
    schedule: Schedules = CONSTANT  # of rules' hyperparameters, over the whole training
    stop: Stop = NEVER  # of rules' trainings
    inspects: bool = False  # whether rules' trainings are looked into between segments, and not resumed


@dataclass(frozen=True)
class Records:
    """What a cohort did: one dictionary per trial, in their order."""

    cohort: str
    runs: tuple[dict[str, Any], ...]
    curves: tuple[dict[str, Any], ...]
    compile_seconds: float
    train_seconds: float


def initial(task: Task, seed: int) -> tuple[Any, Any]:
    """The seed's initial parameters and state: the same for every optimizer."""
    params = task.network.init(_generator(seed, 0), task.shape, task.outputs)
    return params, task.network.state(task.shape, task.outputs)


def orders(task: Task, seed: int, first_epoch: int, epochs: int) -> np.ndarray:
    """The seed's examples of every step, int32 [epochs, steps, batch]: the same for every optimizer.

    Shuffled: every epoch is another permutation of the training set, cut into batches. With
    replacement: every example of every batch is drawn independently and uniformly, so that a step's
    gradient is an unbiased estimate whatever came before, and an epoch leaves out a share of 1/e.
    """
    shape = (task.sampling, task.train_size, task.steps_per_epoch, task.batch)
    # Many rates share a seed. Drawing again costs a small set 3 %, keeping costs a large one memory.
    draw = _epoch_order if task.train_size <= _SMALL else _epoch_order.__wrapped__
    return np.stack([draw(*shape, seed, epoch) for epoch in range(first_epoch, first_epoch + epochs)])


def factors(cohort: Cohort, numbers: int) -> np.ndarray:
    """What the numbers of the cohort's rule are multiplied by, float32 [epochs, steps, numbers]: 1 where
    they stay, and where a program holds longer rules."""
    task = cohort.task
    names = Recipe.of(cohort.trials[0].rule).numbers
    return _factors(cohort.schedule, names, task.epochs, task.steps_per_epoch, numbers)


@lru_cache(maxsize=4)
def _factors(
    schedule: Schedules, names: tuple[str, ...], epochs: int, steps: int, numbers: int
) -> np.ndarray:
    table = np.ones((epochs * steps, numbers), np.float32)
    table[:, : len(names)] = schedule.table(names, epochs * steps, steps)
    return table.reshape(epochs, steps, numbers)


_SMALL = 20_000  # examples: 80 kB an epoch


@lru_cache(maxsize=256)
def _epoch_order(sampling: str, examples: int, steps: int, batch: int, seed: int, epoch: int) -> np.ndarray:
    random = _generator(seed, 1, epoch)
    if sampling == REPLACEMENT:
        return random.integers(0, examples, (steps, batch), np.int32)
    return random.permutation(examples)[: steps * batch].reshape(steps, batch).astype(np.int32)


def _generator(*key: int) -> np.random.Generator:
    """A generator of its own for every random object, derived from its key alone."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))

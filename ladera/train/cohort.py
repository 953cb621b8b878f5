"""Train a cohort: its trials in lanes, segment by segment, into records.

A cohort is a pure function: the same specification gives the same records, wherever it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ladera.base import Status
from ladera.rules import Rule
from ladera.schedules import Stop
from ladera.train.checkpoint import Checkpoint
from ladera.train.compiled import Compiled, compiled, examples
from ladera.train.epoch_end import Watch
from ladera.train.evaluation import Chunks, Ended, Measured, Row, Weights
from ladera.train.program import Program
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Records, Task, Trial, factors, initial, orders

if TYPE_CHECKING:
    from ladera.train.inspection import Inspection
    from ladera.train.solver_program import SolverProgram

__all__ = ["DIVERGED_FACTOR", "time_segment", "train"]

DIVERGED_FACTOR = 10.0  # a run whose final loss is so many times its first one has diverged, too


def train(cohort: Cohort, progress: Callable[[float], None] = lambda runs: None) -> Records:
    """The cohort's records. `progress` hears how many runs' worth of work was just done."""
    began = time.perf_counter()
    executables = compiled(cohort)
    compile_seconds = time.perf_counter() - began
    runs, curves = [], []
    for at in range(0, len(cohort.trials), cohort.width):
        trials = cohort.trials[at : at + cohort.width]
        chunk_began = time.perf_counter()
        lanes = _train_lanes(cohort, executables, trials, progress)
        seconds = time.perf_counter() - chunk_began
        done = [lanes.records(cohort, trial, lane) for lane, trial in enumerate(trials)]
        work = sum(run["evaluations"] for run, _ in done)
        for run, curve in done:
            share = seconds * run["evaluations"] / work if work else seconds / len(done)
            runs.append({**run, "seconds": share, "compile_seconds": compile_seconds})
            curves.append(curve)
    train_seconds = time.perf_counter() - began - compile_seconds
    return Records(cohort.name, tuple(runs), tuple(curves), compile_seconds, train_seconds)


@dataclass(frozen=True)
class _Lanes:
    """What came out of one filling of the lanes; every array has the lanes last."""

    fingerprint: np.ndarray  # [lanes] loss of the seed's first mini-batch before any step
    start: tuple[np.ndarray, np.ndarray]  # validation loss and share correct before the first step
    measured: Measured  # [epochs, lanes]
    ended: Ended
    test: tuple[np.ndarray, np.ndarray] | None
    inspected: Mapping[str, np.ndarray]  # [epochs + 1, lanes] of what was looked into (`inspection`)

    def records(self, cohort: Cohort, trial: Trial, lane: int) -> tuple[dict[str, Any], dict[str, Any]]:
        task, m = cohort.task, self.measured.metrics
        steps = np.arange(task.epochs + 1) * task.steps_per_epoch
        first = float(m.first_loss[0, lane])
        train_loss = np.concatenate([[first], m.train_loss[:, lane]])
        validation_loss = np.concatenate([self.start[0][lane : lane + 1], m.validation_loss[:, lane]])
        train_metric = _metric(task, np.r_[m.first_correct[0, lane], m.train_correct[:, lane]])
        validation_metric = _metric(task, np.r_[self.start[1][lane], m.validation_correct[:, lane]])

        diverged_step = int(self.ended.diverged[lane]) or None
        best, stopped = self._best(task, lane)
        if diverged_step is None and not np.isfinite(validation_loss[best]):
            diverged_step = int(steps[best])  # the last update blew up, and no step saw it
        series = [train_loss, train_metric, validation_loss, validation_metric]
        if diverged_step is not None:
            after = steps >= diverged_step
            series = [np.where(after, np.nan, values) for values in series]
            best = task.epochs
        else:
            after = np.arange(task.epochs + 1) > stopped
            series = [np.where(after, values[best], values) for values in series]
        grew = not train_loss[best] <= DIVERGED_FACTOR * first
        status = Status.DIVERGED if diverged_step is not None or grew else Status.FINISHED

        names = ("train_loss", "train_metric", "validation_loss", "validation_metric")
        run = {
            "run": trial.run,
            "cohort": cohort.name,
            "status": str(status),
            "diverged_step": diverged_step,
            "evaluations": self._evaluations(task, trial, lane),
            "width": cohort.width,
            "device": jax.devices()[0].device_kind,
            "versions": _versions(),
            "ended": self._why(task, lane, diverged_step is not None),
            "fingerprint": float(self.fingerprint[lane]),
            **{name: float(values[best]) for name, values in zip(names, series, strict=True)},
            **self._test_values(task, lane),
        }
        curve = {
            "run": trial.run,
            "epoch": np.arange(task.epochs + 1, dtype=np.int32),
            "step": steps,
            **{name: values.astype(np.float32) for name, values in zip(names, series, strict=True)},
            **self._instruments(lane, after),
            **{name: values[:, lane] for name, values in self.inspected.items()},
        }
        return run, curve

    def _instruments(self, lane: int, lost: np.ndarray) -> dict[str, np.ndarray]:
        """Each a list of every epoch's values, layer by layer; nan before the first epoch, and where the
        training was lost or did not take place."""
        shown = self.measured.instruments
        if shown is None:
            return {}
        found = {}
        for name, values in shown._asdict().items():
            own = values[:, lane].reshape(len(values), -1)
            whole = np.concatenate([np.full((1, own.shape[1]), np.nan, np.float32), own])
            found[name] = np.where(lost[:, None], np.nan, whole).astype(np.float32).ravel()
        return found

    def _best(self, task: Task, lane: int) -> tuple[int, int]:
        """The epoch whose weights the training is left with, and the last one that was trained."""
        if self.ended.best is None or self.ended.stopped is None:
            return task.epochs, task.epochs
        return int(self.ended.best[lane]), int(self.ended.stopped[lane]) or task.epochs

    def _why(self, task: Task, lane: int, diverged: bool) -> str | None:
        """What the store says of how the training ended (`ladera.store.RUNS`)."""
        if self.ended.result:
            return self.ended.result[lane]
        if self.ended.best is None or self.ended.stopped is None or diverged:
            return None
        best, stopped = self._best(task, lane)
        return f"early:{stopped},best:{best}" if self.ended.stopped[lane] else f"best:{best}"

    def _evaluations(self, task: Task, trial: Trial, lane: int) -> int:
        """Gradients of a mini-batch that were computed, or as much work; a training that diverged is
        charged to its end."""
        if isinstance(trial.rule, Rule):
            epochs = task.epochs if self.ended.diverged[lane] else self._best(task, lane)[1]
            return epochs * task.steps_per_epoch * trial.rule.evaluations
        assert self.ended.passes is not None
        return min(int(self.ended.passes[lane]), task.epochs) * task.steps_per_epoch

    def _test_values(self, task: Task, lane: int) -> dict[str, float | None]:
        if self.test is None:
            return {"test_loss": None, "test_metric": None}
        loss, right = self.test[0][lane : lane + 1], self.test[1][lane : lane + 1]
        return {"test_loss": float(loss[0]), "test_metric": float(_metric(task, right)[0])}


@cache
def _versions() -> str:
    return ", ".join(f"{name} {version(name)}" for name in ("jax", "jaxlib", "numpy"))


def _metric(task: Task, score: np.ndarray) -> np.ndarray:
    """Accuracy for a classification; root mean squared error in the target's units otherwise."""
    return score if task.classifies else np.sqrt(score) * task.target_scale


def _train_lanes(
    cohort: Cohort, executables: Compiled, trials: Sequence[Trial], progress: Callable[[float], None]
) -> _Lanes:
    _, test = examples(cohort.task)
    with executables.program.precision():
        return _filled(cohort, executables, trials, test, progress)


def _filled(
    cohort: Cohort,
    executables: Compiled,
    trials: Sequence[Trial],
    test: Chunks,
    progress: Callable[[float], None],
) -> _Lanes:
    task, program, data = cohort.task, executables.program, executables.data
    lanes = [*trials, *[trials[-1]] * (cohort.width - len(trials))]  # padding trains along, unseen
    seeds = [trial.seed for trial in lanes]
    index, row = _row(cohort, executables, lanes)
    begun = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *(initial(task, s) for s in seeds))

    carry = executables.start(index, row, Weights(*begun), data)
    untrained = program.weights(carry)
    start = jax.device_get(executables.evaluate(untrained, data.validation))
    mark = _fingerprint(executables, task, untrained, seeds)
    measured = jax.tree.map(lambda a: np.zeros((task.epochs, *a.shape[1:]), a.dtype), executables.measures)
    checkpoint = Checkpoint(cohort.checkpoints, cohort.name, [_versions(), *(t.run for t in lanes)])
    moved = None if not cohort.schedule.tabled else factors(cohort, row.numbers.shape[1])
    done, segment = 0, program.epochs_per_segment(task)
    inspection = _inspection(cohort, program, trials, row, moved)
    if inspection is not None:
        inspection.look(0, carry)
    if (found := checkpoint.load((carry, measured))) is not None:
        done, (carry, kept) = found
        measured = jax.tree.map(np.array, kept)
        progress(len(trials) * done / task.epochs)
    for epoch in range(done, task.epochs, segment):
        until = epoch + segment
        told = jax.tree.map(jnp.asarray, program.agenda(task, seeds, epoch, moved))
        carry, news = executables.run(index, carry, row, told, data)
        for whole, part in zip(*map(jax.tree.leaves, (measured, jax.device_get(news))), strict=True):
            whole[epoch:until] = part
        if inspection is not None:
            inspection.look(until, carry)
        progress(len(trials) * segment / task.epochs)
        if program.rests(carry):
            progress(len(trials) * (task.epochs - until) / task.epochs)
            break
        if until < task.epochs:
            checkpoint.save(until, (carry, measured))
    final = executables.evaluate(program.weights(carry), test) if cohort.reads_test else None
    mark = measured.metrics.first_loss[0] if mark is None else mark
    seen = {} if inspection is None else inspection.found
    return _Lanes(mark, start, measured, program.ended(carry), jax.device_get(final), seen)


def _inspection(
    cohort: Cohort,
    program: Program | SolverProgram,
    trials: Sequence[Trial],
    row: Row,
    moved: np.ndarray | None,
) -> Inspection | None:
    if not cohort.inspects:
        return None
    from ladera.train.inspection import Inspection  # few cohorts are inspected

    assert isinstance(program, Program)
    return Inspection(cohort.task, program, trials, row, moved)


def _fingerprint(executables: Compiled, task: Task, weights: Any, seeds: Sequence[int]) -> np.ndarray | None:
    """The loss of each seed's first mini-batch, where training does not begin with it: by it the
    trainings of a seed are known to have begun alike. None where the first step tells."""
    if executables.program.chunk is None:
        return None
    training, found = executables.data.training, []
    for lane, seed in enumerate(seeds):
        [order] = orders(task, seed, 0, 1)[:, 0]
        only = np.bincount(order, minlength=training.weight.size).astype(np.float32)  # some drawn twice
        batch = training._replace(weight=jnp.asarray(only.reshape(training.weight.shape)))
        loss, _ = executables.evaluate(weights, batch)
        found.append(loss[lane])
    return np.asarray(found)


def _row(cohort: Cohort, executables: Compiled, lanes: Sequence[Trial]) -> tuple[Any, Row]:
    """Which rule the lanes use (one for all of them), and each lane's numbers."""
    program = executables.program
    index = program.recipes.index(Recipe.of(lanes[0].rule))
    recipe = program.recipes[index]
    longest = max(len(r.numbers) for r in program.recipes)
    numbers = np.zeros((cohort.width, longest), program.dtype)
    for lane, trial in enumerate(lanes):
        numbers[lane, : len(recipe.numbers)] = recipe.numbers_of(trial.rule)
    penalty = np.tile(np.array(cohort.task.penalty.numbers, program.dtype), (cohort.width, 1))
    dropout = np.full(cohort.width, cohort.task.dropout, np.float32)
    seeds = np.array([trial.seed for trial in lanes], np.uint32)
    watch = Watch.of(cohort.stop, cohort.schedule.plateau, cohort.width, recipe.numbers, longest)
    told = Row(jnp.asarray(numbers), jnp.asarray(penalty), jnp.asarray(dropout), jnp.asarray(seeds), watch)
    return jnp.int32(index), told


_LONG_SEGMENT = 0.5  # seconds
_TO_THE_END = 10**7  # epochs of patience


def time_segment(cohort: Cohort) -> tuple[float, float]:
    """Seconds for one step of one lane, over a whole segment, and seconds spent compiling."""
    began = time.perf_counter()
    executables = compiled(cohort)
    compile_seconds = time.perf_counter() - began
    segment = replace(
        cohort,
        checkpoints=None,
        task=replace(cohort.task, epochs=cohort.task.epochs_per_segment),
        stop=Stop(_TO_THE_END) if cohort.stop.early else cohort.stop,  # what rests would seem fast
    )

    def once() -> float:
        began = time.perf_counter()
        _train_lanes(segment, executables, cohort.trials[:1], lambda runs: None)
        return time.perf_counter() - began

    seconds = once()
    if seconds < _LONG_SEGMENT:  # the first pass paid for memory and caches, too
        seconds = once()
    steps = segment.task.epochs * segment.task.steps_per_epoch
    return seconds / (cohort.width * steps), compile_seconds

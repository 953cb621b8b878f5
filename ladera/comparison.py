"""The main job: from a problem and a list of optimizers to a study with an answer.

Beside the command line this is the only module that knows both halves: what trains, and the folder
where the records lie. Every stage asks for trainings by name, trains those that the store lacks and
appends them, so an interrupted study goes on where it was.

    tune      every optimizer x learning rate x tuning seed
    widen     more rates where a best one lies on the edge, the same number for every optimizer
    report    every optimizer at its best rate, on seeds that chose nothing
    inspect   the rules' reporting runs once more, with the dear instruments, where these were asked for
    test      the winner's reporting runs once more, reading the test set
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from loky.process_executor import TerminatedWorkerError

from ladera import configs
from ladera.analysis import frames
from ladera.analysis.select import Choice, choose
from ladera.base import LaderaError, Status, UsageError
from ladera.configs import Configuration
from ladera.locale import N_
from ladera.problems import Problem
from ladera.progress import Progress, shown
from ladera.request import CHEAP, DEAR, Request, check_counts, requested
from ladera.rules import Rule
from ladera.schedules import AskedSchedule, Stop
from ladera.store import Store
from ladera.study import Study
from ladera.study_file import check_same, describe, repeat
from ladera.swept import is_sweep
from ladera.train import worker
from ladera.train.examples import task
from ladera.train.plan import Plan, Timing, cohorts, make_plan
from ladera.train.pool import Pool
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Records, Task, Trial

if TYPE_CHECKING:
    from ladera.solvers import Solver

    Asked: TypeAlias = str | Rule | type[Rule] | Solver | type[Solver]

__all__ = ["Comparison", "compare"]

_WIDENINGS = 2  # times a grid is widened before its edge is left flagged
_WIDENED_BY = 2  # rates added each time
_LOOKS = 5  # into a training, at least, after it has begun


def compare(
    problem: Problem,
    optimizers: Asked | Iterable[Asked] = "classic",
    lr: str | float | Sequence[float] = "auto",
    seeds: int = 5,
    epochs: int = 20,
    batch: int | str = 32,
    out: str | Path | None = None,
    *,
    schedule: AskedSchedule = "constant",
    sampling: str = "shuffled",
    stop: str | Stop = "never",
    instruments: str = CHEAP,
    workers: int | None = None,
    width: int | None = None,
    progress: Progress | None = None,
    command: str | None = None,
) -> Study:
    """Train `problem` under every optimizer, learning rate and seed; the study answers which to use.

    optimizers: names, rules, rule classes, "file.py:Rule"; "classic", the nine rules that every course
        teaches; "all", every rule. Solvers, too: lbfgs, bfgs, cg, newton-cg, gauss-newton, lm, kfac, or
        `ladera.solvers.LevenbergMarquardt(damping=1e-2)`. They train on the whole training set at once,
        in float64, and have no learning rate; each is given as many passes over it as there are epochs.
    lr: "auto" (nine rates around each rule's own), "low:high:count", or numbers; the same for all.
    seeds: how many tuning seeds, and how many reporting seeds.
    epochs, batch: passes over the training set, and examples per step (whole batches only); "full" is
        the whole training set at every step.
    schedule: how the learning rate goes during a training: "cosine", "warmup-cosine:0.1", "one-cycle", ...
        (`ladera.schedules`), or of any hyperparameters, {"lr": "cosine", "b1": "warmup"}. It multiplies
        what is swept, so a swept rate is the highest one. "plateau:0.1,10" follows the validation loss.
        Solvers follow none.
    sampling: "shuffled", every epoch another order of the whole training set; or "replacement", every
        example of every batch drawn anew from all of them.
    stop: "never"; or "early:5", once the validation loss has not fallen for 5 epochs ("early:5,1e-4": by
        more than 1e-4). What is measured in the end is then the network of its best epoch, also where it
        went on to the last one. Rules alone stop early.
    instruments: "cheap", what every run records (`ladera.train.instruments`); or "dear", for which the
        rules' reporting runs are trained once more and looked into on the way: sharpness against the limit
        of stability, gradient noise scale, norm test (`ladera.train.inspection`). Runs stay as they are.
    out: the study's folder; what it holds already is not trained again. Default: runs/<problem>.
    workers: processes; one per core by default. They are stopped on Ctrl-C; what is done is kept.
    width: trainings that one program runs side by side; measured by default. The same question at
        the same width gives the same bits.
    progress: who shows how far it is; a bar on standard error by default, where that is a terminal.
    command: what the study and its report say to repeat it with.

    Raises UsageError for wrong use, before anything is trained.
    """
    check_counts(workers=workers, width=width)
    training = {"schedule": schedule, "sampling": sampling, "stop": stop, "instruments": instruments}
    request = requested(problem, optimizers, lr, seeds, epochs, batch, **training)
    store = Store(out if out is not None else request.default_folder())
    with shown(progress) as seen:
        return Comparison(request, store, workers, width, seen, command).run()


@dataclass
class Comparison:
    """One call of `compare`.

    reads_test: whether `run` ends with the winner on the test set. A sweep of many comparisons reads it
        for the best of them alone (`test`).
    """

    request: Request
    store: Store
    workers: int | None
    width: int | None
    progress: Progress
    command: str | None
    reads_test: bool = True
    compile_seconds: float = 0.0
    train_seconds: float = 0.0
    told: set[Path] = field(default_factory=set)  # damaged files that were named
    best: float = -math.inf  # the best final validation metric so far, the sign of min metrics turned
    began: float = field(default_factory=time.perf_counter)

    def run(self) -> Study:
        if is_sweep(self.store.path):
            raise UsageError(
                "The folder '{path}' holds a sweep, and a study needs one of its own; choose another folder "
                "with --out.",
                path=self.store.path,
            )
        stored = self.store.read_study() if self.store.exists() else None
        if stored is None:
            _ = self.pool  # the workers import JAX while this process reads the data
        study = describe(self.request, self.command or repeat(self.request, self.store.path))
        if stored is not None:
            check_same(stored, study, self.store.path)
            study |= {key: stored[key] for key in ("engine", "created", "spent") if key in stored}
        self.store.prepare()
        self.store.write_study(study)
        try:
            self._stages()
        finally:
            self._write_times()
        return Study(self.store)

    def _write_times(self) -> None:
        """Wall-clock seconds: of this call, and spent by all calls that trained something."""
        study = self.store.read_study()
        seconds = {
            "total": time.perf_counter() - self.began,
            "compile": self.compile_seconds / self._worker_count,
            "train": self.train_seconds / self._worker_count,
        }
        spent = study.get("spent", {})
        if self.train_seconds:
            spent = {key: round(spent.get(key, 0.0) + value, 3) for key, value in seconds.items()}
        rounded = {key: round(value, 3) for key, value in seconds.items()}
        self.store.write_study({**study, "seconds": rounded, "spent": spent})

    def _stages(self) -> None:
        r = self.request
        rates = {name: list(grid) for name, grid in r.grids.items()}
        self.progress.extend(len(r.tuning(rates)) + len(r.optimizers) * r.seeds)
        self._train("tune", r.tuning(rates))
        for _ in range(_WIDENINGS):
            if not (added := self._widened(rates)):
                break
            self.progress.extend(len(r.tuning(added)))
            self._train("tune", r.tuning(added))
        best: dict[str, float | None] = {o.name: None for o in r.solvers}
        best |= {name: choice.lr for name, choice in self._choices().items()}
        self._train("report", r.reporting(best, "report"))
        if r.instruments == DEAR:
            rules = {name: best[name] for name in r.grids if name in best}
            self.progress.extend(len(rules) * r.seeds)
            self._train("inspect", r.reporting(rules, "inspect"))
        if self.reads_test:
            self._read_test()

    def test(self) -> None:
        """The last stage alone, of a comparison that has made its choice."""
        try:
            self._read_test()
        finally:
            self._write_times()

    def _read_test(self) -> None:
        answer = Study(self.store).recommendation()
        if answer.optimizer is not None:
            self.progress.extend(self.request.seeds)
            self._train("test", self.request.reporting({answer.optimizer: answer.lr}, "test"))

    def _choices(self, rates: Mapping[str, Sequence[float]] | None = None) -> dict[str, Choice]:
        """The best rate of every optimizer: of these rates, or of all that the store holds."""
        study = frames.load(self.store)
        tuned = study.purpose("tune")
        if rates is not None:
            asked = {(name, lr) for name, known in rates.items() for lr in known}
            pairs = zip(tuned["optimizer"], tuned["lr"], strict=True)
            tuned = tuned.loc[[pair in asked for pair in pairs]]  # none, where solvers alone are compared
        return choose(tuned, study.direction)

    def _widened(self, rates: dict[str, list[float]]) -> dict[str, list[float]]:
        """More rates for every rule, if any rule's best lies on its edge; added to `rates`.

        It looks at `rates` alone, not at what else the store holds, so that a study that is taken
        up again widens as it did before.
        """
        choices = self._choices(rates)
        if not any(choice.edge for choice in choices.values()):
            return {}
        added = {}
        for name, known in rates.items():
            added[name] = list(configs.widened(known, choices[name].lr, _WIDENED_BY))
            known.extend(added[name])
        return added

    # ---- training ----------------------------------------------------------------------------------

    def _train(self, purpose: str, asked: Sequence[Configuration]) -> None:
        """Train what the store lacks of the configurations asked for."""
        scan = self.store.scan()
        for path in set(scan.damaged) - self.told:
            self.progress.note(N_("The file {path} is damaged; its runs are trained again."), path=path)
            self.told.add(path)
        have = scan.names()
        names = {c.name(self.request.asked): c for c in asked}
        missing = {name: c for name, c in names.items() if name not in have}
        self.progress.advance(len(names) - len(missing))
        if not missing:
            return
        by_optimizer: dict[str, list[Trial]] = {}
        for name, c in missing.items():
            by_optimizer.setdefault(c.optimizer.name, []).append(Trial(name, c.rule, c.seed))
        inspects = purpose == "inspect"
        parts = cohorts(
            self.plan,
            replace(self.task, segments=_LOOKS) if inspects else self.task,
            purpose,
            by_optimizer,
            self.request.recipes,
            self.store.checkpoints,
            self.request.schedule,
            self.request.stop,
            inspects,
        )
        try:
            self.pool.train(parts, lambda records: self._keep(records, missing), self.progress.advance)
        except TerminatedWorkerError:
            raise LaderaError(
                "A worker process ended before its work was done, perhaps for want of memory; what was "
                "finished is kept, and the same command goes on."
            ) from None

    def _keep(self, records: Records, configurations: Mapping[str, Configuration]) -> None:
        rows = [{**self._asked_row(configurations[run["run"]]), **run} for run in records.runs]
        metric = self.request.problem.prepared().metric
        metadata = {"metric": metric.name, "direction": metric.direction, "unit": metric.unit}
        self.store.append(records.cohort, rows, records.curves, metadata)
        self.store.drop_checkpoint(records.cohort)
        self.compile_seconds += records.compile_seconds
        self.train_seconds += records.train_seconds
        self._tell_best(rows, metric.direction)

    def _tell_best(self, rows: Sequence[Mapping[str, Any]], direction: str) -> None:
        sign = 1 if direction == "max" else -1
        for row in rows:
            good = sign * row["validation_metric"]
            if row["status"] == Status.FINISHED and good > self.best:
                self.best = good
                self.progress.best(row["optimizer"], row["lr"], row["validation_metric"])

    def _asked_row(self, configuration: Configuration) -> dict[str, Any]:
        rate = {} if configuration.lr is None else {"lr": configuration.lr}
        return {
            "purpose": configuration.purpose,
            "optimizer": configuration.optimizer.name,
            "lr": configuration.lr,
            "hyperparameters": configs.canonical({**configuration.optimizer.hyperparameters, **rate}),
            "seed": configuration.seed,
            "epochs": self.request.epochs,
            "batch": self.request.examples_per_batch,
            "steps": self.request.epochs * self.request.steps_per_epoch,
        }

    @cached_property
    def pool(self) -> Pool:
        return Pool(self.workers)

    @property
    def _worker_count(self) -> int:
        return self.pool.workers if "pool" in self.__dict__ else 1

    @cached_property
    def task(self) -> Task:
        r = self.request
        return task(r.problem, r.examples_per_batch, r.epochs, sampling=r.sampling)

    @cached_property
    def plan(self) -> Plan:
        """The plan that the study was begun with, or a new one, which is then written down."""
        study = self.store.read_study()
        plan = Plan.read(study.get("engine"))
        if plan is not None and self.width in (None, plan.width):
            return plan
        r = self.request
        groups = [len(grid) * r.seeds for grid in r.grids.values()] + [r.seeds] * len(r.rules)
        plan = make_plan(self.task, groups, r.recipes, self.pool.workers, self._probe, self.width)
        self.store.write_study({**study, "engine": plan.as_dict()})
        return plan

    def _probe(self, widths: list[int], together: bool) -> list[Timing]:
        first = self.request.rules[0].rule
        held = self.request.recipes if together else (Recipe.of(first),)
        trial = (Trial("probe", first, 0),)
        followed: dict[str, Any] = {"schedule": self.request.schedule, "stop": self.request.stop}
        asked = [Cohort("probe", self.task, held, width, trial, **followed) for width in widths]
        measured = self.pool.map(worker.time_segment, asked)
        self.compile_seconds += sum(compiling for _, compiling in measured)
        return [Timing(width, step) for width, (step, _) in zip(widths, measured, strict=True)]

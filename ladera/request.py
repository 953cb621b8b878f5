"""What a comparison asks for, checked as far as it can be before the data are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ladera import configs
from ladera.base import UsageError, unknown_name, whole_number
from ladera.configs import Configuration, Optimizer
from ladera.problems import Problem
from ladera.rules import Rule
from ladera.schedules import CONSTANT, NEVER, AskedSchedule, Schedules, Stop
from ladera.store import SCHEMA_VERSION
from ladera.suited import check_suited
from ladera.train.recipe import Recipe
from ladera.train.work import SAMPLINGS, SHUFFLED

__all__ = ["CHEAP", "DEAR", "FULL", "Request", "check_count", "check_counts", "read_batch", "requested"]

FULL = "full"  # the whole training set as one batch
CHEAP, DEAR = _INSTRUMENTS = ("cheap", "dear")

_EPOCHS, _BATCH = 20, 32  # what is asked for by default
_LARGEST = {"seeds": 1000, "epochs": 1_000_000, "batch": 1_000_000, "width": 1024, "workers": 1024}


def check_count(name: str, value: object) -> int:
    """The value as an int. Raises UsageError unless it is a whole number from 1 to what is sensible for
    `name`."""
    return whole_number(name, value, 1, _LARGEST[name])


def check_counts(**counts: int | None) -> None:
    """Raise UsageError where one of these is given and no sensible number."""
    for name, value in counts.items():
        if value is not None:
            check_count(name, value)


def check_batch(value: object) -> int:
    """The value as an int. Raises UsageError unless it is a sensible number of examples."""
    try:
        return check_count("batch", value)
    except UsageError:
        raise UsageError(
            "A batch is a whole number of examples from 1 to {largest}, or full for the whole training set, "
            "received {received}.",
            largest=_LARGEST["batch"],
            received=repr(value) if isinstance(value, str) else value,
        ) from None


def read_batch(asked: int | str) -> int | str:
    """A batch, or the number or "full" that a text says; any other text as it is, for `Request` to refuse."""
    text = asked.strip().lower() if isinstance(asked, str) else ""
    if text == FULL or not text:
        return text or asked
    return int(text) if text.isdecimal() else asked


@dataclass(frozen=True)
class Request:
    """What was asked, checked as far as it can be without the data."""

    problem: Problem
    optimizers: list[Optimizer]
    lr: str | float | Sequence[float]
    seeds: int
    epochs: int = _EPOCHS
    batch: int | str = _BATCH  # or "full"
    schedule: Schedules = CONSTANT  # of the rules' hyperparameters; solvers follow none
    sampling: str = SHUFFLED
    stop: Stop = NEVER  # when a rule's training ends before its last epoch
    instruments: str = CHEAP  # whether reporting runs are looked into

    def __post_init__(self):
        for name in ("seeds", "epochs"):
            object.__setattr__(self, name, check_count(name, getattr(self, name)))
        if self.batch != FULL:
            object.__setattr__(self, "batch", check_batch(self.batch))
        if self.sampling not in SAMPLINGS:
            raise unknown_name("sampling", self.sampling, SAMPLINGS)
        if self.instruments not in _INSTRUMENTS:
            raise unknown_name("instruments", self.instruments, _INSTRUMENTS)
        _ = self.grids
        self._check_schedule()
        check_suited(self.problem, self.optimizers, self.batch, self.stop)

    def _check_schedule(self) -> None:
        """Raise UsageError where a hyperparameter is scheduled that no rule has as a number."""
        known = {name for recipe in self.recipes for name in recipe.numbers}
        for name, _ in self.schedule.pairs:
            if name not in known and known:
                raise unknown_name("hyperparameter", name, known)

    @property
    def rules(self) -> list[Optimizer]:
        """The optimizers that learn from mini-batches."""
        return [o for o in self.optimizers if not o.solves]

    @property
    def solvers(self) -> list[Optimizer]:
        """The optimizers that see the whole training set at once."""
        return [o for o in self.optimizers if o.solves]

    @cached_property
    def grids(self) -> dict[str, tuple[float, ...]]:
        """The learning rates asked for at first, for every rule."""
        return {o.name: configs.grid(self.lr, o.rule) for o in self.optimizers if isinstance(o.rule, Rule)}

    def default_folder(self) -> Path:
        """runs/<data>, with whatever is not the default behind it: another problem, another folder."""
        p, default = self.problem, Problem()
        said = {name: getattr(p, name) for name in ("network", "activation", "init", "penalty")}
        named = {
            name: getattr(p, name)
            for name in ("loss", "norm", "residual", "dropout", "target", "split_seed", "task")
        } | p.reading.asked
        parts = [Path(p.data).stem if isinstance(p.data, (str, Path)) else "data"]
        parts += [str(value) for name, value in said.items() if value != getattr(default, name)]
        parts += [f"{name}-{value}" for name, value in named.items() if value != getattr(default, name)]
        parts += [f"epochs-{self.epochs}"] * (self.epochs != _EPOCHS)
        parts += [f"batch-{self.batch}"] * (self.batch != _BATCH)
        parts += [self.sampling] * (self.sampling != SHUFFLED)
        parts += [str(self.schedule)] * (not self.schedule.constant)
        parts += [str(self.stop)] * self.stop.early
        return Path("runs") / "".join(c if c.isalnum() or c in "._-," else "-" for c in "-".join(parts))

    @property
    def tuning_seeds(self) -> range:
        return range(self.seeds)

    @property
    def report_seeds(self) -> range:
        return range(configs.REPORT_SEEDS, configs.REPORT_SEEDS + self.seeds)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """The static halves of its rules, each once."""
        return tuple(dict.fromkeys(Recipe.of(o.rule) for o in self.rules))

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What all runs share: part of every run's name. Reads the data."""
        return {
            "problem": self.problem.identity(),
            "epochs": self.epochs,
            "batch": self.examples_per_batch,
            "schema": SCHEMA_VERSION,
            **({} if self.sampling == SHUFFLED else {"sampling": self.sampling}),
            **({} if self.schedule.constant else {"schedule": str(self.schedule)}),
            **({"stop": str(self.stop)} if self.stop.early else {}),
        }

    @cached_property
    def examples_per_batch(self) -> int:
        """The batch as a number. Reads the data. Raises UsageError: there are fewer examples."""
        examples = len(self.problem.prepared().train)
        if not isinstance(self.batch, int):
            return examples
        if self.batch > examples:
            raise UsageError(
                "A batch may hold at most the {examples} training examples, received {received}; "
                "take a smaller --batch.",
                examples=examples,
                received=self.batch,
            )
        return self.batch

    @cached_property
    def steps_per_epoch(self) -> int:
        """Whole batches in the training set. Reads the data. Raises UsageError: not even one."""
        return len(self.problem.prepared().train) // self.examples_per_batch

    def tuning(self, rates: Mapping[str, Iterable[float]]) -> list[Configuration]:
        """Every rule at the rates given for it, on every tuning seed: a solver has nothing to tune."""
        return [
            Configuration(o, lr, seed, "tune")
            for o in self.rules
            for lr in rates[o.name]
            for seed in self.tuning_seeds
        ]

    def reporting(self, best: Mapping[str, float | None], purpose: str) -> list[Configuration]:
        """Every optimizer in `best` at its rate there, on every reporting seed."""
        return [
            Configuration(o, best[o.name], seed, purpose)
            for o in self.optimizers
            if o.name in best
            for seed in self.report_seeds
        ]


def requested(
    problem: Problem,
    optimizers: Any,
    lr: str | float | Sequence[float],
    seeds: int,
    epochs: int = _EPOCHS,
    batch: int | str = _BATCH,
    *,
    schedule: AskedSchedule = "constant",
    sampling: str = "shuffled",
    stop: str | Stop = "never",
    instruments: str = CHEAP,
) -> Request:
    """What these arguments of `ladera.compare` ask for. Raises UsageError for wrong use, the data unread.

    What stands behind the seeds is of the training: a sweep takes each of these for a dimension.
    """
    return Request(
        problem,
        configs.optimizers(optimizers),
        lr,
        seeds,
        epochs,
        read_batch(batch),
        Schedules.of(schedule),
        sampling,
        Stop.of(stop),
        instruments,
    )

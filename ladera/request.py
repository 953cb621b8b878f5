"""What a comparison asks for, checked as far as it can be before the data are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ladera import configs
from ladera.base import UsageError, unknown_name
from ladera.configs import Configuration, Optimizer
from ladera.networks import losses
from ladera.networks.losses import Smoothness
from ladera.problems import Problem
from ladera.rules import Rule
from ladera.schedules import CONSTANT, NEVER, AskedSchedule, Schedules, Stop
from ladera.store import SCHEMA_VERSION
from ladera.train.recipe import Recipe
from ladera.train.work import SAMPLINGS, SHUFFLED

__all__ = ["CHEAP", "DEAR", "FULL", "Request", "check_count", "check_counts", "read_batch", "requested"]

FULL = "full"  # the whole training set as one batch
CHEAP, DEAR = _INSTRUMENTS = ("cheap", "dear")

_EPOCHS, _BATCH = 20, 32  # what is asked for by default
_MOST_PARAMETERS = 10_000  # of solvers that keep matrices of that size squared
_LARGEST = {"seeds": 1000, "epochs": 1_000_000, "batch": 1_000_000, "width": 1024, "workers": 1024}


def check_count(name: str, value: object) -> None:
    """Raise UsageError unless `value` is a whole number from 1 to what is sensible for `name`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _LARGEST[name]:
        raise UsageError(
            "{name} is a whole number from 1 to {largest}, received {received}.",
            name=name,
            largest=_LARGEST[name],
            received=value,
        )


def check_counts(**counts: int | None) -> None:
    """Raise UsageError where one of these is given and no sensible number."""
    for name, value in counts.items():
        if value is not None:
            check_count(name, value)


def check_batch(value: object) -> None:
    """Raise UsageError unless `value` is a sensible number of examples."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _LARGEST["batch"]:
        raise UsageError(
            "A batch is a whole number of examples from 1 to {largest}, or full for the whole training set, "
            "received {received}.",
            largest=_LARGEST["batch"],
            received=value,
        )


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
            check_count(name, getattr(self, name))
        if self.batch != FULL:
            check_batch(self.batch)
        if self.sampling not in SAMPLINGS:
            raise unknown_name("sampling", self.sampling, SAMPLINGS)
        if self.instruments not in _INSTRUMENTS:
            raise unknown_name("instruments", self.instruments, _INSTRUMENTS)
        _ = self.grids
        self._check_schedule()
        self._check_penalty()
        if self.solvers:
            self._check_loss()
            self._check_network()
        if self.solvers and self.stop.early:
            raise UsageError(
                "Early stopping is of rules, whose epochs are judged one by one, and the solver {solver} "
                "ends where it has converged, received stop '{stop}'; take stop 'never', or rules alone.",
                solver=self.solvers[0].title,
                stop=self.stop,
            )

    def _check_penalty(self) -> None:
        """Raise UsageError where an optimizer cannot do with the penalty."""
        penalty = self.problem.parsed_penalty
        if self.solvers and penalty.l1:
            raise UsageError(
                "The solver {solver} needs a smooth objective, and an l1 penalty has a corner at 0, received "
                "penalty '{penalty}'; take l2, or rules alone.",
                solver=self.solvers[0].title,
                penalty=self.problem.penalty,
            )
        if self.solvers and penalty.after_steps:
            raise UsageError(
                "The solver {solver} minimises a function, of which what acts beside its steps is no part, "
                "received penalty '{penalty}'; take l2, or rules alone.",
                solver=self.solvers[0].title,
                penalty=penalty,
            )
        for rule in (o for o in self.rules if isinstance(o.rule, Rule) and o.rule.averages):
            if penalty.after_steps:
                raise UsageError(
                    "The penalty '{penalty}' moves x after each step, and that of {rule} is an average, "
                    "which descent does not follow; take l1 or l2, or leave {rule} out.",
                    penalty=penalty,
                    rule=rule.title,
                )

    def _check_loss(self) -> None:
        """Raise UsageError where a solver cannot descend on the loss."""
        from ladera.solvers.curvature._curved import Curved

        kind = losses.smoothness(self.problem.loss)
        if kind is Smoothness.CORNERS:
            raise UsageError(
                "The solver {solver} needs a smooth objective, and the loss '{loss}' has corners; take a "
                "loss such as huber or cross_entropy, or rules alone.",
                solver=self.solvers[0].title,
                loss=self.problem.loss,
            )
        curved = next((o for o in self.solvers if isinstance(o.rule, Curved)), None)
        if curved and kind is not Smoothness.CONVEX:
            raise UsageError(
                "The solver {solver} needs a loss whose curvature is never negative, received '{loss}'; take "
                "lbfgs or newton-cg, or the loss cross_entropy.",
                solver=curved.title,
                loss=self.problem.loss,
            )

    def _check_network(self) -> None:
        """Raise UsageError where a solver cannot train the network."""
        from ladera.solvers import NewtonCG
        from ladera.solvers.curvature._curved import Curved

        problem, network = self.problem, self.problem.parsed_network
        if problem.dropout or problem.norm == "batch":
            raise UsageError(
                "The solver {solver} needs a loss of the weights alone, and {what} makes it depend on chance "
                "or on the batch; leave it out, or take rules alone.",
                solver=self.solvers[0].title,
                what=f"dropout={problem.dropout:g}" if problem.dropout else "norm=batch",
            )
        if network.forced:
            raise UsageError(
                "The solver {solver} needs one function for training and asking, and '{network}' is told the "
                "true values while it trains; take lstm:64 and the like, or rules alone.",
                solver=self.solvers[0].title,
                network=network,
            )
        dense = getattr(network, "dense", False)
        for solver in self.solvers:
            curved, twice = isinstance(solver.rule, Curved), isinstance(solver.rule, NewtonCG)
            if (curved and not dense) or (twice and not network.twice):
                raise UsageError(
                    "The solver {solver} looks inside dense layers, received the network '{network}'; take "
                    "lbfgs, bfgs or cg, or the network mlp:64.",
                    solver=solver.title,
                    network=network,
                )

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

    def check_sizes(self) -> None:
        """Raise UsageError where a solver's matrices would not fit. Reads the data."""
        if not self.solvers:
            return
        from ladera.solvers.curvature import catalogue

        data = self.problem.prepared()
        parameters = self.problem.fitted_network.count(data.shape, self.problem.outputs)
        for solver in (o.rule for o in self.solvers if not isinstance(o.rule, Rule)):
            matrices = catalogue.matrices(solver)
            if matrices and parameters > _MOST_PARAMETERS:
                raise UsageError(
                    "The solver {solver} trains networks of at most {most} parameters, received {received}, "
                    "for which its matrices would take {gigabytes:.0f} GB; take a smaller network, lbfgs or "
                    "kfac.",
                    solver=catalogue.title(solver),
                    most=_MOST_PARAMETERS,
                    received=parameters,
                    gigabytes=matrices * 8 * parameters**2 / 1e9,
                )

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

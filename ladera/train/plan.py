"""How a study is laid out: lanes per program, one program or one per rule, trials per cohort.

The plan is made once, from what is asked and from a short measurement, and is written into the
study: the same question later gives the same programs, hence the same numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ladera.base import temporary
from ladera.schedules import CONSTANT, NEVER, Schedules, Stop
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Task, Trial

__all__ = ["Plan", "Timing", "cache_folder", "cohorts", "make_plan"]

# What one core did when it was measured; only ratios and orders of magnitude matter here.
_FLOPS = 90e9
_COMPILE_SECONDS = 1.2  # a program of one rule
_COMPILE_TOGETHER_SECONDS = 3.0  # a program of many
_TOGETHER_COST = 0.12  # steps of a program of many rules take so much longer
_COHORT_SECONDS = 0.3  # long against overheads, short against a study
_CLEARLY = 0.95  # another width than the usual one must cost less than this share of it
_THOROUGH_SECONDS = 60.0  # a study worth trying every width for


@dataclass(frozen=True)
class Plan:
    width: int  # lanes
    together: bool  # one program holds all the rules
    cohort: int  # trials, a multiple of the width

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, found: Any) -> Plan | None:
        """The plan that a study file holds; None where it holds none that could be followed."""
        try:
            plan = cls(**found)
        except TypeError:
            return None
        counts = all(type(n) is int and n >= 1 for n in (plan.width, plan.cohort))
        return plan if counts and type(plan.together) is bool else None


@dataclass(frozen=True)
class Timing:
    """What one width was measured at."""

    width: int
    seconds_per_step: float  # of one lane


def make_plan(
    task: Task,
    groups: Sequence[int],
    recipes: Sequence[Recipe],
    workers: int,
    probe: Callable[[list[int], bool], list[Timing]],
    width: int | None = None,
) -> Plan:
    """The plan of a study whose optimizers have `groups` trials, stage by stage.

    width: asked for, instead of the fastest.
    probe: measures the widths it is given (with all rules in one program or not), side by side.
    """
    step = _step_seconds(task)
    run = step * task.epochs * task.steps_per_epoch
    training = run * sum(groups) / workers
    apart_costs = _COMPILE_SECONDS * math.ceil(len(recipes) / workers)
    together_costs = _COMPILE_TOGETHER_SECONDS + _TOGETHER_COST * training
    # In one program every rule pays for the second gradient of any.
    alike = len({recipe.evaluations for recipe in recipes}) == 1
    together = len(recipes) > 1 and alike and together_costs < apart_costs

    timings = _remembered(task, recipes, together)
    candidates = [width] if width else _candidates(task, groups, training)
    if len(candidates) == 1:
        timings = {candidates[0]: step}
    elif unknown := [width for width in candidates if width not in timings]:
        measured = {timing.width: timing.seconds_per_step for timing in probe(unknown, together)}
        timings.update(measured)
        _remember(task, recipes, together, measured)

    cost = {width: timings[width] * _lanes(width, groups) for width in candidates}
    width = min(cost, key=cost.__getitem__)
    if cost[width] > _CLEARLY * cost[candidates[0]]:
        width = candidates[0]  # noise shall not decide which bits a study has
    return Plan(width, together, width * max(1, int(_COHORT_SECONDS / (run * width))))


def cohorts(
    plan: Plan,
    task: Task,
    purpose: str,
    trials: dict[str, list[Trial]],
    recipes: Sequence[Recipe],
    checkpoints: Path | None = None,
    schedule: Schedules = CONSTANT,
    stop: Stop = NEVER,
    inspects: bool = False,
) -> list[Cohort]:
    """The trials of every optimizer, cut into cohorts; names depend on what is in them alone.

    recipes: of the rules, which may share a program. A solver has its own, of one lane, and no schedule.
    inspects: rules' trainings are looked into, which takes longer than they do: a cohort fills the lanes
        once, and none is kept in flight.
    """
    found = []
    for optimizer, mine in trials.items():
        own = Recipe.of(mine[0].rule) if mine else None
        solves = own is not None and own.solves
        width, size = (1, _solver_cohort(task)) if solves else (plan.width, plan.cohort)
        size = width if inspects else size
        for at in range(0, len(mine), size):
            part = tuple(mine[at : at + size])
            digest = hashlib.sha256("\n".join(trial.run for trial in part).encode()).hexdigest()[:8]
            held = tuple(recipes) if plan.together and not solves else (Recipe.of(part[0].rule),)
            name = f"{optimizer}-{purpose}-{digest}"
            moved, until = (CONSTANT, NEVER) if solves else (schedule, stop)
            kept, tested = None if inspects else checkpoints, purpose == "test"
            found.append(Cohort(name, task, held, width, part, tested, kept, moved, until, inspects))
    return found


def _solver_cohort(task: Task) -> int:
    """Trials of a solver in a cohort: by what is asked alone, so that it is never cut otherwise."""
    parameters = task.network.count(task.shape, task.outputs)
    run = task.epochs * 12 * parameters * task.train_size / _FLOPS  # float64: half as fast
    return max(1, int(_COHORT_SECONDS / run))


def _step_seconds(task: Task) -> float:
    """A guess at one step of one lane: forward, and twice as much backward."""
    return 6 * task.network.work(task.shape, task.outputs) * task.batch / _FLOPS + 3e-6


def _candidates(task: Task, groups: Sequence[int], training_seconds: float) -> list[int]:
    """Widths worth measuring: lanes help small networks and spill the cache of large ones."""
    if not task.network.wide:
        return [1]
    network, shape, outputs = task.network, task.shape, task.outputs
    # Weights that are used at many moments leave as many values behind: work says what a lane needs.
    size = max(network.count(shape, outputs), network.work(shape, outputs))
    usual, most = (8, 16) if size < 50_000 else (4, 8) if size < 150_000 else (1, 4)
    if training_seconds > _THOROUGH_SECONDS:
        every = (1, 2, 4, 8, 16, 32, 64)
        return [usual, *(width for width in every if width != usual and width <= 4 * usual)]
    if training_seconds < _COMPILE_SECONDS:
        return [usual]
    # Beside the usual width, the one whose lanes are idle least: 5 where every group is one of 5 seeds.
    least = min(most // 4, max(groups))
    fullest = min(range(least, most + 1), key=lambda width: (_lanes(width, groups), -width))
    return [usual, fullest if fullest != usual else most]


def _lanes(width: int, groups: Sequence[int]) -> int:
    """Lanes filled by the groups' trials, idle ones counted."""
    return sum(math.ceil(trials / width) * width for trials in groups)


def cache_folder() -> Path:
    """Where what was learned about this machine is kept: compiled programs, measured widths."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ladera"


def _memory(task: Task, recipes: Sequence[Recipe], together: bool) -> Path:
    from importlib.metadata import version

    held = sorted(r.name for r in recipes) if together else []
    key = [platform.processor(), platform.machine(), os.cpu_count(), version("jaxlib"), repr(task.network)]
    key += [task.shape, task.outputs, task.loss, task.batch, task.penalty.in_loss, held]
    key += [task.penalty.after_steps, task.dropout > 0]
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    return cache_folder() / "widths" / f"{digest}.json"


def _remembered(task: Task, recipes: Sequence[Recipe], together: bool) -> dict[int, float]:
    try:
        text = _memory(task, recipes, together).read_text(encoding="utf-8")
        timings = {int(width): float(seconds) for width, seconds in json.loads(text).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # never measured, or not readable: measure again
    return timings if all(0 < seconds < math.inf for seconds in timings.values()) else {}


def _remember(task: Task, recipes: Sequence[Recipe], together: bool, measured: dict[int, float]) -> None:
    path = _memory(task, recipes, together)
    known = {**_remembered(task, recipes, together), **measured}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = temporary(path)
        unfinished.write_text(json.dumps(known), encoding="utf-8")
        unfinished.replace(path)
    except OSError:
        pass  # a cache that cannot be written costs a second next time, not the study

"""The learning-rate finder: not a ramp of one seed, but the sweep itself, short, in lanes.

A ramp changes the rate at every step of one training: an early spike ends it, and what it shows at a rate
depends on all the rates before. Here every rate is trained from the start, on several seeds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ladera import configs
from ladera.base import Status, UsageError, whole_number
from ladera.configs import Optimizer
from ladera.finding.curve import Curve, Found
from ladera.problems import Problem
from ladera.progress import Progress, shown
from ladera.request import Request, check_counts, requested
from ladera.rules import Rule
from ladera.train import worker
from ladera.train.examples import task
from ladera.train.plan import Plan, Timing, cohorts, make_plan
from ladera.train.pool import Pool
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Records, Task, Trial

__all__ = ["find_lr"]

_RATES, _DECADES = 21, 6  # of the automatic sweep, around the rule's own rate
_STEPS, _MOST_STEPS = 300, 1_000_000


def find_lr(
    problem: Problem,
    optimizers: Any = "adam",
    lr: str | float | Sequence[float] = "auto",
    seeds: int = 3,
    steps: int = _STEPS,
    batch: int | str = 32,
    *,
    workers: int | None = None,
    width: int | None = None,
    progress: Progress | None = None,
) -> Found:
    """Train `problem` shortly at many learning rates on several seeds; the curve, and what to take.

    optimizers: rules, as in `ladera.compare`, one or several.
    lr: "auto", 21 rates over six decades around each rule's own; or "low:high:count", or numbers.
    seeds: how many, from 0 on: those that tune in a comparison.
    steps: at least so many of each training, up to whole epochs.
    batch, workers, width, progress: as in `ladera.compare`.

    The largest eigenvalue of the training loss's Hessian is measured as well, and from it, where the rule
    has a limit of stability, the rate of divergence predicted. Neither validation nor test set
    is looked at. Raises UsageError for wrong use, and for solvers, which have no learning rate.
    """
    began = time.perf_counter()
    check_counts(workers=workers, width=width)
    request = _request(problem, optimizers, lr, seeds, steps, batch)
    whole = task(problem, request.examples_per_batch, request.epochs)
    rates = {o.name: _rates(lr, o) for o in request.rules}
    trials = {
        o.name: [
            Trial(f"{o.name}-{k}-{seed}", o.rule.replace(lr=rate), seed)
            for k, rate in enumerate(rates[o.name])
            for seed in request.tuning_seeds
        ]
        for o in request.rules
    }
    pool = Pool(workers)
    groups = [len(mine) for mine in trials.values()]
    plan = make_plan(whole, groups, request.recipes, pool.workers, _probe(pool, whole, request), width)
    runs: dict[str, dict[str, Any]] = {}

    def keep(records: Records) -> None:
        runs.update({run["run"]: run for run in records.runs})

    with shown(progress) as seen:
        seen.extend(sum(groups))
        pool.train(cohorts(plan, whole, "find", trials, request.recipes), keep, seen.advance)
        curves = [
            _with_curvature(_curve(o, rates[o.name], seeds, trials[o.name], runs), whole, plan, pool, request)
            for o in request.rules
        ]
    described = problem.describe()
    return Found(
        described["data"],
        described["network"],
        tuple(curves),
        seeds,
        request.epochs,
        whole.epochs * whole.steps_per_epoch,
        request.examples_per_batch,
        round(time.perf_counter() - began, 3),
    )


def _request(problem: Problem, optimizers: Any, lr: Any, seeds: int, steps: int, batch: Any) -> Request:
    """What is asked, as a comparison would ask it; as many epochs as make the steps."""
    steps = whole_number("steps", steps, 1, _MOST_STEPS)
    request = requested(problem, optimizers, lr, seeds, batch=batch)
    if request.solvers:
        raise UsageError(
            "The solver {solver} has no learning rate to be found; take rules, such as adam or sgd.",
            solver=request.solvers[0].title,
        )
    return replace(request, epochs=max(1, math.ceil(steps / request.steps_per_epoch)))


def _rates(asked: Any, optimizer: Optimizer) -> tuple[float, ...]:
    """Ascending; "auto" is a rule's own rate and those to either side of it, to two digits."""
    assert isinstance(optimizer.rule, Rule)
    if isinstance(asked, str) and asked.strip() == "auto":
        own = optimizer.rule.hyperparameters()["lr"]
        spread = np.linspace(-_DECADES / 2, _DECADES / 2, _RATES)
        return tuple(float(f"{own * 10**decades:.2g}") for decades in spread)
    return configs.grid(asked, optimizer.rule)


def _probe(pool: Pool, whole: Task, request: Request) -> Any:
    """What measures widths for the plan (`ladera.train.plan.make_plan`)."""
    first = request.rules[0].rule

    def measure(widths: list[int], together: bool) -> list[Timing]:
        held = request.recipes if together else (Recipe.of(first),)
        asked = [Cohort("probe", whole, held, width, (Trial("probe", first, 0),)) for width in widths]
        measured = pool.map(worker.time_segment, asked)
        return [Timing(width, step) for width, (step, _) in zip(widths, measured, strict=True)]

    return measure


def _curve(
    o: Optimizer, rates: Sequence[float], seeds: int, trials: Sequence[Trial], runs: dict[str, dict[str, Any]]
) -> Curve:
    mine = [runs[trial.run] for trial in trials]
    losses = [run["train_loss"] if run["status"] == Status.FINISHED else math.inf for run in mine]
    table = np.array(losses).reshape(len(rates), seeds)
    starts = np.array([run["fingerprint"] for run in mine[:seeds]])  # the same for every rate
    assert isinstance(o.rule, Rule)
    return Curve(o.name, o.title, o.rule, np.array(rates), np.where(np.isnan(table), np.inf, table), starts)


def _with_curvature(curve: Curve, whole: Task, plan: Plan, pool: Pool, request: Request) -> Curve:
    """The curve with what the curvature says, before and after training at the best rate."""
    if curve.best is None:
        return curve
    rule = curve.rule.replace(lr=float(curve.rates[curve.best]))
    trials = {curve.optimizer: [Trial(f"sharp-{seed}", rule, seed) for seed in request.tuning_seeds]}
    found: list[tuple[np.ndarray, np.ndarray]] = []

    def keep(records: Records) -> None:
        found.extend((one["sharpness"][[0, -1]], one["stability"][[0, -1]]) for one in records.curves)

    asked = cohorts(plan, whole, "sharpness", trials, request.recipes, inspects=True)
    pool.train(asked, keep, lambda runs: None)
    sharpness, stability = (np.array(part) for part in zip(*found, strict=True))
    return replace(curve, sharpness=sharpness, stability=stability)

"""The answer of a study: which optimizer, which learning rate, and how sure that is."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ladera.analysis import fairness, ranking, select, target, words
from ladera.analysis.answer import NOT_ENOUGH_DATA, Answer, Ranked
from ladera.analysis.frames import Frames
from ladera.analysis.worked import stopped

__all__ = ["Evidence", "answer", "evidence"]


@dataclass(frozen=True)
class Evidence:
    """What an answer rests on, for those who draw it.

    reported: the reporting runs that are ranked, at each optimizer's chosen learning rate, and
    curves: theirs. optimizers: the ranked ones, as asked for. start: the untrained metric.
    """

    choices: dict[str, select.Choice]
    optimizers: tuple[str, ...]
    seeds: tuple[int, ...]
    pending: tuple[str, ...]
    reported: pd.DataFrame
    curves: pd.DataFrame
    sensitivity: pd.DataFrame
    start: float | None


def evidence(frames: Frames) -> Evidence:
    """Choose the learning rates and gather the reporting runs that can be compared.

    Compared are the optimizers that share the largest set of reporting seeds (all of them in a
    finished study); `pending` are those that lack a seed that was asked for.
    """
    tuned = frames.purpose("tune")
    choices = select.choose(tuned, frames.direction)
    reported = _at_chosen_lr(frames.purpose("report"), choices)
    seeds = {name: set(reported.loc[reported["optimizer"] == name, "seed"]) for name in frames.names()}
    asked = set(frames.study["seeds"]["report"])
    common = max(seeds.values(), key=len, default=set())
    compared = tuple(name for name in frames.names() if common and common <= seeds[name])
    reported = reported[reported["optimizer"].isin(compared) & reported["seed"].isin(common)]
    curves = frames.curves(reported)
    return Evidence(
        choices=choices,
        optimizers=compared,
        seeds=tuple(sorted(int(seed) for seed in common)),
        pending=tuple(name for name in frames.names() if asked - seeds[name]),
        reported=reported,
        curves=curves,
        sensitivity=select.sensitivity(tuned, frames.direction),
        start=target.start_metric(curves),
    )


def answer(frames: Frames, seen: Evidence) -> Answer:
    """The answer, from the evidence of the same frames. Nothing is ranked that is not fair."""
    checked = fairness.check(frames, seen.choices)
    metric = frames.study["metric"]
    empty = Answer(
        optimizer=None,
        lr=None,
        grade=NOT_ENOUGH_DATA,
        ties=(),
        metric=metric["name"],
        direction=metric["direction"],
        unit=metric["unit"],
        validation=None,
        interval=None,
        test=None,
        tested=_tested(frames),
        probability_best=None,
        seeds=len(seen.seeds),
        more_seeds=None,
        margin=None,
        start=seen.start,
        target=None,
        largest_trained_lr=select.largest_trained_lr(frames.compared),
        pending=seen.pending,
        discarded=int(_trials(frames)["diverged"].sum()),
        ranking=(),
        fairness=checked,
        titles={optimizer["name"]: optimizer["class"] for optimizer in frames.optimizers},
        full_batch=tuple(o["name"] for o in frames.optimizers if o.get("full_batch")),
        schedule=frames.study["training"].get("schedule", "constant"),
        sentence="",
        stop=frames.study["training"].get("stop", "never"),
        stopped=int((stopped(seen.reported) < seen.reported["epochs"]).sum()),
        naive=frames.study["problem"].get("naive", {}).get("validation"),
    )
    found = empty if not (checked.may_rank and seen.optimizers) else _ranked_answer(frames, seen, empty)
    return replace(found, sentence=words.sentence(found, str))


def _ranked_answer(frames: Frames, seen: Evidence, empty: Answer) -> Answer:
    sign = 1.0 if frames.direction == "max" else -1.0
    good, losses = _matrices(seen, sign)
    start = sign * seen.start if seen.start is not None else _worst(good)
    standing = ranking.rank(good, losses, start, _resolution(frames))
    best = float(sign * standing.medians[standing.winner])
    goal = target.target_value(seen.start, best, frames.direction)
    times = _times(frames, seen, goal)
    rows = tuple(_row(frames, seen, standing, int(column), sign, times) for column in standing.order)
    if not math.isfinite(best):
        return replace(empty, ranking=rows)
    first = rows[0]
    return replace(
        empty,
        optimizer=first.optimizer,
        lr=None if math.isnan(first.lr) else first.lr,
        grade=NOT_ENOUGH_DATA if seen.pending else standing.grade,
        ties=tuple(row.optimizer for row in rows[1:] if row.tied),
        validation=best,
        interval=first.interval,
        test=_test(frames, first),
        tested=_tested(frames),
        probability_best=standing.probability_best,
        more_seeds=None if seen.pending else standing.more_seeds,
        margin=standing.margin,
        target=goal,
        ranking=rows,
    )


def _row(
    frames: Frames,
    seen: Evidence,
    standing: ranking.Standing,
    column: int,
    sign: float,
    times: pd.DataFrame | None,
) -> Ranked:
    name = seen.optimizers[column]
    runs = seen.reported[seen.reported["optimizer"] == name].sort_values("seed")
    lr = float(runs["lr"].iloc[0])
    choice = seen.choices.get(name)
    own = _trials(frames)
    own = own[own["optimizer"] == name]
    trained = runs[~runs["diverged"]]
    gaps = sign * (trained["train_metric"] - trained["validation_metric"]).to_numpy(dtype=float)
    mine = times[times["optimizer"] == name] if times is not None else None
    steps = mine["steps"].to_numpy() if mine is not None else None
    passes = mine["evaluations"] / frames.study["training"]["steps_per_epoch"] if mine is not None else None
    return Ranked(
        optimizer=name,
        lr=lr,
        hyperparameters=json.loads(runs["hyperparameters"].iloc[0]),
        median=_number(sign * standing.medians[column]),
        interval=_interval(standing.interval, column, sign),
        values=tuple(float(v) for v in runs["validation_metric"].where(~runs["diverged"], math.nan)),
        rank_interval=(int(standing.rank_interval[0][column]), int(standing.rank_interval[1][column])),
        difference=float(standing.advantage[column]) + 0.0,  # not -0.0
        difference_interval=_interval(standing.advantage_interval, column, 1.0),
        probability_beaten_by_best=float(standing.probability_beaten[column]),
        p_value=float(standing.p_value[column]),
        tied=bool(column != standing.winner and not standing.separated[column]),
        equal=bool(standing.equal[column]),
        diverged=float(own["diverged"].mean()),
        steps_to_target=target.median_time(steps) if steps is not None else None,
        passes_to_target=target.median_time(passes.to_numpy()) if passes is not None else None,
        reached=float(np.isfinite(steps).mean()) if steps is not None else math.nan,
        lr_interval=select.lr_interval(seen.sensitivity, name, lr, seen.start, frames.direction),
        edge=choice.edge if choice else "",
        train_validation_gap=float(np.median(gaps)) if len(gaps) else math.nan,
    )


def _trials(frames: Frames) -> pd.DataFrame:
    """All compared runs but those that repeat reporting runs, to look into them or to read the test set."""
    return frames.compared[~frames.compared["purpose"].isin(["inspect", "test"])]


def _at_chosen_lr(reported: pd.DataFrame, choices: dict[str, select.Choice]) -> pd.DataFrame:
    """The reporting runs at each optimizer's chosen learning rate.

    An optimizer without tuning runs has nothing to choose: it is compared at the learning rate of
    its reporting runs where that is one, and a solver without any.
    """
    chosen = {name: choice.lr for name, choice in choices.items()}
    for name, lrs in reported.groupby("optimizer")["lr"]:
        if name not in chosen and lrs.nunique() == 1:
            chosen[str(name)] = float(lrs.iloc[0])
    return reported[_same_lr(reported["lr"], reported["optimizer"].map(chosen))]


def _same_lr(one: pd.Series, other: pd.Series | float) -> pd.Series:
    """Whether learning rates are equal; a solver's, which it has not, equals any."""
    return (one == other) | one.isna()


def _matrices(seen: Evidence, sign: float) -> tuple[np.ndarray, np.ndarray]:
    """Final metric (higher is better, -inf where diverged) and loss, both (seeds, optimizers)."""
    runs = seen.reported
    failed = runs["diverged"] | ~np.isfinite(runs["validation_metric"].astype(float))
    good = (sign * runs["validation_metric"].astype(float)).where(~failed, -math.inf)
    loss = runs["validation_loss"].astype(float).where(~failed, math.inf).fillna(math.inf)
    wide = runs.assign(good=good, loss=loss).pivot(index="seed", columns="optimizer")
    return tuple(
        wide[part].loc[list(seen.seeds), list(seen.optimizers)].to_numpy() for part in ("good", "loss")
    )  # type: ignore[return-value]


def _worst(good: np.ndarray) -> float:
    """What stands for the untrained network where no curve shows it."""
    finite = good[np.isfinite(good)]
    return float(finite.min()) if len(finite) else 0.0


def _times(frames: Frames, seen: Evidence, goal: float | None) -> pd.DataFrame | None:
    if goal is None:
        return None
    per_step = {o["name"]: o["evaluations_per_step"] for o in frames.optimizers}
    return target.times_to_target(seen.curves, seen.reported, goal, frames.direction, per_step)


def _resolution(frames: Frames) -> float:
    """The step in which the metric comes: one validation row for an accuracy."""
    counted = frames.study["metric"]["name"] == "accuracy"
    return 1 / frames.study["problem"]["validation"] if counted else 0.0


def _test(frames: Frames, first: Ranked) -> float | None:
    """The winner's median on the test set; a diverged run counts as the worst."""
    runs = frames.purpose("test")
    runs = runs[(runs["optimizer"] == first.optimizer) & _same_lr(runs["lr"], first.lr)]
    if not len(runs):
        return None
    worst = -math.inf if frames.direction == "max" else math.inf
    median = float(np.median(runs["test_metric"].astype(float).fillna(worst)))
    return median if math.isfinite(median) else None


def _tested(frames: Frames) -> int:
    """For how many choices of optimizer and learning rate the folder's runs read the test set."""
    runs = frames.runs[frames.runs["purpose"] == "test"]
    return len(runs[["optimizer", "lr"]].drop_duplicates())


def _interval(ends: tuple[np.ndarray, np.ndarray], column: int, sign: float) -> tuple[float, float]:
    low, high = ends if sign > 0 else ends[::-1]
    return _number(sign * low[column]), _number(sign * high[column])


def _number(value: float) -> float:
    return float(value) if math.isfinite(value) else math.nan

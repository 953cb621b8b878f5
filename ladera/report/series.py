"""What the figures draw, as plain lists: medians with their range, and the ends of the axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ladera.analysis.answer import Answer
from ladera.analysis.worked import worked
from ladera.store import DEAR

__all__ = [
    "CURVE_COLUMNS",
    "Band",
    "Convergence",
    "Inspected",
    "Scale",
    "Sensitivity",
    "convergences",
    "inspections",
    "sensitivities",
    "summarise",
]

CURVE_COLUMNS = ("train_loss", "validation_loss", "train_metric", "validation_metric")

_ABOVE_START = 3.0  # a loss axis ends at this multiple of the untrained loss
_BELOW_MEDIANS = 3.0  # and begins at most this factor below the lowest median
_BEYOND_START = 0.5  # a metric axis ends this share of the way to the best value beyond the start


@dataclass(frozen=True)
class Band:
    """Median over runs and their range, at each `x`; `n` runs have a value there.

    A run without a value (diverged) counts as the worst one in the median, which is None where it
    falls on such a run; the range is that of the `n` others (None where n = 0).
    """

    x: list[float]
    median: list[float | None]
    low: list[float | None]
    high: list[float | None]
    n: list[int]

    def after(self, share: float) -> Band:
        """Without the first `share` of the points; the last one always stays."""
        first = min(math.ceil(share * len(self.x)), len(self.x) - 1)
        return Band(self.x[first:], self.median[first:], self.low[first:], self.high[first:], self.n[first:])


@dataclass(frozen=True)
class Convergence:
    """One optimizer at its chosen learning rate: a band for each of `CURVE_COLUMNS`, against steps, or
    against passes over the training set where a solver is compared, whose steps are of another kind."""

    optimizer: str
    title: str
    lr: float  # nan for a solver
    seeds: int
    bands: dict[str, Band]
    per_x: dict[str, float]  # what a step, or a pass, is in each unit of the axis
    final: float | None  # median validation metric of the networks that the trainings were left with


@dataclass(frozen=True)
class Sensitivity:
    """One optimizer over its learning rates: the final validation metric on the tuning seeds."""

    optimizer: str
    title: str
    chosen: float | None
    band: Band
    diverged: list[int]  # runs lost at each learning rate
    runs: list[int]  # runs asked for at each learning rate


@dataclass(frozen=True)
class Inspected:
    """One optimizer at its chosen learning rate: a band for each dear instrument, against steps."""

    optimizer: str
    title: str
    bands: dict[str, Band]


@dataclass(frozen=True)
class Scale:
    """The metric and how far an axis goes: one run of 1e30 must not flatten all others."""

    metric: str
    direction: str  # "max" | "min"
    start: float | None  # median metric of the untrained network

    def metric_ends(self, bands: Iterable[Band]) -> list[float] | None:
        """From the best value to the worst median, but not far beyond the untrained network."""
        bands = list(bands)
        medians = _present(v for band in bands for v in band.median)
        if not medians:
            return None
        best_is_high = self.direction == "max"
        edges = _present(v for band in bands for v in (band.high if best_is_high else band.low))
        best = max(edges) if best_is_high else min(edges)
        worst = min(medians) if best_is_high else max(medians)
        if self.start is not None:
            limit = self.start - _BEYOND_START * (best - self.start)
            worst = max(worst, limit) if best_is_high else min(worst, limit)
        pad = 0.04 * abs(best - worst) or 0.05
        low, high = min(best, worst) - pad, max(best, worst) + pad
        return [low, high]

    def loss_ends(self, bands: Iterable[Band]) -> list[float] | None:
        """Ends of a logarithmic axis, as exponents of ten: around the medians, not every lucky run."""
        bands = list(bands)
        lows = [v for v in _present(v for band in bands for v in band.low) if v > 0]
        tops = [v for v in _present(v for band in bands for v in band.median) if v > 0]
        if not lows or not tops:
            return None
        starts = [v for v in _present(band.median[0] for band in bands if band.median) if v > 0]
        top = min(max(tops), _ABOVE_START * max(starts)) if starts else max(tops)
        bottom = max(min(lows), min(tops) / _BELOW_MEDIANS)
        low, high = math.log10(bottom), math.log10(max(top, bottom))
        pad = 0.04 * (high - low) or 0.1
        return [low - pad, high + pad]


def convergences(
    answer: Answer, reported: pd.DataFrame, curves: pd.DataFrame, per_pass: Mapping[str, float] | None = None
) -> list[Convergence]:
    """In the order of the ranking, where there is one.

    reported: the reporting runs at the chosen learning rates; curves: theirs, in long form. per_pass:
    how many of its steps each optimizer makes in a pass over the training set, where the bands are to
    be against passes.
    """
    found = []
    for name in _order(answer, reported):
        runs, own = (frame[frame["optimizer"] == name] for frame in (reported, curves))
        if per_pass is not None:
            own = own.assign(step=own["step"] / per_pass[name])
        bands = {
            column: summarise(
                own.pivot(index="step", columns="run", values=column),
                answer.direction if column.endswith("metric") else "min",
            )
            for column in CURVE_COLUMNS
        }
        title, lr = answer.titles[name], float(runs["lr"].iloc[0])
        costs = _per_step(runs) if per_pass is None else _per_pass(runs, per_pass[name])
        values = runs["validation_metric"].where(~runs["diverged"]).to_frame().T
        [final] = summarise(values.set_axis([0.0]), answer.direction).median
        found.append(Convergence(name, title, lr, len(runs), bands, costs, final))
    return found


def sensitivities(answer: Answer, tuned: pd.DataFrame, chosen: Mapping[str, float]) -> list[Sensitivity]:
    """In the order of the ranking; tuned: the tuning runs; chosen: the learning rates they chose."""
    found = []
    for name in _order(answer, tuned):
        own = tuned[tuned["optimizer"] == name]
        values = own.assign(value=own["validation_metric"].where(~own["diverged"]))
        band = summarise(values.pivot(index="lr", columns="seed", values="value"), answer.direction)
        lost = own.groupby("lr")["diverged"].agg(["sum", "count"])
        diverged, runs = ([int(k) for k in lost[column]] for column in ("sum", "count"))
        found.append(Sensitivity(name, answer.titles[name], chosen.get(name), band, diverged, runs))
    return found


def inspections(answer: Answer, found: pd.DataFrame, steps_per_epoch: int) -> list[Inspected]:
    """In the order of the ranking; found: the dear instruments, in long form, of the inspected runs."""
    curves = []
    for name in _order(answer, found):
        own = found[found["optimizer"] == name]
        bands = {}
        for column in DEAR:
            part = own[own["instrument"] == column]
            part = part.assign(step=part["epoch"] * steps_per_epoch)
            bands[column] = summarise(part.pivot(index="step", columns="seed", values="value"), "min")
        curves.append(Inspected(name, answer.titles[name], bands))
    return curves


def _order(answer: Answer, runs: pd.DataFrame) -> list[str]:
    """The optimizers that have runs: the ranked ones first, best first, then as asked for."""
    ranked = [row.optimizer for row in answer.ranking]
    present = set(runs["optimizer"])
    return [name for name in dict.fromkeys([*ranked, *answer.titles]) if name in present]


def summarise(table: pd.DataFrame, direction: str) -> Band:
    """Median and range of each row of a table: rows are x, in order, columns are runs, nan where lost."""
    if not table.size:
        return Band([], [], [], [], [])
    values = table.to_numpy(dtype=float)
    finite = np.isfinite(values)
    worst = -math.inf if direction == "max" else math.inf
    filled = np.where(finite, values, worst)
    with np.errstate(invalid="ignore"):  # the mean of two infinities of one sign is that infinity
        median = np.median(filled, axis=1)
    low = np.where(finite, values, math.inf).min(axis=1)
    high = np.where(finite, values, -math.inf).max(axis=1)
    return Band(
        [float(x) for x in table.index],
        _plain(median),
        _plain(low),
        _plain(high),
        [int(k) for k in finite.sum(axis=1)],
    )


def _per_step(rows: pd.DataFrame) -> dict[str, float]:
    """What one step costs: medians over the runs, of those that went all the way."""
    done = rows[~rows["diverged"]]
    steps = worked(done).to_numpy(dtype=float)
    costs = {"steps": 1.0}
    for unit in ("evaluations", "seconds"):
        values = done[unit].to_numpy(dtype=float)
        if len(values) and np.isfinite(values).all():
            costs[unit] = float(np.median(values / steps))
    return costs


def _per_pass(rows: pd.DataFrame, steps: float) -> dict[str, float]:
    """What one pass costs; the seconds of a training that ended early were spent on fewer passes."""
    done = rows[~rows["diverged"]]
    made = worked(done).to_numpy(dtype=float)
    seconds = done["seconds"].to_numpy(dtype=float)
    costs = {"passes": 1.0}
    if len(seconds) and np.isfinite(seconds).all() and (made > 0).all():
        costs["seconds"] = float(np.median(seconds / made)) * steps
    return costs


def _plain(values: np.ndarray) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _present(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]

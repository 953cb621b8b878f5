"""Time to target: how long each run takes to reach a value that the best optimizer makes typical.

The target comes from the best optimizer's *median*, never from a lucky run. "Reached" is the first
touch at a recorded epoch. A run that never touches it is censored: it counts as longer than any
other, so that a median exists only where at least half of the runs arrive.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ladera.analysis.thresholds import TARGET
from ladera.analysis.worked import worked

__all__ = ["median_time", "start_metric", "target_value", "times_to_target"]


def start_metric(curves: pd.DataFrame) -> float | None:
    """The median validation metric of the untrained network (epoch 0); None without such a row."""
    start = curves.loc[curves["epoch"] == 0, "validation_metric"].dropna()
    return float(np.median(start)) if len(start) else None


def target_value(start: float | None, best: float, direction: str) -> float | None:
    """start + 0.95 (best − start); None where the best is no better than the untrained network."""
    if start is None or not math.isfinite(best):
        return None
    improved = best > start if direction == "max" else best < start
    return start + TARGET * (best - start) if improved else None


def times_to_target(
    curves: pd.DataFrame,
    runs: pd.DataFrame,
    target: float,
    direction: str,
    evaluations_per_step: Mapping[str, int],
) -> pd.DataFrame:
    """The first touch of each run, in steps, examples, gradient evaluations and seconds.

    Columns: run, optimizer, lr, seed, purpose, reached, steps, examples, evaluations, seconds; inf
    where the run misses the target. Seconds are the run's share of its cohort's training time,
    spread evenly over its steps, those that it did not make any more left out.
    """
    values = curves["validation_metric"]
    touched = curves[values >= target if direction == "max" else values <= target]
    first = touched.groupby("run", sort=False)["step"].min()
    frame = runs[["run", "optimizer", "lr", "seed", "purpose"]].reset_index(drop=True)
    steps = frame["run"].map(first).astype(float).fillna(math.inf).to_numpy()
    frame["reached"] = np.isfinite(steps)
    frame["steps"] = steps
    frame["examples"] = steps * runs["batch"].to_numpy()
    frame["evaluations"] = steps * frame["optimizer"].map(evaluations_per_step).to_numpy()
    frame["seconds"] = steps * (runs["seconds"] / worked(runs)).to_numpy()
    return frame


def median_time(times: np.ndarray) -> float | None:
    """The time by which half of the runs have arrived; None where fewer than half ever do."""
    if not len(times):
        return None
    middle = float(np.sort(times)[(len(times) + 1) // 2 - 1])
    return middle if math.isfinite(middle) else None

"""The learning rate of each optimizer, chosen on the tuning seeds alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ladera.analysis.thresholds import LR_INTERVAL

__all__ = ["Choice", "choose", "largest_trained_lr", "lr_interval", "sensitivity"]


@dataclass(frozen=True)
class Choice:
    """The best learning rate of one optimizer; `edge` names the end of the grid it lies on."""

    lr: float
    edge: str  # "" | "low" | "high"


def sensitivity(tuned: pd.DataFrame, direction: str) -> pd.DataFrame:
    """One row per optimizer and learning rate, sorted by both.

    tuned: rows with optimizer, lr, status, validation_metric, validation_loss (the store's columns).
    Columns: optimizer, lr, runs, diverged (share), median, low, high (quartiles) of the final
    validation metric, median_loss; a diverged run counts as the worst possible, so a median may be
    infinite.
    """
    worst = -math.inf if direction == "max" else math.inf
    diverged = tuned["status"].eq("diverged") | ~np.isfinite(tuned["validation_metric"].astype(float))
    table = tuned.assign(
        diverged=diverged,
        metric=tuned["validation_metric"].astype(float).where(~diverged, worst),
        loss=tuned["validation_loss"].astype(float).where(~diverged, math.inf).fillna(math.inf),
    )
    rows = [
        {
            "optimizer": optimizer,
            "lr": lr,
            "runs": len(group),
            "diverged": group["diverged"].mean(),
            "median": _median(group["metric"]),
            "low": np.quantile(group["metric"], 0.25, method="inverted_cdf"),
            "high": np.quantile(group["metric"], 0.75, method="inverted_cdf"),
            "median_loss": _median(group["loss"]),
        }
        for (optimizer, lr), group in table.groupby(["optimizer", "lr"], sort=True)
    ]
    columns = ["optimizer", "lr", "runs", "diverged", "median", "low", "high", "median_loss"]
    return pd.DataFrame(rows, columns=columns)


def choose(tuned: pd.DataFrame, direction: str) -> dict[str, Choice]:
    """The best learning rate per optimizer, of those with tuning runs.

    Best: median of the final validation metric over the seeds, a diverged run being the worst
    possible; then the lower median validation loss; then the smaller learning rate.
    """
    table = sensitivity(tuned, direction)
    table["order"] = table["median"] if direction == "min" else -table["median"]
    found = {}
    for optimizer, group in table.groupby("optimizer", sort=False):
        lr = float(group.sort_values(["order", "median_loss", "lr"], kind="stable")["lr"].iloc[0])
        found[str(optimizer)] = Choice(lr, _edge(lr, group["lr"]))
    return found


def lr_interval(
    table: pd.DataFrame, optimizer: str, lr: float, start: float | None, direction: str
) -> tuple[float, float]:
    """The tuned learning rates around `lr` whose median is within 5 % of that of `lr`.

    5 % of the way from the untrained metric `start` to the median at `lr`. The interval is the
    unbroken stretch of the grid that holds `lr`, and `lr` alone where there is nothing to measure
    by; table: as `sensitivity` gives.
    """
    rows = table[table["optimizer"] == optimizer].sort_values("lr")
    sign = 1.0 if direction == "max" else -1.0
    lrs, good = rows["lr"].to_numpy(), sign * rows["median"].to_numpy()
    if lr not in lrs or start is None:
        return lr, lr
    at = int(np.flatnonzero(lrs == lr)[0])
    if not math.isfinite(good[at]):
        return lr, lr
    near = good >= good[at] - LR_INTERVAL * max(good[at] - sign * start, 0.0)
    far = np.flatnonzero(~near)
    low = far[far < at].max(initial=-1) + 1
    high = far[far > at].min(initial=len(lrs)) - 1
    return float(lrs[low]), float(lrs[high])


def largest_trained_lr(runs: pd.DataFrame) -> float | None:
    """The largest learning rate at which a run finished, over all optimizers; None: all diverged."""
    finished = runs.loc[runs["status"] != "diverged", "lr"].dropna()  # a solver has none
    return float(finished.max()) if len(finished) else None


def _median(values: pd.Series) -> float:
    return float(np.median(values.to_numpy(dtype=float)))


def _edge(lr: float, grid: pd.Series) -> str:
    if len(grid) == 1:
        return ""  # one learning rate is a wish, not a grid
    return "low" if lr == grid.min() else "high" if lr == grid.max() else ""

"""Was the comparison fair? Read off the runs, not off what was intended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ladera.analysis.answer import Fairness
from ladera.analysis.frames import Frames
from ladera.analysis.select import Choice
from ladera.analysis.thresholds import FINGERPRINT_TOLERANCE

__all__ = ["check", "fingerprint_spread"]


def check(frames: Frames, choices: dict[str, Choice]) -> Fairness:
    """Fairness of the compared runs; `choices` holds the optimizers' best learning rates."""
    tuned, reported = frames.purpose("tune"), frames.purpose("report")
    spread = fingerprint_spread(pd.concat([tuned, reported]))
    unpaired = spread.index[~(spread <= FINGERPRINT_TOLERANCE)]
    seeds = frames.study["seeds"]
    shared = set(seeds["tune"]) & set(seeds["report"])
    runs, evaluations = _budgets(frames, tuned)
    solvers = {o["name"] for o in frames.optimizers if o.get("full_batch")}
    swept = [name for name in runs if name not in solvers]
    return Fairness(
        paired=not len(unpaired),
        disjoint_splits=bool(frames.study["problem"]["disjoint"]),
        disjoint_seeds=not shared,
        equal_budget=_alike(runs, swept)
        and _alike(evaluations, swept)
        and not any(runs[name] for name in solvers),
        edge=tuple(name for name in frames.names() if name in choices and choices[name].edge),
        unpaired_seeds=tuple(int(seed) for seed in unpaired),
        fingerprint_spread=float(spread.max()) if len(spread) else 0.0,
        shared_seeds=tuple(sorted(shared)),
        tuning_runs=runs,
        tuning_evaluations=evaluations,
    )


def fingerprint_spread(runs: pd.DataFrame) -> pd.Series:
    """Per seed, how far the losses before the first step lie apart, relative to their size.

    A loss that is not finite equals only itself: nan everywhere is a spread of 0, nan beside a
    number one of inf.
    """
    seeds, spreads = [], []
    for seed, values in runs.groupby("seed")["fingerprint"]:
        values = values.to_numpy(dtype=float)
        finite = np.isfinite(values)
        seeds.append(seed)
        if finite.all():
            scale = np.abs(values).max()
            spreads.append((values.max() - values.min()) / scale if scale > 0 else 0.0)
        else:
            spreads.append(np.inf if finite.any() else 0.0)
    return pd.Series(spreads, index=pd.Index(seeds, name="seed"), dtype=float)


def _alike(counts: dict[str, int], names: list[str]) -> bool:
    return len({counts[name] for name in names}) <= 1


def _budgets(frames: Frames, tuned: pd.DataFrame) -> tuple[dict[str, int], dict[str, int]]:
    """Tuning runs, and gradient evaluations asked of them, per optimizer.

    Asked, not spent: a run that diverges and is stopped early has had its chance.
    """
    groups = tuned.groupby("optimizer")["steps"].agg(["size", "sum"])
    runs, evaluations = {}, {}
    for optimizer in frames.optimizers:
        name = optimizer["name"]
        size, steps = groups.loc[name] if name in groups.index else (0, 0)
        runs[name] = int(size)
        evaluations[name] = int(steps) * optimizer["evaluations_per_step"]
    return runs, evaluations

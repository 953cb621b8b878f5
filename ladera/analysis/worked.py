"""How much of its training a run really did: those that stop early, or converge, do less than was asked."""

from __future__ import annotations

import pandas as pd

__all__ = ["stopped", "worked"]


def stopped(runs: pd.DataFrame) -> pd.Series:
    """The epoch after which each run stopped early; nan where it did not (the store's column `ended`)."""
    if "ended" not in runs:
        return pd.Series(float("nan"), runs.index)
    return runs["ended"].astype("string").str.extract(r"^early:(\d+)")[0].astype(float)


def worked(runs: pd.DataFrame) -> pd.Series:
    """The steps that each run made: all, but after an early stop; a solver's passes as so many steps."""
    early = stopped(runs)
    made = runs["steps"].astype(float)
    if early.notna().any():
        made = made.where(early.isna(), made / runs["epochs"] * early)
    solves = runs["lr"].isna()
    return made.where(~solves, runs["evaluations"].astype(float)) if solves.any() else made

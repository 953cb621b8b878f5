"""A learning-rate sweep as numbers: the curve, the interval that it suggests, the edge of divergence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ladera.analysis.answer import plain
from ladera.rules import Rule

__all__ = ["TOLERANCE", "Curve", "Found"]

# A rate is as good as the best where every seed loses at most this share of what its training gained:
# what a study calls as good in its sensitivity to the learning rate, too.
TOLERANCE = 0.05


@dataclass(frozen=True, eq=False)
class Curve:
    """One rule's sweep.

    rates: (n,), ascending. losses: (n, seeds) training loss of the last epoch, inf where it diverged.
    starts: (seeds,) loss before the first step. sharpness, stability: (seeds, 2), at the initial weights and
    after training at `best`, the largest eigenvalue of the training loss's Hessian, and the share that it is
    of what the rule stands there (`ladera.train.inspection`); nan: not to be had. None: nothing trained.
    """

    optimizer: str
    title: str
    rule: Rule
    rates: np.ndarray
    losses: np.ndarray
    starts: np.ndarray
    sharpness: np.ndarray | None = None
    stability: np.ndarray | None = None

    @cached_property
    def median(self) -> np.ndarray:
        """(n,) over the seeds; inf where half of them diverged or more."""
        ordered = np.sort(self.losses, axis=1)
        half = self.losses.shape[1] // 2
        middle = ordered[:, half]
        if self.losses.shape[1] % 2:
            return middle
        return (ordered[:, half - 1] + middle) / 2

    @property
    def diverged(self) -> np.ndarray:
        """(n,) how many seeds diverged."""
        return (~np.isfinite(self.losses)).sum(axis=1)

    @cached_property
    def best(self) -> int | None:
        """Which rate has the lowest median, the lower one of equal ones; None: at none did it train."""
        lowest = int(np.argmin(self.median))
        return lowest if math.isfinite(self.median[lowest]) else None

    @property
    def learned(self) -> bool:
        """Whether the best rate's median is below that of the starts."""
        return self.best is not None and bool(self.median[self.best] < np.median(self.starts))

    @cached_property
    def good(self) -> np.ndarray:
        """(n,) whether a rate is as good as the best in every seed: its loss exceeds the seed's best one by
        at most `TOLERANCE` of the way from the start to that."""
        lowest = np.where(np.isfinite(self.losses), self.losses, np.inf).min(axis=0)
        bound = lowest + TOLERANCE * np.maximum(self.starts - lowest, 0.0)
        return (np.isfinite(self.losses) & (self.losses <= bound)).all(axis=1)

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The rates to take: the good ones around the best, without a gap; the best alone where seeds
        differ by more than the tolerance even there."""
        if self.best is None:
            return None
        low = high = self.best
        while low > 0 and self.good[low - 1]:
            low -= 1
        while high < len(self.rates) - 1 and self.good[high + 1]:
            high += 1
        return float(self.rates[low]), float(self.rates[high])

    @property
    def edge(self) -> tuple[float | None, float] | None:
        """The highest rate below which no seed diverged, and the lowest at which one did. None: none did."""
        lost = np.flatnonzero(self.diverged)
        if not len(lost):
            return None
        first = int(lost[0])
        return (float(self.rates[first - 1]) if first else None), float(self.rates[first])

    @property
    def useless(self) -> float | None:
        """The lowest rate above the best at which some seed gains less than half of what it gains at best;
        None: there is none. A network whose units died does not diverge."""
        if self.best is None:
            return None
        half = (self.losses.min(axis=0) + self.starts) / 2
        lost = (~(self.losses < half)).any(axis=1)
        above = np.flatnonzero(lost[self.best :])
        return float(self.rates[self.best + above[0]]) if len(above) else None

    @property
    def without(self) -> str:
        """Why there is no prediction: "rule", it has no limit of stability; "chance", the loss has no
        Hessian; "" where there is one, or nothing trained."""
        if self.sharpness is None or self.stability is None:
            return ""
        if np.isnan(self.sharpness).all():
            return "chance"
        return "rule" if np.isnan(self.stability).all() else ""

    @property
    def curvature(self) -> tuple[float, float] | None:
        """The median sharpness over the seeds, before and after training."""
        if self.sharpness is None or self.without == "chance":
            return None
        before, after = np.median(self.sharpness, axis=0)
        return float(before), float(after)

    @property
    def predicted(self) -> tuple[float | None, float | None] | None:
        """The rate below which the rule is stable where curvature and accumulators are as at the initial
        weights, and as after training at the best rate; None in it where there is no positive curvature, or
        nothing accumulated. None: no prediction."""
        if self.best is None or self.stability is None or self.without:
            return None
        before, after = (float(share) for share in np.median(self.stability, axis=0))
        rate = float(self.rates[self.best])
        return (rate / before if before > 0 else None), (rate / after if after > 0 else None)

    def table(self) -> pd.DataFrame:
        """One row per rate: median, lowest and highest final training loss, diverged seeds, good or not."""
        return pd.DataFrame(
            {
                "optimizer": self.optimizer,
                "lr": self.rates,
                "median": self.median,
                "low": self.losses.min(axis=1),
                "high": self.losses.max(axis=1),
                "diverged": self.diverged,
                "good": self.good,
            }
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it: null where a number is not finite."""
        named = {
            "optimizer": self.optimizer,
            "best": None if self.best is None else float(self.rates[self.best]),
            "interval": self.interval,
            "edge": self.edge,
            "useless": self.useless,
            "sharpness": self.curvature,
            "predicted": self.predicted,
            "curve": self.table().drop(columns="optimizer").to_dict("records"),
        }
        return plain(named)


@dataclass(frozen=True, eq=False)
class Found:
    """The sweeps of all the rules asked for, and on what they were made."""

    data: str
    network: str
    curves: tuple[Curve, ...]
    seeds: int
    epochs: int
    steps: int
    batch: int
    seconds: float

    def __repr__(self) -> str:
        return f"Found({self.sentence()})"

    def table(self) -> pd.DataFrame:
        """One row per rule and rate (`Curve.table`)."""
        return pd.concat([curve.table() for curve in self.curves], ignore_index=True)

    def sentence(self, lang: str = "en") -> str:
        """What to take, and where it diverges, for every rule."""
        from ladera.finding.words import sentence
        from ladera.locale import translator

        return " ".join(sentence(curve, self, translator(lang)) for curve in self.curves)

    def figure(self, lang: str = "en") -> Any:
        """Loss against learning rate, as a Plotly figure."""
        from ladera.finding.figure import figure
        from ladera.locale import translator

        return figure(self, translator(lang))

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """The object of `ladera lr-find --json`."""
        names = ("data", "network", "seeds", "epochs", "steps", "batch")
        named = {name: getattr(self, name) for name in names}
        curves = [curve.as_dict() for curve in self.curves]
        return {**named, "seconds": self.seconds, "sentence": self.sentence(lang), "optimizers": curves}

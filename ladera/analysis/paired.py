"""The winner against each rival, seed by seed: advantages, paired t tests, Holm, more seeds.

Arrays hold the final validation metric turned so that higher is better, -inf where a run diverged.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from ladera.analysis.thresholds import CONFIDENCE, MOST_SEEDS, POWER, SIGNIFICANCE

__all__ = ["Paired", "filled", "holm", "least_advantage", "paired", "plain_advantage", "seeds_needed"]


# Every number of seeds up to 100, then steps of 5 %: a plan is no more exact than what it rests on.
_PLANS = np.unique(np.r_[2:100, np.geomspace(100, MOST_SEEDS, 48).round()])


class Paired(NamedTuple):
    """Of each column of differences: mean, standard deviation, two-sided p value, interval."""

    mean: np.ndarray
    deviation: np.ndarray
    p: np.ndarray
    low: np.ndarray
    high: np.ndarray


def filled(good: np.ndarray, start: float) -> np.ndarray:
    """The values with every diverged run as the worst that is known: the worst run that trained
    anywhere, or the untrained network (`start`) where that is worse."""
    trained = np.isfinite(good)
    return np.where(trained, good, good[trained].min(initial=start))


def plain_advantage(good: np.ndarray, winner: int, start: float) -> np.ndarray:
    """The winner's advantage per seed over each optimizer: good (n, k) -> (n, k), finite.

    A diverged run counts as the worst that is known (`filled`), so two diverged runs are equal.
    """
    values = filled(good, start)
    return values[:, [winner]] - values


def least_advantage(good: np.ndarray, winner: int, start: float) -> np.ndarray:
    """As `plain_advantage`, but a rival that diverged now and then is worse by the least proven.

    One far outlier would swell the standard deviation and so hide a rival that loses in every
    seed. A rival's diverged run is certainly not better than any run that trained: where fewer
    than half of its runs diverged they count as the worst value in the pair. A winner's diverged
    run always counts as the worst of all, so no claim of separation is helped by a stand-in.
    """
    advantage = plain_advantage(good, winner, start)
    trained = np.isfinite(good)
    rarely = (~trained).mean(axis=0) < 0.5
    own = good[:, winner]
    for rival in np.flatnonzero(rarely & ~trained.all(axis=0)):
        worst = min(good[trained[:, rival], rival].min(), own[trained[:, winner]].min(initial=np.inf))
        lost = ~trained[:, rival] & trained[:, winner]
        advantage[lost, rival] = own[lost] - worst
    return advantage


def paired(differences: np.ndarray, resolution: float = 0.0) -> Paired:
    """The paired t test of each column (n, k) against 0, and the interval of its mean.

    resolution: the step in which values come (1/359 for an accuracy on 359 rows). Rounding hides
    a variance of resolution²/6 per difference; adding it keeps five seeds that happen to differ
    by one row each from passing for certainty.

    Without spread the test is certain: p = 1 where all differences are zero, else 0. One seed has
    no spread to speak of: p = 1 and an unbounded interval.
    """
    n, k = differences.shape
    mean = differences.mean(axis=0)
    if n < 2:
        nothing = np.full(k, np.nan)
        return Paired(mean, nothing, np.ones(k), np.full(k, -np.inf), np.full(k, np.inf))
    deviation = np.sqrt(differences.var(axis=0, ddof=1) + resolution**2 / 6)
    error = deviation / np.sqrt(n)
    certain = np.where(mean == 0, 0.0, np.inf)
    t = np.divide(np.abs(mean), error, out=certain, where=error > 0)
    half = -stdtrit(n - 1, (1 - CONFIDENCE) / 2) * error
    return Paired(mean, deviation, 2 * stdtr(n - 1, -t), mean - half, mean + half)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction: p values (m,) -> adjusted (m,). Holm 1979."""
    m = len(p)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((m - np.arange(m)) * p[order])
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def seeds_needed(least: Paired, plain: Paired, margin: float, comparisons: int) -> np.ndarray:
    """Seeds in all after which each rival would be separated or shown equal, with `POWER`; (k,).

    Taking the differences seen for the true ones, the smaller of
    - separation: the paired t test at SIGNIFICANCE / comparisons, the level that Holm's procedure
      holds the next rival to when `comparisons` of them are not separated yet;
    - equality: both ends of the interval within the margin (one test of margin − |mean|).
    inf where neither is in reach of `MOST_SEEDS`.
    """
    n = _PLANS[:, None]
    room = np.maximum(margin - np.abs(plain.mean), 0.0)
    separated = _power(n, _effect(np.abs(least.mean), least.deviation), SIGNIFICANCE / comparisons)
    equal = _power(n, _effect(room, plain.deviation), SIGNIFICANCE)
    enough = (separated >= POWER) | (equal >= POWER)
    return np.where(enough.any(axis=0), n[enough.argmax(axis=0), 0], np.inf)


def _effect(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """mean / deviation for mean >= 0; without spread any mean is an infinite effect, none is none."""
    unbounded = np.where(mean > 0, np.inf, 0.0)
    return np.divide(mean, deviation, out=unbounded, where=deviation > 0)


def _power(n: np.ndarray, effect: np.ndarray, significance: float) -> np.ndarray:
    """Power of a two-sided t test with n (m, 1) seeds for effects (k,) = mean / sd >= 0.

    The noncentral t taken as Student's t moved by √n·effect: within one seed of the exact plan.
    """
    critical = -stdtrit(n - 1, significance / 2)
    return stdtr(n - 1, np.sqrt(n) * effect - critical)

"""Who stands where, on plain arrays: ranks with intervals, and who is separated from the winner.

Arrays hold the final validation metric turned so that higher is better, one row per reporting seed
and one column per optimizer, -inf where a run diverged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ladera.analysis import bootstrap, paired
from ladera.analysis.answer import CLEAR, NOT_ENOUGH_DATA, TIE
from ladera.analysis.thresholds import EQUIVALENCE, FEWEST_SEEDS, MOST_SEEDS, PROBABILITY, SIGNIFICANCE

__all__ = ["Standing", "rank"]


@dataclass(frozen=True)
class Standing:
    """Everything that the values decide. Arrays (k,) are in the order of the columns.

    `order` lists the columns, best first; the entries of the winner itself are nan or False.
    """

    order: np.ndarray
    medians: np.ndarray
    interval: tuple[np.ndarray, np.ndarray]
    rank_interval: tuple[np.ndarray, np.ndarray]
    advantage: np.ndarray  # mean paired advantage of the winner
    advantage_interval: tuple[np.ndarray, np.ndarray]
    p_value: np.ndarray
    probability_beaten: np.ndarray
    separated: np.ndarray
    equal: np.ndarray
    probability_best: float
    margin: float
    grade: str
    more_seeds: int | None

    @property
    def winner(self) -> int:
        return int(self.order[0])


def rank(good: np.ndarray, losses: np.ndarray, start: float, resolution: float = 0.0) -> Standing:
    """Rank optimizers on paired values.

    good, losses: (n, k) final validation metric (higher is better) and loss, n, k >= 1; start: the
    untrained metric, turned as `good`; resolution: the step in which the metric comes, 0 for none.
    """
    n, _ = good.shape
    order = _order(good, losses, start)
    winner = int(order[0])
    centre = np.median(good, axis=0)
    drawn = bootstrap.resamples(n)
    resampled = bootstrap.medians(good, drawn)
    levels = bootstrap.expanded_levels(n)
    least = paired.least_advantage(good, winner, start)
    plain = paired.plain_advantage(good, winner, start)
    rivals = np.delete(np.arange(good.shape[1]), winner)
    margin = EQUIVALENCE * max(float(centre[winner]) - start, 0.0) if math.isfinite(centre[winner]) else 0.0

    test, strict = paired.paired(least, resolution), paired.paired(plain)
    p_value = np.full(len(order), np.nan)
    p_value[rivals] = paired.holm(test.p[rivals])
    beaten = _probability_beaten(resampled, drawn, winner, n)
    beaten[winner] = np.nan
    separated = (p_value < SIGNIFICANCE) & (test.mean > 0) & (beaten >= PROBABILITY)
    equal = ~separated & (strict.low >= -margin) & (strict.high <= margin)
    equal[winner] = False
    undecided = rivals[~(separated | equal)[rivals]]
    grade = _grade(n, separated[rivals], equal[rivals])
    plan = partial(
        paired.seeds_needed, test, strict, margin=margin, comparisons=int((~separated[rivals]).sum())
    )
    return Standing(
        order=order,
        medians=centre,
        interval=bootstrap.interval(resampled, drawn, levels),
        rank_interval=_rank_interval(resampled, drawn, levels),
        advantage=_but(strict.mean, winner),
        advantage_interval=(_but(strict.low, winner), _but(strict.high, winner)),
        p_value=p_value,
        probability_beaten=beaten,
        separated=separated,
        equal=equal,
        probability_best=_probability_best(resampled, drawn, winner, n),
        margin=margin,
        grade=grade,
        more_seeds=_more_seeds(plan, undecided, n) if grade == NOT_ENOUGH_DATA else None,
    )


def _order(good: np.ndarray, losses: np.ndarray, start: float) -> np.ndarray:
    """Columns, best first: median, then mean, then the lower median loss, then as they stand."""
    loss = np.median(np.where(np.isfinite(good), losses, np.inf), axis=0)
    mean = paired.filled(good, start).mean(axis=0)
    # Equal values summed in another order must tie: means are compared to 12 digits.
    digits = np.round(mean / np.abs(mean).max(initial=np.finfo(float).tiny), 12)
    return np.lexsort((loss, -digits, -np.median(good, axis=0)))


def _rank_interval(resampled: np.ndarray, drawn: bootstrap.Resamples, levels: tuple[float, float]):
    """Ranks that each optimizer takes in the resamples; a tie takes all the ranks it spans."""
    above = (resampled[:, None, :] > resampled[:, :, None]).sum(axis=2)
    not_below = (resampled[:, None, :] >= resampled[:, :, None]).sum(axis=2)
    low, _ = bootstrap.interval(above + 1, drawn, levels)
    _, high = bootstrap.interval(not_below, drawn, levels)
    return low, high


def _probability_beaten(resampled: np.ndarray, drawn: bootstrap.Resamples, winner: int, n: int) -> np.ndarray:
    """P(the winner's median is better), a resample without difference counted half: (r, k) -> (k,).

    Of the medians, because they are what the ranking is by; the seeds are resampled in pairs.
    """
    own = resampled[:, [winner]]
    return bootstrap.expanded_probability(drawn.share((own > resampled) + 0.5 * (own == resampled)), n)


def _probability_best(resampled: np.ndarray, drawn: bootstrap.Resamples, winner: int, n: int) -> float:
    """P(the winner's median is the best of all), shared among those that tie in a resample."""
    if resampled.shape[1] == 1:
        return 1.0
    best = resampled == resampled.max(axis=1, keepdims=True)
    share = drawn.share(best[:, winner] / best.sum(axis=1))
    return float(bootstrap.expanded_probability(share, n))


def _grade(n: int, separated: np.ndarray, equal: np.ndarray) -> str:
    """The verdict on the rivals: (k - 1,) truth values.

    One rival that is practically equal to the winner makes a tie, whatever of the others is still
    undecided: no number of seeds would turn it into a clear answer.
    """
    if n < FEWEST_SEEDS:
        return NOT_ENOUGH_DATA
    if separated.all():
        return CLEAR
    return TIE if equal.any() else NOT_ENOUGH_DATA


def _more_seeds(plan: Callable[[], np.ndarray], undecided: np.ndarray, n: int) -> int | None:
    """Seeds to add until every undecided rival is decided; None where that is out of reach."""
    missing = max(FEWEST_SEEDS - n, 0)
    if n < 2 or not len(undecided):
        return missing
    needed = plan()[undecided].max()
    return max(int(needed) - n, missing, 1) if needed <= MOST_SEEDS else None


def _but(values: np.ndarray, winner: int) -> np.ndarray:
    """The values with the winner's own as nan."""
    values = values.astype(float)
    values[winner] = np.nan
    return values

"""The answer of a sweep: which combination, with which optimizer, by how much, and how sure that is.

Every combination is a study. Its best optimizer stands for it, with the final validation metric on each
reporting seed; those seeds, the split and the order of the mini-batches are the same in all of them, so
that combinations are compared seed by seed, by the statistics that compare optimizers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladera.analysis import ranking
from ladera.analysis.answer import NOT_ENOUGH_DATA, Answer, Ranked, plain

__all__ = [
    "BEST",
    "DIVERGED",
    "OPEN",
    "PENDING",
    "TIES",
    "WORSE",
    "Combination",
    "Seen",
    "SweepAnswer",
    "answer",
]

BEST, TIES, OPEN, WORSE, DIVERGED, PENDING = "best", "ties", "open", "worse", "diverged", "pending"

_SHARED = ("data_hash", "split_hash")  # of the problem: without them seeds are no pairs


@dataclass(frozen=True)
class Seen:
    """What one combination's study says. `study` is its study file; None: there is none yet."""

    values: dict[str, str]
    folder: str
    study: Mapping[str, Any] | None = None
    answer: Answer | None = None
    seeds: tuple[int, ...] = ()  # of the values that its best optimizer has
    tested: bool = False

    @property
    def best(self) -> Ranked | None:
        return self.answer.ranking[0] if self.answer is not None and self.answer.ranking else None

    @property
    def whole(self) -> bool:
        return self.best is not None and self.answer is not None and not self.answer.pending


@dataclass(frozen=True)
class Combination:
    """A row of the ranking: a combination with its best optimizer.

    Values are of the final validation metric over the reporting seeds; nan, or None, where there are none.
    """

    values: dict[str, str]  # of the dimensions that are swept
    folder: str
    optimizer: str | None
    title: str
    lr: float | None  # None for a solver
    median: float
    interval: tuple[float, float]
    difference: float  # mean paired advantage of the best combination, > 0: the best is better
    difference_interval: tuple[float, float]
    probability_beaten_by_best: float
    p_value: float  # paired t test, Holm-corrected over all the others
    edge: str  # "" | "low" | "high": its learning rate lies on that edge of the grid
    verdict: str  # BEST | TIES | OPEN | WORSE | DIVERGED | PENDING
    seconds: float | None  # wall-clock, of all calls that trained it

    @property
    def name(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.values.items())


@dataclass(frozen=True)
class SweepAnswer:
    """Which combination to use. `best` is None where nothing can be recommended; `unlike` names then what
    the combinations do not share, if that is why."""

    best: Combination | None
    grade: str  # CLEAR | TIE | NOT_ENOUGH_DATA
    ranking: tuple[Combination, ...]  # best first; those without an answer last
    metric: str
    direction: str
    unit: str
    seeds: int
    probability_best: float | None
    margin: float | None  # differences smaller than this are none in practice
    more_seeds: int | None
    test: float | None  # the best combination's median on the test set
    tested: int  # combinations for which the test set was ever read
    unlike: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def of(self, verdict: str) -> list[Combination]:
        return [row for row in self.ranking if row.verdict == verdict]

    def as_dict(self) -> dict[str, Any]:
        return plain(dataclasses.asdict(self))


def answer(seen: Sequence[Seen], read_before: int = 0) -> SweepAnswer:
    """The answer, its sentence empty: `ladera.analysis.combination_words` writes it.

    read_before: for how many other combinations the test set was read.
    """
    whole = [one for one in seen if one.whole]
    metric = next((one.study["metric"] for one in seen if one.study), {})
    unlike = _unlike(whole)
    waiting = [one for one in seen if unlike or not one.whole]
    empty = SweepAnswer(
        best=None,
        grade=NOT_ENOUGH_DATA,
        ranking=tuple(_row(one, verdict=PENDING) for one in seen),
        metric=metric.get("name", ""),
        direction=metric.get("direction", "max"),
        unit=metric.get("unit", ""),
        seeds=0,
        probability_best=None,
        margin=None,
        more_seeds=None,
        test=None,
        tested=sum(one.tested for one in seen) + read_before,
        unlike=unlike,
        sentence="",
    )
    seeds = sorted(set.intersection(*(set(one.seeds) for one in whole))) if whole else []
    if unlike or not seeds:
        return empty
    standing = _standing(whole, seeds, empty.direction)
    rows = [_ranked(whole[k], standing, k, empty.direction) for k in map(int, standing.order)]
    best = rows[0] if rows[0].verdict == BEST else None
    first = whole[standing.winner].answer
    return dataclasses.replace(
        empty,
        best=best,
        grade=NOT_ENOUGH_DATA if waiting or best is None else standing.grade,
        ranking=(*rows, *(_row(one, verdict=PENDING) for one in waiting)),
        seeds=len(seeds),
        probability_best=standing.probability_best if best else None,
        margin=standing.margin if best else None,
        more_seeds=None if waiting or best is None else standing.more_seeds,
        test=first.test if best and first else None,
    )


def _unlike(whole: Sequence[Seen]) -> str:
    """What the studies do not share that pairing needs, or ""."""
    studies = [one.study for one in whole if one.study is not None]
    for key in _SHARED:
        if len({study["problem"].get(key) for study in studies}) > 1:
            return key
    if len({study["metric"]["name"] for study in studies}) > 1:
        return "metric"
    return ""


def _standing(whole: Sequence[Seen], seeds: Sequence[int], direction: str) -> ranking.Standing:
    sign = 1.0 if direction == "max" else -1.0
    columns = []
    for one in whole:
        assert one.best is not None
        known = dict(zip(one.seeds, one.best.values, strict=True))
        columns.append([sign * known[seed] if math.isfinite(known[seed]) else -math.inf for seed in seeds])
    good = np.array(columns).T
    # Untrained networks differ where initial weights do, now and then by far: the median of them.
    starts = [one.answer.start for one in whole if one.answer and one.answer.start is not None]
    start = sign * float(np.median(starts)) if starts else float(good[np.isfinite(good)].min(initial=0.0))
    study = whole[0].study or {}
    counted = study["metric"]["name"] == "accuracy"
    # Losses break no tie here: combinations may have different ones.
    return ranking.rank(
        good, np.zeros_like(good), start, 1 / study["problem"]["validation"] if counted else 0
    )


def _ranked(one: Seen, standing: ranking.Standing, k: int, direction: str) -> Combination:
    sign = 1.0 if direction == "max" else -1.0
    lost = not math.isfinite(standing.medians[k])
    if lost:
        verdict = DIVERGED
    elif k == standing.winner:
        verdict = BEST
    elif standing.separated[k]:
        verdict = WORSE
    else:
        verdict = TIES if standing.equal[k] else OPEN
    ends = sorted(sign * float(end[k]) for end in standing.interval)
    return _row(
        one,
        verdict=verdict,
        median=math.nan if lost else sign * float(standing.medians[k]),
        interval=tuple(end if math.isfinite(end) else math.nan for end in ends),
        difference=float(standing.advantage[k]) + 0.0,
        difference_interval=tuple(float(end[k]) for end in standing.advantage_interval),
        probability_beaten_by_best=float(standing.probability_beaten[k]),
        p_value=float(standing.p_value[k]),
    )


def _row(one: Seen, **found: Any) -> Combination:
    """A row: what is found of it, and what its study says of itself."""
    nothing = math.nan
    empty = {
        "median": nothing,
        "interval": (nothing, nothing),
        "difference": nothing,
        "difference_interval": (nothing, nothing),
        "probability_beaten_by_best": nothing,
        "p_value": nothing,
    }
    best = one.best if found["verdict"] not in (DIVERGED, PENDING) else None
    spent = (one.study or {}).get("spent", {}).get("total")
    return Combination(
        values=one.values,
        folder=one.folder,
        optimizer=best.optimizer if best else None,
        title=one.answer.titles[best.optimizer] if best and one.answer else "",
        lr=best.lr if best and math.isfinite(best.lr) else None,
        edge=best.edge if best else "",
        seconds=spent,
        **{**empty, **found},
    )

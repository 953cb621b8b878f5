"""The result of an analysis as plain values: the answer, its ranking, its fairness badge.

Values are numbers and names: `ladera.analysis.words` turns an answer into sentences in any
language. `as_dict` gives JSON-able values (null where a number does not exist).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

__all__ = ["CLEAR", "NOT_ENOUGH_DATA", "TIE", "Answer", "Fairness", "Ranked", "plain"]

CLEAR = "clear"
TIE = "tie"
NOT_ENOUGH_DATA = "not enough data"


@dataclass(frozen=True)
class Ranked:
    """One optimizer at its best learning rate: a row of the ranking.

    All values are of the final validation metric over the reporting seeds unless said otherwise.
    """

    optimizer: str  # command-line name
    lr: float  # nan for a solver, which has none
    hyperparameters: dict[str, Any]
    median: float  # nan where half of the runs or more diverged
    interval: tuple[float, float]  # of the median, expanded 95 % bootstrap; nan where not finite
    values: tuple[float, ...]  # per reporting seed, in seed order; nan = diverged
    rank_interval: tuple[int, int]  # 95 %, 1 = best
    difference: (
        float  # mean paired advantage of the best over this one, > 0: the best is better; nan for the best
    )
    difference_interval: tuple[float, float]  # its 95 % interval; nan for the best, and for n = 1
    probability_beaten_by_best: float  # paired bootstrap; nan for the best itself
    p_value: float  # paired t test, Holm-corrected over the rivals; nan for the best itself
    tied: bool  # not separated from the best (False for the best itself)
    equal: bool  # practically equal to the best: the whole interval lies within the margin
    diverged: float  # share of this optimizer's tuning and reporting runs
    steps_to_target: float | None  # median over seeds; None where fewer than half reach the target
    passes_to_target: float | None  # the same in passes over the training set
    reached: float  # share of seeds that reach the target (nan where there is no target)
    lr_interval: tuple[float, float]  # tuned learning rates within 5 % of the best one
    edge: str  # "" | "low" | "high": the best learning rate lies on that edge of its grid
    train_validation_gap: float  # how much better the metric is on the training rows (median)


@dataclass(frozen=True)
class Fairness:
    """What the machine checked. Where one of the first three fails nothing is ranked."""

    paired: bool  # one seed, one start and one order of mini-batches, for every optimizer
    disjoint_splits: bool  # train, validation and test share no row
    disjoint_seeds: bool  # no seed both chose the learning rate and is reported
    equal_budget: bool  # the same number of tuning runs and of gradient evaluations for all; none for solvers
    edge: tuple[str, ...]  # optimizers whose best learning rate lies on the edge of its grid
    unpaired_seeds: tuple[int, ...]  # seeds whose fingerprints disagree
    fingerprint_spread: float  # the largest relative disagreement within one seed
    shared_seeds: tuple[int, ...]  # seeds that both tune and report
    tuning_runs: dict[str, int]  # per optimizer
    tuning_evaluations: dict[str, int]  # gradient evaluations asked for, per optimizer

    @property
    def may_rank(self) -> bool:
        return self.paired and self.disjoint_splits and self.disjoint_seeds


@dataclass(frozen=True)
class Answer:
    """Which optimizer to use, how sure that is, and on what evidence.

    `optimizer` is None where nothing can be recommended: all runs diverged, no optimizer has its
    reporting runs yet (all are in `pending`), or the comparison is not fair (`fairness.may_rank`).
    """

    optimizer: str | None
    lr: float | None  # None where nothing is recommended, or a solver, which has none
    grade: str  # CLEAR | TIE | NOT_ENOUGH_DATA
    ties: tuple[str, ...]  # rivals that are not separated from the winner, best first
    metric: str
    direction: str  # "max" | "min"
    unit: str
    validation: float | None  # the winner's median over the reporting seeds
    interval: tuple[float, float] | None  # its expanded 95 % bootstrap interval
    test: float | None  # the winner's median on the test set
    tested: int  # choices for which the test set was read, this one and those of earlier questions
    probability_best: float | None  # that it is the best of all, by paired bootstrap
    seeds: int  # reporting seeds that the ranking rests on
    more_seeds: int | None  # for NOT_ENOUGH_DATA: how many more would decide (None: cannot be said)
    margin: float | None  # differences smaller than this are no difference in practice
    start: float | None  # median validation metric of the untrained network
    target: float | None  # validation metric that `steps_to_target` refers to
    largest_trained_lr: float | None  # over all optimizers; None: every run diverged
    pending: tuple[str, ...]  # optimizers whose reporting runs are not all there yet
    discarded: int  # diverged tuning and reporting runs: counted, not averaged in
    ranking: tuple[Ranked, ...]  # best first
    fairness: Fairness
    titles: dict[str, str]  # how each optimizer is written for people: {"adam": "Adam"}
    full_batch: tuple[str, ...]  # the solvers: the whole training set at once, no learning rate
    schedule: str  # that the rules followed: "constant", "cosine", ...
    sentence: str  # in English; `ladera.analysis.words.sentence` writes it in other languages
    stop: str = "never"  # or when the rules stopped early: "early:5"
    stopped: int = 0  # reporting runs that did, before their last epoch
    naive: float | None = None  # of windows of a series: the last value repeated, on the validation set

    def __str__(self) -> str:
        return self.sentence

    @property
    def best(self) -> Ranked | None:
        return self.ranking[0] if self.optimizer is not None else None

    def as_dict(self) -> dict[str, Any]:
        return plain(dataclasses.asdict(self))


def plain(value: Any) -> Any:
    """The value as JSON can hold it: tuples as lists, numbers that are not finite as None."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

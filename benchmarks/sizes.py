"""How much is measured: everything, less, or just enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SIZES", "Size"]


@dataclass(frozen=True)
class Size:
    share: float  # of the steps and starts of `steps`
    repeats: int  # rounds of every side
    both: bool  # both arrangements of a peer, or one single-threaded process
    seconds: float  # one round of one side, roughly
    digits_epochs: int
    mnist_rows: int  # for training; a fifth of that validates
    planned: int  # trainings of the study that the engine's plan is made for
    studies: tuple[tuple[int, int], ...]  # learning rates and seeds of the studies of `scaling`
    study_epochs: int
    main_job: tuple[str, ...]  # further arguments of `ladera compare digits`
    main_job_repeats: int


# Under one rule, rates × seeds + 2 seeds is a study's number of runs: 10, 100, 1,000 and 10,000.
_STUDIES = ((3, 2), (18, 5), (98, 10), (998, 10))

SIZES = {
    "full": Size(
        share=1.0,
        repeats=3,
        both=True,
        seconds=2.5,
        digits_epochs=20,
        mnist_rows=16_000,  # 500 steps: all rows would cost 11 GiB with all sides in memory
        planned=10_000,
        studies=_STUDIES,
        study_epochs=5,
        main_job=(),
        main_job_repeats=2,
    ),
    "quick": Size(
        share=0.3,
        repeats=2,
        both=True,
        seconds=0.7,
        digits_epochs=20,
        mnist_rows=9_600,
        planned=500,
        studies=_STUDIES[:3],
        study_epochs=5,
        main_job=(),
        main_job_repeats=1,
    ),
    "smoke": Size(
        share=0.01,
        repeats=1,
        both=False,
        seconds=0.01,
        digits_epochs=1,
        mnist_rows=320,
        planned=16,
        studies=_STUDIES[:1],
        study_epochs=1,
        main_job=("--optimizers=sgd", "--lr=0.1", "--seeds=1", "--epochs=1"),
        main_job_repeats=1,
    ),
}

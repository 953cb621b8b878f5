"""How much is measured: everything, less, or just enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SIZES", "Size"]


@dataclass(frozen=True)
class Size:
    repeats: int  # rounds of every side
    both: bool  # both arrangements of a peer, or one single-threaded process
    seconds: float  # one round of one side, roughly
    digits_epochs: int
    mnist_rows: int | None  # None: all
    planned: int  # trainings of the study that the engine's plan is made for
    studies: tuple[tuple[int, int], ...]  # learning rates and seeds of the studies of `scaling`
    study_epochs: int
    main_job: tuple[str, ...]  # further arguments of `ladera compare digits`
    main_job_repeats: int


# Under one rule, rates × seeds + 2 seeds is a study's number of runs: 10, 100, 1,000 and 10,000.
_STUDIES = ((3, 2), (18, 5), (98, 10), (998, 10))

SIZES = {
    "full": Size(3, True, 2.5, 20, 16_000, 10_000, _STUDIES, 5, (), 2),
    "quick": Size(2, True, 0.7, 20, 9600, 500, _STUDIES[:3], 5, (), 1),
    "smoke": Size(
        1,
        False,
        0.01,
        1,
        320,
        16,
        _STUDIES[:1],
        1,
        ("--optimizers=sgd", "--lr=0.1", "--seeds=1", "--epochs=1"),
        1,
    ),
}

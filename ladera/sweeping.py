"""A sweep: every combination of what a problem and its training may be, each a study of its own.

    ladera.sweep(problem, "adam", activation=["relu", "tanh"], dropout=[0, 0.2], out="runs/sweep")

Combinations are compared one after another by the same workers, which keep the programs that they have
compiled; the test set is read for the best of them alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ladera.comparison import Comparison
from ladera.problems import Problem
from ladera.progress import Progress, shown
from ladera.request import check_counts
from ladera.store import Store
from ladera.sweep_request import Combination, check_folder, combinations, default_folder, told
from ladera.swept import Sweep, write

__all__ = ["sweep"]


def sweep(
    problem: Problem,
    optimizers: Any = "classic",
    lr: str | float | Sequence[float] = "auto",
    seeds: int = 5,
    out: str | Path | None = None,
    *,
    many: bool = False,
    workers: int | None = None,
    width: int | None = None,
    progress: Progress | None = None,
    command: str | None = None,
    **asked: Any,
) -> Sweep:
    """Compare the optimizers on every combination of the dimensions; the sweep answers which to use.

    problem: with the values of what is not swept.
    asked: dimensions by name (`ladera.sweep_request.dimensions()`), each a list of values, or one value that
        all combinations share: activation=["relu", "tanh"], dropout=[0, 0.2], epochs=10. A text is a value
        as the command line takes it.
    out: a folder, with one of `ladera.compare` in it for every combination; what these hold already is not
        trained again. Default: runs/<problem>-sweep-<dimensions>.
    many: that more than 200 combinations are meant.

    The rest is as in `ladera.compare`, and so are the errors. The test set is read for the best
    combination alone. Raises UsageError before anything is trained: a dimension that there is not,
    without values or with one twice; too many combinations; another sweep in the folder.
    """
    check_counts(workers=workers, width=width)
    found = combinations(problem, optimizers, lr, seeds, asked, many)
    folder = Path(out) if out is not None else default_folder(found)
    asked_for = told(found, command)
    check_folder(folder, asked_for)
    write(folder, asked_for)

    def comparison(one: Combination) -> Comparison:
        store = Store(folder / one.folder)
        return Comparison(one.request, store, workers, width, whole, None, reads_test=False)

    with shown(progress) as seen:
        whole = _Whole(seen, found)
        for one in found:
            whole.begin(one)
            comparison(one).run()
        if best := Sweep(folder).recommendation().best:
            comparison(next(one for one in found if one.folder == best.folder)).test()
    return Sweep(folder)


class _Whole:
    """One bar over all combinations: what each one asks for at first is counted from the beginning."""

    def __init__(self, progress: Progress, combinations: Sequence[Combination]):
        self._progress = progress
        self._counted = 0  # runs of the current one that the bar has counted
        self._name = ""
        self._sign = 1 if combinations[0].request.problem.prepared().metric.direction == "max" else -1
        self._best = -math.inf
        progress.extend(sum(one.runs for one in combinations))

    def begin(self, one: Combination) -> None:
        """This one is next."""
        self._counted = one.runs
        self._name = ", ".join(one.values.values())

    def extend(self, runs: int) -> None:
        counted = min(self._counted, runs)
        self._counted -= counted
        self._progress.extend(runs - counted)

    def advance(self, runs: float) -> None:
        self._progress.advance(runs)

    def best(self, optimizer: str, lr: float | None, value: float) -> None:
        if self._sign * value > self._best:
            self._best = self._sign * value
            self._progress.best(f"{self._name}: {optimizer}", lr, value)

    def note(self, template: str, **fields: object) -> None:
        self._progress.note(template, **fields)

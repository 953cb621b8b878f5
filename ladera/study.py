"""A study opened from disk: its answer, its tables, its report. No JAX anywhere."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ladera.analysis import budget, summary, target, verdict
from ladera.analysis.answer import Answer
from ladera.analysis.code import code
from ladera.analysis.frames import Frames, instruments_frame, load, write_csv
from ladera.locale import translator
from ladera.store import Store

__all__ = ["Study", "open"]


def open(path: str | os.PathLike[str]) -> Study:
    """Open the study in a folder. Raises UsageError: no study there, or a damaged study file."""
    return Study(path)


class Study:
    """What a comparison asked and what it found, as it is on disk at this moment.

    Open it again to see what has been trained since. Damaged files are left out and named in
    `damaged`; the rest is read.
    """

    def __init__(self, path: str | os.PathLike[str] | Store):
        store = path if isinstance(path, Store) else Store(path)  # a store knows what it has read before
        self.path = store.path
        self.frames: Frames = load(store)

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r}): {self.recommendation()}"

    @property
    def asked(self) -> dict[str, Any]:
        """The study file: problem, metric, training, seeds, optimizers, machine, versions."""
        return self.frames.study

    @property
    def damaged(self) -> tuple[Path, ...]:
        """Files that could not be read: asking the same comparison again trains their runs again."""
        return self.frames.damaged

    @property
    def evidence(self) -> verdict.Evidence:
        """The runs, curves and chosen learning rates that the answer rests on."""
        return self._evidence

    @cached_property
    def _evidence(self) -> verdict.Evidence:
        return verdict.evidence(self.frames)

    @cached_property
    def _answer(self) -> Answer:
        return verdict.answer(self.frames, self.evidence)

    def recommendation(self) -> Answer:
        """Which optimizer, which learning rate, how sure: `str()` of it is the sentence."""
        return self._answer

    def ranking(self) -> pd.DataFrame:
        """One row per optimizer, best first, at its chosen learning rate."""
        rows = []
        for place, ranked in enumerate(self.recommendation().ranking, start=1):
            row = {"rank": place, **ranked.hyperparameters, **vars(ranked)}  # its own names win
            for column in ("interval", "rank_interval", "difference_interval", "lr_interval"):
                row[f"{column}_low"], row[f"{column}_high"] = row.pop(column)
            for column in ("hyperparameters", "values"):
                del row[column]
            rows.append(row)
        columns = None if rows else ["rank", "optimizer", "lr", "median"]
        return pd.DataFrame(rows, columns=columns)

    def runs(self) -> pd.DataFrame:
        """One row per run of the whole folder: asked, done and final (the columns of the store)."""
        return self.frames.runs.copy()

    def curves(self) -> pd.DataFrame:
        """One row per run and recorded epoch: losses and metrics beside the run's names."""
        return self.frames.curves(self.frames.runs)

    def instruments(self) -> pd.DataFrame:
        """One row per run, epoch, instrument and layer: gradient norms, update ratios, step quality, ...
        (`ladera.train.instruments` says what each tells)."""
        runs = self.frames.runs
        return instruments_frame(self.frames.store.curves(set(runs["cohort"])), runs)

    def sensitivity(self) -> pd.DataFrame:
        """The final validation metric per optimizer and learning rate, on the tuning seeds."""
        return self.evidence.sensitivity.copy()

    def times_to_target(self) -> pd.DataFrame:
        """When each reporting run first reached the answer's target; empty without a target."""
        goal, seen = self.recommendation().target, self.evidence
        runs = seen.reported if goal is not None else seen.reported.iloc[:0]
        per_step = {o["name"]: o["evaluations_per_step"] for o in self.frames.optimizers}
        return target.times_to_target(seen.curves, runs, goal or 0.0, self.frames.direction, per_step)

    def best_of(self) -> pd.DataFrame:
        """What to expect of each optimizer's sweep after 1, 2, 4, ... trials."""
        tuned = self.frames.purpose("tune")
        start = self.evidence.start
        if start is None:
            start = target.start_metric(self.frames.curves(tuned))
        return budget.best_of(tuned, float("nan") if start is None else start, self.frames.direction)

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """The object of `ladera compare --json`."""
        return summary.summary(self.frames, self.recommendation(), translator(lang))

    def code(self, framework: str, lang: str = "en") -> str:
        """The winner as Python for "torch", "keras" or "optax". Raises UsageError: see there."""
        return code(self.recommendation(), self.asked, framework, translator(lang))

    def report(self, path: str | os.PathLike[str], lang: str = "en") -> Path:
        """Write the report, one HTML file that opens offline, and return its path."""
        from ladera.report import write_report  # the templates are read only when one is written

        write_report(self, path, lang)
        return Path(path)

    def to_csv(self, path: str | os.PathLike[str]) -> list[Path]:
        """Write the runs to one .csv file, or runs, curves and ranking to a folder; the files written.

        Raises UsageError: the place cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() == ".csv":
            tables = {path: self.runs}
        else:
            tables = {
                path / f"{table.__name__}.csv": table for table in (self.runs, self.curves, self.ranking)
            }
        return write_csv(tables)

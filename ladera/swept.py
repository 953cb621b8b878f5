"""A sweep opened from disk: one study per combination, and the answer over all of them. No JAX anywhere.

sweep.toml          what was asked: dimensions, combinations and their folders
<combination>/      the study of each (`ladera.store`)
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from ladera.analysis import combination_words
from ladera.analysis.combinations import Seen, SweepAnswer, answer
from ladera.analysis.frames import write_csv
from ladera.base import LaderaError, UsageError, temporary
from ladera.locale import translator
from ladera.store import Store
from ladera.study import Study

__all__ = ["FILE", "SCHEMA_VERSION", "Sweep", "is_sweep", "read", "write"]

FILE = "sweep.toml"
SCHEMA_VERSION = 1
_PARTS = {"asked", "fixed", "dimensions", "combinations"}


def is_sweep(path: str | os.PathLike[str]) -> bool:
    """Whether the folder holds a sweep."""
    try:
        return (Path(path) / FILE).is_file()
    except OSError:
        return False


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What was asked. Raises UsageError: no sweep there, or a file that cannot be read."""
    file = Path(path) / FILE
    if not is_sweep(path):
        raise UsageError(
            "The folder '{path}' holds no sweep (no sweep.toml); 'ladera sweep' makes one.", path=path
        )
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(
            "The file '{path}' is not readable TOML ({reason}); mend it, or choose another "
            "folder with --out.",
            path=file,
            reason=error,
        ) from None
    if found.get("schema") != SCHEMA_VERSION or not found.keys() >= _PARTS:
        raise UsageError(
            "The file '{path}' is no sweep that this Ladera reads; ask the same sweep again with another "
            "--out.",
            path=file,
        )
    return found


def write(path: Path, asked: Mapping[str, Any]) -> None:
    """Say what was asked, in a folder that is made if there is none. Raises UsageError: it cannot be."""
    file = path / FILE
    unfinished = temporary(file)
    try:
        path.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(tomli_w.dumps({"schema": SCHEMA_VERSION, **asked}), encoding="utf-8")
        unfinished.replace(file)
    except OSError as error:
        raise UsageError(
            "The folder '{path}' cannot be written ({reason}); choose another with --out.",
            path=path,
            reason=error.strerror,
        ) from None


class Sweep:
    """What a sweep asked and what it found, as it is on disk at this moment.

    Raises UsageError: the folder holds no sweep, or one that cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self.asked: dict[str, Any] = read(path)

    def __repr__(self) -> str:
        return f"Sweep({str(self.path)!r}): {self.recommendation()}"

    @cached_property
    def studies(self) -> dict[str, Study]:
        """The study of every combination that has one, by its folder's name."""
        found = {}
        for asked in self.asked["combinations"]:
            store = Store(self.path / asked["folder"])
            if store.exists():
                found[asked["folder"]] = Study(store)
        return found

    def recommendation(self, lang: str = "en") -> SweepAnswer:
        """Which combination, with which optimizer, how sure: `str()` of it is the sentence."""
        found = self._answer
        return replace(found, sentence=combination_words.sentence(found, translator(lang)))

    @cached_property
    def _answer(self) -> SweepAnswer:
        seen = [self._seen(asked) for asked in self.asked["combinations"]]
        return answer(seen, read_before=sum(_read_the_test_set(study) for study in self._others()))

    def _others(self) -> list[Study]:
        """The studies of combinations that were asked for before and are no more."""
        asked = {one["folder"] for one in self.asked["combinations"]}
        folders = sorted(folder for folder in self.path.iterdir() if folder.name not in asked)
        return [Study(store) for store in map(Store, folders) if store.exists()]

    def _seen(self, asked: Mapping[str, Any]) -> Seen:
        study = self.studies.get(asked["folder"])
        if study is None:
            return Seen(dict(asked["values"]), asked["folder"])
        try:
            said = study.recommendation()
        except LaderaError:
            return Seen(dict(asked["values"]), asked["folder"], study.asked)
        tested = _read_the_test_set(study)
        # A comparison that is not fair within itself ranks nothing, and is not ranked.
        fair = said if said.fairness.may_rank else None
        return Seen(dict(asked["values"]), asked["folder"], study.asked, fair, study.evidence.seeds, tested)

    def ranking(self) -> pd.DataFrame:
        """One row per combination, best first: its values, its best optimizer, how it stands."""
        rows = []
        for place, row in enumerate(self._answer.ranking, start=1):
            cells = {**vars(row)}
            for column in ("interval", "difference_interval"):
                cells[f"{column}_low"], cells[f"{column}_high"] = cells.pop(column)
            values = cells.pop("values")
            rows.append({"rank": place, **values, **cells})
        return pd.DataFrame(rows)

    def runs(self) -> pd.DataFrame:
        """Every run of every combination, beside the values of its combination."""
        parts = []
        for asked in self.asked["combinations"]:
            if study := self.studies.get(asked["folder"]):
                swept = {f"swept_{name}": value for name, value in asked["values"].items()}
                parts.append(study.runs().assign(**swept))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """The object of `ladera sweep --json`."""
        said = self.recommendation(lang)
        whole = said.as_dict()
        rows = whole.pop("ranking")
        return {
            "sweep": str(self.path),
            "dimensions": self.asked["dimensions"],
            "fixed": self.asked["fixed"],
            "answer": {**whole, "combinations": len(rows)},
            "ranking": rows,
        }

    def figure(self, lang: str = "en") -> Any:
        """Median and interval of every combination, best first, as a Plotly figure."""
        from ladera.report.combinations import combinations_figure  # Plotly only where something is drawn

        data = self.asked["asked"].get("data", "")
        return combinations_figure(
            self._answer, f"{data} · {', '.join(self.asked['dimensions'])}", translator(lang)
        )

    def to_csv(self, path: str | os.PathLike[str]) -> list[Path]:
        """Write the ranking to one .csv file, or ranking and runs to a folder; the files written.

        Raises UsageError: the place cannot be written.
        """
        path = Path(path)
        one = path.suffix.lower() == ".csv"
        tables = (
            {path: self.ranking}
            if one
            else {path / "ranking.csv": self.ranking, path / "runs.csv": self.runs}
        )
        return write_csv(tables)


def _read_the_test_set(study: Study) -> bool:
    return bool((study.frames.runs["purpose"] == "test").any())

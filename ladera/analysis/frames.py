"""From a store to data frames: what was asked, every run, and the curves in long form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ladera.base import Status, UsageError
from ladera.store import DEAR, INSTRUMENTS, Store

__all__ = [
    "CURVE_VALUES",
    "Frames",
    "asked_for",
    "curves_frame",
    "instruments_frame",
    "load",
    "runs_frame",
    "write_csv",
]

CURVE_VALUES = ("train_loss", "train_metric", "validation_loss", "validation_metric")
_PARTS = ("problem", "metric", "training", "seeds", "optimizers")


@dataclass(frozen=True)
class Frames:
    """A study read once. `runs` holds every readable run, `compared` those of this comparison."""

    store: Store
    study: dict[str, Any]
    runs: pd.DataFrame
    compared: pd.DataFrame
    damaged: tuple[Path, ...]

    @property
    def direction(self) -> str:
        return self.study["metric"]["direction"]

    @property
    def optimizers(self) -> list[dict[str, Any]]:
        """The study's optimizers, in the order in which they were asked for."""
        return self.study["optimizers"]

    def names(self) -> list[str]:
        return [optimizer["name"] for optimizer in self.optimizers]

    def purpose(self, purpose: str) -> pd.DataFrame:
        """The compared runs of one purpose: tune, report, inspect or test."""
        return self.compared[self.compared["purpose"] == purpose]

    def curves(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The curves of these runs, in long form (only the cohorts needed are read)."""
        return curves_frame(self.store.curves(set(runs["cohort"])), runs)


def load(store: Store) -> Frames:
    """Read a study. Raises UsageError: there is none, or its study file lacks a part.

    Damaged cohorts are named in the result, not raised.
    """
    study = store.read_study()
    for part in _PARTS:
        if part not in study:
            raise UsageError(
                "The study file '{path}' lacks its part [{part}]; run the same 'ladera compare' "
                "again to write it anew.",
                path=store.study_file,
                part=part,
            )
    scan = store.scan()
    runs = runs_frame(scan.runs)
    return Frames(store, study, runs, asked_for(runs, study), scan.damaged)


def runs_frame(table: pa.Table) -> pd.DataFrame:
    """One row per run, with the store's columns and `diverged` as a truth value."""
    frame = table.to_pandas()
    frame["diverged_step"] = frame["diverged_step"].astype("Int64")
    frame["diverged"] = frame["status"] == Status.DIVERGED.value
    order = ["optimizer", "lr", "purpose", "seed"]
    return frame.sort_values(order, kind="stable", ignore_index=True)


def asked_for(runs: pd.DataFrame, study: dict[str, Any]) -> pd.DataFrame:
    """The runs that the study file asks for.

    A folder keeps all it ever trained. A study asked again with other optimizers, lengths or seeds
    compares only what was asked last: a seed that reported yesterday may tune today. One run
    stands for one optimizer, learning rate, seed and purpose.
    """
    seeds, training = study["seeds"], study["training"]
    tuned = (runs["purpose"] == "tune") & runs["seed"].isin(seeds["tune"])
    reported = (runs["purpose"] != "tune") & runs["seed"].isin(seeds["report"])
    same = (runs["epochs"] == training["epochs"]) & (runs["batch"] == training["batch"])
    known = runs["optimizer"].isin([optimizer["name"] for optimizer in study["optimizers"]])
    return runs[(tuned | reported) & same & known].drop_duplicates(["optimizer", "lr", "seed", "purpose"])


def curves_frame(table: pa.Table, runs: pd.DataFrame) -> pd.DataFrame:
    """One row per run and recorded epoch: the run's names beside step and metrics.

    Columns: run, optimizer, lr, seed, purpose, epoch (0 is before the first step), step, and the
    four values of `CURVE_VALUES`; nan after a divergence.
    """
    names = ["run", "optimizer", "lr", "seed", "purpose"]
    wanted = runs[names].drop_duplicates("run").set_index("run")
    position = pd.Index(table.column("run").to_numpy(zero_copy_only=False)).get_indexer(wanted.index)
    present = position >= 0
    table = table.take(pa.array(position[present]))
    lengths = np.array([len(epochs) for epochs in table.column("epoch")], dtype=int)
    head = wanted[present].reset_index()
    frame = head.loc[np.repeat(np.arange(len(head)), lengths)].reset_index(drop=True)
    for column in ("epoch", "step", *CURVE_VALUES):
        frame[column] = _flat(table.column(column))
    return frame


def instruments_frame(table: pa.Table, runs: pd.DataFrame) -> pd.DataFrame:
    """One row per run, epoch, instrument and layer: the run's names beside `value`.

    Columns: run, optimizer, lr, seed, purpose, epoch (from 1 on; 0, before the first step, and then as far
    apart as they were taken, of the dear ones), instrument (`ladera.store.INSTRUMENTS`), layer (from 1 on,
    of the arrays of weights, or of the layers with an activation; 0 where it is of the whole network),
    value. Solvers have none.
    """
    names = ["run", "optimizer", "lr", "seed", "purpose"]
    asked = runs[names].drop_duplicates("run")
    parts = []
    for row in table.select(["run", "epoch", *INSTRUMENTS]).to_pylist():
        epochs = len(row["epoch"])
        for name in INSTRUMENTS:
            values = np.array(row[name] or [], np.float32).reshape(epochs, -1)
            epoch, layer = np.divmod(np.arange(values.size), max(values.shape[1], 1))
            taken = ~np.isnan(values.ravel()) if name in DEAR else epoch > 0
            layer = 0 * layer if name in _OF_THE_WHOLE else layer + 1
            told = {"epoch": epoch, "layer": layer, "value": values.ravel()}
            parts.append(pd.DataFrame(told)[taken].assign(run=row["run"], instrument=name))
    columns = ["run", "epoch", "instrument", "layer", "value"]
    found = pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
    return asked.merge(found, on="run").reset_index(drop=True)


def write_csv(tables: Mapping[Path, Callable[[], pd.DataFrame]]) -> list[Path]:
    """Write what each function gives to its file, in folders that are made if there are none; the files.

    Raises UsageError: one cannot be written.
    """
    for file, table in tables.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            table().to_csv(file, index=False)
        except OSError as error:
            raise UsageError(
                "The file '{path}' cannot be written ({reason}); choose another place.",
                path=file,
                reason=error.strerror,
            ) from None
    return list(tables)


_OF_THE_WHOLE = ("step_quality", "cosine", "path_ratio", *DEAR)


def _flat(column: pa.ChunkedArray) -> np.ndarray:
    chunks: Iterable[Any] = column.chunks
    parts = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in chunks]
    return np.concatenate(parts) if parts else np.empty(0)

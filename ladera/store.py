"""A study on disk: a folder that says what was asked and keeps what was done.

    study.toml                 what was asked, for people and for resuming
    runs/<cohort>.parquet      one row per run: asked, done, final
    curves/<cohort>.parquet    one row per run: its metrics at every recorded epoch, as lists
    partial/<cohort>.npz       where a long cohort in flight is; gone when it is done

A cohort is written once, as a pair, each file by temporary file, fsync and rename, the curves
first: a cohort whose runs file exists is complete. Parallel writers never share a file and a crash
loses at most the cohorts in flight. The files describe themselves: unit and direction of the
metric travel in their metadata.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from ladera.base import LaderaError, UsageError, temporary

__all__ = ["CHEAP", "CURVES", "DEAR", "INSTRUMENTS", "RUNS", "SCHEMA_VERSION", "Scan", "Store"]

SCHEMA_VERSION = 1

RUNS = pa.schema(
    [
        # asked
        ("run", pa.string()),  # readable name ending in the hash of what was asked
        ("cohort", pa.string()),
        ("purpose", pa.string()),  # tune | report | inspect | test
        ("optimizer", pa.string()),
        ("lr", pa.float64()),  # null for a solver, which has none
        ("hyperparameters", pa.string()),  # all of them, canonical JSON
        ("seed", pa.int64()),
        ("epochs", pa.int32()),
        ("batch", pa.int32()),
        ("steps", pa.int64()),
        # done
        ("status", pa.string()),  # finished | diverged
        ("diverged_step", pa.int64()),  # first step with a loss that is not finite; null if none
        # Why a solver stopped: converged, max_steps, ... Of a rule that may stop early after which epoch it
        # did and whose weights it has: "early:12,best:7", or "best:20" where it went to the end. Else null.
        ("ended", pa.string()),
        ("evaluations", pa.int64()),  # gradients of a mini-batch computed, or as much work
        ("width", pa.int32()),  # lanes of the program that trained it
        ("device", pa.string()),
        ("versions", pa.string()),
        ("seconds", pa.float64()),  # this run's share of its cohort's training time
        ("compile_seconds", pa.float64()),  # spent by the cohort before its first step
        # final
        ("fingerprint", pa.float64()),  # loss of the first mini-batch before any step
        ("train_loss", pa.float64()),  # last epoch
        ("train_metric", pa.float64()),
        ("validation_loss", pa.float64()),
        ("validation_metric", pa.float64()),
        ("test_loss", pa.float64()),  # null unless purpose is test
        ("test_metric", pa.float64()),
    ]
)

CHEAP = (
    *("gradient_norm", "update_ratio", "effective_lr", "step_quality", "cosine", "path_ratio"),
    *("dead", "saturated"),
)
DEAR = ("sharpness", "stability", "noise_scale", "norm_test")
INSTRUMENTS = (*CHEAP, *DEAR)
_COLUMNS = "columns"  # in a file's metadata: which it has, so that one that is missing is missed
_ADDED = {"ended", *INSTRUMENTS}  # columns that files of earlier versions lack

CURVES = pa.schema(
    [
        ("run", pa.string()),
        ("epoch", pa.list_(pa.int32())),  # 0 is before the first step
        ("step", pa.list_(pa.int64())),
        ("train_loss", pa.list_(pa.float32())),
        ("train_metric", pa.list_(pa.float32())),
        ("validation_loss", pa.list_(pa.float32())),
        ("validation_metric", pa.list_(pa.float32())),
        # The cheap instruments (ladera.train.instruments): epoch by epoch the values of all layers; null for
        # solvers. The dear ones (ladera.train.inspection): nan but where they were taken; null in most runs.
        *((name, pa.list_(pa.float32())) for name in INSTRUMENTS),
    ]
)


@dataclass(frozen=True)
class Scan:
    """What a study's files hold now. `damaged` names the files that could not be read."""

    runs: pa.Table
    damaged: tuple[Path, ...]

    def names(self) -> set[str]:
        return set(self.runs.column("run").to_pylist())


class Store:
    """One study's folder. Nothing is created before `prepare`."""

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self._tables: dict[tuple[Path, int, int, int], pa.Table | None] = {}

    @property
    def study_file(self) -> Path:
        return self.path / "study.toml"

    @property
    def checkpoints(self) -> Path:
        """The folder in which long cohorts in flight keep where they are."""
        return self.path / "partial"

    def drop_checkpoint(self, cohort: str) -> None:
        """Forget where a cohort was: it has been appended."""
        (self.checkpoints / f"{cohort}.npz").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others are still in flight, or there never were any
            self.checkpoints.rmdir()

    def exists(self) -> bool:
        try:
            return self.study_file.is_file()
        except OSError:  # a folder that may not be searched, a name too long
            return False

    def read_study(self) -> dict[str, Any]:
        """What was asked. Raises UsageError: no study here, a damaged or a newer one."""
        if not self.exists():
            raise UsageError(
                "The folder '{path}' holds no study (no study.toml); 'ladera compare' makes one.",
                path=self.path,
            )
        try:
            study = tomllib.loads(self.study_file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise UsageError(
                "The file '{path}' is not readable TOML ({reason}); mend it, or choose another "
                "folder with --out.",
                path=self.study_file,
                reason=error,
            ) from None
        version = study.get("schema", 0)
        if not isinstance(version, int) or version > SCHEMA_VERSION:
            raise UsageError(
                "The study in '{path}' has schema {received}, this Ladera reads up to {known}; "
                "upgrade Ladera or choose another folder with --out.",
                path=self.path,
                received=version,
                known=SCHEMA_VERSION,
            )
        return study

    def write_study(self, study: Mapping[str, Any]) -> None:
        """Say what was asked. The folder has been prepared."""
        text = tomli_w.dumps({"schema": SCHEMA_VERSION, **study})
        self._replace(self.study_file, lambda path: path.write_text(text, encoding="utf-8"))

    def append(
        self,
        cohort: str,
        runs: Sequence[Mapping[str, Any]],
        curves: Sequence[Mapping[str, Any]],
        metadata: Mapping[str, str],
    ) -> None:
        """Write one cohort; its name is used as a file name. The folder has been prepared."""
        for folder, schema, rows in (("curves", CURVES, curves), ("runs", RUNS, runs)):
            said = {**metadata, _COLUMNS: ",".join(schema.names)}
            table = pa.Table.from_pylist(list(rows), schema=schema.with_metadata(said))
            self._replace(self.path / folder / f"{cohort}.parquet", lambda p, t=table: _write(t, p))

    def scan(self) -> Scan:
        """All runs of readable cohorts; a cohort with a damaged half counts as damaged."""
        tables, damaged = [], []
        for path in sorted((self.path / "runs").glob("*.parquet")):
            curves = self.path / "curves" / path.name
            table = self._table(path, RUNS)
            if table is None:
                damaged.append(path)
            elif self._table(curves, CURVES) is None:
                damaged.append(curves)
            else:
                tables.append(table)
        runs = pa.concat_tables(tables) if tables else RUNS.empty_table()
        return Scan(runs, tuple(damaged))

    def curves(self, cohorts: Iterable[str]) -> pa.Table:
        """The curves of the cohorts named (those that `scan` found readable)."""
        paths = [self.path / "curves" / f"{cohort}.parquet" for cohort in sorted(set(cohorts))]
        tables = [t for t in (self._table(path, CURVES) for path in paths) if t is not None]
        return pa.concat_tables(tables) if tables else CURVES.empty_table()

    def prepare(self) -> None:
        """Make the folder. Raises UsageError where it cannot be written."""
        try:
            for folder in ("runs", "curves"):
                (self.path / folder).mkdir(parents=True, exist_ok=True)
            probe = temporary(self.study_file)
            probe.touch()
            probe.unlink()
            for folder in (self.path, self.path / "runs", self.path / "curves", self.checkpoints):
                for left in folder.glob(".*.tmp"):
                    if _is_left(left):
                        left.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(
                "The folder '{path}' cannot be written ({reason}); choose another with --out.",
                path=self.path,
                reason=error.strerror,
            ) from None

    def _replace(self, path: Path, write: Callable[[Path], object]) -> None:
        unfinished = temporary(path)
        try:
            write(unfinished)
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise LaderaError(
                "The file '{path}' cannot be written ({reason}); what was written before is kept, and "
                "the same command goes on.",
                path=path,
                reason=error.strerror or error,
            ) from None

    def _table(self, path: Path, schema: pa.Schema) -> pa.Table | None:
        """The file's table, or None where it cannot be read; read again only when it has changed."""
        try:
            stat = path.stat()
        except OSError:
            return None
        key = (path, stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if key not in self._tables:
            self._tables[key] = _read(path, schema)
        return self._tables[key]


# Nothing else is ours to remove: the study's folder may be anyone's.
_TEMPORARY = re.compile(r"\.(?:study\.toml|.+\.parquet|.+\.npz)\.(\d+)\.tmp")


def _is_left(path: Path) -> bool:
    """Whether it is a temporary file of ours whose process has ended."""
    made = _TEMPORARY.fullmatch(path.name)
    if made is None:
        return False
    try:
        os.kill(int(made[1]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # it runs, and is another user's
    return False


def _write(table: pa.Table, path: Path) -> None:
    # BYTE_STREAM_SPLIT halves the floats; a dictionary would exclude it, so only text has one.
    floats = [f.name for f in table.schema if pa.types.is_floating(_element(f.type))]
    text = [f.name for f in table.schema if pa.types.is_string(f.type)]
    lists = {f.name for f in table.schema if pa.types.is_list(f.type)}
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=text,  # pyright: ignore[reportArgumentType] (its stub knows booleans alone)
        column_encoding={(f"{n}.list.element" if n in lists else n): "BYTE_STREAM_SPLIT" for n in floats},
        write_page_checksum=True,  # a flipped bit would else read as another number
    )


def _read(path: Path, schema: pa.Schema) -> pa.Table | None:
    """The file's table, or None where it is missing, damaged or of another shape."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
            whole = len(table) == file.metadata.num_rows  # its parts say how many they are, too
        said = (table.schema.metadata or {}).get(_COLUMNS.encode(), b"").decode()
        if not set(said.split(",") if said else ()) <= set(table.column_names):
            return None  # a flipped bit has changed a name
        for name in _ADDED & set(schema.names) - set(table.column_names):
            table = table.append_column(name, pa.nulls(len(table), schema.field(name).type))
        return table.select(schema.names).cast(schema) if whole else None
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None


def _element(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_list(kind) else kind

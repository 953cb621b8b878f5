"""A study on disk: what was written bit for bit, all of a cohort or none, damage named and no more lost."""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera.base import LaderaError, UsageError
from ladera.store import CURVES, RUNS, SCHEMA_VERSION, Store

METADATA = {"metric": "accuracy", "direction": "max", "unit": "share"}
TRICKY = (0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 0.1, 1 / 3, 1.7976931348623157e308)


def run(name: str, **changed: Any) -> dict[str, Any]:
    """A row for every column of `RUNS`."""
    row: dict[str, Any] = {
        column.name: f"{column.name} of {name}" if pa.types.is_string(column.type) else 1 for column in RUNS
    }
    return {**row, "run": name, "diverged_step": None, "test_loss": None, "test_metric": None, **changed}


def curve(name: str, epochs: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(epochs)
    values = {column: rng.normal(size=epochs).astype(np.float32) for column in CURVES.names[3:]}
    return {"run": name, "epoch": np.arange(epochs, dtype=np.int32), "step": 33 * np.arange(epochs), **values}


def append(store: Store, cohort: str, size: int = 3) -> None:
    names = [f"{cohort}-{k}" for k in range(size)]
    rows = [run(name, cohort=cohort) for name in names]
    store.append(cohort, rows, [curve(name) for name in names], METADATA)


@pytest.fixture
def store(tmp_path) -> Store:
    made = Store(tmp_path / "study")
    made.prepare()
    return made


def file(store: Store, folder: str, cohort: str) -> Path:
    return store.path / folder / f"{cohort}.parquet"


# ---- what is written is what is read -----------------------------------------------------------


def bits(values: Any, kind: str) -> list[bytes | None]:
    return [None if v is None else struct.pack(kind, v) for v in values]


def test_runs_come_back_bit_for_bit(store):
    rows = [run(f"r{k}", lr=v, test_loss=v, train_loss=TRICKY[-1 - k]) for k, v in enumerate(TRICKY)]
    rows.append(
        run("none", seed=2**62, diverged_step=7, steps=0, epochs=2**31 - 1, hyperparameters='{"é":1}')
    )
    store.append("c", rows, [curve(row["run"]) for row in rows], METADATA)
    table = store.scan().runs
    assert table.schema == RUNS
    for column in RUNS:
        mine, asked = table.column(column.name).to_pylist(), [row[column.name] for row in rows]
        if pa.types.is_floating(column.type):
            mine, asked = bits(mine, "<d"), bits(asked, "<d")
        assert mine == asked, column.name


def test_curves_come_back_bit_for_bit(store):
    odd = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-45, 0.1, 3.4e38], np.float32)
    curves = [curve("long", 1000), curve("empty", 0), {**curve("odd", len(odd)), "train_loss": odd}]
    store.append("c", [run(c["run"]) for c in curves], curves, METADATA)
    table = store.curves(["c"])
    assert table.schema == CURVES
    for name in CURVES.names[1:]:
        kind = CURVES.field(name).type.value_type.to_pandas_dtype()
        for mine, asked in zip(table.column(name).to_pylist(), [c[name] for c in curves], strict=True):
            assert np.array(mine, kind).tobytes() == np.asarray(asked, kind).tobytes()


@settings(derandomize=True, database=None, deadline=None, max_examples=30)
@given(
    st.lists(st.floats(allow_subnormal=True), max_size=20),
    st.lists(st.floats(width=32), max_size=20),
)
def test_any_float_survives(tmp_path_factory, wide, narrow):
    store = Store(tmp_path_factory.mktemp("any"))
    store.prepare()
    rows = [run(f"r{k}", validation_metric=v) for k, v in enumerate(wide)]
    one = {**curve("r", len(narrow)), "validation_loss": np.array(narrow, np.float32)}
    store.append("c", rows, [one], METADATA)
    assert bits(store.scan().runs.column("validation_metric").to_pylist(), "<d") == bits(wide, "<d")
    [back] = store.curves(["c"]).column("validation_loss").to_pylist()
    assert bits(back, "<f") == bits(narrow, "<f")


def test_metadata_travels_with_both_files(store):
    append(store, "c")
    for folder in ("runs", "curves"):
        found = pq.read_schema(file(store, folder, "c")).metadata
        schema = {"runs": RUNS, "curves": CURVES}[folder]
        columns = {"columns": ",".join(schema.names)}
        assert {k.decode(): v.decode() for k, v in found.items()} == METADATA | columns


def test_cohorts_are_scanned_by_name_and_read_one_by_one(store):
    for cohort in ("b", "a", "adam-b1=0.8-tune-00ff00ff"):
        append(store, cohort, 2)
    scan = store.scan()
    expected = [f"{c}-{k}" for c in ("a", "adam-b1=0.8-tune-00ff00ff", "b") for k in range(2)]
    assert scan.runs.column("run").to_pylist() == expected
    assert scan.names() == set(expected)
    assert store.curves(["b", "b"]).column("run").to_pylist() == ["b-0", "b-1"]
    assert len(store.curves([])) == len(store.curves(["none"])) == 0


def test_a_folder_that_looks_like_a_partition_adds_no_column(tmp_path):
    store = Store(tmp_path / "lr=3" / "run=x")
    store.prepare()
    append(store, "c")
    assert store.scan().runs.column("lr").to_pylist() == [1.0, 1.0, 1.0]


def test_an_empty_study_has_no_runs(store, tmp_path):
    for empty in (store, Store(tmp_path / "nowhere")):
        assert (len(empty.scan().runs), empty.scan().damaged, empty.scan().names()) == (0, (), set())
    assert not (tmp_path / "nowhere").exists()


def test_a_cohort_written_again_is_read_again(store):
    append(store, "c", 2)
    assert len(store.scan().runs) == 2
    append(store, "c", 3)
    assert len(store.scan().runs) == 3


# ---- all of a cohort or nothing of it ----------------------------------------------------------


class Killed(BaseException):
    """Ends a writer where it is, as a kill does: nothing is cleaned up."""


STAGES = ("curves written", "curves synced", "curves there", "runs written", "runs synced")


def stop(monkeypatch, stage: str, error: type[BaseException]) -> None:
    """Let `error` come where `stage` is over and the next is about to begin."""
    part, at = stage.split()
    function = {"written": (os, "fsync"), "synced": (Path, "replace"), "there": (pq, "write_table")}[at]
    calls = itertools.count()
    which = {"curves": 0, "runs": 1}[part] + (at == "there")
    original = getattr(*function)

    def fails(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == which:
            raise error(28, "No space left on device")
        return original(*args, **kwargs)

    monkeypatch.setattr(*function, fails)


@pytest.mark.parametrize("stage", STAGES)
def test_a_writer_killed_anywhere_leaves_no_half_of_a_cohort(store, monkeypatch, stage):
    append(store, "before")
    with monkeypatch.context() as patch:
        stop(patch, stage, Killed)
        with pytest.raises(Killed):
            append(store, "c")
    scan = Store(store.path).scan()
    assert scan.names() == {"before-0", "before-1", "before-2"}
    assert scan.damaged == ()
    append(store, "c")  # and the same goes through another time
    assert len(store.scan().runs) == 6
    assert not list(store.path.rglob(".*"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_disk_that_fails_is_told_and_nothing_is_left_behind(store, monkeypatch, stage):
    append(store, "before")
    with monkeypatch.context() as patch:
        stop(patch, stage, OSError)
        with pytest.raises(LaderaError) as caught:
            append(store, "c")
    part = "runs" if stage == "curves there" else stage.split()[0]
    assert str(caught.value) == (
        f"The file '{file(store, part, 'c')}' cannot be written "
        "(No space left on device); what was written before is kept, and the same command goes on."
    )
    assert not isinstance(caught.value, UsageError)
    assert len(store.scan().runs) == 3
    assert store.scan().damaged == ()
    assert not list(store.path.rglob(".*"))


@contextmanager
def largest_file(size: int):
    """No file of this process may grow beyond `size` bytes: the system itself refuses."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_may_not_grow_is_told(store):
    append(store, "before")
    with (
        largest_file(1000),
        pytest.raises(LaderaError, match=r"curves/c\.parquet' cannot be written \(.*too large"),
    ):
        append(store, "c", 100)
    with largest_file(10), pytest.raises(LaderaError, match=r"study\.toml' cannot be written"):
        store.write_study({"command": "ladera compare digits"})
    assert not store.exists()
    assert not list(store.path.rglob(".*"))
    assert len(store.scan().runs) == 3


WRITER = """
import itertools, sys
sys.path.insert(0, sys.argv[2])
from test_store import append
from ladera.store import Store
store = Store(sys.argv[1])
for k in itertools.count():
    store.write_study({"command": "x" * 10_000, "count": k})
    append(store, f"c{k}", 20)
"""


@pytest.mark.slow
def test_a_writer_killed_by_the_system_at_any_moment(store):
    """SIGKILL, ten times, at moments spread over the writing of a cohort and its study file."""
    for kill in range(10):
        command = [sys.executable, "-c", WRITER, str(store.path), str(Path(__file__).parent)]
        writer = subprocess.Popen(command)
        first = time.monotonic()
        while not list(store.path.glob("runs/c*")) and time.monotonic() < first + 30:
            time.sleep(0.001)
        time.sleep(0.0013 * kill)
        writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        scan = Store(store.path).scan()
        assert scan.damaged == ()
        cohorts = scan.runs.column("cohort").to_pylist()
        assert len(cohorts) > 0
        assert all(cohorts.count(cohort) == 20 for cohort in set(cohorts))
        assert set(store.curves(set(cohorts)).column("run").to_pylist()) == scan.names()
        assert store.read_study()["command"] == "x" * 10_000
        for path in store.path.glob("*/c*.parquet"):
            path.unlink()
    store.prepare()
    assert not list(store.path.rglob(".*"))


# ---- damage is named, and the rest is read -----------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Store:
    """A study of three cohorts that the tests below copy and damage."""
    made = Store(tmp_path_factory.mktemp("whole") / "study")
    made.prepare()
    for cohort in ("a", "b", "c"):
        append(made, cohort)
    return made


@pytest.fixture(params=["runs", "curves"])
def victim(request, whole, tmp_path) -> Path:
    shutil.copytree(whole.path, tmp_path / "study")
    return file(Store(tmp_path / "study"), request.param, "b")


def is_named(victim: Path) -> bool:
    """Whether a scan names that file; without it the two other cohorts are whole, always."""
    store = Store(victim.parents[1])
    scan = store.scan()
    others = {f"{cohort}-{k}" for cohort in "ac" for k in range(3)}
    assert scan.names() >= others
    assert len(store.curves(["a", "c"])) == 6
    if scan.damaged:
        assert scan.damaged == (victim,)
        assert scan.names() == others
        assert len(scan.runs) == 6
    return bool(scan.damaged)


def test_a_file_cut_off_anywhere_is_named(victim):
    whole = victim.read_bytes()
    lengths = {*range(0, len(whole), 97), *range(40), *range(len(whole) - 40, len(whole))}
    for length in sorted(lengths):
        victim.write_bytes(whole[:length])
        assert is_named(victim), length


def values(path: Path) -> list[dict]:
    store = Store(path.parents[1])
    table = store.scan().runs if path.parent.name == "runs" else store.curves(["a", "b", "c"])
    return table.to_pylist()


def test_a_bit_that_flips_is_named_or_changes_nothing(victim):
    """Nothing that is read from a damaged file is wrong."""
    expected, whole = values(victim), victim.read_bytes()
    bits = random.Random(0).sample(range(8 * len(whole)), 250)
    counts = whole.rindex(b"metric")  # how many rows there are stands right before the metadata
    bits += range(8 * (counts - 30), 8 * counts)
    named = 0
    for bit in bits:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        victim.write_bytes(damaged)
        if is_named(victim):
            named += 1
        else:
            assert values(victim) == expected
    assert named > 200


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"PAR1PAR1", b"\0" * 5000, random.Random(0).randbytes(5000), b"run,lr\nx,1\n"],
    ids=["empty", "magic", "magic twice", "zeros", "noise", "csv"],
)
def test_a_file_that_holds_something_else_is_named(victim, content):
    victim.write_bytes(content)
    assert is_named(victim)


def rewritten(table: pa.Table, change: str) -> pa.Table:
    at = table.schema.get_field_index("run")
    return {
        "lacks a column": lambda: table.drop_columns(["run"]),
        "numbers for names": lambda: table.set_column(at, "run", pa.array([[1]] * len(table))),
        "names for numbers": lambda: table.set_column(1, table.schema.names[1], pa.array(["x"] * len(table))),
        "a column twice": lambda: table.append_column("run", table.column("run")),
        "no column": lambda: table.select([]),
    }[change]()


@pytest.mark.parametrize("change", ["lacks a column", "numbers for names", "a column twice", "no column"])
def test_a_file_of_another_shape_is_named(victim, change):
    pq.write_table(rewritten(pq.ParquetFile(victim).read(), change), victim)
    assert is_named(victim)


def test_a_file_with_one_more_column_is_read(victim):
    """A later Ladera of the same schema may add some."""
    table = pq.ParquetFile(victim).read()
    pq.write_table(table.append_column("new", pa.array([1] * len(table))), victim)
    assert not is_named(victim)


@pytest.mark.parametrize("content", ["nothing", "another cohort"])
def test_a_folder_in_the_place_of_a_file_is_named(victim, content):
    whole = victim.read_bytes()
    victim.unlink()
    victim.mkdir()
    if content == "another cohort":
        (victim / "x.parquet").write_bytes(whole)
    assert is_named(victim)


def test_a_link_to_nowhere_is_named(victim):
    victim.unlink()
    victim.symlink_to("nowhere")
    assert is_named(victim)


def test_a_file_that_is_gone(victim):
    """Without its runs a cohort is not there; without its curves it is damaged."""
    victim.unlink()
    if victim.parent.name == "curves":
        assert is_named(victim)
    else:
        assert Store(victim.parents[1]).scan().damaged == ()
        assert len(Store(victim.parents[1]).scan().runs) == 6


def test_damage_that_is_mended_is_read_again(victim):
    store, whole = Store(victim.parents[1]), victim.read_bytes()
    victim.write_bytes(whole[:-1])
    assert store.scan().damaged == (victim,)
    append(store, "b")
    assert store.scan().damaged == ()
    assert len(store.scan().runs) == 9


# ---- the study file ----------------------------------------------------------------------------


def test_the_study_file_comes_back(store):
    study = {"command": "ladera compare 'ñ'", "lr": [1e-5, 0.1], "problem": {"data": 'C:\\x\n"y"'}}
    assert not store.exists()
    store.write_study(study)
    assert store.exists()
    assert store.read_study() == {"schema": SCHEMA_VERSION, **study}
    store.write_study({**store.read_study(), "more": True})
    assert store.read_study() == {"schema": SCHEMA_VERSION, **study, "more": True}


def refusal(store: Store) -> str:
    with pytest.raises(UsageError) as caught:
        store.read_study()
    return str(caught.value)


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "file/below"])
def test_a_missing_study_is_told(tmp_path, name):
    (tmp_path / "file").write_text("")
    path = tmp_path / name
    expected = f"The folder '{path}' holds no study (no study.toml); 'ladera compare' makes one."
    assert refusal(Store(path)) == expected


def test_a_folder_named_like_the_study_file_is_no_study(store):
    store.study_file.mkdir()
    assert "holds no study" in refusal(store)


@pytest.mark.parametrize(
    "content",
    [b"schema = ", b'command = "cut off', b"[problem\n", b"\xff\xfe\x00", b"a = 1\na = 2\n", b"\x00" * 100],
    ids=["value", "text", "table", "encoding", "twice", "zeros"],
)
def test_a_damaged_study_file_is_told(store, content):
    store.study_file.write_bytes(content)
    said = refusal(store)
    assert said.startswith(f"The file '{store.study_file}' is not readable TOML (")
    assert said.endswith("); mend it, or choose another folder with --out.")


def test_a_study_file_that_may_not_be_read_is_told(store, monkeypatch):
    store.write_study({})

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert "Permission denied" in refusal(store)


@pytest.mark.parametrize("schema", [SCHEMA_VERSION + 1, 99, "two", 1.5])
def test_a_study_of_another_schema_is_told(store, schema):
    store.study_file.write_text(f"schema = {json.dumps(schema)}\n")
    assert refusal(store) == (
        f"The study in '{store.path}' has schema {schema}, this Ladera reads up to {SCHEMA_VERSION}; "
        "upgrade Ladera or choose another folder with --out."
    )


# ---- the folder --------------------------------------------------------------------------------


def below_a_file(path: Path) -> Path:
    path.write_text("")
    return path / "study"


def a_file_in_its_place(path: Path) -> Path:
    path.write_text("")
    return path


def a_file_for_the_runs(path: Path) -> Path:
    path.mkdir()
    (path / "runs").write_text("")
    return path


def a_name_too_long(path: Path) -> Path:
    return path / ("x" * 300)


@pytest.mark.parametrize("make", [below_a_file, a_file_in_its_place, a_file_for_the_runs, a_name_too_long])
def test_a_folder_that_cannot_be_written_is_told(tmp_path, make):
    path = make(tmp_path / "there")
    with pytest.raises(
        UsageError, match=r"^The folder '.*' cannot be written \(.+\); choose another with --out\.$"
    ):
        Store(path).prepare()


def test_preparing_twice_changes_nothing(store):
    append(store, "c")
    store.write_study({})
    before = {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()}
    store.prepare()
    assert {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()} == before


@pytest.fixture(scope="module")
def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_ended_writers_left_is_removed_and_nothing_else(store, ended):
    store.checkpoints.mkdir()
    left = [".study.toml.{}.tmp", "runs/.c.parquet.{}.tmp", "curves/.adam-b1=0.8-tune-1.parquet.{}.tmp"]
    left += [f"{store.checkpoints.name}/.c.npz.{{}}.tmp"]
    gone = [store.path / name.format(pid) for name in left for pid in (ended, 10**30)]
    foreign = [
        ".notes.tmp",
        ".x.parquet.tmp",
        f".report.{ended}.tmp",
        f"study.toml.{ended}.tmp",
        ".a.12x.tmp",
    ]
    kept = [store.path / name.format(pid) for name in left for pid in (os.getppid(), 1)]
    kept += [store.path / folder / name for folder in ("", "runs") for name in foreign]
    (store.path / "mine").mkdir()
    kept += [store.path / "mine" / f".c.parquet.{ended}.tmp"]
    for path in (*gone, *kept):
        path.write_text("")
    store.prepare()
    assert not [path for path in gone if path.exists()]
    assert not [path for path in kept if not path.exists()]
    assert store.scan().damaged == ()


def test_a_checkpoint_is_dropped_and_its_folder_with_the_last(store):
    store.drop_checkpoint("none")
    store.checkpoints.mkdir()
    for cohort in ("a", "b"):
        (store.checkpoints / f"{cohort}.npz").write_text("")
    store.drop_checkpoint("a")
    assert [path.name for path in store.checkpoints.iterdir()] == ["b.npz"]
    store.drop_checkpoint("b")
    assert not store.checkpoints.exists()

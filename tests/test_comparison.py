"""The main job end to end: resume, kill, interrupt, damage, widening, and what the answer says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import torch

import ladera
from ladera import rules
from ladera.base import LaderaError, UsageError
from ladera.comparison import compare
from ladera.configs import optimizers
from ladera.problems import Problem
from ladera.request import Request
from ladera.rules import Positive, Rule
from ladera.store import CURVES, Store

IRIS = Problem("iris", network="mlp:8")
SETTINGS = {"optimizers": ["sgd", "adam"], "lr": [0.003, 0.03, 0.3], "seeds": 2, "epochs": 3, "batch": 16}
# Times differ from call to call; everything else must not.
TIMES = ["seconds", "compile_seconds"]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a study: curves as they are, runs without the times, as bytes."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob("*/*")):
        if path.parent.name == "runs":
            sink = pa.BufferOutputStream()
            table = pq.read_table(path).drop_columns(TIMES)
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            found[f"runs/{path.name}"] = sink.getvalue().to_pybytes()
        else:
            found[f"curves/{path.name}"] = path.read_bytes()
    return found


def fresh(out: Path, *arguments: str, check: bool = True, **more) -> subprocess.CompletedProcess[str]:
    """`ladera compare` in a process of its own."""
    command = [sys.executable, "-m", "ladera", "compare", *SMALL, "--out", str(out), *arguments]
    return subprocess.run(command, check=check, capture_output=True, text=True, **more)


SMALL = (
    *("iris", "--network", "mlp:8", "--optimizers", "sgd,adam", "--lr", "0.003,0.03,0.3"),
    *("--seeds", "2", "--epochs", "3", "--batch", "16"),
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return compare(IRIS, **SETTINGS, out=tmp_path_factory.mktemp("iris") / "study")


def test_every_asked_run_is_there_once(study):
    runs = study.runs()
    assert runs["run"].is_unique
    tuned = runs[runs["purpose"] == "tune"]
    cells = tuned.groupby(["optimizer", "lr"])["seed"].agg(list)
    assert all(seeds == [0, 1] for seeds in cells)
    assert tuned.groupby("optimizer").size().nunique() == 1  # equal budgets, widened or not
    assert len(runs[runs["purpose"] == "report"]) == 4
    assert len(runs[runs["purpose"] == "test"]) == 2
    assert runs[runs["purpose"] != "test"]["test_metric"].isna().all()


def test_the_test_set_is_read_by_a_bitwise_repetition_of_the_winner(study):
    runs = study.runs().set_index("run")
    curves = study.curves().set_index("run")
    tested = runs[runs["purpose"] == "test"]
    assert tested["test_metric"].notna().all()
    for name, run in tested.iterrows():
        same = (
            (runs["optimizer"] == run["optimizer"])
            & (runs["lr"] == run["lr"])
            & (runs["seed"] == run["seed"])
        )
        [report] = runs.index[same & (runs["purpose"] == "report")]
        columns = ["train_loss", "validation_loss", "validation_metric"]
        assert (
            curves.loc[name, columns].to_numpy().tobytes() == curves.loc[report, columns].to_numpy().tobytes()
        )


def test_asking_again_trains_nothing_and_answers_the_same(study, monkeypatch):
    before = contents(study.path)
    monkeypatch.setattr("ladera.comparison.Pool", None)  # no worker may be started
    again = compare(IRIS, **SETTINGS, out=study.path)
    assert again.recommendation().as_dict() == study.recommendation().as_dict()
    assert contents(study.path) == before


def test_a_width_that_is_asked_for_is_used_and_changes_no_more_than_rounding(study, tmp_path):
    narrow = compare(IRIS, **SETTINGS, width=3, out=tmp_path / "s")
    assert set(narrow.runs()["width"]) == {3}
    assert set(study.runs()["width"]) == {8}
    columns = ["fingerprint", "optimizer", "lr", "seed", "purpose"]
    both = pd.merge(narrow.runs()[columns], study.runs()[columns], on=columns[1:])
    np.testing.assert_allclose(both["fingerprint_x"], both["fingerprint_y"], rtol=1e-5)


@pytest.mark.slow
def test_more_optimizers_and_seeds_extend_a_study(study, tmp_path):
    first = compare(IRIS, ["sgd"], lr=[0.03, 0.1, 0.3], seeds=2, epochs=2, batch=16, out=tmp_path / "s")
    before = contents(first.path)
    more = compare(
        IRIS, ["sgd", "momentum"], lr=[0.03, 0.1, 0.3], seeds=3, epochs=2, batch=16, out=first.path
    )
    after = contents(more.path)
    assert all(after[name] == before[name] for name in before)
    assert set(more.runs()["optimizer"]) == {"sgd", "momentum"}
    assert sorted(more.runs().query("purpose == 'tune'")["seed"].unique()) == [0, 1, 2]


def test_opened_from_disk_it_is_the_same_study(study):
    assert ladera.open(study.path).recommendation().as_dict() == study.recommendation().as_dict()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"epochs": 4}, "epochs"),
        ({"batch": 8}, "batch"),
        ({"problem": Problem("iris", network="mlp:9")}, "network"),
        ({"problem": Problem("iris", network="mlp:8", penalty="l2:1e-3")}, "penalty"),
        ({"problem": Problem("wine", network="mlp:8")}, "data"),
    ],
)
def test_a_folder_with_another_study_is_refused(study, change, key):
    before = contents(study.path)
    asked = {"problem": IRIS, **SETTINGS, **change}
    with pytest.raises(UsageError, match=f"holds another study .{key} is .* --out"):
        compare(**asked, out=study.path)
    assert contents(study.path) == before


def test_a_newer_schema_is_refused(tmp_path):
    (tmp_path / "study.toml").write_text("schema = 99\n")
    with pytest.raises(UsageError, match="schema 99"):
        compare(IRIS, **SETTINGS, out=tmp_path)


@pytest.mark.parametrize("folder", ["runs", "curves"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "noise", "gone"])
def test_a_damaged_file_is_named_and_only_its_cohort_trained_again(study, tmp_path, folder, damage):
    out = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(study.path), str(out)], check=True)
    before = contents(out)
    victim = sorted((out / folder).glob("adam-tune-*"))[0]
    whole = victim.read_bytes()
    if damage == "gone":
        victim.unlink()
    else:
        victim.write_bytes({"truncated": whole[:-40], "empty": b"", "noise": os.urandom(len(whole))}[damage])
    opened = ladera.open(out)
    assert (victim in opened.damaged) == (damage != "gone" or folder == "curves")
    others = {p.name: p.stat().st_mtime_ns for p in out.glob("*/*") if p.name != victim.name}
    again = compare(IRIS, **SETTINGS, out=out)
    assert contents(out) == before
    assert {p.name: p.stat().st_mtime_ns for p in out.glob("*/*") if p.name != victim.name} == others
    assert again.damaged == ()


def test_all_optimizers_diverging_is_an_answer(tmp_path):
    study = compare(IRIS, ["sgd", "momentum"], lr=[1e25], seeds=2, epochs=1, batch=16, out=tmp_path / "s")
    answer = study.recommendation()
    assert answer.optimizer is None
    assert study.runs()["diverged"].all()
    assert "othing trained" in str(answer)


def test_a_rule_of_the_users_own_is_compared(tmp_path):
    path = tmp_path / "my_rule.py"
    path.write_text(
        "from __future__ import annotations\n"
        "from ladera.rules import Positive, Rule\n\n"
        "def half(g):\n    return 0.5*g\n\n"
        "class HalfStep(Rule):\n    lr: Positive = 0.1\n\n"
        "    def step(self, t, g, s, x):\n        return s, x - self.lr*half(g)\n"
    )

    class Own(Rule):
        lr: Positive = 0.1

        def step(self, t, g, s, x):
            return s, x - 0.5 * self.lr * g

    study = compare(
        IRIS, [f"{path}:HalfStep", Own, rules.SGD(lr=0.1)], lr=[0.2], seeds=1, epochs=2, out=tmp_path / "s"
    )
    runs = study.runs().query("purpose == 'tune'").set_index("optimizer")
    assert runs.loc["halfstep", "validation_loss"] == pytest.approx(
        runs.loc["own", "validation_loss"], rel=1e-6
    )
    assert runs.loc["sgd", "validation_loss"] != pytest.approx(runs.loc["own", "validation_loss"], rel=1e-3)


def test_a_rule_that_fails_names_its_line(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(
        "from ladera.rules import Positive, Rule\n\n"
        "class Broken(Rule):\n    lr: Positive = 0.1\n\n"
        "    def step(self, t, g, s, x):\n        return s, x - self.rate*g\n"
    )
    with pytest.raises(LaderaError, match=r"Broken failed in training, in .*broken.py:7: AttributeError"):
        compare(IRIS, f"{path}:Broken", lr=[0.1], seeds=1, epochs=1, out=tmp_path / "s")


def test_regression_is_compared_by_rmse(tmp_path):
    study = compare(
        Problem("diabetes", network="linear"), ["sgd"], lr=[0.01, 0.1], seeds=2, epochs=3, out=tmp_path / "s"
    )
    answer = study.recommendation()
    assert (answer.metric, answer.direction) == ("rmse", "min")
    assert answer.validation is not None
    assert 30 < answer.validation < 100  # in the target's own units


def test_regression_is_compared_by_rmse_whatever_the_loss(tmp_path):
    """A network of zeros answers 0: loss and metric of the untrained epoch are known."""
    problem = Problem("diabetes", network="linear", loss="huber:0.5", init="zeros")
    study = compare(problem, ["sgd"], lr=0.01, seeds=1, epochs=2, out=tmp_path / "s", workers=1, width=1)
    data = problem.prepared()
    y = torch.tensor(data.validation.y, dtype=torch.float64)
    untrained = study.curves().query("epoch == 0").iloc[0]
    expected = torch.nn.functional.huber_loss(torch.zeros_like(y), y, delta=0.5)
    assert untrained["validation_loss"] == pytest.approx(float(expected), rel=1e-5)
    rmse = float((y**2).mean().sqrt()) * data.target_scale
    assert untrained["validation_metric"] == pytest.approx(rmse, rel=1e-5)
    again = Store(tmp_path / "s").read_study()["command"]
    assert "loss='huber:0.5', init='zeros'" in again


def test_a_study_that_does_not_say_how_weights_began_is_gone_on_with(study, tmp_path):
    copy = tmp_path / "before"
    shutil.copytree(study.path, copy)
    said = (copy / "study.toml").read_text(encoding="utf-8")
    assert 'init = "he_normal"\n' in said
    (copy / "study.toml").write_text(said.replace('init = "he_normal"\n', ""), encoding="utf-8")
    assert ladera.open(copy).recommendation().optimizer == study.recommendation().optimizer
    before = contents(copy)
    compare(IRIS, **SETTINGS, out=copy)
    assert contents(copy) == before
    with pytest.raises(UsageError, match="init is he_normal there, orthogonal here"):
        compare(Problem("iris", network="mlp:8", init="orthogonal"), **SETTINGS, out=copy)


def test_a_batch_larger_than_the_training_set_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"at most the 90 training examples, received 91"):
        compare(IRIS, ["sgd"], batch=91, out=tmp_path / "s")
    assert not (tmp_path / "s" / "study.toml").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"seeds": 0},
        {"epochs": 0},
        {"batch": 0},
        {"seeds": 2.5},
        {"width": 0},
        {"workers": -1},
        {"lr": [-1.0]},
        {"lr": []},
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path, wrong):
    with pytest.raises(UsageError):
        compare(IRIS, **{**SETTINGS, **wrong}, out=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_an_unwritable_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot be written .* --out"):
        compare(IRIS, **SETTINGS, out=tmp_path / "file" / "study")


# ---- in processes of their own -----------------------------------------------------------------------


@pytest.mark.slow
def test_killed_half_way_it_ends_in_the_same_store(study, tmp_path):
    """SIGKILL at the first cohort, at several moments, then the same command again."""
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "ladera", "compare", *SMALL, "--out", str(out)]
    kills = 0
    for cohorts in (1, 2, 4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(list(out.glob("runs/*.parquet"))) < cohorts:
            time.sleep(0.002)
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills >= 1
    fresh(out)
    assert contents(out) == contents(study.path)
    assert not list(out.glob("*/.*"))


@pytest.mark.slow
def test_workers_end_with_a_killed_parent(tmp_path):
    psutil = pytest.importorskip("psutil")
    command = [
        sys.executable,
        "-m",
        "ladera",
        "compare",
        *SMALL,
        "--epochs",
        "2000",
        "--out",
        str(tmp_path / "s"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children: list = []
    while len(children) < 2:
        time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=15)
    assert not alive


@pytest.mark.slow
def test_interrupted_it_keeps_what_is_finished_and_goes_on(study, tmp_path):
    out = tmp_path / "interrupted"
    command = [sys.executable, "-m", "ladera", "compare", *SMALL, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(out.glob("runs/*.parquet")):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "goes on" in errors
    kept = {name: held for name, held in contents(out).items() if not name.endswith(".tmp")}  # unfinished
    assert kept
    fresh(out)
    after = contents(out)
    assert all(after[name] == kept[name] for name in kept)
    assert after == contents(study.path)


@pytest.mark.slow
def test_interrupted_while_it_measures_widths_it_ends_at_once(tmp_path):
    command = [sys.executable, "-m", "ladera", "compare", "digits", "--optimizers", "sgd", "--epochs", "2000"]
    command += ["--workers", "1", "--network", "mlp:128,128", "--out", str(tmp_path / "s")]
    new = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}  # nothing measured yet
    process = subprocess.Popen(command, env=new, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "s" / "study.toml").exists():
        time.sleep(0.02)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)  # it waits for no program to be compiled
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_whole_numbers_of_numpy_are_whole_numbers():
    one = Request(Problem("iris"), optimizers("sgd"), "auto", np.int64(2), np.int32(3), np.int64(16))
    assert (one.seeds, one.epochs, one.batch) == (2, 3, 16)
    assert all(type(number) is int for number in (one.seeds, one.epochs, one.batch))
    assert Problem("sunspots", "linear", window=np.int64(3)).reading.window == 3


@pytest.mark.parametrize("name", ["residual", "tokens"])
def test_what_is_true_or_false_is_no_word(name):
    with pytest.raises(UsageError, match=rf"{name} is True or False, received 'off'"):
        Problem("iris", **{name: "off"})


def test_json_on_standard_output_and_nothing_else(study, tmp_path):
    done = fresh(study.path, "--json", "--report", str(tmp_path / "r.html"))
    answer = json.loads(done.stdout)
    assert answer["study"] == str(study.path)
    assert set(answer) >= {
        "study",
        "runs",
        "finished",
        "diverged",
        "seconds",
        "answer",
        "ranking",
        "fairness",
    }
    assert answer["runs"] == answer["finished"] + answer["diverged"] == len(study.runs())
    assert (tmp_path / "r.html").is_file()


def test_curves_have_the_untrained_epoch_first(study):
    curves = study.curves()
    first = curves[curves["epoch"] == 0]
    assert (first["step"] == 0).all()
    assert first.groupby("seed")["validation_loss"].nunique().max() == 1
    assert curves["epoch"].max() == SETTINGS["epochs"]
    assert np.isfinite(first["train_loss"]).all()


def test_the_store_describes_itself(study):
    path = next((study.path / "curves").glob("*.parquet"))
    said = {b"metric": b"accuracy", b"direction": b"max", b"unit": b"share"}
    assert pq.read_schema(path).metadata == said | {b"columns": ",".join(CURVES.names).encode()}
    assert pq.read_schema(path).names == CURVES.names
    assert Store(study.path).read_study()["engine"]["width"] == study.runs()["width"].unique()


def test_no_time_decides_what_is_stored(study, tmp_path):
    """The same question in another folder gives the same bits."""
    other = compare(IRIS, **SETTINGS, out=tmp_path / "other")
    assert contents(other.path) == contents(study.path)
    pd.testing.assert_frame_equal(other.curves(), study.curves())

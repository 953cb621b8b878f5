"""The benchmarks work, and all sides train the same: no number of seconds is asserted."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


# JAX is strict in this suite, and Keras is not; where MNIST lies is not to matter.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("JAX_NUMPY_") and k != "LADERA_DATA"}


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", "--size", "smoke", *arguments],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=600,
    )


def installed(*packages: str) -> bool:
    return all(importlib.util.find_spec(package) for package in packages)


@pytest.fixture(scope="module")
def digits(tmp_path_factory) -> dict[str, dict[str, Any]]:
    """What the JSON file says of every side, by the side's name."""
    file = tmp_path_factory.mktemp("benchmarks") / "numbers.json"
    done = benchmark("digits", "--json", str(file))
    assert done.returncode == 0, done.stderr
    return {one["side"]: one for one in json.loads(file.read_text(encoding="utf-8"))["digits"]}


@pytest.mark.parametrize(
    ("side", "packages"),
    [
        ("Ladera", ["jax"]),
        ("PyTorch, fused Adam", ["torch"]),
        ("Keras fit on TensorFlow", ["keras", "tensorflow"]),
        ("Keras fit on JAX", ["keras", "jax"]),
        ("Keras fit on JAX, steps_per_execution", ["keras", "jax"]),
    ],
)
def test_every_side_trains_the_same(digits, side, packages):
    if not installed(*packages):
        assert digits[side]["failure"].startswith("not installed: ")
        pytest.skip(f"{side}: {digits[side]['failure']}")
    assert digits[side]["failure"] == ""
    assert digits[side]["trainings"] >= 1
    assert len(digits[side]["trainings_per_second"]) == 1
    assert digits[side]["loss"] == pytest.approx(digits["Ladera"]["loss"], rel=1e-4)


def test_scikit_learn_trains_with_weights_of_its_own(digits):
    one = digits["scikit-learn MLPClassifier"]
    assert one["failure"] == ""
    assert one["loss"] == pytest.approx(digits["Ladera"]["loss"], rel=0.5)


def test_a_side_that_fails_is_named_with_its_reason(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.sides import Arrangement, measure

    broken = Arrangement("broken", "matrix_product", 1, True, ())
    missing = Arrangement("missing", "matrix_product", 1, True, ("no_such_package",))
    failed, absent = measure([broken, missing], {}, repeats=1, seconds=0.01)  # no size is asked for
    assert failed.failure == "failed: KeyError: 'size'"
    assert failed.best is None
    assert absent.failure == "not installed: no_such_package"


def test_mnist_is_skipped_in_words_where_it_is_absent():
    done = benchmark("mnist")
    assert done.returncode == 0, done.stderr
    assert "set LADERA_DATA to a folder with mnist.npz" in done.stdout


def test_a_study_of_ten_runs_is_measured(tmp_path):
    pytest.importorskip("psutil")
    done = benchmark("scaling", "--json", str(tmp_path / "numbers.json"))
    assert done.returncode == 0, done.stderr
    [study] = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))["scaling"]
    assert study["runs"] == 10
    assert study["ms_per_run"] > 0
    assert study["peak"] > 50e6  # bytes: three processes with JAX in memory
    assert study["bytes"] > 0


def test_an_unknown_benchmark_is_named():
    done = benchmark("digit")
    assert done.returncode == 2
    assert "unknown benchmark digit; known are main_job, digits" in done.stderr


def test_optimizer_steps_are_measured(tmp_path):
    pytest.importorskip("torch")
    done = benchmark("dropin", "--json", str(tmp_path / "numbers.json"))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))["dropin"]
    assert {row["model"] for row in rows} == {"small", "mixed", "medium"}
    assert all(row["ladera"] > 0 and row["torch"] > 0 for row in rows)


def test_traces_and_descents_are_measured(tmp_path):
    done = benchmark("steps", "--json", str(tmp_path / "numbers.json"))
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))["steps"]
    assert [len(told["trace"]), len(told["descend"])] == [2, 2]
    assert all(row["seconds"] > 0 for rows in told.values() for row in rows)


@pytest.mark.parametrize("name", ["curves", "unconstrained"])
def test_solvers_are_measured_beside_scipy(name, tmp_path):
    done = benchmark(name, "--json", str(tmp_path / "numbers.json"))
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))[name]
    if name == "curves":
        assert all(side["seconds"] > 0 and side["agreed"] == side["curves"] == 10 for side in told["sides"])
    else:
        assert len(told) == 10
        assert all(one["solved"] for one in told)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras reads arrays as NumPy 1 did
@pytest.mark.parametrize("network", ["cnn:8/16", "lstm:8"])
def test_every_peer_builds_the_network_that_ladera_trains(network, tmp_path, monkeypatch):
    """After five steps all of them have the same loss: weights, order of gates, of channels, of pixels."""
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.peers import keras_fit, pytorch
    from benchmarks.problem import Asked, write
    from ladera.rules import Adam
    from ladera.train.cohort import train
    from ladera.train.recipe import Recipe
    from ladera.train.work import Cohort, Trial

    file = tmp_path / "examples.npz"
    task = write(Asked("digits", network, 1, 32, 160), file)
    rule = Adam(lr=0.01)
    [run] = train(Cohort("one", task, (Recipe.of(rule),), 1, (Trial("one", rule, 0),))).runs
    spec = {"file": str(file), "lr": 0.01, "epoch_per_call": False}
    assert pytorch.prepare(spec)(1).loss == pytest.approx(run["validation_loss"], rel=1e-5)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        found = keras_fit.prepare(spec)(1).loss
    assert found == pytest.approx(run["validation_loss"], rel=1e-4)  # its epsilon is another


def test_the_networks_are_skipped_in_words_where_mnist_is_absent():
    done = benchmark("networks")
    assert done.returncode == 0, done.stderr
    assert "set LADERA_DATA to a folder with mnist.npz" in done.stdout

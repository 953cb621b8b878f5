"""A Problem: names checked early, data read once, the same identity everywhere."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets

from ladera.base import UsageError
from ladera.problems import Problem


def in_new_process(code: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_digits_of_the_documentation():
    problem = Problem(data="digits", network="mlp:64,64", loss="auto", penalty="l2:1e-4")
    described = problem.describe()
    assert described["data"] == "digits"
    assert (described["train"], described["validation"], described["test"]) == (1078, 359, 360)
    assert (described["features"], described["classes"], described["parameters"]) == (64, 10, 8970)
    assert (described["task"], described["loss"]) == ("classification", "cross_entropy")
    assert (described["network"], described["penalty"]) == ("mlp:64,64", "l2:0.0001")
    assert described["disjoint"] is True
    data = problem.prepared()
    assert (data.metric.name, data.metric.direction, data.metric.unit) == ("accuracy", "max", "share")
    assert data.train.x.shape == (1078, 64)
    assert (data.train.x.dtype, data.train.y.dtype) == (np.float32, np.int32)


def test_a_quantity_is_a_regression_in_target_units():
    problem = Problem("diabetes", network="linear")
    data = problem.prepared()
    assert (data.task, data.classes, data.outputs) == ("regression", None, 1)
    assert (data.metric.name, data.metric.direction, data.metric.unit) == ("rmse", "min", "target units")
    assert (data.train.y.dtype, data.train.y.shape) == (np.float32, (265, 1))
    assert problem.describe()["loss"] == "mse"
    assert problem.describe()["network"] == "linear"
    assert "classes" not in problem.describe()
    every = np.concatenate([part.y[:, 0] for part in (data.train, data.validation, data.test)])
    spread = every.max() - every.min()
    target = sklearn.datasets.load_diabetes().target
    assert spread * data.target_scale == pytest.approx(target.max() - target.min(), rel=1e-6)


def test_mse_on_classes_is_legal_and_cross_entropy_on_numbers_is_not():
    assert Problem("iris", loss="mse").resolved_loss() == "mse"
    with pytest.raises(UsageError, match="'cross_entropy' needs classes"):
        Problem("diabetes", loss="cross_entropy").prepared()
    with pytest.raises(UsageError, match="'cross_entropy' needs classes"):
        Problem("diabetes", loss="cross_entropy", task="regression")  # told before anything is read


@pytest.mark.parametrize(
    ("arguments", "pieces"),
    [
        ({"data": "digist"}, ("no data set 'digist'", "'digits'", "openml:NAME")),
        ({"data": "nowhere.csv"}, ("no file 'nowhere.csv'",)),
        ({"data": 3}, ("received int", "data='digits'")),
        ({"data": [[1.0], [2.0]]}, ("received list",)),
        ({"network": "mpl:64"}, ("no network 'mpl'", "'mlp'")),
        ({"network": "mlp:0"}, ("received 'mlp:0'", "mlp:64,64")),
        ({"network": None}, ("received None",)),
        ({"dropout": 0.99999999}, ("below 1, received 0.99999999",)),  # 1 in float32
        ({"dropout": 1}, ("below 1, received 1", "0.2")),
        ({"dropout": -0.1}, ("received -0.1",)),
        ({"dropout": "half"}, ("received half",)),
        ({"dropout": 0.1, "network": "linear"}, ("needs hidden units", "'linear'")),
        ({"norm": "bach"}, ("no norm 'bach'", "'batch'")),
        ({"residual": True, "network": "mlp:8,4"}, ("as wide as", "'mlp:8,4'")),
        ({"activation": "rely"}, ("no activation 'rely'", "'relu'")),
        ({"init": "he"}, ("no initialiser 'he'", "'he_normal'")),
        ({"loss": "crossentropy"}, ("no loss 'crossentropy'", "'cross_entropy'")),
        ({"penalty": "l2:-1"}, ("received 'l2:-1'", "l2:1e-4")),
        ({"task": "clustering"}, ("received 'clustering'", "classification, regression")),
        ({"data": "iris", "target": "petal"}, ("fixed target", "'petal'", "leave it out")),
        ({"data": (np.eye(3), [1, 2, 3]), "target": "y"}, ("names a column", "'y'", "leave the target out")),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_read(arguments, pieces):
    with pytest.raises(UsageError) as caught:
        Problem(**arguments)
    for piece in pieces:
        assert piece in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "pieces"),
    [
        ({"data": "iris", "network": "cnn:8"}, ("needs images", "4 values", "mlp")),
        ({"data": "iris", "network": "gru:8"}, ("needs sequences or images",)),
        ({"data": "digits", "network": "cnn:8,8"}, ("2×2, received 1×1", "fewer convolutions")),
        ({"data": "diabetes", "network": "logistic"}, ("tells classes apart", "take linear")),
    ],
)
def test_a_network_that_does_not_fit_the_data_is_told_when_they_are_read(arguments, pieces):
    problem = Problem(**arguments)
    with pytest.raises(UsageError) as caught:
        problem.prepared()
    for piece in pieces:
        assert piece in str(caught.value)


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, None])
def test_a_split_seed_is_a_whole_number(seed):
    with pytest.raises(UsageError, match="whole number >= 0, received"):
        Problem("moons", split_seed=seed).prepared()


def test_arrays_and_frames_are_data():
    x, y = sklearn.datasets.load_iris(return_X_y=True)
    frame = pd.DataFrame(x, columns=["a", "b", "c", "d"]).assign(kind=np.array(["s", "t", "u"])[y])
    pair = Problem((x, y)).prepared()
    table = Problem(frame, target="kind").prepared()
    assert pair.split_hash == table.split_hash
    np.testing.assert_array_equal(pair.train.x, table.train.x)
    np.testing.assert_array_equal(pair.train.y, table.train.y)
    assert Problem((x, y)).describe()["data"] == "arrays"


def test_data_are_read_once():
    problem = Problem("moons")
    assert problem.prepared() is problem.prepared()


def test_the_description_fits_toml_and_the_identity_json():
    import tomli_w

    problem = Problem("moons", split_seed=np.int64(3))
    assert "split_seed = 3" in tomli_w.dumps({"problem": problem.describe()})
    assert json.loads(json.dumps(problem.identity())) == problem.identity()


def test_the_identity_says_what_differs():
    base = {"data": "moons", "network": "mlp:8"}
    same = [{}, {"network": " MLP:8"}, {"loss": "cross_entropy"}, {"data": "Moons "}, {"penalty": "l2:0"}]
    same += [{"activation": "ReLU"}, {"init": "He-Normal"}, {"loss": "cross_entropy:0"}]
    other = [
        {"data": "iris"},
        {"network": "mlp:9"},
        {"activation": "tanh"},
        {"init": "orthogonal"},
        {"loss": "cross_entropy:0.1"},
        {"loss": "mse"},
        {"penalty": "l2:1e-4"},
        {"split_seed": 1},
    ]
    identity = Problem(**base).identity()
    assert all(Problem(**{**base, **change}).identity() == identity for change in same)
    assert all(Problem(**{**base, **change}).identity() != identity for change in other)


def test_defaults_leave_the_identity_as_studies_on_disk_have_it():
    """Names of runs end in its hash."""
    names = ("data", "data_hash", "split_seed", "split_hash", "preparation", "task")
    identity = Problem("moons").identity()
    assert tuple(identity) == (*names, "network", "activation", "loss", "penalty")
    assert list(identity.values())[-4:] == ["mlp:64,64", "relu", "cross_entropy", "none"]


def test_other_preparation_is_another_problem(monkeypatch):
    before = Problem("moons").identity()
    monkeypatch.setattr("ladera.problems.prepare.VERSION", -1)
    assert Problem("moons").identity() != before


def test_a_file_is_itself_wherever_it_lies_and_changes_with_its_content(tmp_path):
    text = "a,b,y\n" + "".join(f"{i},{i % 7},{'no' if i % 3 else 'yes'}\n" for i in range(60))
    identities = []
    for folder, content in (("here", text), ("there", text), ("other", text.replace("59,", "58,"))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data.csv").write_text(content)
        identities.append(Problem(tmp_path / folder / "data.csv").identity())
    assert identities[0] == identities[1]
    assert identities[0]["data_hash"] != identities[2]["data_hash"]
    assert Problem(tmp_path / "here" / "data.csv").describe()["data"] == str(tmp_path / "here" / "data.csv")


def test_a_problem_travels_to_another_process():
    problem = Problem("moons", penalty="l2:1e-4")
    expected = problem.identity()
    assert pickle.loads(pickle.dumps(problem)).identity() == expected


def test_two_processes_prepare_the_same_numbers(tmp_path):
    path = tmp_path / "mixed.csv"
    rows = (f"{i * 0.37 % 1},{'abc'[i % 3]},{'no' if i % 4 else 'yes'}" for i in range(200))
    path.write_text("number,letter,y\n" + "\n".join(rows) + "\n")
    code = f"""
import json, hashlib
from ladera.problems import Problem
for data in ({str(path)!r}, "moons", "iris", "digits"):
    problem = Problem(data)
    part = problem.prepared().test
    numbers = hashlib.sha256(part.x.tobytes() + part.y.tobytes()).hexdigest()
    print(json.dumps(problem.identity()), numbers)
"""
    one, other = (in_new_process(code, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert one == other
    assert json.loads(one.splitlines()[1].rpartition(" ")[0]) == Problem("moons").identity()


def test_the_common_path_imports_nothing_heavy():
    code = """
import sys
from ladera.problems import Problem
Problem("digits").describe()
Problem("moons").describe()
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"jax", "pandas", "sklearn", "scipy", "pyarrow"}))
"""
    assert in_new_process(code).strip() == "[]"

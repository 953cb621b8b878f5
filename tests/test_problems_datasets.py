"""Data sets by name and from Python: content, target, task; the network is never used."""

from __future__ import annotations

import urllib.error
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets

from ladera.base import UsageError
from ladera.problems import from_arrays, load, names
from ladera.problems.sources import FETCHED, MADE
from ladera.problems.targets import encode

BUNDLED = ["breast_cancer", "diabetes", "digits", "iris", "wine"]


def test_the_names():
    others = ["moons", "mackey_glass", "sunspots", "mnist", "bank-marketing", "online-shoppers"]
    assert names() == sorted([*BUNDLED, *others])


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sets_are_scikit_learns(name):
    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(sklearn.datasets, f"load_{name}")(**options)
    data = load(name)
    np.testing.assert_array_equal(data.x, bunch.data)
    np.testing.assert_array_equal(data.y, bunch.target)
    assert data.features == tuple(bunch.feature_names)
    assert data.classes == tuple(str(c) for c in bunch.get("target_names", ()))
    assert data.task == ("regression" if name == "diabetes" else "classification")
    assert data.kind == ("image" if name == "digits" else "table")
    assert data.source


def test_the_digits_do_without_their_file(monkeypatch):
    expected = load("digits")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    other = load("digits")
    assert (other.hash(), other.kind) == (expected.hash(), "image")


def test_the_moons_lie_where_scikit_learn_puts_them():
    data = load("moons")
    assert (data.x.shape, data.classes, np.bincount(data.y).tolist()) == (
        (1000, 2),
        ("upper", "lower"),
        [500, 500],
    )
    noise = data.x - sklearn.datasets.make_moons(1000, shuffle=False)[0]
    assert noise.std() == pytest.approx(0.2, rel=0.05)
    assert abs(noise.mean()) < 0.02
    assert load("moons").hash() == data.hash()


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        (["b", "a"] * 5, "classification", ("a", "b")),
        (np.array([True, False] * 5), "classification", ("False", "True")),
        (np.arange(40) % 4, "classification", ("0", "1", "2", "3")),
        ((np.arange(40) % 4).astype(float), "classification", ("0", "1", "2", "3")),
        (-(np.arange(40) % 2), "classification", ("-1", "0")),
        (np.arange(200) % 20, "classification", tuple(map(str, range(20)))),
        (np.arange(210) % 21, "regression", ()),  # more than 20 different whole numbers
        (np.arange(19) % 4, "regression", ()),  # fewer than 5 rows each
        (np.arange(40) % 4 + 0.5, "regression", ()),
        (pd.Series(pd.Categorical([3, 1] * 5)), "classification", ("1", "3")),
        (pd.Series([1, 0] * 5, dtype="Int8"), "classification", ("0", "1")),
        (pd.Series([True, False] * 5, dtype="boolean"), "classification", ("False", "True")),
        (pd.Series([1.5, 2.5] * 5, dtype="Float32"), "regression", ()),
        (np.array([1, 2.5, 3] * 5, dtype=object), "regression", ()),
    ],
)
def test_the_task_follows_from_the_target(y, task, classes):
    target = encode(y)
    assert (target.task, target.classes) == (task, classes)
    assert target.y.dtype == (np.int32 if classes else np.float64)


def test_the_task_can_be_said():
    y = np.arange(40) % 4
    assert encode(y, "regression").y.tolist() == y.tolist()
    assert encode(["2.5", "1"] * 5, "regression").y.tolist() == [2.5, 1.0] * 5
    assert encode([0.5, 1.5] * 5, "classification").classes == ("0.5", "1.5")
    assert encode([20, 10, 20], "classification", labels=("a", "b")).classes == ("10", "20")


def test_classes_are_numbered_in_the_order_of_their_values():
    target = encode([10, 9, 100] * 5)
    assert target.classes == ("9", "10", "100")
    assert target.y.tolist() == [1, 0, 2] * 5


X = np.arange(40.0).reshape(20, 2)
Y = np.arange(20) % 2


@pytest.mark.parametrize(
    ("x", "y", "task", "pieces"),
    [
        (X, np.where(Y, np.nan, 1.0), "auto", ("needs a target", "10 of 20", "fill in or remove")),
        (X, [None, "a"] * 10, "auto", ("needs a target", "10 of 20")),
        (X, pd.Series([None, "a"] * 10), "auto", ("needs a target", "10 of 20")),
        (X, pd.Series([pd.NA, 1] * 10, dtype="Int64"), "auto", ("needs a target", "10 of 20")),
        (X, np.where(Y, np.inf, 1.0), "auto", ("target is finite", "10 infinite", "correct or remove")),
        (X, np.where(Y, 1e300, 1.5), "regression", ("single precision", "1e+300", "rescale")),
        (X, ["a"] * 20, "auto", ("two classes", "only 'a' in 20 rows", "choose another")),
        (X, np.ones(20), "auto", ("two classes", "only '1' in 20 rows", "choose another")),
        (X, np.full(20, 1.5), "auto", ("target varies", "1.5 in all 20 rows", "choose another")),
        (X, ["a", "b"] * 10, "regression", ("needs numbers", "text", "classification")),
        (X, Y, "ranking", ("one of auto", "'ranking'")),
        (X, np.eye(20), "auto", ("one column", "(20, 20)", "one value per row")),
        (X, [[1], [2, 3]], "auto", ("one column", "one value per row")),
        (X, np.array(1.0), "auto", ("one column", "()")),
        (X, Y * 1j, "auto", ("one column", "complex128")),
        (X, Y[:-1], "auto", ("one row per example", "20 rows of features and 19", "belong together")),
        (X[:, 0], Y, "auto", ("[rows, features]", "(20,)", "reshape(-1, 1)")),
        (X[:, :0], Y, "auto", ("[rows, features]", "(20, 0)")),
        (X * 1j, Y, "auto", ("real numbers", "complex128")),
        ([["a", 1.0]] * 20, Y, "auto", ("holds numbers", "pandas DataFrame")),
        ([[1.0], [1.0, 2.0]], [0, 1], "auto", ("rows of one length", "pandas DataFrame")),
        (X, None, "auto", ("(X, y)", "ndarray", "pass one of these")),
        (pd.DataFrame({"y": Y}), None, "auto", ("target and at least one feature", "1 columns")),
        (pd.DataFrame(X, columns=["a", "a"]), Y, "auto", ("different names", "'a' 2 times", "rename")),
        (pd.DataFrame(X, columns=["a", "a"]), None, "auto", ("different names", "'a' 2 times", "rename")),
    ],
)
def test_wrong_data_say_why(x, y, task, pieces):
    with pytest.raises(UsageError) as caught:
        from_arrays(x, y, task=task)
    for piece in pieces:
        assert piece in str(caught.value)


def test_a_frame_names_its_target_or_has_a_usual_one():
    table = pd.DataFrame({"a": X[:, 0], "Class": Y, "b": X[:, 1], 3: X[:, 0]})
    assert from_arrays(table).target == "Class"
    assert from_arrays(table).features == ("a", "b", "3")
    assert "column 'Class'" in from_arrays(table).description
    assert from_arrays(table.drop(columns="Class")).target == "3"
    assert from_arrays(table, target=3).target == "3"
    assert from_arrays(table.assign(CLASS=X[:, 0])).target == "Class"  # the first of two
    assert from_arrays(table.assign(y=Y, Target=Y)).target == "Target"
    with pytest.raises(
        UsageError, match=r"no column 'clas'; the nearest name is 'Class' \(known: 3, Class, a, b"
    ):
        from_arrays(table, target="clas")


def test_images_are_rows_of_pixels():
    x = np.arange(10 * 4 * 4, dtype=np.uint8).reshape(10, 4, 4)
    data = from_arrays(x, Y[:10])
    assert (data.kind, data.x.shape) == ("image", (10, 16))


def test_the_hash_is_of_the_content():
    base = from_arrays(X, Y).hash()
    assert from_arrays(np.asfortranarray(X), Y).hash() == base
    assert from_arrays(X.astype(">f8"), Y).hash() == base
    assert from_arrays(X + 1e-9, Y).hash() != base
    assert from_arrays(X, 1 - Y).hash() != base
    assert from_arrays(X, Y, task="regression").hash() != base
    table = pd.DataFrame({"a": X[:, 0], "t": ["p", "q"] * 10})
    first = from_arrays(table, Y).hash()
    assert from_arrays(table.set_index("a", drop=False), Y).hash() == first
    assert from_arrays(table.astype({"t": "category"}), Y).hash() == first
    assert from_arrays(table.rename(columns={"a": "b"}), Y).hash() != first
    assert from_arrays(table.replace("p", "r"), Y).hash() != first


# ------------------------------------------------------------------------------- OpenML


def bunch(frame: pd.DataFrame, target: str | None) -> SimpleNamespace:
    column = None if target is None else frame[target]
    return SimpleNamespace(frame=frame, target=column, details={"id": "7", "licence": "CC0"})


@pytest.fixture
def asked(monkeypatch):
    """What fetch_openml is asked for; it answers a table whose target column is `kind`."""
    calls = []

    def fetch(**arguments):
        calls.append(arguments)
        return bunch(pd.DataFrame({"kind": ["p", "q"] * 10, "a": X[:, 0]}), "kind")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    monkeypatch.delenv("LADERA_DATA", raising=False)
    return calls


def test_openml_by_name_and_by_number_says_that_it_fetches(asked, capsys):
    data = load("openml:credit-g")
    assert (data.name, data.target, data.classes) == ("openml:credit-g", "kind", ("p", "q"))
    assert data.source == "OpenML 7; CC0"
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Fetching 'credit-g' from OpenML")
    said = []
    load("openml:31", "kind", say=said.append)
    assert len(said) == 1
    assert [call.get("name", call.get("data_id")) for call in asked] == ["credit-g", 31]
    assert [call["target_column"] for call in asked] == ["default-target", "kind"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "..", ".", "", "a b", "a\\b", "a?b=c", "a%2e", "\0", "é"]
)
def test_an_openml_name_cannot_be_an_address_or_a_path(asked, name):
    with pytest.raises(UsageError, match="OpenML name is letters") as caught:
        load(f"openml:{name}")
    assert f"received '{name.strip()}'" in str(caught.value)
    assert asked == []


@pytest.mark.parametrize("name", ["mnist", "bank-marketing", "online-shoppers"])
def test_out_of_reach_names_the_way_out(monkeypatch, tmp_path, name):
    def offline(**arguments):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)
    monkeypatch.setenv("LADERA_DATA", str(tmp_path))  # a folder without the file
    with pytest.raises(UsageError) as caught:
        load(name, say=lambda text: None)
    for piece in ("out of reach", "no route to host", FETCHED[name].file, "LADERA_DATA"):
        assert piece in str(caught.value)
    with pytest.raises(UsageError, match=r"out of reach.*LADERA_DATA"):
        load("openml:iris", say=lambda text: None)


def test_openml_without_such_a_table(monkeypatch):
    def unknown(**arguments):
        raise ValueError("No active dataset nothing found.")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", unknown)
    with pytest.raises(
        UsageError, match=r"no table 'nothing'.*No active dataset nothing found\); look it up"
    ):
        load("openml:nothing", say=lambda text: None)


def test_openmls_mnist_is_the_local_one(monkeypatch, tmp_path):
    """The same pixels as a flat table of text classes, and as arrays: the same data."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (10_050, 28, 28)).astype(np.uint8)
    labels = np.arange(10_050) % 10
    table = pd.DataFrame(pixels.reshape(-1, 784), columns=[f"pixel{i}" for i in range(1, 785)])
    table["class"] = pd.Categorical(labels.astype(str))
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda **arguments: bunch(table, "class"))
    monkeypatch.delenv("LADERA_DATA", raising=False)
    fetched = load("mnist", say=lambda text: None)
    np.savez(
        tmp_path / "mnist.npz",
        x_train=pixels[:50],
        y_train=labels[:50],
        x_test=pixels[50:],
        y_test=labels[50:],
    )
    monkeypatch.setenv("LADERA_DATA", str(tmp_path))
    local = load("mnist")
    assert fetched.hash() == local.hash()
    assert fetched.test is not None
    assert local.test is not None
    assert fetched.test.tolist() == local.test.tolist() == list(range(50, 10_050))
    assert fetched.kind == local.kind == "image"


def test_every_source_says_where_it_comes_from():
    assert all(fetched.source for fetched in FETCHED.values())
    assert all(load(name).source for name in MADE)

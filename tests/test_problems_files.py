"""Files: dialects, targets, damage. Nothing but UsageError may come out of a bad one."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ladera.base import UsageError
from ladera.problems import Problem, load

ROWS = 30
TABLE = pd.DataFrame(
    {
        "size": np.arange(ROWS) * 0.5,
        "town": ["Málaga", "Lima", "La Paz"] * 10,
        "sold": ["no", "yes"] * 15,
    }
)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".CSV"])
@pytest.mark.parametrize(
    ("delimiter", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", "."), ("|", ".")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_delimiter_decimal_sign_and_mark_are_found(tmp_path, suffix, delimiter, decimal, encoding):
    path = tmp_path / f"data{suffix}"
    TABLE.to_csv(path, sep=delimiter, decimal=decimal, encoding=encoding, index=False)
    data = load(str(path), "sold")
    pd.testing.assert_frame_equal(data.x, TABLE[["size", "town"]], check_dtype=False)
    assert (data.classes, data.name) == (("no", "yes"), path.name)
    assert data.source == f"file {path.name}"


def test_every_format_holds_the_same_table(tmp_path):
    TABLE.to_csv(tmp_path / "a.csv", index=False)
    TABLE.to_parquet(tmp_path / "a.parquet")
    csv, parquet = load(str(tmp_path / "a.csv")), load(str(tmp_path / "a.parquet"))
    assert csv.hash() == parquet.hash()
    assert csv.target == "sold"
    assert "column 'sold', as none was named" in csv.description


def test_a_column_without_a_name_is_left_out(tmp_path):
    TABLE.to_csv(tmp_path / "a.csv")  # pandas writes its index first, without a name
    data = load(str(tmp_path / "a.csv"))
    assert data.features == ("size", "town")
    assert "without a name left out" in data.description


def test_quotes_and_spaces_in_the_first_line(tmp_path):
    (tmp_path / "a.csv").write_text('"a;1" ,b, y\n' + "1,2,p\n3,4,q\n" * 10)
    data = load(str(tmp_path / "a.csv"), "y")
    assert data.features == ("a;1", "b")


def test_numpy_files(tmp_path):
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    np.savez(tmp_path / "a.npz", X=x, y=y, other=y * 1.5)
    np.testing.assert_array_equal(load(str(tmp_path / "a.npz")).x, x)
    assert load(str(tmp_path / "a.npz"), "other").target == "other"
    np.savez(tmp_path / "b.npz", x_train=x[:15], y_train=y[:15], x_test=x[15:], y_test=y[15:])
    data = load(str(tmp_path / "b.npz"))
    assert data.test is not None
    assert data.test.tolist() == [15, 16, 17, 18, 19]


@pytest.mark.parametrize(
    ("name", "content", "pieces"),
    [
        ("a.csv", b"", ("cannot be read as .csv", "No columns", "repair it")),
        ("a.csv", b"\n\n  \n", ("cannot be read as .csv", "repair it")),
        ("a.csv", b"\n\n1;2\n", ("names its columns", "'1;2'")),
        ("a.csv", b"1,2,3\n4,5,6\n", ("names its columns", "'1,2,3'", "add a line of names")),
        ("a.csv", b"a,y\n1,2,3\n4,5,6\n", ("cannot be read as .csv", "repair it")),
        ("a.csv", b"a,y\n1,2\n4,5,6,7\n", ("cannot be read as .csv", "line 3", "repair it")),
        ("a.csv", b'a,y\n1,"2\n', ("cannot be read as .csv", "repair it")),
        ("a.csv", "a,y\nMálaga,2\n".encode("latin-1"), ("not UTF-8", "save it again")),
        ("a.csv", b"a\n1\n2\n", ("a target and at least one feature", "1 columns", "delimiter")),
        ("a.csv", b"a,y\n", ("two classes", "0 rows")),
        ("a.tsv", b"\x00\xff\x10", ("cannot be read as .tsv", "repair it")),
        ("a.parquet", b"PAR1 nothing", ("cannot be read as .parquet", "repair it")),
        ("a.npz", b"nothing", ("cannot be read as .npz", "not a zip", "repair it")),
        ("a.npz", pickle.dumps({"x": 1}), ("cannot be read as .npz", "not a zip", "repair it")),
        ("a.xlsx", b"", ("read from .csv", "a.xlsx", "convert")),
        ("noname", b"", ("read from .csv", "noname", "convert")),
    ],
)
def test_bad_files_say_why(tmp_path, name, content, pieces):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load(str(tmp_path / name))
    for piece in pieces:
        assert piece in str(caught.value)


class Bomb:
    """Unpickling it leaves a file behind."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickles_are_refused_unopened(tmp_path):
    mark = tmp_path / "opened"
    x = np.empty(1, object)
    x[0] = Bomb(mark)
    np.savez(tmp_path / "a.npz", x=x, y=np.ones(1), allow_pickle=True)
    with pytest.raises(UsageError, match=r"cannot be read as \.npz \(Object arrays cannot be loaded"):
        load(str(tmp_path / "a.npz"))
    assert not mark.exists()
    pickle.loads(pickle.dumps(x[0]))
    assert mark.exists()  # it would have gone off


@pytest.mark.parametrize(
    ("arrays", "pieces"),
    [
        ({}, ("arrays x and y", "holds none", "numpy.savez")),
        ({"x": np.ones((3, 2))}, ("arrays x and y", "x (3, 2)", "numpy.savez")),
        (
            {
                "x_train": np.ones((3, 2)),
                "y_train": np.ones(3),
                "x_test": np.ones((1, 3)),
                "y_test": np.ones(1),
            },
            ("go together", "x_test (1, 3)"),
        ),
        (
            {
                "x_train": np.ones((3, 2)),
                "y_train": np.ones(2),
                "x_test": np.ones((1, 2)),
                "y_test": np.ones(2),
            },
            ("go together", "y_train (2,)"),
        ),
        (
            {"x_train": np.ones(()), "y_train": np.ones(()), "x_test": np.ones(()), "y_test": np.ones(())},
            ("go together", "x_train ()"),
        ),
    ],
)
def test_other_arrays_say_what_is_needed(tmp_path, arrays, pieces):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(UsageError) as caught:
        load(str(tmp_path / "a.npz"))
    for piece in pieces:
        assert piece in str(caught.value)


def test_an_unknown_target_gets_the_nearest(tmp_path):
    TABLE.to_csv(tmp_path / "a.csv", index=False)
    np.savez(tmp_path / "a.npz", x=np.ones((3, 2)), y=np.ones(3))
    with pytest.raises(UsageError, match="no column 'solt'; the nearest name is 'sold'"):
        load(str(tmp_path / "a.csv"), "solt")
    with pytest.raises(UsageError, match="no column 'yy'; the nearest name is 'y'"):
        load(str(tmp_path / "a.npz"), "yy")


@pytest.mark.parametrize("name", ["x" * 5000 + ".csv", "a\0b.csv", "folder/", "../../nothing.csv"])
def test_odd_paths_are_wrong_use(name):
    with pytest.raises(UsageError):
        load(name)


def saved(suffix: str) -> bytes:
    stream = io.BytesIO()
    if suffix == ".npz":
        np.savez_compressed(stream, x=TABLE[["size"]].to_numpy(), y=np.arange(ROWS) % 2)
    elif suffix == ".parquet":
        TABLE.to_parquet(stream)
    else:
        TABLE.to_csv(stream, index=False)
    return stream.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_damage_is_wrong_use_or_harmless(tmp_path, suffix):
    """Bytes changed, cut and put in: the data are read, or UsageError says why; nothing else."""
    whole, rng, refused = saved(suffix), np.random.default_rng(0), 0
    for case in range(60):
        content = bytearray(whole)
        for _ in range(rng.integers(1, 6)):
            content[rng.integers(len(content))] = rng.integers(256)
        if case % 3 == 0:
            content = content[: rng.integers(len(content))]
        path = tmp_path / f"{case}{suffix}"
        path.write_bytes(content)
        try:
            Problem(path).prepared()
        except UsageError:
            refused += 1
    assert refused > 10


def test_a_member_that_is_no_array_is_no_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x", "text")
        archive.writestr("y", "text")
    with pytest.raises(UsageError, match="holds none"):
        load(str(tmp_path / "a.npz"))


# ------------------------------------------------------------------------------- the real files


@pytest.fixture
def real(monkeypatch) -> Path:
    folder = Path(os.environ.get("LADERA_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not (folder / "mnist.npz").is_file():
        pytest.skip("needs mnist.npz and the two tables in the folder that LADERA_DATA names")
    monkeypatch.setenv("LADERA_DATA", str(folder))
    return folder


def test_mnist_keeps_its_own_test_set(real):
    data = Problem("mnist").prepared()
    assert (len(data.train), len(data.validation), len(data.test)) == (50_000, 10_000, 10_000)
    assert (data.classes, data.features) == (10, 784)
    with np.load(real / "mnist.npz") as file:
        np.testing.assert_array_equal(data.test.y, file["y_test"])
        assert np.corrcoef(data.test.x[7], file["x_test"][7].ravel())[0, 1] == pytest.approx(1)
    assert data.train.x.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
    assert data.train.x.std(dtype=np.float64) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "rows", "columns", "positive"),
    [("bank-marketing", 45_211, 16, 0.117), ("online-shoppers", 12_330, 17, 0.155)],
)
def test_the_two_tables(real, name, rows, columns, positive):
    data = load(name)
    assert (len(data), len(data.features), len(data.classes)) == (rows, columns, 2)
    made = Problem(name).prepared()
    for part in (made.train, made.validation, made.test):
        assert np.isfinite(part.x).all()
        assert part.y.mean() == pytest.approx(positive, abs=5e-4)
    assert "local copy" in Problem(name).describe()["source"]


def test_another_column_of_a_table_can_be_the_target(real):
    data = load("bank-marketing", "age")
    assert (data.target, data.task) == ("age", "regression")
    assert "y" in data.features

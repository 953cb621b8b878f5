"""Preparation, held against scikit-learn's transformers fitted on the train rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ladera.base import UsageError
from ladera.problems import from_arrays, load
from ladera.problems.prepare import prepare
from ladera.problems.scale import MOST_CATEGORIES, columns, frame, images
from ladera.problems.splits import split

ROWS = 40
TRAIN = np.arange(0, ROWS, 2)
EVERY = np.arange(ROWS)
RNG = np.random.default_rng(0)


def judge(x: np.ndarray) -> np.ndarray:
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(x[TRAIN]).transform(x)


@given(hnp.arrays(np.float64, (ROWS, 3), elements=st.floats(-1e6, 1e6).map(lambda v: round(v, 3))))
@settings(max_examples=60, deadline=None)
def test_columns_are_standardised_as_scikit_learn_does(x):
    varied = np.ptp(x[TRAIN], axis=0) > 0
    if not varied.any():
        return
    scaled = columns(x, ["a", "b", "c"], TRAIN).rows(EVERY)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[:, varied], judge(x)[:, varied], rtol=1e-6, atol=1e-6)
    assert not scaled[:, ~varied].any()


def test_missing_numbers_become_the_train_median_and_are_counted():
    x = RNG.normal(size=(ROWS, 3))
    x[RNG.random(x.shape) < 0.3] = np.nan
    scaled = columns(x, ["a", "b", "c"], TRAIN)
    np.testing.assert_allclose(scaled.rows(EVERY), judge(x), rtol=1e-6, atol=1e-6)
    assert scaled.notes == (f"{np.isnan(x).sum()} missing numbers in 3 columns set to the train median",)


@pytest.mark.parametrize("value", [0.1, 1e6 + 0.1, -3e-9])
def test_a_column_constant_in_train_is_zero_everywhere(value):
    x = np.column_stack([np.full(ROWS, value), np.arange(ROWS)])
    x[1, 0] = 7.0  # another value, in a row that is not train
    assert not columns(x, ["constant", "other"], TRAIN).rows(EVERY)[:, 0].any()


def test_a_column_without_a_value_in_train_is_zero():
    x = np.column_stack([np.where(EVERY % 2, 5.0, np.nan), np.arange(ROWS)])
    assert not columns(x, ["empty", "other"], TRAIN).rows(TRAIN)[:, 0].any()


def test_images_share_one_mean_and_one_deviation():
    x = RNG.integers(0, 256, (ROWS, 64)).astype(np.uint8)
    x[:, 0] = 0  # a dark corner stays what it is: not a column of its own
    scaled = images(x, TRAIN).rows(EVERY)
    seen = x[TRAIN].astype(np.float64)
    np.testing.assert_allclose(scaled, (x - seen.mean()) / seen.std(), rtol=1e-6, atol=1e-6)


def mixed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": RNG.normal(size=ROWS),
            "whole": pd.array([None if i == 4 else i for i in range(ROWS)], dtype="Int64"),
            "flag": EVERY % 3 == 0,
            "town": [None if i % 10 == 4 else "abcde"[i % 5] for i in range(ROWS)],
            "size": pd.Categorical(["big" if i < 20 else "small" for i in range(ROWS)]),
            "rare": [
                "seen" if i % 2 == 0 and i > 8 else "also" if i % 2 == 0 else "unseen" for i in range(ROWS)
            ],
        }
    )


def test_tables_are_what_scikit_learn_makes_of_them():
    table = mixed()
    scaled = frame(table, TRAIN)
    numbers = table[["number", "whole", "flag"]].astype("Float64").to_numpy(float, na_value=np.nan)
    text = table[["town", "size", "rare"]].astype(object).where(table[["town", "size", "rare"]].notna(), None)
    hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(text.iloc[TRAIN])
    expected = np.column_stack([judge(numbers), hot.transform(text)])
    np.testing.assert_allclose(scaled.rows(EVERY), expected, rtol=1e-6, atol=1e-6)
    assert not scaled.rows(EVERY[1::2])[:, -2:].any()  # a category that train lacks is all 0


def test_missing_text_is_a_category_only_where_train_lacks_some():
    town = ["a" if i % 4 else "b" for i in range(ROWS)]
    in_train, elsewhere = ([None if i == k else t for i, t in enumerate(town)] for k in (2, 3))
    assert frame(pd.DataFrame({"town": in_train}), TRAIN).rows(EVERY)[:4].tolist() == [
        [0, 1, 0],
        [1, 0, 0],
        [0, 0, 1],
        [1, 0, 0],
    ]
    assert frame(pd.DataFrame({"town": elsewhere}), TRAIN).rows(EVERY)[2:4].tolist() == [[1, 0], [0, 0]]


def test_rows_go_by_position_not_by_a_frames_index():
    table = mixed()
    moved = table.set_axis(RNG.integers(0, 5, ROWS), axis=0)
    y = pd.Series(np.repeat([0, 1], ROWS // 2), index=EVERY[::-1])
    one, other = prepare(from_arrays(table, y)), prepare(from_arrays(moved, y.to_numpy()))
    np.testing.assert_array_equal(one.train.x, other.train.x)
    np.testing.assert_array_equal(one.train.y, other.train.y)
    assert one.data_hash == other.data_hash
    assert (
        from_arrays(moved.assign(y=y.to_numpy())).hash() == from_arrays(table.assign(y=y.to_numpy())).hash()
    )


def test_columns_that_say_nothing_are_left_out_and_named():
    table = mixed().assign(
        name=[f"client {i}" for i in range(ROWS)],
        day=pd.date_range("2020-01-01", periods=ROWS),
        country="es",
        wave=np.ones(ROWS, complex),
    )
    wide = pd.concat([table] * 16, ignore_index=True)
    wide["name"] = [f"client {i}" for i in range(len(wide))]
    scaled = frame(wide, np.arange(len(wide)))
    assert [note.split("'")[1] for note in scaled.notes if "left out" in note] == [
        "name",
        "day",
        "country",
        "wave",
    ]
    assert len(wide) > MOST_CATEGORIES


def test_numbers_kept_as_objects_are_numbers():
    table = pd.DataFrame({"a": pd.Series([None, *range(1, ROWS)], dtype=object), "b": np.arange(ROWS)})
    scaled = frame(table, TRAIN).rows(EVERY)
    assert scaled.shape == (ROWS, 2)
    np.testing.assert_allclose(scaled, judge(table.astype(float).to_numpy()), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["iris", "diabetes", "digits"])
def test_only_train_rows_decide(name):
    """Whatever validation and test hold, the prepared train rows stay bit for bit the same."""
    data = load(name)
    made = split(data.y, data.classes, 0)
    others = np.concatenate([made.validation, made.test])
    x = np.array(data.x)
    x[others] = 3 * x[others] + 5
    changed = from_arrays(x.reshape(len(x), 8, 8) if data.kind == "image" else x, data.y, task=data.task)
    one, other = prepare(data), prepare(changed)
    np.testing.assert_array_equal(one.train.x, other.train.x)
    assert not np.array_equal(one.test.x, other.test.x)
    assert one.data_hash != other.data_hash


def test_a_target_is_standardised_on_train_and_keeps_its_scale():
    data = load("diabetes")
    made, rows = prepare(data), split(data.y, (), 0)
    target = sklearn.datasets.load_diabetes().target
    judge = StandardScaler().fit(target[rows.train, None])
    np.testing.assert_allclose(made.test.y, judge.transform(target[rows.test, None]), rtol=1e-6, atol=1e-6)
    assert judge.scale_ is not None
    assert made.target_scale == pytest.approx(judge.scale_[0], rel=1e-12)


def test_arrays_are_what_networks_take():
    made = prepare(load("wine"))
    for part in (made.train, made.validation, made.test):
        assert part.x.flags.c_contiguous
        assert (part.x.dtype, part.y.dtype) == (np.float32, np.int32)
        assert len(part) == len(part.x) == len(part.y)
    assert made.description == "wine: 178 rows of 13 columns, 3 classes"
    assert made.disjoint


@pytest.mark.parametrize(
    ("x", "y", "pieces"),
    [
        (np.where(np.eye(ROWS, 3) > 0, np.inf, 1.0), EVERY, ("finite", "column 'x1'", "correct or remove")),
        (np.where(np.eye(ROWS, 3) > 0, 1e39, 1.0), EVERY, ("single precision", "column 'x1'")),
        (np.ones((ROWS, 3)), EVERY, ("at least one feature that varies", "x1, x2, x3", "check")),
        (np.full((ROWS, 3), np.nan), EVERY, ("at least one feature that varies", "x1, x2, x3")),
        (pd.DataFrame({"day": pd.date_range("2020", periods=ROWS)}), EVERY, ("feature that varies", "day")),
        (np.full((ROWS, 4, 4), 0.1), EVERY, ("Images differ", "received 0.1")),
        (np.full((ROWS, 4, 4), np.nan), EVERY, ("Pixels are finite", "correct or remove")),
        (
            RNG.normal(size=(ROWS, 2)),
            np.where(EVERY == 3, 1e9, 0.1),
            ("varies within train", "0.1", "split seed"),
        ),
        (
            np.where(EVERY == 3, 3e38, EVERY * 1e-9)[:, None],
            EVERY,
            ("after scaling", "so far", "remove such"),
        ),
    ],
)
def test_what_cannot_be_prepared_says_why(x, y, pieces):
    seed = next(s for s in range(99) if 3 not in split(np.arange(ROWS), (), s).train)
    with pytest.raises(UsageError) as caught:
        prepare(from_arrays(x, y, task="regression"), seed)
    for piece in pieces:
        assert piece in str(caught.value)

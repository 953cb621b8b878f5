"""Windows of a time series, against windows cut by hand; no part depends on a later one."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import scipy.integrate
import sklearn.preprocessing
from typer.testing import CliRunner

import ladera
from ladera.base import UsageError
from ladera.cli import app
from ladera.configs import optimizers
from ladera.problems import Problem, load
from ladera.request import Request


def series(rows: int, columns: int = 2, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    walk = rng.normal(size=(rows, columns)).cumsum(axis=0) * 3 + 20
    return pd.DataFrame(walk, columns=["warmth", *(f"other{i}" for i in range(1, columns))])


@hypothesis.settings(max_examples=25, deadline=None, derandomize=True)
@hypothesis.given(st.integers(40, 90), st.integers(1, 12), st.integers(1, 6), st.integers(1, 3))
def test_windows_are_those_cut_by_hand(rows, window, horizon, columns):
    table = series(rows, columns, seed=rows)
    data = Problem(table, "linear", target="warmth", window=window, horizon=horizon).prepared()
    a, b = 3 * rows // 5, 4 * rows // 5
    order = [*table.columns[1:], "warmth"]  # the target's past is the last input
    x = sklearn.preprocessing.StandardScaler().fit(table[order][:a]).transform(table[order])
    y = sklearn.preprocessing.StandardScaler().fit(table[["warmth"]][:a]).transform(table[["warmth"]])[:, 0]
    assert data.shape == (window, columns)
    assert data.outputs == horizon
    for part, start, stop in ((data.train, window, a), (data.validation, a, b), (data.test, b, rows)):
        cut = [(x[t - window : t], y[t : t + horizon]) for t in range(start, stop - horizon + 1)]
        assert len(part) == len(cut)
        np.testing.assert_allclose(part.x.reshape(len(cut), window, columns), [c[0] for c in cut], atol=1e-5)
        np.testing.assert_allclose(part.y, [c[1] for c in cut], atol=1e-5)
        assert part.y.dtype == np.float32


def test_no_part_depends_on_a_later_one():
    """Whatever happens after a border, the parts before it are the same numbers."""
    table = series(100)
    changed = table.copy()
    changed.loc[60:] += 50
    for name, same in (("train", True), ("validation", False)):
        one, other = (
            getattr(Problem(t, target="warmth", window=5, horizon=2).prepared(), name)
            for t in (table, changed)
        )
        assert np.array_equal(one.y, other.y) == same
        assert np.array_equal(one.x, other.x) == same


def test_the_naive_forecast_repeats_the_last_value():
    table = series(80, 1)
    y = table["warmth"].to_numpy()
    problem = Problem(table, "mlp:4", target="warmth", window=7, horizon=3)
    naive = problem.prepared().naive
    assert naive is not None
    for found, (start, stop) in ((naive.validation, (48, 64)), (naive.test, (64, 80))):
        off = [y[t : t + 3] - y[t - 1] for t in range(start, stop - 2)]
        assert found == pytest.approx(np.sqrt(np.mean(np.square(off))))
    assert problem.describe()["naive"] == {"validation": naive.validation, "test": naive.test}
    assert Problem("diabetes").prepared().naive is None


def test_what_is_asked_is_said_and_makes_another_problem(tmp_path):
    path = tmp_path / "series.csv"
    series(80).to_csv(path, index=False)
    one, other = (Problem(path, target="warmth", window=6, horizon=h) for h in (1, 2))
    assert {k: one.describe()[k] for k in ("window", "horizon", "shape")} == {
        "window": 6,
        "horizon": 1,
        "shape": [6, 2],
    }
    assert (
        "windows of 6 moments and the next 1, split by time at rows 48 and 64"
        in one.describe()["description"]
    )
    assert one.describe()["disjoint"]
    assert one.identity() != other.identity()
    assert one.identity() == Problem(series(80), target="warmth", window=6).identity() | {
        "data": "series.csv"
    }
    assert json.loads(json.dumps(one.identity())) == one.identity()
    assert one.prepared().data_hash != other.prepared().data_hash  # the files of their examples lie apart


def test_dates_are_left_out_and_rise():
    table = series(60).assign(day=pd.date_range("2020-01-01", periods=60).astype(str))
    data = Problem(table, target="warmth", window=4).prepared()
    assert data.shape == (4, 2)
    assert "column 'day' left out: dates" in data.description
    turned = table.iloc[::-1].reset_index(drop=True)
    with pytest.raises(UsageError, match="moments in order, received the date 2020-02-28 after a later one"):
        Problem(turned, target="warmth", window=4).prepared()


def test_a_missing_input_is_what_was_known_before():
    table = series(60)
    filled = table.copy()
    table.loc[10:12, "other1"] = np.nan
    filled.loc[10:12, "other1"] = table.loc[9, "other1"]
    one, other = (Problem(t, target="warmth", window=4).prepared() for t in (table, filled))
    np.testing.assert_array_equal(one.train.x, other.train.x)
    assert "3 missing numbers as the last before them" in one.description


def test_a_test_set_that_a_file_keeps_stays_it(tmp_path):
    x, y = np.arange(100.0).reshape(-1, 1), np.sin(np.arange(100.0))
    np.savez(tmp_path / "a.npz", x_train=x[:90], y_train=y[:90], x_test=x[90:], y_test=y[90:])
    data = Problem(tmp_path / "a.npz", window=3).prepared()
    assert [len(data.train), len(data.validation), len(data.test)] == [72, 15, 10]
    pair = Problem((x, y), "gru:2", window=3).prepared()
    assert pair.shape == (3, 2)


def test_images_and_sequences_are_no_moments_of_one_series():
    with pytest.raises(UsageError, match=r"received examples of shape \(8, 8\); leave the window out"):
        Problem("digits", "linear", window=5).prepared()
    unequal = [np.ones((k, 2)) for k in (2, 3, 4, 5)] * 5
    with pytest.raises(UsageError, match=r"received examples of shape \(5, 3\); leave the window out"):
        Problem((unequal, np.arange(20)), "lstm:2", window=3).prepared()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"window": 0}, "window is a whole number from 1 to 1000000, received 0"),
        ({"window": 2.5}, "window is a whole number"),
        ({"window": 4, "horizon": 0}, "horizon is a whole number from 1 to 1000000, received 0"),
        ({"horizon": 2}, "horizon goes with window, received horizon 2 without it; add window"),
        ({"window": 58}, "a window of 58 and a horizon of 1 need 99, received 60; take a shorter window"),
        ({"window": 5, "horizon": 13}, "need 63, received 60"),
        ({"window": 4, "split_seed": 1}, "split by time, received split seed 1; leave it at 0"),
        ({"window": 4, "task": "classification"}, "answer with numbers, received task classification"),
        ({"window": 4, "text": "town"}, "received together: window, text; keep one"),
        ({"window": 4, "tokens": True}, "received together: window, tokens"),
        ({"window": 4, "loss": "cross_entropy"}, "needs classes as target, received numbers"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(given, sentence):
    with pytest.raises(UsageError) as error:
        Problem(series(60), target="warmth", **given).prepared()
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("town", "Lima", "columns of numbers, received text or another kind in column 'town'"),
        ("warmth", np.nan, "Every row needs a target, received 1 of 60 rows without one"),
        ("other1", np.inf, "infinite or larger values in column 'other1'"),
    ],
)
def test_columns_that_are_no_series_are_named(column, value, sentence):
    table = series(60)
    if column == "town":
        table["town"] = value
    else:
        table.loc[30, column] = value
    with pytest.raises(UsageError) as error:
        Problem(table, target="warmth", window=4).prepared()
    assert sentence in str(error.value)


def test_the_command_line_says_what_was_read():
    told = CliRunner().invoke(app, shlex.split("data describe sunspots --window 10 --horizon 3"))
    assert told.exit_code == 0, told.output
    lines = [line.split() for line in told.output.splitlines()]
    assert all(said in lines for said in (["window", "10"], ["horizon", "3"], ["training", "rows", "173"]))
    asked = Request(Problem("sunspots", "gru:8", window=10, horizon=3), optimizers("adam"), "auto", 2)
    assert str(asked.default_folder()) == "runs/sunspots-gru-8-window-10-horizon-3"
    assert (
        str(Request(Problem("sunspots"), optimizers("adam"), "auto", 2).default_folder()) == "runs/sunspots"
    )


def test_mackey_and_glass_equation():
    """Up to τ its forcing is constant, up to 2 τ it is known: an ordinary differential equation."""
    x = load("mackey_glass").y
    c = 0.2 * 1.2 / (1 + 1.2**10)

    def first(t):
        return 10 * c + (1.2 - 10 * c) * np.exp(-0.1 * t)

    np.testing.assert_allclose(x[:18], first(np.arange(18.0)), atol=1e-9)

    def slope(t, now):
        past = first(t - 17)
        return 0.2 * past / (1 + past**10) - 0.1 * now

    times = np.arange(17.0, 35)
    found = scipy.integrate.solve_ivp(slope, (17, 34), x[17:18], t_eval=times, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(x[17:35], found.y[0], atol=2e-5)
    assert 0.2 < x[500:].std() < 0.3  # it neither dies out nor grows


def test_the_sunspots_are_those_of_the_almanacs():
    data = load("sunspots")
    assert (len(data), data.y[1957 - 1700], data.y[1816 - 1700]) == (309, 190.2, 45.8)
    assert data.y.mean() == pytest.approx(49.752, abs=1e-3)  # statsmodels' copy


@pytest.mark.parametrize(
    ("name", "network"),
    [pytest.param("mackey_glass", "lstm:8", marks=pytest.mark.slow), ("sunspots", "linear")],
)
def test_a_small_lstm_network_beats_the_naive_forecast(name, network, tmp_path):
    problem = Problem(name, network)
    epochs, batch = (6, 32) if name == "mackey_glass" else (40, 16)
    study = ladera.compare(problem, "adam", [2e-2], 1, epochs, batch, tmp_path / "s", width=1)
    answer = study.recommendation()
    naive = problem.prepared().naive
    assert naive is not None
    assert answer.validation is not None
    assert answer.test is not None
    assert answer.naive == naive.validation
    assert answer.validation < 0.8 * naive.validation
    assert answer.test < 0.8 * naive.test
    assert "The naive forecast, the last value repeated, has" in answer.sentence
    assert "not beaten" not in answer.sentence
    assert study.asked["problem"]["naive"] == vars(naive)
    other = dataclasses.replace(problem, horizon=2)
    with pytest.raises(UsageError, match=r"holds another study \(horizon is 1 there, 2 here\)"):
        ladera.compare(other, "adam", [2e-2], 1, epochs, batch, tmp_path / "s")
    assert "naive forecast: validation, test" in Path(study.report(tmp_path / "r.html")).read_text()


def test_one_rmse_over_all_of_the_horizon(tmp_path):
    problem = Problem(series(120, 1), "linear", target="warmth", window=4, horizon=3)
    study = ladera.compare(problem, "sgd", lr=[1e-9], seeds=1, epochs=1, out=tmp_path / "s", width=1)
    import jax.numpy as jnp

    from ladera.train.examples import task
    from ladera.train.work import initial

    data = problem.prepared()
    [run] = study.runs().query("purpose == 'report'").to_dict("records")
    params, _ = initial(task(problem, 32, 1), run["seed"])
    z, _ = problem.parsed_network.apply(params, [], jnp.asarray(data.validation.x.reshape(-1, 4, 1)))
    rmse = np.sqrt(np.mean((np.asarray(z) - data.validation.y) ** 2)) * data.target_scale
    assert run["validation_metric"] == pytest.approx(rmse, rel=1e-4)

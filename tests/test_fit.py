"""fit against linear regression, certified data and theory; what its sentence warns of; wrong tables."""

from __future__ import annotations

import json

import jax
import numpy as np
import pandas as pd
import pytest
import scipy.stats

import ladera
from ladera.base import LaderaError, UsageError
from ladera.fitting.names import parameters_in

T = np.linspace(0, 10, 24)
NOISE = np.random.default_rng(2).normal(0, 0.5, T.size)
LINE = {"t": T, "y": 2 * T + 1 + NOISE}
ONES = {"a": 1, "b": 1}

# DanWood, NIST: y = b1 x^b2
DANWOOD = {
    "x": [1.309, 1.471, 1.490, 1.565, 1.611, 1.680],
    "y": [2.138, 3.421, 3.597, 4.340, 4.882, 5.660],
}


@pytest.fixture(scope="module", autouse=True)
def _compiled_in_half_the_time():
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def line():
    return ladera.fit("a*t + b", LINE, {"a": 0, "b": 0})


# ---- numbers -----------------------------------------------------------------------------------------


def test_a_line_is_that_of_linear_regression(line):
    theirs = scipy.stats.linregress(T, LINE["y"])
    assert line.values == pytest.approx([theirs.slope, theirs.intercept], rel=1e-8)
    assert line.errors == pytest.approx([theirs.stderr, theirs.intercept_stderr], rel=1e-7)
    assert line.r2 == pytest.approx(theirs.rvalue**2, rel=1e-10)
    assert line.dof == 22
    assert line.rss == pytest.approx((line.residuals**2).sum(), rel=1e-12)
    assert line.sigma == pytest.approx(np.sqrt(line.rss / 22), rel=1e-12)
    np.testing.assert_allclose(line.fitted + line.residuals, LINE["y"], rtol=1e-14)
    for level in (0.5, 0.95, 0.999):
        half = scipy.stats.t.ppf((1 + level) / 2, 22) * line.errors
        expected = np.stack([line.values - half, line.values + half], axis=1)
        np.testing.assert_allclose(line.interval(level), expected, rtol=1e-12)
    mean = T.mean()
    assert line.correlation[0, 1] == pytest.approx(-mean / np.sqrt((T**2).mean()), rel=1e-8)
    assert np.diag(line.correlation) == pytest.approx(1)


def test_the_band_of_a_line_is_that_of_the_textbook(line):
    at = np.array([-3.0, 0.0, 5.0, 20.0])
    lever = 1 / T.size + (at - T.mean()) ** 2 / ((T - T.mean()) ** 2).sum()
    expected = scipy.stats.t.ppf(0.95, 22) * line.sigma * np.sqrt(lever)
    np.testing.assert_allclose(line.band(at, 0.9), expected, rtol=1e-7)
    slope, intercept = line.values
    for data in (at, {"t": at}, pd.DataFrame({"t": at, "z": 0})):
        np.testing.assert_allclose(line.predict(data), slope * at + intercept, rtol=1e-12)


def test_the_certified_values_of_danwood():
    found = ladera.fit("b1*x^b2", DANWOOD, {"b1": 1, "b2": 5})
    assert found.values == pytest.approx([7.6886226176e-01, 3.8604055871e00], rel=1e-9)
    assert found.errors == pytest.approx([1.8281973860e-02, 5.1726610913e-02], rel=1e-8)
    assert found.rss == pytest.approx(4.3173084083e-03, rel=1e-9)
    assert found.sigma == pytest.approx(3.2853114039e-02, rel=1e-9)
    assert "Degrees of freedom: only 4" in found.sentence()


def test_weights_are_those_of_weighted_regression():
    errors = np.linspace(0.2, 2, T.size)
    table = pd.DataFrame({**LINE, "error": errors})
    w = 1 / errors
    design = np.stack([T, np.ones_like(T)], axis=1) * w[:, None]
    expected, rss, *_ = np.linalg.lstsq(design, LINE["y"] * w, rcond=None)
    inverse = np.linalg.inv(design.T @ design)
    relative = ladera.fit("a*t + b", table, ONES, sigma="error")
    assert relative.target == "y"  # the errors are not what the formula gives
    assert relative.values == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(relative.covariance, inverse * rss / 22, rtol=1e-7)
    mean = np.average(LINE["y"], weights=w**2)
    assert relative.r2 == pytest.approx(1 - rss[0] / (w**2 * (LINE["y"] - mean) ** 2).sum(), rel=1e-9)
    absolute = ladera.fit("a*t + b", table, ONES, sigma="error", absolute_sigma=True)
    np.testing.assert_allclose(absolute.covariance, inverse, rtol=1e-7)
    half = scipy.stats.norm.ppf(0.975) * np.sqrt(np.diag(inverse))
    np.testing.assert_allclose(absolute.interval()[:, 1] - absolute.values, half, rtol=1e-7)
    given = ladera.fit("a*t + b", LINE, ONES, sigma=errors)
    assert given.values == pytest.approx(relative.values, rel=1e-12)
    whole = ladera.fit("a*t + b", LINE, ONES, sigma=np.diag(errors**2))
    np.testing.assert_allclose(whole.covariance, relative.covariance, rtol=1e-7)
    assert whole.r2 == pytest.approx(relative.r2, rel=1e-9)


def test_several_variables_of_a_table():
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(30, 2)), columns=["dose", "age"])
    table["Größe"] = 2 * table.dose - 3 * table.age**2 + 1 + random.normal(0, 0.1, 30)
    found = ladera.fit("p*dose + q*age^2 + r", table, {"p": 1, "q": 1, "r": 1})
    design = np.stack([table.dose, table.age**2, np.ones(30)], axis=1)
    expected = np.linalg.lstsq(design, table["Größe"], rcond=None)[0]
    assert found.values == pytest.approx(expected, rel=1e-8)
    assert (found.target, found.variables) == ("Größe", ("dose", "age"))
    assert list(found.residual_table().columns) == ["dose", "age", "Größe", "fitted", "residual"]
    figure = found.figure().to_dict()
    assert figure["data"][1]["x"] == found.fitted.tolist()
    with pytest.raises(UsageError, match="the columns dose, age"):
        found.predict([1, 2])


def test_bounds_and_whether_a_parameter_is_held():
    found = ladera.fit("a*t + b", LINE, ONES, bounds={"b": (None, 0.5)})
    assert found.values[1] == 0.5
    assert found.values[0] == pytest.approx(T @ (LINE["y"] - 0.5) / (T @ T), rel=1e-8)
    assert "On a bound, so that standard errors do not hold: b." in found.sentence()


# ---- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "columns", "start", "target", "expected"),
    [
        ("a*t + b", ("t", "v"), "ab", None, ("v", ("t",))),
        ("v = a*t + b", ("t", "v", "w"), "ab", None, ("v", ("t",))),
        ("a*t + b", ("t", "v", "w"), "ab", "w", ("w", ("t",))),
        ("a*t + b", ("t", "v", "y"), "ab", None, ("y", ("t",))),
        ("τ = a*t + b", ("t", "τ"), "ab", None, ("tau", ("t",))),
        ("a*θ + b", ("θ", "°C", "y"), "ab", None, ("y", ("theta",))),
        ("a*θ + b", ("θ", "°C", "y"), "ab", "°C", ("°C", ("theta",))),
    ],
)
def test_what_is_fitted_to_what(formula, columns, start, target, expected):
    table = {name: T + 0.1 * k * NOISE for k, name in enumerate(columns)}
    found = ladera.fit(formula, table, dict.fromkeys(start, 1), target)
    assert (found.target, found.variables) == expected


def test_names_of_several_letters_and_their_order():
    table = {"time": T, "count": 3 * np.exp(-0.4 * T) + 0.5 + 0.01 * NOISE}
    found = ladera.fit("count = floor + gain*exp(-rate*time)", table, {"rate": 1, "gain": 1, "floor": 0})
    assert found.names == ("rate", "gain", "floor")
    assert found.values == pytest.approx([0.4, 3, 0.5], rel=0.02)
    floor, gain, rate = (f"{found.values[k]:.6g}" for k in (2, 1, 0))
    assert found.equation == f"count = {floor} + {gain}*exp(-{rate}*time)"
    assert found.latex() == rf"{floor} + {gain} e^{{-{rate} \mathrm{{time}}}}"


def test_parameters_that_nobody_named():
    assert parameters_in("a*t + b", LINE) == ("a", "b")
    assert parameters_in("y = rate*t + at", LINE, known=["b"]) == ("b", "rate", "a")
    assert parameters_in("decay*t", LINE, target="y") == ("decay",)
    with pytest.raises(UsageError, match="has a, x, and the columns are t, y"):
        parameters_in("a*x", LINE)


@pytest.mark.parametrize(
    ("formula", "start", "options", "said"),
    [
        ("a*tt1 + b", ONES, {}, "'t1' is neither a column nor a parameter .* t1=1, .* 't'; columns: t, y"),
        ("a*t + b + k", ONES, {}, "'k' is neither"),
        ("a*t", ONES, {}, "received 'b'"),
        ("a*t + y", {"a": 1, "y": 1}, {}, "'y' is a column, and a start makes it a parameter"),
        ("a*t + b", {"a": "one", "b": 1}, {}, "start is an array of real numbers"),
        ("a*t + b", [1, 1], {}, "start is a mapping"),
        ("y = a*t = b", ONES, {}, "'y = a\\*t = b'"),
        ("y = a*t + b*y", ONES, {}, "formula uses it"),
        ("y = a*t + b", ONES, {"target": "t"}, "received 'y' there and the target 't'"),
        ("a*t + b", ONES, {"target": "z"}, "no column 'z'; the nearest name is"),
        ("t = a*y^2 + b +", ONES, {}, "position"),
        ("a*t + b", ONES, {"sigma": "s"}, "no column 's'"),
        ("a*t + b", ONES, {"sigma": [1, 2]}, "sigma has a standard error per observation"),
        ("a*t + b", ONES, {"bounds": {"c": (0, 1)}}, "no parameter 'c'"),
        ("a*t + b", ONES, {"method": "adam"}, "'lm' or 'gauss-newton'"),
    ],
)
def test_wrong_use_is_one_sentence(formula, start, options, said):
    with pytest.raises(UsageError, match=said):
        ladera.fit(formula, LINE, start, **options)


def test_the_target_is_not_guessed():
    with pytest.raises(UsageError, match=r"not clear; .*does not use: v, w"):
        ladera.fit("a*t + b", {"t": T, "v": T, "w": T}, ONES)
    with pytest.raises(UsageError, match="not clear"):
        ladera.fit("a*t + b", {"t": T}, ONES)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"t": [1, 2, 3], "y": [1, "two", 3]}, "row 2 of 'y' holds 'two'"),
        ({"t": [1, None, 3], "y": [1, 2, 3]}, "Row 2 has no value in the column 't'"),
        (pd.DataFrame({"t": [1, 2, 3], "y": [1, 2, np.nan]}), "Row 3 has no value in the column 'y'"),
        ({"t": [1, 2, 3], "y": [1, 2, np.inf]}, "row 3 of 'y' holds 'inf'"),
        ({"t": [1, 2, 3], "y": [1, 2]}, "3 in t, 2 in y"),
        ({"t": [], "y": []}, "at least one; received 0 in t"),
        ({}, "no column"),
        ([1, 2, 3], "received list"),
        ({"t": [1], "y": [1]}, "received 1 observations and 2 parameters"),
        ({"t": np.ones((3, 2)), "y": [1, 2, 3]}, "'t' has shape"),
        ("nowhere.csv", "no file 'nowhere.csv'"),
    ],
)
def test_wrong_tables_are_one_sentence(data, said):
    with pytest.raises(UsageError, match=said):
        ladera.fit("a*t + b", data, ONES)


def test_a_file_and_numbers_written_as_text(tmp_path, line):
    path = tmp_path / "line.csv"
    pd.DataFrame(LINE).to_csv(path)  # pandas writes its index first, without a name
    for data in (
        path,
        str(path),
        {name: list(map(repr, map(float, column))) for name, column in LINE.items()},
    ):
        assert ladera.fit("a*t + b", data, ONES).values == pytest.approx(line.values, rel=1e-8)


# ---- what is said ------------------------------------------------------------------------------------


def test_a_good_fit_says_how_good(line):
    said = line.sentence()
    assert said.startswith(f"y = {line.values[0]:.6g}*t + {line.values[1]:.6g} fits 24 observations")
    assert f"{line.sigma:.4g}" in said
    assert f"{line.r2:.6g}" in said
    frame = line.table(level=0.9)
    assert list(frame.columns) == ["parameter", "value", "standard error", "90 % from", "90 % to"]
    np.testing.assert_array_equal(frame.iloc[:, 3:], line.interval(0.9))
    with pytest.raises(UsageError, match="between 0 and 1, received 95"):
        line.table(level=95)


def test_as_many_parameters_as_observations():
    found = ladera.fit("a*t + b", {"t": [0, 2], "y": [1, 5]}, ONES)
    assert found.values == pytest.approx([2, 1])
    assert "There are as many parameters as observations" in found.sentence()
    assert found.table()["standard error"].isna().all()
    assert np.isnan(found.sigma)
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["parameters"][0]["error"] is None
    assert told["sigma"] is None


def test_parameters_that_stand_in_for_each_other_are_named():
    table = {"x": T, "y": 2 * T + 1 + NOISE}
    found = ladera.fit("c + a*b*x", table, {"a": 1, "b": 1, "c": 1})
    assert "do not determine a, b:" in found.sentence()
    assert found.undetermined == ("a", "b")
    assert np.isposinf(found.covariance).all()
    bands = [drawn for drawn in found.figure().to_dict()["data"] if drawn.get("fill") == "toself"]
    assert not bands


def test_a_parameter_that_could_be_anything_is_named():
    x = np.linspace(0, 1, 9)
    y = 2 * x + 0.3 * x**2 + 0.05 * np.cos(17 * x)
    found = ladera.fit("a*exp(b*x) + c", {"x": x, "y": y}, {"a": 1, "b": 0.5, "c": 1})
    low, high = found.interval()[0]
    said = found.sentence()
    assert low < 0 < high
    assert f"hardly determine a, c: the interval of a reaches from {low:.3g} to {high:.3g}, as c" in said
    assert "correlation -0.99" in said
    # where an interval holds 0, but nothing else makes up for the parameter, nothing is said
    flat = ladera.fit("a*t + b", {"t": T, "y": NOISE}, ONES)
    assert (flat.interval()[:, 0] < 0).all()
    assert "determine" not in flat.sentence()


def test_no_fit_is_an_error_with_its_reason():
    with pytest.raises(LaderaError, match="maxiter") as error:
        ladera.fit("b1*x^b2", DANWOOD, {"b1": 1, "b2": 5}, maxiter=1)
    assert not isinstance(error.value, UsageError)


def test_as_dict_is_json(line):
    told = json.loads(json.dumps(line.as_dict("es"), allow_nan=False))
    assert told["parameters"][0]["name"] == "a"
    assert [p["value"] for p in told["parameters"]] == line.values.tolist()
    assert [p["interval"] for p in told["parameters"]] == line.interval().tolist()
    assert told["latex"] == line.latex()
    assert told["warnings"] == []
    assert (told["success"], told["dof"], told["observations"]) == (True, 22, 24)


# ---- the figure --------------------------------------------------------------------------------------


def test_the_figure_shows_data_curve_band_and_residuals(line):
    drawn = {trace["name"]: trace for trace in line.figure().to_dict()["data"]}
    assert set(drawn) == {"95 % confidence band of the curve", "curve", "data", "residuals"}
    assert drawn["data"]["y"] == LINE["y"].tolist()
    assert drawn["residuals"]["y"] == line.residuals.tolist()
    assert drawn["residuals"]["yaxis"] == "y2"
    curve, band = drawn["curve"], drawn["95 % confidence band of the curve"]
    np.testing.assert_allclose(curve["y"], line.predict(np.array(curve["x"])), rtol=1e-12)
    upper = np.array(band["y"][: len(curve["y"])])
    np.testing.assert_allclose(upper - curve["y"], line.band(np.array(curve["x"])), rtol=1e-9)
    assert line.sentence() == line.figure().layout.meta["description"]
    title = ladera.fit("a*t + b", {"t": T, "y<i>": LINE["y"]}, ONES).figure().layout.title.text
    assert "<i>" not in title
    assert "y&lt;i> = a*t + b" in title

"""curve_fit against SciPy and certified data; thousands of curves against one at a time; wrong use."""

from __future__ import annotations

import functools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

import ladera
from ladera.base import LaderaError, UsageError
from ladera.fitting import estimate
from ladera.fitting.covariance import covariance
from ladera.fitting.curve_fit import FitWarning, parameter_box
from ladera.fitting.models import model_of
from ladera.fitting.observations import observations
from ladera.optimize import program
from ladera.solvers import LevenbergMarquardt, Result

X = np.linspace(0.1, 4, 24)


@pytest.fixture(scope="module", autouse=True)
def _compiled_in_half_the_time():
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def line(x, a, b):
    return a * x + b


def decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


TRUE = {line: (2.0, -1.0), decay: (2.5, 1.3, 0.5)}
SPREAD = np.random.default_rng(3).uniform(0.02, 0.2, X.size)
SIGMAS = {
    "none": None,
    "errors": SPREAD,
    "covariance": np.diag(SPREAD**2) + 0.004 * np.exp(-np.abs(np.subtract.outer(X, X))),
}


def observed(model, seed=0, values=None):
    """The model with noise of 0.05, float64."""
    with jax.enable_x64(True):
        exact = np.asarray(model(X, *map(float, TRUE[model] if values is None else values)))
    return exact + np.random.default_rng(seed).normal(0, 0.05, X.size)


def scipys(model, y, p0=None, **options):
    """SciPy's answer, to the last digits: with exact derivatives and small tolerances."""

    @functools.wraps(model)  # SciPy, too, reads the number of parameters off the arguments
    def function(x, *p):
        with jax.enable_x64(True):
            return np.asarray(model(jnp.asarray(x), *map(float, p)))

    def slopes(x, *p):
        with jax.enable_x64(True):
            at = jnp.asarray(p, float)
            return np.asarray(jax.jacfwd(lambda q: model(jnp.asarray(x), *(q[i] for i in range(len(p)))))(at))

    tight = {"xtol": 1e-13, "ftol": 1e-13, "gtol": 1e-13}
    return scipy.optimize.curve_fit(function, X, y, p0, jac=slopes, **tight, **options)


# ---- against SciPy ---------------------------------------------------------------------------------


def same(ours, theirs):
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-4)


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_scipys_numbers(sigma, absolute):
    y = observed(decay)
    options = {"sigma": SIGMAS[sigma], "absolute_sigma": absolute}
    same(ladera.curve_fit(decay, X, y, **options), scipys(decay, y, **options))


BOUNDS = [
    ((0, [10, 10, 10]), None),
    (([0, 0, 0], [2, 3, np.inf]), [1, 1, 1]),  # the first is held at its bound
    (scipy.optimize.Bounds(np.array([1, 1, -np.inf]), np.array([5, np.inf, 1])), None),
]


@pytest.mark.parametrize(("bounds", "p0"), BOUNDS)
def test_scipys_bounds_and_the_start_within_them(bounds, p0):
    y = observed(decay)
    same(ladera.curve_fit(decay, X, y, p0, bounds=bounds), scipys(decay, y, p0, bounds=bounds))


@pytest.mark.parametrize(
    "bounds",
    [
        ([-3, 0], [1.5, np.inf]),
        {"a": (-3, 1.5), "β": (0, None)},
        scipy.optimize.Bounds([-3, 0], [1.5, np.inf]),
    ],  # pyright: ignore
)
def test_two_rows_of_bounds_are_all_lower_and_all_upper_ones(bounds):
    low, high = parameter_box(bounds, ("a", "beta"), 2, LevenbergMarquardt())
    assert (low.tolist(), high.tolist()) == ([-3, 0], [1.5, np.inf])


def test_the_line_of_document_003():
    random = np.random.RandomState(42)
    t = np.linspace(0, 10, 50)
    popt, _ = ladera.curve_fit(line, t, 2 * t + 1 + random.normal(0, 1, 50))
    assert popt == pytest.approx([1.9420165984712758, 1.064443102989749], rel=2e-8)


MISRA1A = (  # NIST: y and x
    "10.07 77.6 14.73 114.9 17.94 141.1 23.93 190.8 29.61 239.9 35.18 289.0 40.02 332.8 "
    "44.82 378.4 50.76 434.8 55.05 477.3 61.01 536.8 66.40 593.1 75.47 689.1 81.78 760.0"
)


@pytest.mark.parametrize("start", [(500, 0.0001), (250, 0.0005)])
def test_the_certified_values_of_misra1a(start):
    y, x = np.array(MISRA1A.split(), float).reshape(-1, 2).T
    popt, pcov = ladera.curve_fit("b1*(1 - exp(-b2*x))", x, y, start)
    assert popt == pytest.approx([2.3894212918e02, 5.5015643181e-04], rel=1e-9)
    assert np.sqrt(np.diag(pcov)) == pytest.approx([2.7070075241e00, 7.2668688436e-06], rel=1e-8)


WRONG = {
    "m for m - d": lambda jac, rss, absolute: _times(jac, rss / len(jac), absolute),
    "no variance": lambda jac, rss, absolute: covariance(jac, rss, True),
    "half of the squares": lambda jac, rss, absolute: covariance(jac, rss / 2, absolute),
    "never absolute": lambda jac, rss, absolute: covariance(jac, rss, False),
    "not inverted": lambda jac, rss, absolute: (jac.T @ jac, np.bool_(True)),
    "no correlation": lambda jac, rss, absolute: (
        np.diag(np.diag(covariance(jac, rss, absolute)[0])),
        np.bool_(True),
    ),
}


def _times(jac, variance, absolute):
    found, full = covariance(jac, variance, True)
    return found if absolute else found * variance, full


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_covariance_is_not_scipys(wrong, monkeypatch):
    monkeypatch.setattr(estimate, "covariance", WRONG[wrong])
    y = observed(decay)
    agrees = 0
    for absolute in (False, True):
        options = {"sigma": SPREAD, "absolute_sigma": absolute}
        try:
            same(ladera.curve_fit(decay, X, y, **options), scipys(decay, y, **options))
            agrees += 1
        except AssertionError:
            pass
    assert agrees < 2


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-1e3, 1e3), min_size=24, max_size=24), st.floats(1e-3, 1e3))
def test_a_line_is_the_one_of_linear_algebra(y, scale):
    y = np.array(y) * scale + 0.3 * scale * np.cos(7 * X)
    popt, pcov = ladera.curve_fit(line, X, y)
    theirs, covered = np.polyfit(X, y, 1, cov=True)
    size = np.abs(y).max()
    np.testing.assert_allclose(popt, theirs, rtol=1e-8, atol=1e-8 * size)
    np.testing.assert_allclose(pcov, covered, rtol=1e-6, atol=1e-9 * size**2)


# ---- models -----------------------------------------------------------------------------------------


def test_formulas_and_functions_are_the_same():
    y = observed(decay)
    expected = ladera.curve_fit(decay, X, y)
    ways = [
        ladera.curve_fit("a*exp(-b*t) + c", X, y, [1, 1, 1]),
        ladera.curve_fit("a*exp(-b*t) + c", X, y, {"a": 1, "b": 1, "c": 1}),
        ladera.curve_fit(decay, X, y, {"c": 1, "a": 1, "b": 1}),
    ]
    for popt, pcov in ways:
        np.testing.assert_allclose(popt, expected[0], rtol=1e-8)
        np.testing.assert_allclose(pcov, expected[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "p0", "x", "names", "variables"),
    [
        ("a*exp(-b*x) + c", None, X, ("a", "b", "c"), ("x",)),
        ("a*x + t", None, X, ("a", "t"), ("x",)),
        ("b10*t + b2", None, X, ("b2", "b10"), ("t",)),
        ("2ax + k", None, X, ("a", "k"), ("x",)),
        ("Vmax*x/(Km + x)", None, X, ("Km", "Vmax"), ("x",)),
        ("A*sin(ωt + φ)", {"A": 1, "ω": 1, "φ": 0}, X, ("A", "omega", "phi"), ("t",)),
        ("b*time + a", {"b": 1, "a": 1}, X, ("b", "a"), ("time",)),
        ("p*dose^q + r*age", None, {"age": X, "dose": X}, ("p", "q", "r"), ("dose", "age")),
        ("rate*t", {"rate": 1}, {"t": X, "y": X}, ("rate",), ("t",)),
        ("c", {"c": 1}, X, ("c",), ()),
    ],
)
def test_which_names_are_parameters(text, p0, x, names, variables):
    found = model_of(text, p0, x)
    assert (found.names, tuple(found.columns or found.function.variables)) == (names, variables)  # pyright: ignore


def test_a_program_is_compiled_once_for_a_model_and_its_shapes():
    traced = []

    def model(x, a, b):  # of two variables, which it finds in the rows of x
        traced.append(x.shape)
        return a * x[0] + b * jnp.exp(x[1])

    counted = []
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(2, X.size))
        y, sigma = observed(line, seed), SPREAD * (1 + seed)
        design = np.stack([x[0], np.exp(x[1])], axis=1) / sigma[:, None]
        popt, _ = ladera.curve_fit(model, x, y, [1 + seed, 1], sigma)
        np.testing.assert_allclose(popt, np.linalg.lstsq(design, y / sigma, rcond=None)[0], rtol=1e-7)
        counted.append(len(traced))
    assert counted[0] == counted[2] > 0
    programs = []
    for power in (1, 2, 3):
        ladera.curve_fit("a*exp(-b*t) + c", X, np.exp(-0.4 * power * X) + SPREAD, [1, 0.1 * power, 1])
        programs.append(program._program.cache_info().misses)
    assert programs[0] == programs[2]


# ---- thousands ---------------------------------------------------------------------------------------


def curves(n):
    values = np.random.default_rng(5).uniform(0.8, 2, (n, 3))
    return np.stack([observed(decay, seed, row) for seed, row in enumerate(values)])


def test_many_curves_are_each_as_if_alone():
    many = curves(6)
    popt, pcov, solution = ladera.curve_fit(decay, X, many, [1, 1, 1], full_output=True)
    assert (popt.shape, pcov.shape, solution.status.shape) == ((6, 3), (6, 3, 3), (6,))
    assert solution.success.all()
    assert solution.jac.shape == (6, X.size, 3)
    for k, y in enumerate(many):
        alone = ladera.curve_fit(decay, X, y, [1, 1, 1])
        np.testing.assert_allclose(popt[k], alone[0], rtol=1e-8)
        np.testing.assert_allclose(pcov[k], alone[1], rtol=1e-6)


def test_each_curve_may_have_its_own_of_everything():
    many, factor = curves(6), 1 + 0.1 * np.arange(6)[:, None]
    start = np.ones((6, 3)) * factor
    own = {"sigma": SPREAD * factor, "absolute_sigma": True}
    popt, pcov = ladera.curve_fit(decay, X * factor, many, start, **own)
    for k in (0, 3):
        mine = {"sigma": own["sigma"][k], "absolute_sigma": True}
        one = ladera.curve_fit(decay, X * factor[k], many[k], **mine)
        np.testing.assert_allclose(popt[k], one[0], rtol=1e-7)
        np.testing.assert_allclose(pcov[k], one[1], rtol=1e-6)


def test_many_starts_of_one_curve():
    starts = np.array([[1, 1, 1], [2, 0.5, 0], [3, 2, 1]])
    popt, _ = ladera.curve_fit(decay, X, observed(decay), starts)
    np.testing.assert_allclose(popt, popt[[0, 0, 0]], rtol=1e-7)


def test_a_curve_that_fails_is_nan_and_told():
    many = curves(6)
    many[2] = np.nan
    with pytest.warns(FitWarning, match="1 of 6 curves failed"):
        popt, pcov, solution = ladera.curve_fit(
            decay, X, many, [1, 1, 1], full_output=True, check_finite=False
        )
    assert np.isnan(popt[2]).all()
    assert np.isnan(pcov[2]).all()
    assert solution.status[2] == Result.NOT_FINITE
    assert np.isfinite(np.delete(popt, 2, axis=0)).all()


def test_a_curve_that_determines_nothing_is_infinite_and_told():
    x = np.tile(X, (6, 1))
    x[4] = 1.0  # where all parameters do the same
    with pytest.warns(FitWarning, match="1 of 6 curves do not determine"):
        popt, pcov = ladera.curve_fit(decay, x, curves(6), np.ones((6, 3)), np.tile(SPREAD, (6, 1)))
    assert np.isfinite(np.delete(pcov, 4, axis=0)).all()
    assert np.isposinf(pcov[4]).all()
    a, b, c = popt[4]
    assert a * np.exp(-b) + c == pytest.approx(np.average(curves(6)[4], weights=SPREAD**-2.0), rel=1e-7)


def test_a_covariance_for_each_curve():
    matrices = np.stack([SIGMAS["covariance"], np.diag(SPREAD)])
    seen = observations({"x": np.stack([X, X]), "z": X}, np.stack([X, X]), matrices, True)
    assert list(seen.data()) == ["x", "y", "root"]
    assert seen.own == {"x", "y", "root"}
    assert seen.x["z"].shape == (2, X.size)
    np.testing.assert_allclose(seen.root @ np.swapaxes(seen.root, 1, 2), matrices, atol=1e-15)
    shared = observations(X, np.stack([X, X]), SPREAD, True)
    assert (shared.own, list(shared.data())) == ({"y"}, ["x", "sigma", "y"])


# ---- ends --------------------------------------------------------------------------------------------


def test_what_is_not_determined_has_infinite_covariance():
    with pytest.warns(FitWarning, match="do not determine"):
        popt, pcov = ladera.curve_fit(line, np.ones(X.size), SPREAD)
    assert np.isposinf(pcov).all()
    assert popt.sum() == pytest.approx(SPREAD.mean(), rel=1e-8)


def test_as_many_observations_as_parameters():
    x, y = X[:2], np.array([1.0, 3.0])
    with pytest.warns(FitWarning, match="as many observations as parameters"):
        popt, pcov = ladera.curve_fit(line, x, y, sigma=[1, 1])
    assert np.isposinf(pcov).all()
    np.testing.assert_allclose(popt[0] * x + popt[1], y, rtol=1e-9)
    theirs = scipy.optimize.curve_fit(line, x, y, sigma=[0.1, 0.2], absolute_sigma=True)
    ours = ladera.curve_fit(line, x, y, sigma=[0.1, 0.2], absolute_sigma=True)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)


def test_a_fit_that_fails_says_why():
    y = observed(decay)
    with pytest.raises(LaderaError, match="largest number of steps") as error:
        ladera.curve_fit(decay, X, y, maxiter=1)
    assert not isinstance(error.value, UsageError)
    popt, pcov, solution = ladera.curve_fit(decay, X, y, maxiter=1, full_output=True)
    assert solution.status is Result.MAX_STEPS
    assert np.isnan(popt).all()
    assert np.isnan(pcov).all()
    assert np.isfinite(solution.x).all()
    with pytest.raises(LaderaError, match="not finite at the start"):
        ladera.curve_fit(decay, X, y, [1, -1e6, 1])


def not_jax(x, a):
    return a * np.exp(x * a)


class Bowl:
    """A model that cannot be a key."""

    __hash__ = None  # pyright: ignore

    def __call__(self, x, a, b):
        return a * x**2 + b


def test_a_model_need_not_be_hashable():
    found = model_of(Bowl(), None, X)
    assert found.names == ("a", "b")
    assert hash(found)
    assert found.function(3.0, 2.0, 1.0) == 19.0


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ((line, X[1:], X), "23 in xdata and 24 in ydata"),
        ((line, X, np.where(X > 2, np.nan, X)), "ydata holds finite numbers; received nan at index 12"),
        ((line, np.where(X > 2, np.inf, X), X), "xdata holds finite numbers"),
        ((line, X, X, [1, np.nan]), "p0 holds finite numbers"),
        ((line, X[:1], X[:1]), "received 1 observations and 2 parameters"),
        ((line, ["one", "two"], [1, 2]), "xdata is an array of real numbers"),
        ((line, X, X + 1j), "ydata is an array of real numbers"),
        ((line, X, X.reshape(2, 3, 4)), "received shape \\(2, 3, 4\\)"),
        ((lambda x, a: a, X, X), "'<lambda>' gives a single one, whatever x is"),
        ((lambda x, a: a * x[1:], X, X), "gives shape \\(23,\\)"),
        ((lambda x, *p: p[0] * x, X, X), "give a start, p0"),
        ((not_jax, X, X), "written with jax.numpy.*not_jax"),
        ((lambda x, a: jax.lax.complex(a * x, x), X, X), "gives real numbers"),
        ((3, X, X), "A model is a function"),
        (("a*x + k*z", X, X, {"a": 1, "k": 1}), "'z' is neither"),
        (("a*u + b", {"t": X}, X, {"a": 1}), "'u' is neither"),
        (("a*x + b", X, X, {"a": 1, "b": 1, "c": 1}), "received 'c'"),
        (("a*x + b", X, X, [1, 1, 1]), "\\(a, b\\); received 3"),
        (("abx + 1", X, X, {"a": 1}), "may be one name or a product"),
        (("a*x +", X, X), "position 6"),
        ((line, X, X, {"a": 1}), "parameter of 'line' \\(a, b\\); received a"),
        ((line, X, X, np.ones((2, 2, 2))), "received shape \\(2, 2, 2\\)"),
        ((line, X, np.stack([X, X]), np.ones((3, 2))), "\\(2, d\\); received shape \\(3, 2\\)"),
        ((line, X, X, None, SPREAD[1:]), "received shape \\(23,\\)"),
        ((line, X, X, None, np.ones((3, 3))), "received shape \\(3, 3\\)"),
        ((line, X, X, None, SPREAD - 1), "positive; received -0.9"),
        ((line, X, X, None, -np.eye(24)), "positive definite"),
    ],
)
def test_wrong_use_is_one_sentence(given_, said):
    with pytest.raises(UsageError, match=said):
        ladera.curve_fit(*given_)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "bfgs"}, "'lm' or 'gauss-newton', received 'bfgs'"),
        ({"method": "trf"}, "no method 'trf'"),
        ({"method": "gauss-newton", "bounds": (0, 1)}, "takes no bounds"),
        ({"bounds": {"q": (0, 1)}}, "no parameter 'q'; the nearest name is"),
        ({"bounds": ([0, 0, 0], [1, 1, 1])}, "2 pairs"),
        ({"maxiter": 0}, "1 or more"),
        ({"speed": 3}, "no hyperparameter 'speed'"),
    ],
)
def test_wrong_options_are_one_sentence(options, said):
    with pytest.raises(UsageError, match=said):
        ladera.curve_fit(line, X, X, **options)


def test_no_other_warning_of_a_good_fit():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ladera.curve_fit(line, X.tolist(), (2 * X + 1).tolist())
        ladera.curve_fit(line, np.arange(24), np.arange(24) ** 2)  # integers

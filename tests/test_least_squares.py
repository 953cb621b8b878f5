"""Levenberg-Marquardt and Gauss-Newton against certified regressions, published minima and SciPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

import ladera
from benchmarks.published import mgh
from benchmarks.published.nist import MODELS, digits, read
from ladera.solvers import Result

# A few whose data are short enough to stand here; hard from their first start (NIST StRD).
BOXBOD = ([1, 2, 3, 5, 7, 10], [109, 149, 149, 191, 213, 224])
MGH09 = (
    [4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625],
    [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246],
)
MGH10 = (
    list(range(50, 126, 5)),
    [
        *(34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744),
        *(8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872),
    ],
)
CERTIFIED = {
    "BoxBOD": (BOXBOD, [(1, 1), (100, 0.75)], [2.1380940889e02, 5.4723748542e-01]),
    "MGH09": (
        MGH09,
        [(25, 39, 41.5, 39), (0.25, 0.39, 0.415, 0.39)],
        [1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01],
    ),
    "MGH10": (
        MGH10,
        [(2, 400000, 25000), (0.02, 4000, 250)],
        [5.6096364710e-03, 6.1813463463e03, 3.4522363462e02],
    ),
}


@pytest.mark.parametrize("name", CERTIFIED)
def test_hard_certified_regressions_from_both_starts(name):
    (x, y), starts, certified = CERTIFIED[name]
    x, y = np.array(x, float), np.array(y, float)
    both = ladera.least_squares(lambda b: MODELS[name](b, x) - y, np.array(starts, float))
    assert both.success.all()
    assert min(digits(found, np.array(certified)) for found in both.x) >= 9


@pytest.mark.slow
def test_every_certified_regression_at_hand(data_folder):
    """Both starts in one program each; the mean of all that are here."""
    found = {}
    for file in sorted((data_folder / "nist-strd").glob("*.dat")):
        problem = read(file)
        both = ladera.least_squares(problem.residuals, problem.starts)
        assert both.success.all(), problem.name
        found[problem.name] = [digits(x, problem.certified) for x in both.x]
    assert len(found) >= 13
    assert min(min(pair) for pair in found.values()) >= 8, found
    assert np.mean(list(found.values())) >= 10


def test_the_covariance_is_the_certified_one(data_folder):
    problem = read(data_folder / "nist-strd" / "Misra1a.dat")

    def model(x, *b):
        return MODELS["Misra1a"](b, x)

    _, covariance = ladera.curve_fit(model, problem.x, problem.y, problem.starts[0])
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), problem.errors, rtol=1e-7)


@pytest.mark.parametrize("method", ["gauss-newton", "lm"])
def test_the_line_of_the_sources(method):
    rng = np.random.RandomState(42)
    t = np.linspace(0, 10, 50)
    y = 2 * t + 1 + rng.normal(size=50)
    found = ladera.least_squares(lambda x: x[0] * t + x[1] - y, [0.0, 0.0], method)
    expected = np.polyfit(t, y, 1)
    np.testing.assert_allclose(found.x, expected, rtol=1e-12)


NAMES = ["bard", "box", "brown_badly_scaled", "helical_valley", "kowalik_osborne", "osborne_1", "wood"]


@pytest.mark.parametrize("name", NAMES)
def test_published_minima(name):
    problem = mgh.MGH[name]
    found = ladera.least_squares(problem.residuals, problem.start, maxfev=3000)
    best = [minimum for minimum in problem.minima if minimum is not None]
    assert found.success, found.message
    close = [abs(2 * found.cost - minimum) <= 1e-6 * minimum + 1e-12 for minimum in best]
    assert any(close), (2 * found.cost, best)


def test_a_parameter_that_runs_off_is_no_success():
    x, y = (np.array(v, float) for v in BOXBOD)
    with jax.enable_x64(True):
        short = ladera.least_squares(lambda b: MODELS["BoxBOD"](b, x) - y, [1.0, 900.0])
    assert short.status is Result.SINGULAR  # e^(-900 x) is 0: b2 does nothing at all
    assert not short.success


def test_parameters_that_make_up_for_each_other_converge():
    t = np.linspace(0.1, 2, 20)
    y = 3 * t
    for method in ("lm", "gauss-newton"):
        found = ladera.least_squares(lambda b: b[0] * b[1] * t - y, [1.0, 1.0], method)
        assert found.success
        assert found.x[0] * found.x[1] == pytest.approx(3)


@pytest.mark.parametrize("seed", range(3))
def test_bounds_against_scipy(seed):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 3, 30)
    y = 2 * np.exp(-1.5 * t) + 0.3 + rng.normal(scale=0.05, size=30)
    low, high = np.array([0.0, 0.0, -1.0]), np.array([1.8, 5.0, 0.25])

    def residuals(b, y):
        return b[0] * jnp.exp(-b[1] * t) + b[2] - y

    start = np.array([1.0, 1.0, 0.0])
    found = ladera.least_squares(residuals, start, args=(y,), bounds=(low, high))
    theirs = scipy.optimize.least_squares(
        lambda b: b[0] * np.exp(-b[1] * t) + b[2] - y, start, bounds=(low, high), xtol=1e-14, ftol=1e-14
    )
    assert found.success
    assert ((low <= found.x) & (found.x <= high)).all()
    assert found.cost <= theirs.cost * (1 + 1e-7)
    np.testing.assert_allclose(found.x, theirs.x, atol=1e-4)


def test_where_the_residuals_are_no_number_no_step_goes():
    t = np.linspace(1, 5, 20)
    y = 2 * np.log(t + 0.5)
    found = ladera.least_squares(lambda b: b[0] * jnp.log(t + b[1]) - y, [10.0, 5.0])
    assert found.success
    np.testing.assert_allclose(found.x, [2, 0.5], rtol=1e-9)


@pytest.mark.parametrize("method", ["gauss-newton", "lm"])
def test_every_curve_ends_by_itself(method):
    rng = np.random.default_rng(0)
    starts = np.concatenate([rng.uniform(0.5, 2, (8, 2)), [[np.e, 1.0]]])
    rows = ladera.least_squares("rosenbrock", starts, method)
    assert rows.success.all()
    np.testing.assert_allclose(rows.x, 1, atol=1e-9)
    alone = ladera.least_squares("rosenbrock", starts[3], method)
    assert (alone.nit, alone.nfev) == (rows.nit[3], rows.nfev[3])


def test_options_are_the_methods_own():
    for options in ({"geodesic": True}, {"scaling": "identity"}, {"radius": 0.1}):
        found = ladera.least_squares("rosenbrock", [-1.2, 1.0], **options)
        np.testing.assert_allclose(found.x, 1, atol=1e-9)
    with pytest.raises(ladera.UsageError, match="'marquardt'"):
        ladera.least_squares("rosenbrock", [-1.2, 1.0], scaling="markquardt")


def test_float32():
    t = np.linspace(0, 3, 30, dtype=np.float32)
    y = 2 * np.exp(-t)
    found = ladera.least_squares(lambda b: b[0] * jnp.exp(-b[1] * t) - y, np.ones(2, np.float32))
    assert found.x.dtype == np.float32
    np.testing.assert_allclose(found.x, [2, 1], rtol=1e-5)

"""minimize and least_squares: what users give, what they get, and what is never called a success."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

import ladera
from ladera import surfaces
from ladera.base import UsageError
from ladera.formulas import parse
from ladera.locale import translator
from ladera.optimize import program
from ladera.solvers import Result

GENERAL = ["bfgs", "cg", "lbfgs", "newton", "newton-cg", "trust"]


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


# ---- what can be given -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", GENERAL)
def test_finds_the_minimum(method):
    found = ladera.minimize("rosenbrock", [-1.2, 1.0], method)
    assert found.success
    assert found.status is Result.CONVERGED
    assert found.method == method
    np.testing.assert_allclose(found.x, [1, 1], atol=1e-5)


def test_a_function_a_name_and_a_formula_are_the_same():
    ways = [rosenbrock, "rosenbrock", "100(y - x^2)^2 + (1 - x)^2", surfaces.get("rosenbrock")]
    found = [ladera.minimize(f, [-1.2, 1.0], "newton") for f in ways]
    assert [one.nfev for one in found[1:]] == [found[0].nfev] * 3
    for solution in found:
        np.testing.assert_allclose(solution.x, found[0].x, atol=1e-9)


def test_the_fields_are_scipys():
    theirs = scipy.optimize.minimize(rosenbrock, [-1.2, 1.0], jac=jax.grad(rosenbrock), method="BFGS")
    ours = ladera.minimize(rosenbrock, [-1.2, 1.0], "bfgs", gtol=1e-5)
    shared = ("x", "fun", "jac", "nit", "nfev", "njev", "success", "status", "message")
    for name in shared:
        assert name in theirs
        assert name in ours.keys()  # noqa: SIM118 (a Solution is no mapping)
        assert np.shape(ours[name]) == np.shape(theirs[name])
    assert ours.nfev <= 1.2 * theirs.nfev
    assert ours.status == 0
    assert "Converged" in ours.message
    assert ours.told(translator("es")) != ours.message
    with pytest.raises(KeyError):
        ours["nothing"]


def test_least_squares_has_scipys_fields():
    def residuals(x):
        return jnp.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    theirs = scipy.optimize.least_squares(lambda x: np.asarray(residuals(jnp.array(x))), [-1.2, 1.0])
    ours = ladera.least_squares(residuals, [-1.2, 1.0])
    for name in ("x", "cost", "fun", "jac", "optimality", "success", "status", "message"):
        assert name in theirs
        assert np.shape(ours[name]) == np.shape(theirs[name])
    np.testing.assert_allclose(ours.x, [1, 1], rtol=1e-12)
    texts = ladera.least_squares(["10(y - x^2)", "1 - x"], [-1.2, 1.0])
    named = ladera.least_squares("rosenbrock", [-1.2, 1.0])
    np.testing.assert_allclose([texts.x, named.x], [ours.x, ours.x], rtol=1e-12)


def test_args_and_tolerances_are_data():
    """Neither another target nor another tolerance or limit compiles a program anew."""

    def distance(x, target):
        return ((x - target) ** 2).sum() + ((x - target) ** 4).sum()

    for target, gtol, maxiter in [(1.0, 1e-6, 50), (2.0, 1e-8, 60), (-3.0, 1e-4, 70)]:
        at = np.full(3, target)
        found = ladera.minimize(distance, np.zeros(3), "bfgs", args=(at,), gtol=gtol, maxiter=maxiter)
        np.testing.assert_allclose(found.x, at, atol=10 * gtol)
    caches = program._program.cache_info()
    again = ladera.minimize(distance, np.zeros(3), "bfgs", args=(np.ones(3),), tol=1e-7)
    assert program._program.cache_info().misses == caches.misses
    assert again.seconds["compile"] < 0.05 * max(found.seconds["run"], 1)


def test_a_formula_typed_twice_is_compiled_once():
    ladera.minimize("x^4 + 2y^2", [1.0, 1.0], "bfgs")
    before = program._program.cache_info().misses
    ladera.minimize("x^4 + 2y^2", [2.0, 1.0], "bfgs")
    assert program._program.cache_info().misses == before


def test_float32_stays_float32():
    found = ladera.minimize(lambda x: ((x - 1) ** 2).sum(), np.zeros(3, np.float32), gtol=1e-3)
    assert found.x.dtype == np.float32
    assert found.success
    assert ladera.minimize(lambda x: ((x - 1) ** 2).sum(), [0, 0]).x.dtype == np.float64


def test_a_rule_is_a_method_too():
    adam = ladera.minimize("3x^2 + 2xy + y^2", [-4, 3], "adam", lr=0.3)
    trace = ladera.trace("3x^2 + 2xy + y^2", [-4, 3], "adam", steps=adam.nit, lr=0.3)
    np.testing.assert_allclose(adam.x, trace.x[-1], atol=1e-9)
    assert adam.success
    assert adam.nfev == adam.nit + 1
    sgd = ladera.minimize("3x^2 + 2xy + y^2", [-4, 3], ladera.rules.SGD(lr=10.0))
    assert sgd.status is Result.DIVERGED
    assert not sgd.success


# ---- many rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", GENERAL)
def test_every_row_ends_by_itself(method):
    rng = np.random.default_rng(3)
    x0 = np.concatenate([rng.normal(size=(6, 2)), [[1.0, 1.0]]])
    rows = ladera.minimize("rosenbrock", x0, method)
    assert rows.success.all()
    assert len(set(rows.nfev.tolist())) > 2
    for k in range(len(x0)):
        alone = ladera.minimize("rosenbrock", x0[k], method)
        assert (alone.nit, alone.nfev, int(alone.status)) == (rows.nit[k], rows.nfev[k], rows.status[k])
        np.testing.assert_allclose(alone.x, rows.x[k], atol=1e-9)
    assert len(rows.message) == 7


def test_rows_fail_for_themselves():
    rows = ladera.minimize("ln(x) + x", [[-1.0], [1.0], [0.5]], "bfgs")
    assert rows.status[0] == Result.NOT_FINITE
    assert not rows.success.any()


# ---- never a success on a wrong answer ---------------------------------------------------------------

TRAPS = {
    "saddle": ("x^2 - y^2", (1.5, 0.0)),
    "saddle, off the axis": ("x^2 - y^2", (1.5, 0.1)),
    "bounded saddle, on the axis": ("x^2 - y^2 + y^4/4", (1.5, 0.0)),
    "bounded saddle, at the saddle": ("x^2 - y^2 + y^4/4", (0.0, 0.0)),
    "monkey saddle": ("x^3 - 3x y^2", (0.0, 0.0)),
    "maximum": ("cos(x) + cos(y)", (0.0, 0.0)),
    "inflection": ("x^3 + y^2", (0.0, 1.0)),
    "flat inflection": ("x^5 + y^2", (0.0, 0.0)),
    "without bound": ("x^3 + y^2", (-1.0, 1.0)),
    "straight down": ("x + y^2", (0.0, 1.0)),
    "to minus infinity": ("ln(x) + y^2", (1.0, 1.0)),
    "infinite at the start": ("1/x + y", (0.0, 1.0)),
    "no number at the start": ("sqrt(x) - y", (-1.0, 1.0)),
    "a corner": ("|x - 0.3| + |y|", (2.0, -1.5)),
    "a small slope": ("1e-6 (x - 3)^2 + 1e-6 y^2", (0.0, 1.0)),
    "a pole": ("1/(x^2 + y^2) - x", (1.0, 1.0)),
    "edge of the domain": ("x ln(x) + y^2", (2.0, 1.0)),
}
FORMULAS = [parse(text, ["x", "y"]) for text, _ in TRAPS.values()]


def trap(x, k):
    """The k-th of them: one program per method serves all."""
    return jax.lax.switch(k, [formula.value for formula in FORMULAS], x)


@pytest.mark.parametrize("method", GENERAL)
def test_what_is_no_minimum_is_no_success(method):
    """Where success is said, nothing near by is lower, to the tolerance asked for."""
    ended = {}
    near = np.random.default_rng(0).normal(size=(2000, 2)) * np.geomspace(1e-4, 0.1, 2000)[:, None]
    for k, (name, (_, x0)) in enumerate(TRAPS.items()):
        found = ladera.minimize(trap, x0, method, args=(np.int32(k),))
        ended[name] = found.success
        if found.success:
            around = np.asarray(FORMULAS[k].value(found.x + near))
            assert np.nanmin(around) >= found.fun - 1e-6 * np.abs(near).max(), name
        else:
            assert found.status in set(Result) - {Result.CONVERGED, Result.SETTLED, Result.RUNNING}
    never = {"saddle", "saddle, off the axis", "monkey saddle", "inflection", "flat inflection"}
    never |= {"without bound", "straight down", "to minus infinity", "infinite at the start"}
    assert not any(ended[name] for name in never | {"no number at the start", "a pole"})
    assert ended["a small slope"]
    assert ended["edge of the domain"]


@pytest.mark.parametrize("method", ["newton", "trust"])
@pytest.mark.parametrize("x0", [[1.5, 0.0], [0.0, 0.0], [1.5, 0.001]])
def test_methods_that_see_curvature_leave_the_saddle(method, x0):
    found = ladera.minimize("bounded-saddle", x0, method)
    assert found.success
    np.testing.assert_allclose([found.x[0], abs(found.x[1])], [0, np.sqrt(2)], atol=1e-6)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(GENERAL))
def test_success_on_random_quartics_is_a_minimum(seed, method):
    rng = np.random.default_rng(seed)
    c = rng.normal(size=(4, 3))
    found = ladera.minimize(_quartic, rng.normal(size=3), method, args=(c,))
    if found.success:
        with jax.enable_x64(True):
            hessian = np.asarray(jax.hessian(_quartic)(found.x, c))
        assert np.linalg.eigvalsh(hessian).min() > -1e-5
        assert np.abs(found.jac).max() <= 1e-6


def _quartic(x, c):
    """Bounded below, with saddles and several minima."""
    return (x**4).sum() / 4 + (c[:3] @ x) @ x + c[3] @ x


@pytest.mark.parametrize("method", GENERAL)
def test_limits_end_a_row(method):
    few = ladera.minimize("rosenbrock", [-1.2, 1.0], method, maxiter=2)
    assert (few.status, few.nit, few.success) == (Result.MAX_STEPS, 2, False)
    some = ladera.minimize("rosenbrock", [-1.2, 1.0], method, maxfev=5)
    assert (some.status, some.success) == (Result.MAX_EVALUATIONS, False)
    assert some.nfev in (5, 6)
    assert "maxfev" in some.message


# ---- bounds ----------------------------------------------------------------------------------------


def test_bounds_are_read_as_scipy_reads_them():
    inf = np.inf
    for bounds in ([(None, 0.5), (None, None)], scipy.optimize.Bounds([-inf, -inf], [0.5, inf])):
        found = ladera.minimize("rosenbrock", [-1.2, 1.0], bounds=bounds)
        assert found.success
        np.testing.assert_allclose(found.x, [0.5, 0.25], atol=1e-5)
    for bounds in (([-inf, -inf], [0.5, inf]), scipy.optimize.Bounds([-inf, -inf], [0.5, inf])):
        fitted = ladera.least_squares("rosenbrock", [-1.2, 1.0], bounds=bounds)
        assert fitted.success
        np.testing.assert_allclose(fitted.x, [0.5, 0.25], atol=1e-8)


# ---- wrong use: one sentence -------------------------------------------------------------------------

WRONG = {
    "vector": (lambda: ladera.minimize(lambda x: x, [1.0, 2.0]), "one number per point"),
    "complex": (lambda: ladera.minimize(lambda x: jax.lax.complex(x, x).sum(), [1.0]), "real numbers"),
    "complex residuals": (
        lambda: ladera.least_squares(lambda x: jax.lax.complex(x, x), [1.0]),
        "real numbers",
    ),
    "no array": (lambda: ladera.minimize(lambda x: None, [1.0]), "NoneType"),
    "untraceable": (lambda: ladera.minimize(lambda x: np.sin(x[0]), [1.0]), "JAX cannot trace"),
    "no function": (lambda: ladera.minimize(3.0, [1.0]), "received 3.0"),
    "few residuals": (lambda: ladera.least_squares(lambda x: x[:1], [1.0, 2.0]), "1 residuals and 2"),
    "matrix of residuals": (lambda: ladera.least_squares(lambda x: jnp.outer(x, x), [1.0]), "shape"),
    "residuals for a number": (lambda: ladera.least_squares(rosenbrock, [1.0, 1.0]), "one number"),
    "no sum of squares": (lambda: ladera.least_squares("ackley", [1.0, 1.0]), "sum of squares"),
    "general method": (lambda: ladera.least_squares("rosenbrock", [1.0, 1.0], "bfgs"), "'lm'"),
    "unknown method": (lambda: ladera.minimize("rosenbrock", [1, 1], "bgfs"), "'bfgs'"),
    "unknown surface": (lambda: ladera.minimize("rosenbrok", [1, 1]), "'rosenbrock'"),
    "unknown option": (lambda: ladera.minimize("rosenbrock", [1, 1], gtoll=1), "'gtol'"),
    "negative tolerance": (lambda: ladera.minimize("rosenbrock", [1, 1], gtol=-1), "gtol"),
    "dimension": (lambda: ladera.minimize("rosenbrock", [1.0, 1.0, 1.0]), "x, y"),
    "text start": (lambda: ladera.minimize("rosenbrock", "a,b"), "real numbers"),
    "nan start": (lambda: ladera.minimize("rosenbrock", [np.nan, 1]), "finite"),
    "ragged start": (lambda: ladera.minimize("rosenbrock", [[1, 2], [1]]), "real numbers"),
    "deep start": (lambda: ladera.minimize("rosenbrock", np.ones((2, 2, 2))), "shape (2, 2, 2)"),
    "empty start": (lambda: ladera.minimize("rosenbrock", []), "shape (0,)"),
    "complex start": (lambda: ladera.minimize("rosenbrock", [1j, 0]), "real numbers"),
    "no limit": (lambda: ladera.minimize("rosenbrock", [1, 1], maxiter=0), "maxiter"),
    "args": (lambda: ladera.minimize("rosenbrock", [1, 1], args=3), "tuple"),
    "bounds swapped": (lambda: ladera.minimize("rosenbrock", [1, 1], bounds=[(1, 0), (0, 1)]), "below"),
    "bounds short": (lambda: ladera.minimize("rosenbrock", [1, 1], bounds=[(0, 1)]), "2 pairs"),
    "bounds unused": (
        lambda: ladera.minimize("rosenbrock", [1, 1], "bfgs", bounds=[(0, 1), (0, 1)]),
        "takes no bounds",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_is_one_sentence(case):
    call, says = WRONG[case]
    with pytest.raises(UsageError) as error:
        call()
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500

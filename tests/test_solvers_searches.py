"""Line searches: SciPy's inequalities hold wherever they end, on SciPy's functions and on made ones."""

from __future__ import annotations

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize._dcsrch import DCSRCH
from scipy.optimize.tests.test_linesearch import TestLineSearch as SciPys
from scipy.optimize.tests.test_linesearch import assert_armijo, assert_wolfe

from ladera.base import UsageError
from ladera.solvers.searches import Armijo, HagerZhang, StrongWolfe, along

WOLFE = (StrongWolfe, HagerZhang)
SEARCHES = [
    *(
        StrongWolfe(),
        StrongWolfe(c1=1e-4, c2=0.1),
        StrongWolfe(c1=0.3, c2=0.5),
        StrongWolfe(c1=1e-3, c2=2e-3),
    ),
    *(HagerZhang(), HagerZhang(c1=1e-4, c2=0.1), HagerZhang(c1=0.3, c2=0.5), HagerZhang(c1=1e-3, c2=2e-3)),
    *(Armijo(), Armijo(c1=0.3), Armijo(shortest=0.3, longest=0.9)),
]
FIRST = (1e-8, 1e-3, 0.1, 0.3, 1.0, 1.7, 10.0, 1e3)
each_search = pytest.mark.parametrize("search", SEARCHES, ids=lambda s: s.describe().replace(" ", "-"))
each_wolfe = pytest.mark.parametrize("search", [s for s in SEARCHES if isinstance(s, WOLFE)], ids=repr)


def scipys_lines():
    """(φ, φ') of SciPy's tests: scalar functions, and functions of 20 variables along lines."""
    made = SciPys()
    made.setup_method()
    yield from ((phi, dphi) for _, phi, dphi in made.scalar_funcs)
    for name, f, df, x, p, _ in made.line_iter():
        if name == "_line_func_1" or p @ made.A @ p > 0:  # else it falls without bound
            yield partial(lambda f, x, p, s: f(x + s * p), f, x, p), partial(slope_along, df, x, p)


def slope_along(df, x, p, s):
    return df(x + s * p) @ p


LINES = list(scipys_lines())


def holds(search, line, phi, dphi):
    """The inequalities that the search promises, SciPy's."""
    assert line.done
    assert (line.phi, line.slope) == (phi(line.alpha), dphi(line.alpha))
    assert_wolfe(line.alpha, phi, dphi, search.c1, getattr(search, "c2", math.inf))


@each_search
def test_scipys_inequalities_on_scipys_functions(search):
    with np.errstate(over="ignore"):
        for phi, dphi in LINES:
            for alpha in FIRST:
                holds(search, along(search, phi, dphi, alpha), phi, dphi)


def test_scipys_armijo_on_scipys_functions():
    for phi, dphi in LINES[:3]:
        assert_armijo(along(Armijo(), phi, dphi).alpha, phi)


@pytest.mark.parametrize("c2", [0.9, 0.1, 0.01])
def test_strong_wolfe_goes_the_way_of_minpacks(c2):
    """Trial by trial the same as DCSRCH, which is Moré and Thuente's own."""
    for phi, dphi in LINES:
        for alpha in FIRST[2:6]:
            tried: list[float] = []

            def told(s, phi=phi, tried=tried):
                tried.append(s)
                return phi(s)

            theirs = DCSRCH(told, dphi, 1e-4, c2, 1e-14, 0, 1e50)
            end = theirs(alpha, phi0=float(phi(0.0)), derphi0=float(dphi(0.0)), maxiter=60)[0]
            ours = along(StrongWolfe(c2=c2), phi, dphi, alpha)
            assert ours.alpha == pytest.approx(end, rel=1e-9)
            assert ours.trials == len(tried)


@each_search
def test_a_first_trial_that_will_do_is_taken(search):
    low = 1 / 0.1
    line = along(search, lambda s: -s + 0.05 * s**2, lambda s: -1 + 0.1 * s, low)
    assert (line.alpha, line.trials, line.done) == (low, 1, True)


SHAPES = {
    # name: (φ, φ'), finite up to a point
    "log": (lambda s: -np.log(1 - s) - 5 * s, lambda s: np.divide(1, 1 - s) - 5),
    "root": (lambda s: -s + 0 * np.sqrt(0.3 - s) + 3 * s**2, lambda s: -1 + 6 * s + 0 * np.sqrt(0.3 - s)),
    "exp": (lambda s: np.exp(s * 40) - 100 * s, lambda s: 40 * np.exp(s * 40) - 100),
    "infinite": (lambda s: s**2 - s if s < 0.7 else np.inf, lambda s: 2 * s - 1 if s < 0.7 else np.nan),
    "minus infinite": (lambda s: s**2 - s if s < 0.7 else -np.inf, lambda s: 2 * s - 1),
    "flat": (
        lambda s: max(1 - s, 0) ** 2 + max(s - 5, 0) ** 2,
        lambda s: 2 * max(s - 5, 0) - 2 * max(1 - s, 0),
    ),
    "steps": (lambda s: np.cos(3 * s) - s, lambda s: -3 * np.sin(3 * s) - 1),
}


@each_search
@pytest.mark.parametrize("shape", SHAPES)
def test_functions_that_end_or_are_flat(search, shape):
    phi, dphi = SHAPES[shape]
    with np.errstate(all="ignore"):
        for alpha in (1e-6, 0.01, 0.29, 0.5, 1.0, 3.0, 100.0):
            holds(search, along(search, phi, dphi, alpha), phi, dphi)


exponents = st.floats(-6, 6)


@settings(max_examples=60, deadline=None)
@given(
    *(exponents, exponents, st.floats(0, 100), st.floats(-50, 50), st.floats(-8, 4)),
    *(st.floats(1e-6, 0.4), st.floats(1.01, 2), st.sampled_from(WOLFE)),
)
def test_polynomials_with_any_constants(slope, bend, fourth, third, first, c1, times, kind):
    """A quartic in α, of any scale; with a large fourth power it has two minima."""
    slope, bend = 10**slope, 10**bend
    search = kind(c1=c1, c2=min(c1 * times, 0.99))
    cubic = third * bend / 10

    def phi(s):
        return -slope * s + bend * s**2 + cubic * s**3 + (fourth * bend + third**2 * bend / 10) * s**4

    def dphi(s):
        return -slope + 2 * bend * s + 3 * cubic * s**2 + 4 * (fourth * bend + third**2 * bend / 10) * s**3

    holds(search, along(search, phi, dphi, 10**first), phi, dphi)


@each_wolfe
def test_where_rounding_hides_the_fall_slopes_decide(search):
    """φ is known to 1e-8 alone, and falls by 1e-14: Hager and Zhang's approximate condition holds."""
    for scale in (1e-7, 1e-8, 1e-9):

        def phi(s, scale=scale):
            return 1e8 + scale**2 * ((s - 3) ** 2 - 9)

        def dphi(s, scale=scale):
            return scale**2 * 2 * (s - 3)

        for alpha in (1e-3, 1.0, 50.0):
            line = along(search, phi, dphi, alpha)
            assert line.done
            assert line.trials < 12
            assert line.slope <= (1 - 2 * search.c1) * -dphi(0.0)
            assert abs(line.slope) <= search.c2 * -dphi(0.0)


def test_rounding_is_not_seen_where_there_is_none():
    """A whole period further the value is the same and so is the slope: nothing has fallen."""
    line = along(StrongWolfe(), lambda s: -np.sin(s), lambda s: -np.cos(s), 2 * np.pi)
    assert_wolfe(line.alpha, lambda s: -np.sin(s), lambda s: -np.cos(s))


@each_wolfe
def test_a_fall_without_bound_is_no_success_but_the_lowest_trial_is_named(search):
    line = along(search, lambda s: -s, lambda s: -1.0)
    assert not line.done
    assert line.alpha > 1e30


@each_search
def test_nothing_lower_is_a_failure(search):
    """The slope lies: φ rises everywhere."""
    line = along(search, lambda s: s, lambda s: -1.0 if s == 0 else 1.0)
    assert not line.done


@each_wolfe
def test_a_kink_has_no_such_point(search):
    line = along(search, lambda s: abs(s - 0.3), lambda s: math.copysign(1.0, s - 0.3))
    assert not line.done
    assert line.alpha == pytest.approx(0.3, rel=1e-6)
    assert line.trials < 60


@pytest.mark.parametrize("search", [StrongWolfe(), HagerZhang(), Armijo()], ids=repr)
def test_many_lines_side_by_side_go_their_own_ways(search):
    """A thousand parabolas in one program, each row as if it were alone."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        bend, alpha = jnp.asarray(10 ** rng.uniform(-4, 4, (2, 500)))

        def one(bend, alpha):
            phi, dphi = (lambda a: bend * a**2 - a), (lambda a: 2 * bend * a - 1)
            start = search.start(jnp.zeros(()), -jnp.ones(()), alpha)
            s = jax.lax.while_loop(
                lambda s: ~(s.done | s.failed), lambda s: search.step(s, phi(s.alpha), dphi(s.alpha)), start
            )
            return s.alpha, s.done, s.trials

        ends, done, trials = jax.jit(jax.vmap(one))(bend, alpha)
    assert done.all()
    for k in range(0, 500, 100):
        b = float(bend[k])
        alone = along(search, lambda a, b=b: b * a**2 - a, lambda a, b=b: 2 * b * a - 1, float(alpha[k]))
        assert (float(ends[k]), int(trials[k])) == (pytest.approx(alone.alpha, rel=1e-12), alone.trials)


def test_constants_outside_their_domain_are_refused():
    with pytest.raises(UsageError, match="needs c1 in"):
        StrongWolfe(c1=1.5)
    with pytest.raises(UsageError, match="needs grow in"):
        HagerZhang(grow=-1.0)

"""Solvers of general functions: to the published minima, in no more evaluations than SciPy, and never
a success that is none."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from jax import lax
from told import Told, solve

from benchmarks.published.mgh import MGH
from benchmarks.published.unconstrained import PROBLEMS, squares
from ladera import solvers
from ladera.base import UsageError
from ladera.solvers._objective import Objective
from ladera.solvers.result import Result
from ladera.solvers.searches import Armijo, HagerZhang

ALL = ("bfgs", "lbfgs", "cg", "newton", "trust", "newton-cg")
FREE = [name for name, problem in MGH.items() if problem.unconstrained]
FIRST_SIZES = [name for name in FREE if name.rsplit("_", 1)[0] not in FREE]
LONGEST = max(MGH[name].n for name in FREE)
SAMPLE = (  # of all kinds, none of which takes long
    *("white_holst", "himmelblau", "extended_penalty", "diagonal_3", "generalized_tridiagonal_1", "maratos"),
    *("cliff", "wood", "quadratic_penalty_2", "bdqrtic", "nondia", "edensch", "cosine", "tointgss", "trid"),
    *("dixmaan_d_i", "levy", "logistic", "sinquad"),
)
each_solver = pytest.mark.parametrize("name", ALL)


@functools.cache
def told(name: str) -> Told:
    if name in MGH:
        return Told(squares(MGH[name].residuals), MGH[name].n)
    return Told(PROBLEMS[name].function, len(PROBLEMS[name].start))


@functools.cache
def small(function, n: int) -> Told:
    return Told(function, n)


def ended(name, function, start, most=3000, **hyperparameters):
    """The last state of a solver, from a start of up to three variables."""
    return solve(solvers.make(name, **hyperparameters), small(function, len(start)), start, most, 3)


def code_of(s) -> Result:
    return Result(s.code)


# ---- the problems of Moré, Garbow and Hillstrom ---------------------------------------------------

NOT_SOLVED = {
    # Its last digits lie along directions of next to no curvature, which need more steps.
    "lbfgs": {"watson_12"},
    "newton-cg": {"powell_badly_scaled"},
    # |H| takes the steep negative curvature of its valley x y = 1e-4 for a positive one: short steps.
    "newton": {"powell_badly_scaled"},
    # runs off along a valley in which two of the exponentials become one, towards f = 0.24268
    "trust": {"biggs_exp6"},
}


@each_solver
def test_published_minima_are_found(name):
    unsolved = set()
    for problem in FREE if name in ("bfgs", "lbfgs") else FIRST_SIZES:
        gtol = 1e-11 if problem == "watson_12" else 1e-9
        s = solve(solvers.make(name, gtol=gtol), told(problem), MGH[problem].start, 1500, LONGEST)
        best = any(s.fun == pytest.approx(f, rel=1e-6, abs=1e-11) for f in MGH[problem].minima)
        if not (code_of(s).success and best):
            unsolved.add(problem)
    assert unsolved <= NOT_SOLVED.get(name, set())


# ---- beside SciPy ---------------------------------------------------------------------------------


def scipys(name: str, method: str, gtol: float):
    """x, and how many evaluations SciPy takes to bring every element of the gradient below gtol."""
    f, start = told(name), np.array(PROBLEMS[name].start)
    options = {"gtol": gtol, "maxiter": 10_000}
    if method == "L-BFGS-B":
        options |= {"ftol": 0, "maxfun": 10_000, "maxcor": 10}
    before = f.calls
    with np.errstate(all="ignore"):
        found = scipy.optimize.minimize(f, start, jac=True, method=method, options=options)
    return found.x, f.calls - before


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method"), [("bfgs", "BFGS"), ("lbfgs", "L-BFGS-B")])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_worse_than_scipy(name, method):
    """As many solved, to the same gradient, in as many evaluations in the median (20 % aside)."""
    ratios, solved, theirs = [], 0, 0
    for problem in (*FREE, *SAMPLE):
        start = PROBLEMS[problem].start
        first = np.abs(told(problem)(np.array(start))[1]).max()
        gtol = min(1e-6, 1e-3 * first)
        s = solve(solvers.make(name), told(problem), start, 2000, LONGEST if len(start) <= LONGEST else 50)
        x, calls = scipys(problem, method, gtol)
        value, slope = told(problem)(x)
        ours, good = np.abs(s.grad).max() <= gtol, np.abs(slope).max() <= gtol
        solved, theirs = solved + ours, theirs + good
        if ours and good and s.fun == pytest.approx(value, rel=1e-5, abs=1e-8):
            ratios.append(s.counts.nfev / calls)
    assert solved >= theirs
    assert len(ratios) > 35
    assert np.median(ratios) <= 1.2


# ---- what is known by hand ------------------------------------------------------------------------


def bowl(x):
    return (x[0] - 1) ** 2 + 3 * (x[1] - 2) ** 2 + (x[0] - 1) * (x[1] - 2)


def saddle(x):
    return x[0] ** 2 - x[1] ** 2


def bounded_saddle(x):
    return saddle(x) + x[1] ** 4 / 4


def straight(x):
    return -x[0]


def hills(x):
    return jnp.cos(x).sum()


def logarithm(x):
    return jnp.log(x[0])


def trough(x):
    """Infinite, or no number, on both sides."""
    return -jnp.log(1 - x[0] ** 2) + x[0] + x[1] ** 2


def noisy(x):
    return 1e4 + 1e-7 * bowl(x) + 1e-14 * jnp.sin(1e9 * x[0])


def quadratic(x):
    return x @ (MATRIX @ x) / 2 - VECTOR @ x


AXES = np.linalg.qr(np.random.default_rng(3).normal(size=(10, 10)))[0]
MATRIX = AXES @ np.diag(np.geomspace(1, 1e4, 10)) @ AXES.T
VECTOR = np.random.default_rng(4).normal(size=10)
SCALED = [lambda x, scale=scale: scale * bowl(x) for scale in (1e-12, 1e-6, 1e6, 1e12)]
POWERS = [lambda x, power=power: x[0] ** power + (x[0] - x[1]) ** 2 for power in (4, 6)]


@each_solver
def test_a_bowl(name):
    s = ended(name, bowl, [0.0, 0.0])
    np.testing.assert_allclose(s.x, [1, 2], atol=1e-6)
    assert code_of(s) == Result.CONVERGED
    assert s.counts.nfev < 15


def test_newton_takes_one_step_on_a_parabola():
    s = ended("newton", lambda x: (x[0] - 3) ** 2, [0.0])
    assert (s.x[0], s.counts.nit, s.counts.nfev) == (3.0, 1, 2)


@each_solver
def test_many_variables_and_few_numbers(name):
    """Every size of numbers: neither 1e-12 nor 1e12 in front of f decides what is found."""
    for function in SCALED:
        s = ended(name, function, [0.0, 0.0])
        np.testing.assert_allclose(s.x, [1, 2], atol=2e-3)
        assert code_of(s).success


@each_solver
def test_a_quadratic_of_any_condition(name):
    s = solve(solvers.make(name, gtol=1e-9), small(quadratic, 10), np.zeros(10), size=LONGEST)
    np.testing.assert_allclose(s.x, np.linalg.solve(MATRIX, VECTOR), rtol=1e-7, atol=1e-9)
    assert code_of(s).success


# ---- saddles, falls without bound -----------------------------------------------------------------


@each_solver
def test_a_fall_without_bound_is_told(name):
    assert code_of(ended(name, saddle, [1.0, 0.5])) == Result.UNBOUNDED


@pytest.mark.parametrize("name", ["bfgs", "lbfgs", "cg", "trust", "newton-cg"])
def test_a_fall_along_a_straight_line_is_told(name):
    assert code_of(ended(name, straight, [0.0])) == Result.UNBOUNDED


@pytest.mark.parametrize("name", ["newton", "trust"])
@pytest.mark.parametrize("start", [[0.0, 0.0], [1.5, 0.0], [1e-9, -1e-9]])
def test_saddles_are_left(name, start):
    s = ended(name, bounded_saddle, start)
    assert code_of(s) == Result.CONVERGED
    np.testing.assert_allclose(np.abs(s.x), [0, np.sqrt(2)], atol=1e-6)


@pytest.mark.parametrize("name", ["newton", "trust"])
def test_a_maximum_is_left(name):
    s = ended(name, hills, [0.0, 0.0, 0.0])
    assert code_of(s) == Result.CONVERGED
    assert s.fun == pytest.approx(-3)


@each_solver
@pytest.mark.parametrize("function", POWERS, ids=["4", "6"])
def test_minima_without_curvature(name, function):
    s = ended(name, function, [1.0, -0.7])
    assert code_of(s) == Result.CONVERGED
    assert s.fun < 1e-6


@pytest.mark.parametrize("name", ["newton", "trust"])
def test_an_indefinite_hessian_at_the_start_leads_down(name):
    s = ended(name, PROBLEMS["himmelblau"].function, [-0.3, -0.9])  # beside its maximum
    assert code_of(s) == Result.CONVERGED
    assert s.fun < 1e-12


def test_negative_curvature_along_a_step_never_makes_a_direction_climb():
    """Every direction of L-BFGS and BFGS descends, on a function that bends both ways all the time."""

    def wavy(x):
        return jnp.sin(3 * x[0]) * jnp.cos(2 * x[1]) + 0.05 * x @ x

    f = Objective(wavy)
    for name, history in (("bfgs", {}), ("lbfgs", {"history": 3})):
        solver = solvers.make(name, search=Armijo(), **history)
        with jax.enable_x64(True):
            step = jax.jit(lambda s, solver=solver: solver.step(f, s))
            straight = 0
            for start in ([2.0, 1.0], [-3.0, 2.5], [0.1, 4.0]):
                s = solver.init(f, jnp.array(start))
                while s.code == Result.RUNNING:
                    assert s.grad @ s.memory.p < 0
                    before, s = s, step(s)
                    straight += bool(s.taken & ((s.x - before.x) @ (s.grad - before.grad) <= 0))
                assert code_of(s) == Result.CONVERGED
        assert straight > 0


# ---- numbers that are none, functions that are not smooth -------------------------------------------


@each_solver
def test_a_start_where_f_is_no_number_is_told(name):
    s = ended(name, logarithm, [-1.0])
    assert code_of(s) == Result.NOT_FINITE
    assert s.counts.nfev == 1


@each_solver
def test_trials_where_f_is_no_number_are_shortened(name):
    s = ended(name, trough, [0.999, 3.0])
    np.testing.assert_allclose(s.x, [1 - np.sqrt(2), 0], atol=1e-5)
    assert code_of(s) == Result.CONVERGED


ROUGH = {
    "|x|": (lambda x: jnp.abs(x[0]), [1.3]),
    "|x| + |y|": (lambda x: jnp.abs(x[0]) + 2 * jnp.abs(x[1] - 0.3), [1.3, -0.7]),
    "a wall": (lambda x: jnp.where(x[0] < 0.5, (x[0] - 2) ** 2, jnp.inf), [0.0]),
    "alone": (lambda x: jnp.where(x[0] == 1, 2 * x[0], jnp.nan), [1.0]),
    "max": (lambda x: jnp.maximum(2 * x[0], -x[0]), [0.7]),
}


@each_solver
@pytest.mark.parametrize("rough", ROUGH)
def test_no_success_where_the_gradient_does_not_vanish(name, rough):
    function, start = ROUGH[rough]
    s = ended(name, function, start, most=600)
    assert not code_of(s).success
    assert code_of(s) in (Result.NO_DESCENT, Result.RUNNING)
    assert s.fun <= small(function, len(start))(start)[0]


@each_solver
def test_at_the_precision_of_the_numbers_a_small_gradient_is_enough(name):
    """What is asked for is more than the rounding of f, or of its gradient, allows."""
    s = ended(name, noisy, [0.0, 0.0], gtol=1e-3)
    assert code_of(s).success
    hopeless = ended(name, bowl, [0.3, -0.1], gtol=1e-30)
    assert code_of(hopeless) in (Result.CONVERGED, Result.NO_DESCENT)
    assert hopeless.counts.nfev < 3000


@each_solver
def test_a_row_is_the_same_beside_any_other(name):
    """To the last bit, at a fixed number of rows, beside rows that are no numbers or go on for long."""
    f, solver = Objective(PROBLEMS["rosenbrock"].function), solvers.make(name)

    def program(x):
        return lax.while_loop(
            lambda s: (s.code == Result.RUNNING) & (s.counts.nfev < 300),
            lambda s: solver.step(f, s),
            solver.init(f, x),
        )

    with jax.enable_x64(True):
        rows = jax.jit(jax.vmap(program))
        mine = [-1.2, 1.0]
        alone = rows(jnp.array([mine, mine, mine, mine]))
        beside = rows(jnp.array([mine, [np.nan, 1.0], [1.0, 1.0], [1e5, -1e150]]))
    for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(beside), strict=True):
        np.testing.assert_array_equal(a[0], b[0])
    assert alone.code[0] == Result.CONVERGED
    assert beside.code[1] == Result.NOT_FINITE


# ---- bounds -----------------------------------------------------------------------------------------


def chained(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def with_bounds(function, start, low, high, gtol=1e-9):
    """x of L-BFGS within bounds, and of SciPy's."""
    low, high, f = np.array(low), np.array(high), Told(function, len(start))
    s = solve(solvers.make("lbfgs", gtol=gtol), f, start, size=50, bounds=(low, high))
    assert code_of(s).success
    assert ((s.x >= low) & (s.x <= high)).all()
    options = {"ftol": 0, "gtol": gtol, "maxfun": 20_000, "maxiter": 20_000}
    theirs = scipy.optimize.minimize(
        f,
        np.clip(start, low, high),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        options=options,
    )
    return s, theirs


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([-2.0, 1.5], [2.0, 3.0]),
        ([-2.0, -2.0], [0.5, 2.0]),
        ([1.2, -1.0], [3.0, 3.0]),
        ([-2.0, -2.0], [2.0, 2.0]),
    ],
)
def test_rosenbrock_within_bounds(low, high):
    s, theirs = with_bounds(chained, [-1.2, 1.0], low, high)
    np.testing.assert_allclose(s.x, theirs.x, atol=1e-6)


@pytest.mark.parametrize(("n", "condition"), [(5, 1e1), (20, 1e3), (50, 1e4)])
def test_quadratics_within_bounds(n, condition):
    rng = np.random.default_rng(n)
    Q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    A = Q @ np.diag(np.geomspace(1, condition, n)) @ Q.T
    b = rng.normal(size=n) * np.sqrt(condition)
    low, high = -rng.uniform(0, 0.5, n), rng.uniform(0, 0.5, n)
    low[0], high[1] = -np.inf, np.inf
    s, theirs = with_bounds(lambda x: x @ (A @ x) / 2 - b @ x, rng.uniform(-2, 2, n), low, high, 1e-7)
    np.testing.assert_allclose(s.x, theirs.x, atol=1e-6)
    assert ((s.x == low) | (s.x == high)).any()
    # where no bound holds, the gradient vanishes; elsewhere it points out
    slope = A @ s.x - b
    inside = (s.x > low) & (s.x < high)
    assert np.abs(slope[inside]).max() < 1e-6
    assert (slope[s.x == low] >= 0).all()
    assert (slope[s.x == high] <= 0).all()


def test_a_start_outside_is_put_inside_and_fixed_variables_stay():
    low, high = [2.0, 0.0, 1.0], [3.0, 5.0, 1.0]
    f = Told(lambda x: x @ x, 3)
    s = solve(solvers.make("lbfgs"), f, [9.0, -4.0, 7.0], size=50, bounds=(low, high))
    np.testing.assert_array_equal(s.x, [2, 0, 1])
    assert code_of(s) == Result.CONVERGED


# ---- the pieces -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_two_loops_are_the_matrix_that_bfgs_makes(count):
    """With fewer steps than the history, and steps of no curvature among them."""
    from ladera.solvers.lbfgs import LBFGS

    rng = np.random.default_rng(count)
    d, solver = 6, LBFGS(history=8)
    with jax.enable_x64(True):
        memory, H, kept = solver.remember(jnp.zeros(d)), np.eye(d), []
        for k in range(count):
            s = rng.normal(size=d)
            y = -s if k == 2 else s + 0.4 * rng.normal(size=d)
            memory = solver.learn(memory, step_of(s, y))
            kept += [(s, y)] if s @ y > 0 else []
        if kept:
            s, y = kept[-1]
            H *= (s @ y) / (y @ y)
        for s, y in kept:
            rho = 1 / (s @ y)
            left = np.eye(d) - rho * np.outer(s, y)
            H = left @ H @ left.T + rho * np.outer(s, s)
        g = rng.normal(size=d)
        np.testing.assert_allclose(solver.direction(None, memory, None, jnp.asarray(g)).p, -H @ g, rtol=1e-12)


def step_of(s, y, g=None, p=None):
    from ladera.solvers._descent import Step

    return Step(*(None if v is None else jnp.asarray(v) for v in (s, y, g, p)))


def test_the_history_forgets_the_oldest_pair():
    from ladera.solvers.lbfgs import LBFGS

    with jax.enable_x64(True):
        solver, memory = LBFGS(history=2), LBFGS(history=2).remember(jnp.zeros(2))
        for k in (1.0, 2.0, 3.0):
            memory = solver.learn(memory, step_of([k, 0.0], [2 * k, 0.1]))
        np.testing.assert_array_equal(memory.S, [[2, 0], [3, 0]])


@pytest.mark.parametrize("beta", ["fletcher-reeves", "polak-ribiere", "hager-zhang"])
@pytest.mark.parametrize("search", [None, HagerZhang(c2=0.1)], ids=["strong-wolfe", "hager-zhang"])
def test_every_share_of_conjugate_gradients_solves(beta, search):
    """A quadratic of 8 variables in not much more than 8 directions, as theory has it."""
    A = np.diag([1.0, 2, 3, 4, 5, 6, 7, 8]) + 0.1
    options = {} if search is None else {"search": search}
    f = Told(lambda x: x @ (A @ x) / 2, 8)
    s = solve(solvers.make("cg", beta=beta, **options), f, np.arange(1.0, 9))
    assert code_of(s) == Result.CONVERGED
    assert s.counts.nit < 30


def test_an_unknown_share_gets_the_nearest():
    with pytest.raises(UsageError, match="polak-ribiere"):
        solvers.make("cg", beta="polak")

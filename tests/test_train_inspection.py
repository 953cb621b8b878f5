"""The dear instruments: exact Hessians and single gradients by other means, and what studies make of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree
from studies import cohort, same_bits, task

import ladera
from ladera import rules
from ladera.base import UsageError
from ladera.locale import translator
from ladera.problems import Problem
from ladera.report import plots
from ladera.report.html import page
from ladera.rules import Rule
from ladera.schedules import Schedules, Stop
from ladera.study import Study
from ladera.train import sharpness
from ladera.train.cohort import train
from ladera.train.noise import Spread, noise_scale, norm_test, spread
from ladera.train.work import Cohort, Task, initial, orders

DEAR = ("sharpness", "stability", "noise_scale", "norm_test")
IRIS = Problem("iris", network="mlp:4", activation="tanh", penalty="l2:0.1")
QUADRATIC = Problem("diabetes", network="linear")


def inspected(whole: Task, rule: Rule, seeds: list[int], **more: Any) -> list[dict[str, Any]]:
    """The curves of a cohort that was looked into."""
    one = replace(cohort(whole, [rule] * len(seeds), seeds, width=2), inspects=True, **more)
    return list(train(one).curves)


# ---- sharpness -------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_the_largest_eigenvalue_is_found_beside_larger_negative_ones(d, seed):
    random = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(random.standard_normal((d, d)))
    values = np.sort(np.r_[random.uniform(-3, 3, d - 1), -5.0])  # a power iteration would find -5
    matrix = turned @ np.diag(values) @ turned.T
    got = sharpness.largest(lambda v: matrix @ v, random.standard_normal(d))
    assert got.converged
    assert got.value == pytest.approx(values[-1], rel=2e-3, abs=1e-9)
    assert np.linalg.norm(matrix @ got.vector - got.value * got.vector) < 2e-3 * 5
    assert got.products <= d
    again = sharpness.largest(lambda v: matrix @ v, got.vector)
    assert again.products <= got.products


def exact(problem: Problem, params: Any, strength: float) -> np.ndarray:
    """The Hessian of the loss as it is defined, in float64, its eigenvalues ascending."""
    train = problem.prepared().train

    def loss(params: Any) -> Any:
        h = jnp.asarray(train.x, jnp.float64)
        for layer in params[:-1]:
            h = jnp.tanh(h @ layer.w + layer.b.reshape(1, -1))
        z = h @ params[-1].w + params[-1].b.reshape(1, -1)
        right = jnp.take_along_axis(jax.nn.log_softmax(z), jnp.asarray(train.y).reshape(-1, 1), 1)
        return -right.mean() + strength * sum((layer.w**2).sum() for layer in params)

    with jax.enable_x64(True):
        wide = jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), params)
        x, unravel = ravel_pytree(wide)
        return np.linalg.eigvalsh(jax.jit(jax.hessian(lambda x: loss(unravel(x))))(x))


@pytest.mark.parametrize("twice", [True, False], ids=["exact", "difference"])
def test_sharpness_is_that_of_the_exact_hessian(twice):
    whole = task(IRIS)
    params, _ = initial(whole, 0)
    found = sharpness.Hessian(whole, sharpness.sample(whole))
    found._twice = twice
    start = np.random.default_rng(0).standard_normal(ravel_pytree(params)[0].size)
    got = sharpness.largest(found.at(params), start).value
    assert got == pytest.approx(exact(IRIS, params, 0.1)[-1], rel=1e-3 if twice else 5e-3)
    assert got != pytest.approx(exact(IRIS, params, 0.0)[-1], rel=0.02)  # the penalty is part of it


def test_a_training_says_its_own_sharpness():
    whole = task(IRIS)
    [first, second] = inspected(whole, rules.SGD(lr=0.1), [0, 5])
    for curve, seed in ((first, 0), (second, 5)):
        params, _ = initial(whole, seed)
        assert curve["sharpness"][0] == pytest.approx(exact(IRIS, params, 0.1)[-1], rel=5e-3)
    assert first["sharpness"][0] != pytest.approx(second["sharpness"][0], rel=1e-3)


def test_what_has_no_hessian_is_known():
    assert sharpness.sharp_enough(task(IRIS))
    assert not sharpness.sharp_enough(task(replace(IRIS, dropout=0.5)))
    assert not sharpness.sharp_enough(task(replace(IRIS, norm="batch")))


# ---- stability -------------------------------------------------------------------------------------


def quadratic() -> np.ndarray:
    """The Hessian of least squares: what multiplies each input, and 1 for the shift."""
    x = np.asarray(QUADRATIC.prepared().train.x, float)
    x = np.c_[x, np.ones(len(x))]
    return 2 * x.T @ x / len(x)


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        (rules.SGD(lr=0.05), 2 / 0.05),
        (rules.Momentum(lr=0.05, momentum=0.5), 3 / 0.05),
        (rules.Nesterov(lr=0.05, momentum=0.5), 1.5 / 0.05),
    ],
    ids=lambda value: getattr(value, "label", lambda: "")(),
)
def test_on_a_quadratic_curvature_and_limit_are_known_everywhere(rule, limit):
    whole = replace(task(QUADRATIC, batch=32, epochs=4), segments=2)
    largest = np.linalg.eigvalsh(quadratic())[-1]
    for curve in inspected(whole, rule, [0, 1]):
        taken = ~np.isnan(curve["sharpness"])
        assert list(np.flatnonzero(taken)) == [0, 2, 4]
        assert curve["sharpness"][taken] == pytest.approx(largest, rel=5e-3)
        assert curve["stability"][taken] == pytest.approx(largest / limit, rel=5e-3)


def test_a_schedule_moves_the_limit():
    whole = replace(task(QUADRATIC, batch=32, epochs=4), segments=2)
    largest = np.linalg.eigvalsh(quadratic())[-1]
    plan = Schedules.of("cosine")
    [curve] = inspected(whole, rules.SGD(lr=0.05), [0], schedule=plan)
    steps = whole.epochs * whole.steps_per_epoch
    factors = plan.table(("lr",), steps, whole.steps_per_epoch)[:, 0]
    seen = factors[[0, steps // 2 - 1, steps - 1]]
    assert curve["stability"][[0, 2, 4]] == pytest.approx(largest * 0.05 * seen / 2, rel=5e-3, abs=1e-6)


def test_adams_accumulators_are_part_of_its_limit():
    """Adam followed in NumPy on the same batches; its preconditioned curvature by a dense eigensolver."""
    whole = replace(task(QUADRATIC, batch=32, epochs=4), segments=2)
    rule = rules.Adam(lr=0.01)
    [curve] = inspected(whole, rule, [3])
    train = QUADRATIC.prepared().train
    rows, targets = np.c_[train.x, np.ones(len(train.x))].astype(float), train.y.astype(float).ravel()
    [layer], _ = initial(whole, 3)
    w, m, v = np.r_[layer.w.ravel(), layer.b.ravel()].astype(float), 0.0, 0.0
    for t, batch in enumerate(orders(whole, 3, 0, 4).reshape(-1, 32), start=1):
        g = 2 * rows[batch].T @ (rows[batch] @ w - targets[batch]) / 32
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - 0.01 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    divisor = (1 - 0.9**t) * (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    H = quadratic()
    scaled = H / np.sqrt(np.outer(divisor, divisor))
    ratio = np.linalg.eigvalsh(scaled)[-1] / (2 * 1.9 / (0.1 * 0.01))
    assert np.isnan(curve["stability"][0])  # nothing is accumulated yet
    assert curve["stability"][4] == pytest.approx(ratio, rel=0.02)


# ---- noise -----------------------------------------------------------------------------------------


def gradients(params: Any, rows: np.ndarray) -> np.ndarray:
    """Of least squares, one row each, in float64."""
    train = QUADRATIC.prepared().train
    x = np.c_[train.x, np.ones(len(train.x))].astype(float)[rows]
    [layer] = params
    w = np.r_[np.ravel(layer.w), np.ravel(layer.b)].astype(float)
    return 2 * x * (x @ w - train.y.astype(float).ravel()[rows])[:, None]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 200), min_size=2, max_size=90), st.integers(0, 100))
def test_the_spread_is_that_of_single_gradients(rows, seed):
    whole = task(QUADRATIC)
    params, _ = initial(whole, seed)
    found = spread(whole, params, seed, 0, np.array(rows))
    g = gradients(params, np.array(rows))
    assert found.examples == len(rows)
    assert found.mean == pytest.approx((g.mean(axis=0) ** 2).sum(), rel=1e-4)
    assert found.deviations == pytest.approx(((g - g.mean(axis=0)) ** 2).sum(), rel=1e-4, abs=1e-6)
    ratio = np.sqrt(((g - g.mean(axis=0)) ** 2).sum() / (len(g) * (len(g) - 1)) / (g.mean(axis=0) ** 2).sum())
    assert norm_test(found) == pytest.approx(ratio, rel=1e-3, abs=1e-4)


def test_the_noise_scale_is_estimated_without_bias():
    """Numerator and denominator, over samples of a population whose own are known."""
    random = np.random.default_rng(0)
    population = random.standard_normal((500, 6)) + np.r_[0.5, np.zeros(5)]
    G = population.mean(axis=0) @ population.mean(axis=0)
    variance = population.var(axis=0, ddof=1).sum()
    scales = []
    for _ in range(400):
        g = population[random.choice(500, 100, replace=False)]
        mean, deviations = (g.mean(axis=0) ** 2).sum(), ((g - g.mean(axis=0)) ** 2).sum()
        scales.append(noise_scale(Spread(100, mean, deviations), 500))
    assert np.median(scales) == pytest.approx(variance / G, rel=0.05)
    g = population
    whole = Spread(500, (g.mean(axis=0) ** 2).sum(), ((g - g.mean(axis=0)) ** 2).sum())
    assert noise_scale(whole, 500) == pytest.approx(variance / G)


def test_where_chance_explains_the_mean_the_scale_has_no_end():
    assert noise_scale(Spread(10, 0.5, 90.0), 10**6) == np.inf
    assert np.isnan(noise_scale(Spread(1, 0.5, 0.0), 10))
    assert np.isnan(norm_test(Spread(1, 0.5, 0.0)))
    assert norm_test(Spread(10, 0.0, 90.0)) == np.inf


def test_the_batch_that_comes_next_is_tested():
    whole = replace(task(QUADRATIC, batch=16, epochs=2), segments=2)
    [curve] = inspected(whole, rules.SGD(lr=0.01), [4])
    params, _ = initial(whole, 4)
    g = gradients(params, orders(whole, 4, 0, 1)[0, 0])
    mean = g.mean(axis=0)
    expected = np.sqrt(((g - mean) ** 2).sum() / (16 * 15) / (mean @ mean))
    assert curve["norm_test"][0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("problem", "known"),
    [
        (Problem("iris", network="mlp:8", dropout=0.3), {"noise_scale", "norm_test"}),
        (Problem("iris", network="mlp:8", norm="batch"), set()),
        pytest.param(
            Problem("iris", network="mlp:8", norm="layer"),
            {"sharpness", "noise_scale", "norm_test"},
            marks=pytest.mark.slow,
        ),
        (Problem("iris", network="mlp:4,4", residual=True), {"sharpness", "noise_scale", "norm_test"}),
        (Problem("sunspots", network="lstm:4", window=12), {"sharpness", "noise_scale", "norm_test"}),
    ],
    ids=["dropout", "batch norm", "layer norm", "residual", "lstm"],
)
def test_every_network_shows_what_it_has(problem, known):
    [curve] = inspected(task(problem, batch=32, epochs=1), rules.Lion(), [0])
    assert {name for name in DEAR if np.isfinite(curve[name]).any()} == known


@pytest.mark.parametrize(
    ("rule", "limited"),
    [
        (rules.ClipGlobalNorm(rules.Momentum(lr=0.01)), True),
        pytest.param(rules.L2(rules.Adam(), 0.01), True, marks=pytest.mark.slow),
        (rules.Lookahead(rules.Adam()), False),
        pytest.param(rules.SAM(rules.SGD()), False, marks=pytest.mark.slow),
        (rules.Prodigy(), False),
        pytest.param(rules.Muon(), False, marks=pytest.mark.slow),
        pytest.param(rules.LAMB(), False, marks=pytest.mark.slow),
    ],
    ids=lambda value: value.label() if isinstance(value, Rule) else "",
)
def test_every_rule_can_be_looked_into(rule, limited):
    [curve] = inspected(task(epochs=1), rule, [0])
    assert np.isfinite(curve["sharpness"]).all()
    assert np.isfinite(curve["stability"][-1]) == limited


def test_the_whole_set_as_a_batch_leaves_nothing_to_chance():
    whole = task(QUADRATIC, batch=task(QUADRATIC).train_size, epochs=1)
    [curve] = inspected(whole, rules.SGD(lr=0.01), [0])
    assert np.isnan(curve["norm_test"]).all()
    assert np.isfinite(curve["noise_scale"]).all()


# ---- trainings -------------------------------------------------------------------------------------


def test_looking_changes_nothing():
    whole = task(epochs=4)
    plain: Cohort = cohort(whole, [rules.Adam(lr=0.01)] * 2, [0, 1], width=2)
    looked = replace(plain, task=replace(whole, segments=4), inspects=True)
    for one, other in zip(train(plain).curves, train(looked).curves, strict=True):
        assert same_bits(one, {name: other[name] for name in one})


def test_what_was_lost_or_stopped_is_not_looked_into():
    whole = replace(task(QUADRATIC, batch=32, epochs=6), segments=6)
    [lost] = inspected(whole, rules.SGD(lr=1e3), [0])
    assert np.isfinite(lost["sharpness"][0])
    assert np.isnan(lost["sharpness"][-1])
    [stopped] = inspected(whole, rules.SGD(lr=1e-9), [0], stop=Stop(1, 0.5))
    assert list(np.flatnonzero(np.isfinite(stopped["sharpness"]))) == [0, 1]


# ---- a study ---------------------------------------------------------------------------------------

ASKED: dict[str, Any] = {"lr": "0.01:0.1:2", "seeds": 5, "epochs": 5, "workers": 1, "width": 5}


@pytest.fixture(scope="module")
def plain_and_dear(tmp_path_factory) -> tuple[Study, Study]:
    out: Path = tmp_path_factory.mktemp("dear") / "study"
    problem = Problem("iris", network="mlp:8")
    first = ladera.compare(problem, "sgd,adam,lbfgs", out=out, **ASKED)
    runs = first.runs()
    again = ladera.compare(problem, "sgd,adam,lbfgs", out=out, instruments="dear", **ASKED)
    assert set(runs["run"]) < set(again.runs()["run"])  # none was trained again
    return first, again


def test_a_study_is_looked_into_where_it_is_asked_to(plain_and_dear):
    plain, dear = plain_and_dear
    assert (plain.runs()["purpose"] != "inspect").all()
    looked = dear.runs()[dear.runs()["purpose"] == "inspect"]
    assert set(looked["optimizer"]) == {"sgd", "adam"}  # a solver has no steps between epochs
    assert len(looked) == 10
    assert str(dear.recommendation()) == str(plain.recommendation())
    assert dear.asked["training"]["instruments"] == "dear"
    reported = dear.runs()[dear.runs()["purpose"] == "report"]
    pairs = looked.merge(reported, on=["optimizer", "lr", "seed"])
    assert len(pairs) == 10
    assert (pairs["validation_loss_x"] == pairs["validation_loss_y"]).all()


def test_a_study_says_what_it_saw(plain_and_dear):
    plain, dear = plain_and_dear
    assert not set(plain.instruments()["instrument"]) & set(DEAR)
    found = dear.instruments()
    own = found[found["instrument"].isin(DEAR)]
    assert set(own["purpose"]) == {"inspect"}
    assert set(own["epoch"]) == {0, 1, 2, 3, 4, 5}
    assert set(own["layer"]) == {0}
    adam = own[(own["optimizer"] == "adam") & (own["instrument"] == "stability")]
    assert set(adam["epoch"]) == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(("lang", "heading"), [("en", "Stability and noise"), ("es", "Estabilidad y ruido")])
def test_a_report_draws_it(plain_and_dear, lang, heading):
    plain, dear = plain_and_dear
    assert heading in page(dear, lang)
    assert heading not in page(plain, lang)


def test_the_figure_shows_medians_over_the_seeds(plain_and_dear):
    _plain, dear = plain_and_dear
    shown = plots.inspection(dear, translator("en"))
    assert shown is not None
    found = dear.instruments()
    ends = found[(found["instrument"] == "stability") & (found["optimizer"] == "sgd") & (found["epoch"] == 5)]
    [line] = [
        trace
        for trace in shown.figure["data"]
        if trace["legendgroup"] == "sgd" and trace["mode"] == "lines+markers" and trace["yaxis"] == "y"
    ]
    assert line["y"][-1] == pytest.approx(ends["value"].median())
    assert line["x"][-1] == 5 * dear.asked["training"]["steps_per_epoch"]
    assert len(shown.table.rows) == 2 * 6


def test_an_unknown_word_is_refused():
    with pytest.raises(UsageError, match=r"deer.*dear"):
        ladera.compare(Problem("iris"), "sgd", instruments="deer")

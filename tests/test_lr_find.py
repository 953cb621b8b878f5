"""The learning-rate finder: sharpness against exact Hessians, edges against quadratics, and what is said."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree
from typer.testing import CliRunner

import ladera
from ladera import rules
from ladera.base import UsageError
from ladera.cli import app
from ladera.finding import Curve, Found, find_lr
from ladera.finding.words import plot, sentence
from ladera.locale import translator
from ladera.problems import Problem
from ladera.rules._stability import stable_below
from ladera.train import examples, sharpness
from ladera.train.work import initial

QUADRATIC = Problem("diabetes", network="linear")


@pytest.fixture(scope="module")
def found() -> Found:
    """Full-batch descent on a quadratic: the theory of its stability is exact."""
    return find_lr(
        QUADRATIC, "sgd,momentum,nesterov,adam", "0.01:4:14", seeds=1, steps=80, batch="full", workers=1
    )


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


IRIS = Problem("iris", network="mlp:4", activation="tanh", penalty="l2:0.1")


def exact(problem: Problem, params: Any, strength: float) -> float:
    """The largest eigenvalue of the whole Hessian of the loss as it is defined, in float64."""
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
        return float(np.linalg.eigvalsh(jax.jit(jax.hessian(lambda x: loss(unravel(x))))(x))[-1])


@pytest.mark.parametrize("twice", [True, False], ids=["exact", "difference"])
def test_sharpness_is_that_of_the_exact_hessian(twice, monkeypatch):
    whole = examples.task(IRIS, 16, 1)
    params, _ = initial(whole, 0)
    if not twice:
        product = sharpness._product
        monkeypatch.setattr(sharpness, "_product", lambda f, x, _: product(f, x, False))
    got = sharpness._of(whole, params)
    assert got == pytest.approx(exact(IRIS, params, 0.1), rel=1e-3 if twice else 5e-3)
    assert got != pytest.approx(exact(IRIS, params, 0.0), rel=0.02)  # the penalty is part of it


def test_what_has_no_hessian_is_known():
    assert sharpness.sharp_enough(examples.task(IRIS, 16, 1))
    assert not sharpness.sharp_enough(examples.task(replace(IRIS, dropout=0.5), 16, 1))
    assert not sharpness.sharp_enough(examples.task(replace(IRIS, norm="batch"), 16, 1))


def test_limits_are_those_of_the_books():
    assert stable_below(rules.SGD(), 4.0) == pytest.approx(0.5)
    assert stable_below(rules.Momentum(momentum=0.5), 4.0) == pytest.approx(0.75)
    assert stable_below(rules.Nesterov(momentum=0.5), 4.0) == pytest.approx(0.375)
    assert stable_below(rules.Adam(), 4.0) is None


# ---- on a quadratic --------------------------------------------------------------------------------


def test_on_a_quadratic_every_rule_diverges_where_it_is_predicted_to(found):
    x = found_inputs()
    curvature = float(np.linalg.eigvalsh(2 * x.T @ x / len(x))[-1])
    for curve in found.curves[:3]:
        assert curve.sharpness == pytest.approx(np.full((1, 2), curvature), rel=1e-3)
        below, above = curve.edge
        first, last = curve.predicted
        assert first == pytest.approx(last, rel=1e-3)
        assert below < first < above
    limits = [curve.predicted[0] for curve in found.curves[:3]]
    assert limits[1] == pytest.approx(1.9 * limits[0])
    assert limits[2] == pytest.approx(1.9 / 2.8 * limits[0])
    adam = found.curves[3]
    assert adam.predicted is None
    assert "No prediction for Adam" in found.sentence()


def found_inputs() -> np.ndarray:
    x = np.asarray(QUADRATIC.prepared().train.x, float)
    return np.c_[x, np.ones(len(x))]


# ---- curves ----------------------------------------------------------------------------------------


def curve(losses: list[list[float]], starts: tuple[float, ...] = (2.0, 2.0), **more: Any) -> Curve:
    rates = np.array([0.01 * 10**k for k in range(len(losses))])
    return Curve("sgd", "SGD", rules.SGD(), rates, np.array(losses), np.array(starts), **more)


def test_interval_and_edges_are_those_of_every_seed():
    inf = math.inf
    seen = curve([[1.9, 1.9], [0.05, 0.06], [0.0, 0.01], [0.05, 0.3], [1.2, 0.1], [inf, 0.1], [inf, inf]])
    assert seen.best == 2
    assert seen.interval == pytest.approx((0.1, 1.0))  # at 10 the second seed is 0.29 above its best
    assert seen.useless == pytest.approx(100.0)
    assert seen.edge == pytest.approx((100.0, 1000.0))
    assert list(seen.diverged) == [0, 0, 0, 0, 0, 1, 2]
    assert seen.median[5] == inf


def test_a_sweep_at_which_nothing_trained_says_so(found):
    seen = curve([[math.inf, math.inf]] * 3)
    assert seen.best is None
    assert seen.interval is None
    assert "at none of the rates" in sentence(seen, found, str)
    assert plot(seen, 80, str) == []
    assert seen.as_dict()["best"] is None


# ---- what a person sees ----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_command_says_what_was_found(found, lang, monkeypatch, tmp_path):
    monkeypatch.setattr("ladera.finding.find_lr", lambda *_, **__: found)
    told = ["lr-find", "diabetes", "--figure", str(tmp_path / "f.html"), "--csv", str(tmp_path / "f.csv")]
    done = CliRunner().invoke(app, told, env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    assert done.stdout.count("●") == sum(np.isfinite(one.median).sum() for one in found.curves) + 1
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if str(tmp_path) not in line)
    assert (tmp_path / "f.csv").read_text().count("\n") == 1 + 4 * 14
    assert "<html>" in (tmp_path / "f.html").read_text(encoding="utf-8")
    for one in found.curves:
        assert "{" not in sentence(one, found, translator(lang))
    said = json.loads(CliRunner().invoke(app, ["lr-find", "--json"]).stdout)
    assert [one["optimizer"] for one in said["optimizers"]] == ["sgd", "momentum", "nesterov", "adam"]
    assert said["optimizers"][0]["predicted"] == pytest.approx(found.curves[0].predicted)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"steps": 0}, "steps"),
        ({"optimizers": "lbfgs"}, "no learning rate"),
        ({"optimizers": "adamm"}, "adam"),
        ({"batch": 1000}, "265"),
        ({"lr": "fast"}, "fast"),
        ({"seeds": 0}, "seeds"),
    ],
    ids=str,
)
def test_wrong_use_is_one_sentence(asked, said):
    with pytest.raises(UsageError, match=said):
        find_lr(QUADRATIC, **asked)


def test_it_is_there_by_its_name():
    assert ladera.find_lr is find_lr

"""The learning-rate finder: edges against quadratics, and what is said."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import ladera
from ladera import rules
from ladera.base import UsageError
from ladera.cli import app
from ladera.finding import Curve, Found, find_lr
from ladera.finding.words import plot, sentence
from ladera.locale import translator
from ladera.problems import Problem

IRIS = Problem("iris", network="mlp:4")
QUADRATIC = Problem("diabetes", network="linear")


@pytest.fixture(scope="module")
def found() -> Found:
    """Full-batch descent on a quadratic: the theory of its stability is exact."""
    return find_lr(
        QUADRATIC, "sgd,momentum,nesterov,adam", "0.01:4:14", seeds=1, steps=80, batch="full", workers=1
    )


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


def test_what_adam_divides_by_is_part_of_its_prediction(found):
    adam = found.curves[3]
    before, after = adam.predicted
    assert before is None  # nothing is accumulated yet
    assert after == pytest.approx(adam.rates[adam.best] / adam.stability[0, 1])
    assert "by what Adam divides its steps by: unstable from" in found.sentence()
    assert "por aquello entre lo que Adam divide sus pasos" in found.sentence("es")


def test_without_a_limit_there_is_no_prediction():
    asked: Any = {"seeds": 1, "steps": 30, "workers": 1}
    signs = find_lr(IRIS, "signsgd", "0.001:0.01:2", **asked)
    assert signs.curves[0].predicted is None
    assert "No prediction for SignSGD" in signs.sentence()


@pytest.mark.slow
def test_where_chance_decides_there_is_no_prediction():
    asked: Any = {"seeds": 1, "steps": 3, "workers": 1}
    chance = find_lr(replace(IRIS, dropout=0.5), "sgd", "0.001:0.01:2", **asked)
    assert chance.curves[0].curvature is chance.curves[0].predicted is None
    assert "with dropout" in chance.sentence()


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


def test_where_no_rate_learns_none_is_recommended():
    found = find_lr(IRIS, "sgd", "1e-12,1e-11", seeds=1, steps=3, workers=1)
    assert "no rate from 1e-12 to 1e-11 lowered the training loss" in found.sentence()
    assert "take a learning rate" not in found.sentence()
    assert "ninguna tasa" in found.sentence("es")

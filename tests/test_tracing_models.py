"""The models of solvers' steps, their figures, races of first and second order, and the commands."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ladera.base import UsageError
from ladera.cli import app
from ladera.locale import languages
from ladera.rules import SGD, Adam
from ladera.solvers import Result
from ladera.tracing import race, trace


@functools.cache
def way(method: str, f: str = "rosenbrock", x0: tuple[float, ...] = (-1.2, 1.0)):
    return trace(f, x0, method, 200)


def run(*arguments: str) -> str:
    answer = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert answer.exit_code == 0, answer.output
    return answer.stdout


# ---- models and figures ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["newton", "trust", "bfgs", "lm"])
def test_the_model_of_a_step_is_f_nearby(method):
    found = way(method)
    model = found.models[3]
    assert list(found.models) == list(range(1, found.steps + 1))
    np.testing.assert_array_equal(model.at, found.x[2])
    np.testing.assert_array_equal(model.gradient, found.gradients[2])
    assert float(model(np.zeros(2))) == pytest.approx(found.fun[2])
    slope = [(model(h) - model(-h)) / 2e-4 for h in 1e-4 * np.eye(2)]
    np.testing.assert_allclose(slope, model.gradient, rtol=1e-6)
    if model.radius is not None and method != "lm":  # whose radius holds to a tenth, and before the bend
        assert np.linalg.norm(model.scale @ model.step) <= model.radius * (1 + 1e-9)


def test_the_models_minimum_is_where_the_method_goes():
    newton, lm = way("newton").models[1], way("lm").models[2]
    assert newton.lowest is not None
    np.testing.assert_allclose(newton.lowest, newton.step / way("newton").values["alpha"][0])
    np.testing.assert_allclose((lm.matrix + lm.damping) @ way("lm").inside[1]["v"], -lm.gradient, rtol=1e-9)
    assert way("bfgs").models[5].inverse


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("trust", {"quadratic model", "trust region", "step"}),
        ("bfgs", {"quadratic model", "ellipse of the inverse Hessian", "minimum of the model", "step"}),
        ("lm", {"quadratic model", "trust region", "step"}),
    ],
)
def test_the_picture_of_a_model(method, names):
    figure = way(method).figure(model=4)
    drawn = {t.name for t in figure.data}
    assert names <= drawn
    step = next(t for t in figure.data if t.name == "step")
    np.testing.assert_allclose(np.stack([step.x, step.y], 1), way(method).x[3:5])
    if method == "trust":
        edge = next(t for t in figure.data if t.name == "trust region")
        far = np.hypot(np.array(edge.x) - step.x[0], np.array(edge.y) - step.y[0])
        np.testing.assert_allclose(far, way("trust").values["Delta"][3])


def test_a_model_in_one_variable_is_a_parabola():
    figure = way("newton", "(w-3)^2", (0.0,)).figure(model=1)
    parabola = next(t for t in figure.data if t.name == "quadratic model")
    np.testing.assert_allclose(parabola.y, (np.array(parabola.x) - 3) ** 2, atol=1e-9)


def test_models_that_cannot_be_drawn_say_why():
    with pytest.raises(UsageError, match="sgd"):
        trace("valley", (1.0, 2.0), SGD(lr=0.01), 3).figure(model=1)
    with pytest.raises(UsageError, match="steps 1 to"):
        way("bfgs").figure(model=999)


@pytest.mark.parametrize(("method", "panel"), [("lm", "Δ"), ("trust", "Δ"), ("bfgs", "α")])
def test_the_figure_shows_what_keeps_the_steps_short(method, panel):
    found = way(method)
    figure = found.figure()
    assert any(panel in title.text for title in figure.layout.annotations if title.text)
    (drawn,) = [t for t in figure.data if t.xaxis == "x3"]
    letter = {"Δ": "Delta", "α": "alpha"}[panel]
    np.testing.assert_allclose(drawn.y, found.values[letter])
    assert found.figure(lang="es") is not None


# ---- races -------------------------------------------------------------------------------------------


def test_a_race_of_first_and_second_order():
    found = race("rosenbrock", (-1.2, 1.0), [Adam(lr=0.1), "newton", "bfgs", "lm"], by="evaluations")
    assert list(found.traces) == ["adam lr=0.1", "newton", "bfgs", "lm"]
    arrived = [found.spent(name)[found.arrival(name)] for name in found.order[:3]]
    assert arrived == sorted(arrived)
    assert found.order[-1] == "adam lr=0.1"
    said = found.sentence()
    assert said.startswith(f"{found.order[0]} arrives first")
    assert "gradient evaluations" in said
    assert said.endswith("Not there after 200 steps: adam lr=0.1.")
    by_steps = race("rosenbrock", (-1.2, 1.0), [Adam(lr=0.1), "newton", "bfgs", "lm"])
    assert by_steps.order[0] == "lm"
    assert "after step" in by_steps.sentence()
    frame = found.table()
    assert frame["status"].tolist() == ["converged"] * 3 + ["finished"]
    for lang in languages():
        assert found.sentence(lang)
        drawn = json.loads(found.figure(lang=lang).to_json())["data"]
        costs = {t["name"]: t["x"] for t in drawn if t.get("xaxis") == "x"}
        assert costs["bfgs"] == found.traces["bfgs"].evaluations.tolist()


def test_a_method_that_ends_at_a_saddle_is_told():
    found = race("bounded-saddle", (1.5, 0.0), ["bfgs", "trust"], 50)
    assert found.order == ["trust", "bfgs"]
    assert found.traces["bfgs"].code is Result.SADDLE
    assert f"bfgs ends elsewhere after step {found.traces['bfgs'].steps}, at f = 0. The gradient" in (
        found.sentence()
    )
    assert found.table()["status"].tolist() == ["converged", "saddle"]


def test_seconds_are_measured_on_the_compiled_program():
    found = race("(w-3)^2", 0.0, [SGD(lr=0.4), "newton"], 20, by="seconds")
    for name, t in found.traces.items():
        spent = found.spent(name)
        assert spent.shape == (t.steps + 1,)
        assert (np.diff(spent) > 0).all()
    assert {"seconds", "evaluations"} <= set(found.table())
    assert " ms, measured" in found.sentence()
    assert found.figure().layout.xaxis.title.text == "seconds"


# ---- the commands ------------------------------------------------------------------------------------


def test_the_command_line(tmp_path):
    answer = json.loads(run("trace", "(w-3)^2", "--start", "0", "--method", "newton", "--json"))
    assert answer["method"] == "newton"
    assert answer["rows"][0]["w_new"] == 3
    assert answer["message"] == Result.CONVERGED.message
    page = tmp_path / "model.html"
    said = run("trace", "rosenbrock", "--method", "lm", "--model", "2", "--figure", str(page))
    assert "lambda" in said
    assert "trust region" in page.read_text(encoding="utf-8")
    said = run("race", "rosenbrock", "--method", "newton", "--method", "adam lr=0.1", "--by", "evaluations")
    assert "newton arrives first" in said
    assert "converged" in said
    said = run("trace", "rosenbrock", "--method", "cg", "--set", "beta=fletcher-reeves", "--steps", "2")
    assert said.startswith("cg beta=fletcher-reeves on f = ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trace", "x^2", "--start", "1", "--method", "newton", "--like", "torch"), "--like"),
        (("trace", "x^2", "--start", "1", "--method", "newton", "--model", "1"), "--figure"),
        (("race", "x^2", "--start", "1", "--method", "newton", "--by", "hours"), "evaluations"),
        (("explain", "newtn"), "'newton'"),
    ],
)
def test_wrong_use_on_the_command_line(arguments, said):
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 2
    assert said in answer.output

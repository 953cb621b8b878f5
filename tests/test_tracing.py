"""Traces, races, stability limits and many descents at once, against numbers worked out elsewhere."""

from __future__ import annotations

import itertools
import json

import jax
import numpy as np
import pytest
import scipy.optimize
import torch

import ladera
from ladera import rules, surfaces
from ladera.base import Status, UsageError
from ladera.locale import languages, translator
from ladera.rules import SGD, Adam, Lookahead, Momentum, Nesterov, RMSprop
from ladera.tracing import columns, descend, race, stability, trace

ALL = [*ladera.rules.names()]


# The sources' tables


def test_descent_on_the_shifted_parabola_is_the_table_of_the_course():
    table = trace("(w-3)^2", 0, "sgd", 4, lr=0.1).table()
    assert list(table) == ["k", "w", "f(w)", "f'(w)", "w_new"]
    assert table["k"].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(table["w"], [0, 0.6, 1.08, 1.464])
    np.testing.assert_allclose(table["f(w)"], [9, 5.76, 3.6864, 2.359296])
    np.testing.assert_allclose(table["f'(w)"], [-6, -4.8, -3.84, -3.072])
    np.testing.assert_allclose(table["w_new"], [0.6, 1.08, 1.464, 1.7712])


def test_adam_by_hand_shows_every_moment():
    table = trace("x^2", 5, "adam", 3, lr=0.1).table()
    assert list(table) == ["k", "x", "f(x)", "f'(x)", "m", "v", "m_hat", "v_hat", "x_new"]
    np.testing.assert_allclose(table["x_new"], [4.9, 4.800058, 4.700213], atol=5e-7)
    np.testing.assert_allclose(table["m"].iloc[:2], [1, 1.88])
    np.testing.assert_allclose(table["v_hat"].iloc[0], 100)


@pytest.mark.parametrize(("lr", "end"), [(0.25, 0.3125), (0.4, 0.008), (1.0, 5.0)])
def test_descent_on_the_parabola_at_every_rate_of_the_course(lr, end):
    assert trace("x^2", 5, SGD(lr=lr), 4).x[-1, 0] == pytest.approx(end)


def test_the_step_card_of_the_valley():
    found = trace("3x^2 + 2xy + y^2", (-4, 3), SGD(lr=0.1), 1)
    card = found.card(1)
    assert "x = x[0] - lr*g = (-4, 3) - 0.1*(-18, -2) = (-2.2, 3.2)" in card
    assert "f = 33" in card
    assert "f = 10.68" in card
    latex = found.latex(1)
    assert latex.startswith(r"\begin{aligned}")
    assert r"x_{1} &= x_{0} - \alpha g_{1} = \left(-4,\, 3\right) - 0.1 \cdot" in latex


def test_spanish_headings():
    table = trace("(w-3)^2", 0, "sgd", 2, lr=0.1).table(lang="es")
    assert list(table)[-1] == "w_nuevo"


# Against other people's loops


@pytest.mark.parametrize("name", ["rosenbrock", "himmelblau", "beale"])
def test_follows_pytorch(name):
    surface = surfaces.get(name)
    x = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.01)
    found = trace(name, surface.start, Adam(lr=0.01), 50)
    for k in range(1, 51):
        optimizer.zero_grad()
        surface.formula.value(x).backward()
        optimizer.step()
        np.testing.assert_allclose(found.x[k], x.detach().numpy(), rtol=1e-10)


@pytest.mark.parametrize("method", ALL)
def test_every_rule_leaves_a_trace_that_its_own_steps_repeat(method):
    rule = ladera.rules.get(method)()
    found = trace("valley", (-4, 3), rule, 12)
    assert found.status == Status.FINISHED
    x = np.array([-4.0, 3.0])
    s = rule.init(x)
    for k in range(12):
        point = rule.read(s, x)
        np.testing.assert_array_equal(found.points[k], point)
        g = found.surface.gradient(point)
        np.testing.assert_allclose(found.gradients[k], g, rtol=1e-13, atol=1e-13)
        s, x = rule.step(k + 1, found.gradients[k], s, x)
        np.testing.assert_array_equal(found.x[k + 1], x)
        assert found.fun[k + 1] == pytest.approx(found.surface.value(x), rel=1e-12, abs=1e-12)
    table = found.table()
    assert len(table) == 12
    assert not table.isna().to_numpy().any()
    found.card(12)
    found.latex(12)


def test_looks_ahead_where_the_rule_does():
    found = trace("x^2", 5, Nesterov(lr=0.1, momentum=0.9), 3)
    assert "x of the gradient" in found.table()
    assert found.points[1, 0] == pytest.approx(found.x[1, 0] + 0.9 * (found.x[1, 0] - found.x[0, 0]))


def test_a_second_gradient_is_taken_and_charged():
    found = trace("x^2", 5, rules.SAM(SGD(lr=0.1), radius=0.5), 3)
    assert found.points[0, 0] == pytest.approx(5.5)
    assert found.evaluations.tolist() == [0, 2, 4, 6]


# What can go wrong


@pytest.mark.parametrize("rule", [SGD(lr=10.0), Momentum(lr=5.0)])
def test_divergence_is_a_status_and_names_its_step(rule):
    found = trace("dixon-price", (10, 10), rule, 1000)
    assert found.status == Status.DIVERGED
    assert f"step {found.steps + 1}" in found.message
    assert np.isfinite(found.fun).all()
    assert found.told(translator("es")) != found.message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x^2", 5, "adamm"), "'adam'"),
        (("x^2", 5, "adam", 0), "from 1 to"),
        (("x^2", 5, "adam", 2.5), "from 1 to"),
        (("x^2", 5, 7), "received 7"),
        (("rosenbrok", (1, 1)), "rosenbrock"),
        (("x^2 + y^2", 5), "2"),
        (("ln(x)", -1), "-1"),
        (("x^2", float("nan")), "nan"),
        (("x^2 +", 5), "position"),
    ],
)
def test_wrong_use_is_one_clear_sentence(arguments, said):
    with pytest.raises(UsageError) as error:
        trace(*arguments)
    assert said in str(error.value)


def test_an_unknown_hyperparameter_gets_the_nearest():
    with pytest.raises(UsageError, match="nearest name is 'momentum'"):
        trace("x^2", 5, "momentum", 3, momentun=0.5)


def test_only_steps_that_were_taken_can_be_shown():
    found = trace("x^2", 5, "sgd", 3)
    for k in (0, 4, "1"):
        with pytest.raises(UsageError, match="steps 1 to 3"):
            found.card(k)


def test_a_function_of_python_is_followed_too():
    found = trace(lambda x: (x[0] - 1) ** 2 + 10 * (x[1] + 2) ** 2, (0, 0), SGD(lr=0.05), 200)
    np.testing.assert_allclose(found.x[-1], [1, -2], atol=1e-6)


# Races

RACERS = {
    "descent": SGD(lr=0.1),
    "momentum": Momentum(lr=0.1, momentum=0.5),
    "RMSprop": RMSprop(lr=0.1),
    "Adam": Adam(lr=0.3),
}


def test_the_race_on_the_valley():
    found = race("valley", (-4, 3), RACERS)
    assert [found.arrival(name) for name in RACERS] == [38, 14, 59, 70]
    assert found.order[0] == "momentum"
    assert not found.stays("RMSprop")
    said = found.sentence()
    assert said.startswith("momentum arrives first")
    assert "RMSprop arrives after step 59 and leaves again: f = 0.015" in said
    frame = found.table()
    assert frame["method"].tolist() == ["momentum", "descent", "RMSprop", "Adam"]
    for lang in languages():
        assert found.sentence(lang)


def test_a_race_names_its_methods_and_refuses_doubles():
    found = race("valley", (-4, 3), ["sgd", Adam(lr=0.3)], 10)
    assert list(found.traces) == ["sgd", "adam lr=0.3"]
    with pytest.raises(UsageError, match="twice"):
        race("valley", (-4, 3), ["sgd", SGD()], 10)
    with pytest.raises(UsageError, match="at least one"):
        race("valley", (-4, 3), [], 10)


def test_nobody_arrives():
    said = race("valley", (-4, 3), {"slow": SGD(lr=1e-6)}, 5).sentence()
    assert said.startswith("No method comes within 0.001")


def test_saddle_lesson():
    """From the axis every first-order method stays on it; from beside it all escape."""
    methods = {
        name: rules.make(name) for name in ("sgd", "momentum", "nesterov", "adam", "rmsprop", "adagrad")
    }
    on = race("bounded-saddle", (1.5, 0.0), {n: r.replace(lr=0.05) for n, r in methods.items()}, 600)
    off = race("bounded-saddle", (1.5, 0.001), {n: r.replace(lr=0.05) for n, r in methods.items()}, 600)
    for name in methods:
        assert on.traces[name].x[-1, 1] == 0
        assert abs(off.traces[name].x[-1, 1]) > 1


@pytest.mark.parametrize("by", ["steps", "evaluations"])
@pytest.mark.parametrize("lang", languages())
def test_figures_hold_the_numbers(by, lang):
    found = race("valley", (-4, 3), RACERS, 30)
    drawn = json.loads(found.figure(by, lang).to_json())
    ways = [t for t in drawn["data"] if t.get("xaxis") == "x2" and t.get("name") in RACERS]
    assert len(ways) == len(RACERS)
    for way in ways:
        np.testing.assert_allclose(way["x"], found.traces[way["name"]].x[:, 0])
        np.testing.assert_allclose(way["y"], found.traces[way["name"]].x[:, 1])
    looks = {(t["line"]["color"], t["line"]["dash"], t["marker"]["symbol"]) for t in ways}
    assert len(looks) == len(RACERS)


def test_an_unknown_axis_gets_the_nearest():
    with pytest.raises(UsageError, match="'steps'"):
        race("valley", (-4, 3), ["sgd"], 3).figure("step")


@pytest.mark.parametrize("f", ["(w-3)^2", "himmelblau", "x1^2 + x2^2 + x3^2"])
def test_figures_of_every_dimension(f):
    surface = surfaces.of(f)
    found = trace(f, [0.5] * surface.dimension, SGD(lr=0.001), 5)
    assert len(found.figure().data) >= 2


# Stability


def test_stability_limit_is_where_descent_stops_to_settle():
    limit = stability(surfaces.get("valley"), (0, 0)).limit
    assert limit == pytest.approx(2 / (4 + np.sqrt(8)))
    for factor, settles in ((0.98, True), (1.02, False)):
        end = trace("valley", (-4, 3), SGD(lr=factor * limit), 800).fun[-1]
        assert (end < 1e-6) == settles


@pytest.mark.parametrize("cls", [Momentum, Nesterov])
def test_stability_limit_of_momentum(cls):
    limit = stability(surfaces.get("valley"), (0, 0), cls(momentum=0.6)).limit
    for factor, settles in ((0.98, True), (1.02, False)):
        fun = trace("valley", (-4, 3), cls(lr=factor * limit, momentum=0.6), 1500).fun
        assert (fun[-1] < 1e-6) == settles


def test_no_limit_where_there_is_none():
    assert stability(surfaces.get("valley"), (0, 0), Adam()) is None
    assert stability(surfaces.of("-x^2 - y^2"), (0, 0)) is None


# Many descents at once


def test_many_descents_are_as_many_traces():
    starts = np.random.default_rng(0).uniform(-2, 2, size=(5, 2))
    rates = [0.001, 0.003]
    found = descend("himmelblau", starts, "adam", 40, lr=rates, b1=[0.5, 0.9, 0.95])
    assert found.x.shape == (2, 3, 5, 2)
    assert found.fun.shape == (2, 3, 5)
    for i, j, k in itertools.product(range(2), range(3), range(5)):
        rule = Adam(lr=rates[i], b1=[0.5, 0.9, 0.95][j])
        alone = trace("himmelblau", starts[k], rule, 40)
        np.testing.assert_allclose(found.x[i, j, k], alone.x[-1], rtol=1e-9)
        assert found.fun[i, j, k] == pytest.approx(alone.fun[-1], rel=1e-8)


def test_other_numbers_and_other_counts_of_steps_need_no_new_program():
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, _, **__: compiled.append(name) if name.endswith("backend_compile_duration") else None
    )
    starts = np.ones((4, 2))
    descend("booth", starts, "momentum", 10, lr=[0.01, 0.02])
    before = len(compiled)
    assert before > 0
    descend("booth", 2 * starts, Momentum(momentum=0.5), 77, lr=[0.03, 0.001])
    assert len(compiled) == before


@pytest.mark.parametrize("rule", [rules.LAMB(lr=0.01), rules.SAM(SGD(lr=0.01)), Lookahead(SGD(lr=0.01))])
def test_rules_of_every_scope_descend(rule):
    found = descend("sphere", [(1.0, 2.0), (3.0, -1.0)], rule, 50)
    for k, start in enumerate([(1.0, 2.0), (3.0, -1.0)]):
        np.testing.assert_allclose(found.x[k], trace("sphere", start, rule, 50).x[-1], rtol=1e-9)


def test_diverged_descents_are_marked():
    found = descend("rosenbrock", [(1.0, 1.0), (30.0, 30.0)], "sgd", 50, lr=[1e-4, 1.0])
    assert found.finite.tolist() == [[True, False], [True, False]] or found.finite[0, 0]
    assert not found.finite[1, 1]


@pytest.mark.parametrize("starts", ["abc", [], np.ones((2, 2, 2)), [(1.0, 2.0, 3.0)]])
def test_starts_of_another_shape_are_refused(starts):
    with pytest.raises(UsageError):
        descend("rosenbrock", starts)


def test_a_descent_finds_what_scipy_finds():
    end = descend("beale", [(1.0, 1.0)], "adam", 20000, lr=0.01).x[0]
    found = scipy.optimize.minimize(lambda p: float(surfaces.get("beale").value(p)), (1.0, 1.0), tol=1e-12)
    np.testing.assert_allclose(end, found.x, atol=1e-4)


def test_columns_never_hold_the_new_x_twice():
    found = columns(trace("x^2", 5, rules.AdamW(), 3), translator())
    assert sum("new" in name for name in found) == 1

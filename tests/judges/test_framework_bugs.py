"""Where a framework goes wrong, or two of them apart under one name, and what the rules here do there.

Each test shows the fault live, so that it says when a framework has mended it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
from frameworks import Keras, Optax, Torch, float64

from ladera.rules import Adadelta, Adagrad, Adam, Momentum, RAdam, Rule


@pytest.fixture
def usual_jax():
    """The frameworks rely on JAX's implicit promotions."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def displacements(rule: Rule, g: np.ndarray, steps: int) -> np.ndarray:
    """What each step of a rule adds to 0, along one gradient."""
    s, moved = rule.init(0 * g), []
    for t in range(1, steps + 1):
        s, x = rule.step(t, g, s, 0 * g)
        moved.append(x)
    return np.array(moved)


def test_adadelta_of_optax_ascends_without_a_learning_rate(usual_jax):
    """Its default learning rate, None, leaves out the sign; the paper has no learning rate."""
    x, ours = jnp.ones(2), np.ones(2)
    theirs = optax.adadelta()
    state, s = theirs.init(x), Adadelta().init(ours)
    for t in range(1, 101):
        updates, state = theirs.update(x, state, x)  # the gradient of ½ |x|²
        x = optax.apply_updates(x, updates)
        s, ours = Adadelta.like("optax").step(t, ours, s, ours)
    assert np.all(np.asarray(x) > 1.4)
    assert np.all(ours < 1.0)


def test_radam_of_optax_takes_the_wrong_branch_in_float32(usual_jax):
    """At b2 = 0.9999 its ρ is 8.3 for 3.0 at t = 3: it rectifies from the second step on, not the sixth."""
    rate, g = 0.9999, np.full(1, 0.3)
    theirs = optax.radam(1e-3, b2=rate)
    state, moved = theirs.init(jnp.zeros(1)), []
    for _ in range(8):
        updates, state = theirs.update(jnp.asarray(g, jnp.float32), state)
        moved.append(float(updates[0]))
    rectified = np.abs(moved) < 1e-4
    assert rectified.tolist() == [False] + 7 * [True]

    rule = RAdam.like("optax", b2=rate)
    exact, single = displacements(rule, g, 8), displacements(rule, g.astype(np.float32), 8)
    assert (np.abs(exact[:, 0]) < 1e-4).tolist() == 5 * [False] + 3 * [True]
    assert (np.abs(single[:, 0]) < 1e-4).tolist() == 5 * [False] + 3 * [True]
    np.testing.assert_allclose(single, exact, rtol=3e-3)


def test_adam_of_keras_stands_still_in_bfloat16(usual_jax):
    """Its b2 is rounded to 1, and so 1 - b2^t to 0, which is a factor of the step."""
    variable, ours = keras.Variable(np.ones(2), dtype="bfloat16"), jnp.ones(2, jnp.bfloat16)
    optimizer, rule = keras.optimizers.Adam(0.1), Adam.like("keras", lr=0.1)
    s = rule.init(ours)
    for t in range(1, 21):
        optimizer.apply([jnp.ones(2, jnp.bfloat16)], [variable])
        s, ours = rule.step(t, jnp.ones(2, jnp.bfloat16), s, ours)
    assert np.array_equal(np.asarray(variable.value, np.float32), np.ones(2))
    assert ours.dtype == jnp.bfloat16
    np.testing.assert_allclose(np.asarray(ours, np.float32), -1.0, rtol=0.01)  # 20 steps of 0.1


@pytest.mark.parametrize(("b2", "error"), [(0.999, 6.6e-6), (0.9999, 8.3e-5)])
def test_the_first_step_of_adam_of_optax_is_off_in_float32(b2, error, usual_jax):
    """It is lr against the sign of g, whatever g is, but for eps; 1 - b2 has lost three to four digits."""
    g = jnp.full(1, 0.3, jnp.float32)
    theirs = optax.adam(1.0, b2=b2)
    updates, _ = theirs.update(g, theirs.init(g))
    assert abs(float(updates[0]) + 1) == pytest.approx(error, rel=0.02)

    @jax.jit
    def first(rate):
        rule = Adam(lr=1.0, b2=rate)
        return rule.step(jnp.float32(1), g, rule.init(g), 0 * g)[1]

    assert abs(float(first(jnp.float32(b2))[0]) + 1) < 1e-6


def test_momentum_is_two_algorithms_once_the_learning_rate_changes():
    """Gradient (1, 10) x from (1, 1), lr 0.05, after five steps 0.005: at step 20 they are 0.87 apart."""
    curvature, start = np.array([1.0, 10.0]), np.ones(2)
    rates = [0.05] * 5 + [0.005] * 15

    def ways(rates):
        ends = {}
        with float64():
            for judge, optimizer, name in (
                (Torch, "SGD", "lr"),
                (Keras, "SGD", "learning_rate"),
                (Optax, "sgd", "learning_rate"),
            ):
                theirs = judge(optimizer, start, {name: rates[0], "momentum": 0.9})
                for lr in rates:
                    theirs.step(curvature * theirs.point(), {name: lr, "momentum": 0.9})
                ends[judge.__name__.lower()] = theirs.point()
        for framework in ("paper", "torch", "keras", "optax"):
            rule, x = Momentum.like(framework), start
            s = rule.init(x)
            for t, lr in enumerate(rates, start=1):
                s, x = rule.replace(lr=lr).step(t, curvature * x, s, x)
            if framework != "paper":
                np.testing.assert_allclose(x, ends[framework], rtol=1e-12)
            ends[f"ours, {framework}"] = x
        return ends

    ends = ways(rates)
    assert np.abs(ends["torch"] - ends["keras"]).max() == pytest.approx(0.867, abs=5e-4)
    np.testing.assert_allclose(ends["torch"], ends["optax"], rtol=1e-12)
    np.testing.assert_allclose(ends["keras"], ends["ours, paper"], rtol=1e-12)

    constant = ways([0.05] * 20)
    assert all(np.allclose(end, constant["torch"], rtol=1e-12, atol=0) for end in constant.values())


def test_the_eps_of_adam_of_keras_acts_32_times_as_strongly_at_first():
    """1/√(1 - b2), as the gap that eps makes in the first step says; at last both act alike."""
    g, eps = np.ones(1), 1e-4
    with float64():
        keras_adam = Keras("Adam", np.zeros(1), {"learning_rate": 1.0, "epsilon": eps})
        keras_adam.step(g, {})
        theirs = keras_adam.point()
    ours = {name: displacements(Adam.like(name, lr=1.0, eps=eps), g, 8000) for name in ("paper", "keras")}
    np.testing.assert_allclose(ours["keras"][0], theirs, rtol=1e-12)
    gaps = {name: 1 + way[[0, -1], 0] for name, way in ours.items()}
    assert gaps["keras"][0] / gaps["paper"][0] == pytest.approx(31.6, abs=0.15)
    assert gaps["keras"][1] / gaps["paper"][1] == pytest.approx(1.0, abs=1e-3)


def test_adagrad_of_optax_does_not_move_where_it_saw_no_gradient():
    """It puts 0 for 1/√(G + eps) where G = 0; there the gradient is 0, so the dialect needs nothing."""
    g = np.array([0.0, 1.0])
    with float64():
        theirs = Optax("adagrad", np.ones(2), {"learning_rate": 0.1, "initial_accumulator_value": 0.0})
        theirs.step(g, {"learning_rate": 0.1, "initial_accumulator_value": 0.0})
        point = theirs.point()
    rule = Adagrad.like("optax", lr=0.1, G0=0.0)
    _, x = rule.step(1, g, rule.init(np.ones(2)), np.ones(2))
    assert x[0] == point[0] == 1.0
    np.testing.assert_allclose(x, point, rtol=1e-12)

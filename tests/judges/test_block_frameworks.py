"""What the frameworks do with rules of whole tensors, and with averages, that their papers do not say.

Each test shows it live, so that it says when a framework has changed its mind.
"""

from __future__ import annotations

import jax.numpy as jnp
import keras
import numpy as np
import pytest
import torch
from frameworks import Keras, Optax, Torch, float64

from ladera.rules import Adafactor, Muon, Prodigy, Rule, ScheduleFreeAdamW, ScheduleFreeSGD

START = np.random.default_rng(0).normal(size=(6, 4))
GRADIENTS = np.random.default_rng(1).normal(size=(10, 6, 4))


def ours(rule: Rule) -> np.ndarray:
    """Our displacement, where the gradients are given."""
    s, x = rule.init(START), START
    for t, g in enumerate(GRADIENTS, start=1):
        s, x = rule.step(t, g, s, x)
    return x - START


def theirs(judge: type, optimizer: str, **settings) -> np.ndarray:
    with float64():
        framework = judge(optimizer, START, settings)
        for g in GRADIENTS:
            framework.step(g, settings)
        return framework.point() - START


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def test_muon_of_pytorch_is_right_to_two_digits():
    """It orthogonalises in bfloat16, whatever the dtype of the weights."""
    exact = ours(Muon.like("torch", weight_decay=0.0))
    assert 1e-3 < apart(theirs(Torch, "Muon", weight_decay=0.0), exact) < 3e-2


def test_muon_and_adafactor_of_keras_are_right_to_seven_digits():
    """Its `ops.norm` and `ops.mean` compute in float32 with arrays of float64."""
    with float64():
        values = jnp.asarray(START)
        assert abs(np.asarray(keras.ops.norm(values)) / np.linalg.norm(START) - 1) > 1e-9
        assert abs(np.asarray(keras.ops.mean(values)) / np.mean(START) - 1) > 1e-9
    muon = ours(Muon.like("keras", weight_decay=0.0))
    assert 1e-9 < apart(theirs(Keras, "Muon", weight_decay=0.0), muon) < 1e-5
    assert 1e-9 < apart(theirs(Keras, "Adafactor"), ours(Adafactor.like("keras"))) < 1e-6


def test_adafactor_of_keras_is_relative_whatever_its_flag_says():
    on, off = (theirs(Keras, "Adafactor", learning_rate=0.5, relative_step=flag) for flag in (True, False))
    np.testing.assert_array_equal(on, off)
    assert apart(off, ours(Adafactor.like("keras", lr=0.5, relative=False))) > 0.1


def test_adafactor_of_optax_counts_in_float32():
    """Its rate 1 - t^-0.8 is float32, unless the exponent is a float64 of NumPy's."""
    exact = ours(Adafactor.like("optax", lr=0.1))
    assert 1e-9 < apart(theirs(Optax, "adafactor", learning_rate=0.1), exact) < 1e-6
    assert apart(theirs(Optax, "adafactor", learning_rate=0.1, decay_rate=np.float64(0.8)), exact) < 1e-13


def test_adafactor_of_optax_keeps_small_matrices_whole():
    """Below 128 rows or columns nothing is factored, and the rule is another."""
    small = theirs(Optax, "adafactor", learning_rate=0.1)
    factored = theirs(Optax, "adafactor", learning_rate=0.1, min_dim_size_to_factor=2)
    assert apart(small, factored) > 0.05


def test_prodigy_of_optax_is_lost_after_a_first_gradient_of_zero():
    """Its estimate is 0 / 0 there."""
    zeros, one = np.zeros(2), np.ones(2)
    with float64():
        framework = Optax("contrib.prodigy", one, {})
        framework.step(zeros, {})
        assert np.all(np.isnan(framework.point()))
    rule = Prodigy.like("optax")
    s, x = rule.step(1, zeros, rule.init(one), one)
    assert np.array_equal(x, one)
    s, x = rule.step(2, one, s, x)
    assert np.all(x < 1)


@pytest.mark.parametrize(
    ("cls", "optimizer"),
    [(ScheduleFreeSGD, "schedule_free_sgd"), (ScheduleFreeAdamW, "schedule_free_adamw")],
)
def test_the_warm_up_of_optax_is_a_step_late(cls, optimizer):
    """The first step is of length 0, though its point is counted as if it were not."""
    g = GRADIENTS[0]
    with float64():
        framework = Optax(f"contrib.{optimizer}", START, {"learning_rate": 0.1, "warmup_steps": 4})
        framework.step(g, {"learning_rate": 0.1, "warmup_steps": 4})
        np.testing.assert_allclose(framework.state.z, START, rtol=1e-15)
        assert float(framework.state.weight_sum) == pytest.approx(0.025**2)
    paper = cls(lr=0.1, warmup=4.0)
    s, _ = paper.step(1, g, paper.init(START), START)
    assert apart(s.z, START) > 1e-3


def test_the_weights_of_schedule_free_of_keras_are_not_its_average():
    """Training leaves y in them; and z, of which x is the average, never decays."""
    with float64():
        framework = Keras("ScheduleFreeAdamW", START, {"learning_rate": 0.1, "weight_decay": 0.5})
        framework.step(0 * START, {})
        z = np.asarray(framework.optimizer._momentums[0].value)
        np.testing.assert_array_equal(z, START)
        y = framework.point()
    rule = ScheduleFreeAdamW.like("keras", lr=0.1, weight_decay=0.5)
    s, x = rule.step(1, 0 * START, rule.init(START), START)
    np.testing.assert_allclose(rule.read(s, x), y, rtol=1e-14)
    np.testing.assert_allclose(s.z, START, rtol=1e-15)


def test_muon_of_pytorch_takes_matrices_alone():
    with pytest.raises(ValueError, match="only supports 2D parameters"):
        torch.optim.Muon([torch.ones(3)])


def test_adam_beside_muon_of_optax_looks_ahead():
    """Vectors do not take Adam's step there, but one with Nesterov's look-ahead, as the flag of Muon says."""
    x, g = np.ones(3), np.array([1.0, -2.0, 0.5])
    with float64():
        muon = Optax("contrib.muon", x, {"learning_rate": 0.1})
        adam = Optax("adam", x, {"learning_rate": 0.1})
        nadam = Optax("nadam", x, {"learning_rate": 0.1})
        for judge in (muon, adam, nadam):
            for factor in (1.0, -0.5):
                judge.step(factor * g, {"learning_rate": 0.1})
    np.testing.assert_allclose(muon.point(), nadam.point(), rtol=1e-12)
    assert apart(muon.point(), adam.point()) > 1e-3

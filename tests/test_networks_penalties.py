"""Penalties: their texts, and what is decoupled from the loss against PyTorch's AdamW and renorm."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera.base import UsageError
from ladera.networks.penalties import Penalty, add_slope, after_step, parse, value
from ladera.rules import Adam

FEW = settings(derandomize=True, database=None, deadline=None, max_examples=20)
strengths = st.sampled_from([0.0, 1e-5, 0.001, 0.25, 3.0, 1e21])


@FEW
@given(st.builds(Penalty, strengths, strengths, strengths, strengths, strengths))
def test_a_penalty_is_what_its_text_says(penalty):
    assert parse(str(penalty)) == penalty


def test_texts_are_read_as_people_write_them():
    assert parse(" Decoupled_L2:1e-2 + max-norm:3 ") == Penalty(decoupled_l2=0.01, max_norm=3)
    assert parse("l2:1e+2+max-norm:4") == Penalty(l2=100, max_norm=4)
    assert str(Penalty()) == "none"


@pytest.mark.parametrize(
    "text",
    [
        "l2",
        "l2:-1",
        "l2:x",
        "l2:1,2",
        "elastic:1",
        "max-norm:0",
        "max-norm:nan",
        "l2:1+elastic:1,2",
        "l1:inf",
    ],
)
def test_wrong_numbers_are_told(text):
    with pytest.raises(UsageError, match="each once, received"):
        parse(text)


def test_unknown_kinds_are_told_with_the_nearest():
    with pytest.raises(UsageError, match="no penalty 'maxnorm'; the nearest name is 'max-norm'"):
        parse("maxnorm:3")


def test_only_weights_are_penalised():
    tree = {"w": jnp.array([[1.0, -2.0]]), "b": jnp.array([5.0]), "u": [jnp.array([[[3.0]]])]}
    assert value(tree, 2.0, 0.5) == 2 * 6 + 0.5 * 14


def held(before, after, lr, **asked):
    penalty = Penalty(**asked)
    with jax.enable_x64(True):
        mine = after_step([before], [after], lr, *penalty.numbers[2:])
        return np.asarray(mine[0])


def test_adam_with_decoupled_l2_is_adamw():
    rng = np.random.default_rng(0)
    w, rule = rng.standard_normal((3, 2)), Adam(lr=0.1)
    tensor = torch.tensor(w, requires_grad=True)
    theirs = torch.optim.AdamW([tensor], lr=0.1, weight_decay=0.3)
    state = rule.init(w)
    for t in range(1, 6):
        g = rng.standard_normal((3, 2))
        tensor.grad = torch.tensor(g)
        theirs.step()
        state, new = rule.step(t, g, state, w)
        w = held(w, new, 0.1, decoupled_l2=0.3)
        np.testing.assert_allclose(w, tensor.detach().numpy(), rtol=1e-12)


@FEW
@given(st.integers(0, 99), st.sampled_from([0.1, 1.0, 2.5]))
def test_max_norm_is_pytorchs_renorm_of_each_units_weights(seed, limit):
    w = np.random.default_rng(seed).standard_normal((5, 4))
    expected = torch.renorm(torch.tensor(w), p=2, dim=1, maxnorm=limit)
    mine = held(w, w, 0.1, max_norm=limit)
    np.testing.assert_allclose(mine, expected, rtol=1e-6)  # PyTorch adds 1e-7 to the length
    assert np.linalg.norm(mine, axis=0).max() <= limit * (1 + 1e-12)


def test_decoupled_l1_makes_weights_zero():
    w = np.array([[0.05, -0.05, 1.0, -1.0]])
    np.testing.assert_allclose(held(w, w, 0.5, decoupled_l1=0.2), [[0, 0, 0.9, -0.9]], rtol=1e-12)


def test_shifts_are_left_alone():
    b = np.array([3.0, 4.0])
    np.testing.assert_array_equal(held(b, b, 0.5, decoupled_l1=1, decoupled_l2=1, max_norm=1), b)


def test_the_slope_is_pytorchs_of_the_value():
    """At 0, too, where PyTorch's slope of |w| is 0."""
    rng = np.random.default_rng(0)
    params = {"w": rng.standard_normal((3, 2)), "b": rng.standard_normal(2)}
    params["w"][0, 0] = 0
    w = torch.tensor(params["w"], requires_grad=True)
    (0.3 * w.abs().sum() + 0.7 * (w**2).sum()).backward()
    with jax.enable_x64(True):
        found = add_slope(jax.tree.map(jnp.ones_like, params), params, 0.3, 0.7)
    np.testing.assert_allclose(np.asarray(found["w"]) - 1, np.asarray(w.grad), rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(found["b"], [1, 1])


@FEW
@given(st.integers(0, 99), st.sampled_from([0.1, 1.0, 2.5]))
def test_max_norm_of_a_convolution_is_over_all_that_a_unit_sees(seed, limit):
    """Kernels [height, width, inputs, units], as Flax's."""
    w = np.random.default_rng(seed).standard_normal((3, 2, 2, 4))
    expected = torch.renorm(torch.tensor(w), p=2, dim=3, maxnorm=limit)
    np.testing.assert_allclose(held(w, w, 0.1, max_norm=limit), expected, rtol=1e-6)

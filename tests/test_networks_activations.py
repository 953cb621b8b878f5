"""Every activation, its derivative and its formula, held to PyTorch."""

from __future__ import annotations

import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera.base import UsageError
from ladera.networks import activations, parse
from ladera.networks.activations import ACTIVATIONS
from ladera.networks.layers import Activation

NAMES = sorted(ACTIVATIONS)
UNITS = 6
# PyTorch's softplus is x itself above its threshold, 20: an approximation that is moved out of sight.
TORCH = {
    "elu": F.elu,
    "gelu": F.gelu,
    "hard_swish": F.hardswish,
    "leaky_relu": F.leaky_relu,
    "relu": F.relu,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softmax": lambda x: F.softmax(x, dim=-1),
    "softplus": lambda x: F.softplus(x, threshold=40),
    "tanh": torch.tanh,
}
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
SPECIAL = [0.0, -0.0, 3.0, -3.0, 1.0, -1.0, 20.0, 30.0, -20.0, 1e3, -1e3, 1e-3, -1e-30, 1e30, -1e30]
# XLA takes numbers below the smallest normal one for 0, at which corners have another slope.
numbers = (st.floats(-1e3, 1e3) | st.floats(-4, 4)).map(lambda x: x if abs(x) > 1e-35 else 0.0)
rows = st.lists(numbers | st.sampled_from(SPECIAL), min_size=12, max_size=12)


@cache
def compiled(f):
    def value_and_gradient(x, weight):
        y, pull = jax.vjp(f, x)
        return y, pull(weight)[0]

    return jax.jit(value_and_gradient)


def ours(f, x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values at x, and the gradient of their weighed sum."""
    y, gradient = compiled(f)(x, weight)
    return np.asarray(y), np.asarray(gradient)


def theirs(f, x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    leaf = torch.tensor(x, requires_grad=True)
    y = f(leaf)
    y.backward(torch.tensor(weight))
    assert leaf.grad is not None
    return y.detach().numpy(), leaf.grad.numpy()


def apart(found, expected) -> float:
    """The largest difference, relative to numbers above 1."""
    gaps = [np.abs(a - b) / np.maximum(1, np.abs(b)) for a, b in zip(found, expected, strict=True)]
    return max(float(gap.max()) for gap in gaps)


def inputs(values: list[float], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    x = np.array(values, dtype).reshape(2, UNITS)
    return x, np.linspace(-1, 1, x.size).astype(dtype).reshape(x.shape)


def judged(f, name: str, values: list[float], dtype: str) -> float:
    with jax.enable_x64(dtype == "float64"):
        x, weight = inputs(values, dtype)
        found = ours(f, x, weight)
    assert all(part.dtype == dtype and np.isfinite(part).all() for part in found)
    return apart(found, theirs(TORCH[name], x, weight))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(values=rows)
def test_values_and_gradients_are_pytorchs(name: str, dtype: str, values: list[float]):
    assert judged(activations.activation(name), name, values, dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", NAMES)
def test_corners_and_extremes_are_pytorchs(name: str, dtype: str):
    largest = float(np.finfo(dtype).max) / 4
    corners = [*SPECIAL[:10], 0.0, 0.0]
    far = [1e15, -1e15, 1e3, -1e3, 88.8, -88.8, 710.0, -710.0, 40.0, -40.0, 5.5, -5.5]
    assert judged(activations.activation(name), name, corners, dtype) <= TOLERANCE[dtype]
    assert judged(activations.activation(name), name, far, dtype) <= TOLERANCE[dtype]
    with jax.enable_x64(dtype == "float64"):
        x, weight = inputs([largest, -largest] * 6, dtype)
        found = ours(activations.activation(name), x, weight)
    assert all(np.isfinite(part).all() for part in found)


# Slips that a reader would not see: each has to be rejected on the values that the tests use.
WRONG = {
    ("leaky_relu", "slope 1 at 0"): lambda x: jnp.where(x >= 0, x, 0.01 * x),
    ("leaky_relu", "Keras' slope"): lambda x: jnp.where(x > 0, x, 0.3 * x),
    ("relu", "a mean slope at 0"): lambda x: jnp.maximum(x, jnp.zeros_like(x)),
    ("gelu", "by tanh"): lambda x: jax.nn.gelu(x, approximate=True),
    ("silu", "by 1.702 x"): lambda x: x * jax.nn.sigmoid(1.702 * x),
    ("hard_swish", "mean slopes at its corners"): lambda x: x * jnp.clip(x + 3, 0.0, 6.0) / 6,
    ("hard_swish", "sigmoid's width 2.5"): lambda x: x * jnp.clip(x + 2.5, 0.0, 5.0) / 5,
    ("hard_swish", "corner at 3 from the left"): lambda x: jnp.where(
        x <= -3, jnp.zeros_like(x), jnp.where(x <= 3, x * (x + 3) / 6, x)
    ),
    ("hard_swish", "corner at -3 from the right"): lambda x: jnp.where(
        x < -3, jnp.zeros_like(x), jnp.where(x < 3, x * (x + 3) / 6, x)
    ),
    ("softmax", "over the examples"): lambda x: jax.nn.softmax(x, axis=0),
    ("softplus", "cut at 20"): lambda x: jnp.where(x > 20, x, jax.nn.softplus(x)),
    ("elu", "alpha 1.05"): lambda x: jax.nn.elu(x, 1.05),
    ("selu", "elu"): jax.nn.elu,
}


@pytest.mark.parametrize(("name", "slip"), WRONG, ids=[": ".join(key) for key in WRONG])
def test_a_slip_is_noticed(name: str, slip: str):
    corners = [*SPECIAL[:10], 0.0, 0.0]
    between = [0.5, -0.5, 2.0, -2.0, 20.5, 2.9, -2.9, 1.0, -1.0, 0.1, 0.2, 0.3]
    assert max(judged(WRONG[name, slip], name, x, "float64") for x in (corners, between)) > 1e-10


SCALARS = {
    "exp": math.exp,
    "erf": math.erf,
    "ln": math.log,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "π": math.pi,
}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "softmax"])
def test_the_formula_that_is_shown_is_what_is_computed(name: str):
    found = ACTIVATIONS[name]
    low, high = (float(end.replace("∞", "inf")) for end in found.range[1:-1].split(", "))
    with jax.enable_x64(True):
        for x in (-5.0, -3.0, -1.3, -0.75, 0.0, 0.4, 2.9, 3.0, 4.1):
            [case] = [c for c in found.cases if not c.when or eval(c.when, {"x": x})]
            value, slope = jax.value_and_grad(found.apply)(jnp.asarray(x))
            shown = (eval(text.replace("^", "**"), {**SCALARS, "x": x}) for text in (case.value, case.slope))
            assert tuple(shown) == pytest.approx((float(value), float(slope)), abs=1e-12)
            assert low - 1e-3 <= float(value) <= high


@pytest.mark.parametrize("name", [name for name in NAMES if name != "softmax"])
def test_the_range_that_is_shown_is_reached(name: str):
    found = ACTIVATIONS[name]
    low, high = (float(end.replace("∞", "inf")) for end in found.range[1:-1].split(", "))
    values = np.asarray(found.apply(jnp.linspace(-2000.0, 2000.0, 400_001)))
    assert values.min() == pytest.approx(low, abs=1e-3) if low > -math.inf else values.min() < -10
    assert values.max() == pytest.approx(high, abs=1e-3) if high < math.inf else values.max() > 1000


def test_names_are_read_as_people_write_them():
    assert activations.canonical(" Leaky-ReLU ") == "leaky_relu"
    assert Activation("hard_swish") in parse("mlp:3", "HARD-SWISH").body
    with pytest.raises(UsageError, match="no activation 'rely'; the nearest name is 'relu'"):
        activations.canonical("rely")


def test_what_changed_its_numbers_is_another_function_by_name():
    assert activations.identity("Relu") == "relu"
    assert activations.identity("gelu") == "gelu-2"


def test_softmax_is_over_a_layers_units():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32))
    assert np.asarray(activations.activation("softmax")(x).sum(axis=1)) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_with_it_is_seen_alike_with_shifts(name: str):
    """What K-FAC and Levenberg-Marquardt look at is the network itself."""
    network = parse("mlp:4,3", name)
    params = network.init(np.random.default_rng(0), (2,), 2)
    x = jnp.asarray([[0.3, -1.2], [2.0, 0.1]], jnp.float32)
    shifts = [jnp.zeros((2, layer.b.size), jnp.float32) for layer in params]
    inputs, z = network.layered(params, x, shifts)
    assert len(inputs) == 3
    np.testing.assert_allclose(z, network.apply(params, [], x)[0], rtol=1e-6)

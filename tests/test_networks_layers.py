"""Layers against PyTorch's: values and gradients; and what only training does."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera.base import UsageError
from ladera.networks import Sequential, draws, parse
from ladera.networks.layers import (
    ASKING,
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    Pass,
    Residual,
)
from ladera.networks.layers.norm import Running, Scale

FEW = settings(derandomize=True, database=None, deadline=None, max_examples=5)
KEY = np.array([7, 1], np.uint32)
sizes = st.integers(2, 6)


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def judged(function: Any, theirs: Any, *arrays: np.ndarray, rtol: float = 1e-12) -> None:
    """The same values, and the same gradients of a weighted sum of them, in float64."""
    with jax.enable_x64(True):
        mine, pull = jax.vjp(function, *map(jnp.asarray, arrays))
        weight = numbers(99, *mine.shape)
        slopes = pull(jnp.asarray(weight))
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = theirs(*tensors)
    (expected * torch.tensor(weight)).sum().backward()
    np.testing.assert_allclose(mine, expected.detach(), rtol=rtol, atol=rtol)
    for slope, tensor in zip(slopes, tensors, strict=True):
        np.testing.assert_allclose(slope, np.asarray(tensor.grad), rtol=rtol, atol=100 * rtol)


# ---- normalisation -----------------------------------------------------------------------------


@FEW
@given(n=sizes, units=sizes, seed=st.integers(0, 99), image=st.booleans())
def test_batch_norm_in_training(n, units, seed, image):
    x = numbers(seed, n, *([3, 2] if image else []), units) * 3 + 1
    running = Running(np.zeros(units), np.ones(units))

    def mine(x, scale, shift):
        return BatchNorm().apply(Scale(scale, shift), running, x, Pass(train=True))[0]

    def theirs(x, scale, shift):
        inner = x.movedim(-1, 1)
        return torch.nn.functional.batch_norm(inner, None, None, scale, shift, training=True).movedim(1, -1)

    judged(mine, theirs, x, numbers(1, units), numbers(2, units), rtol=1e-9)


def test_batch_norm_remembers_as_pytorch_does():
    x = numbers(0, 5, 3) * 2 + 1
    norm = torch.nn.BatchNorm1d(3, dtype=torch.float64)
    norm(torch.tensor(x))
    params, state = Scale(np.ones(3), np.zeros(3)), Running(np.zeros(3), np.ones(3))
    with jax.enable_x64(True):
        _, state = BatchNorm().apply(params, state, jnp.asarray(x), Pass(train=True))
        asked, same = BatchNorm().apply(params, state, jnp.asarray(x), ASKING)
    np.testing.assert_allclose(state.mean, np.asarray(norm.running_mean), rtol=1e-12)
    np.testing.assert_allclose(state.variance, np.asarray(norm.running_var), rtol=1e-12)
    np.testing.assert_allclose(asked, norm.eval()(torch.tensor(x)).detach(), rtol=1e-12)
    assert same is state


@FEW
@given(n=sizes, units=sizes, seed=st.integers(0, 99), steps=st.sampled_from([(), (4,), (3, 2)]))
def test_layer_norm(n, units, seed, steps):
    judged(
        lambda x, scale, shift: LayerNorm().apply(Scale(scale, shift), None, x, ASKING)[0],
        lambda x, scale, shift: torch.nn.functional.layer_norm(x, (units,), scale, shift),
        numbers(seed, n, *steps, units) * 3,
        numbers(1, units),
        numbers(2, units),
        rtol=1e-9,
    )


# ---- dense, residual ---------------------------------------------------------------------------


@FEW
@given(n=sizes, inputs=sizes, units=sizes, seed=st.integers(0, 99), fast=st.booleans())
def test_dense(n, inputs, units, seed, fast):
    judged(
        lambda x, w, b: Dense(units).apply(
            Dense(1).init(np.random.default_rng(0), (1,))._make((w, b)), None, x, Pass(fast=fast)
        )[0],
        lambda x, w, b: torch.nn.functional.linear(x, w.T, b),
        numbers(seed, n, inputs),
        numbers(1, inputs, units),
        numbers(2, units),
    )


def test_a_residual_block_adds_what_goes_in():
    block = Residual((Dense(3), Activation("tanh")))
    params = block.init(np.random.default_rng(0), (3,))
    x = np.float32(numbers(0, 4, 3))
    out, _ = block.apply(params, [], x, ASKING)
    [dense] = params
    np.testing.assert_allclose(out, x + np.tanh(x @ dense.w + dense.b), rtol=1e-6)
    with pytest.raises(UsageError, match=r"keeps its input's shape, received \(4,\) that becomes \(3,\)"):
        Sequential((Flatten(), block)).check((4,), 2)


# ---- dropout -----------------------------------------------------------------------------------


def dropped(rate: float, key: Any, shape: tuple[int, ...] = (64, 128)) -> np.ndarray:
    how = Pass(train=True, key=jnp.asarray(key), dropout=jnp.float32(rate))
    return np.asarray(Dropout().apply(None, None, jnp.ones(shape, jnp.float32), how)[0])


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.8, 0.999])
def test_dropout_leaves_out_the_share_that_is_asked_and_keeps_the_mean(rate):
    out = dropped(rate, KEY)
    share = (out == 0).mean()
    assert abs(share - rate) <= 5 * (rate * (1 - rate) / out.size) ** 0.5
    np.testing.assert_allclose(out[out != 0], 1 / (1 - np.float32(rate)), rtol=1e-6)


def test_dropout_is_for_training_alone():
    x = jnp.ones((3, 4), jnp.float32)
    for how in (ASKING, Pass(dropout=0.5, key=jnp.asarray(KEY)), Pass(train=True, key=jnp.asarray(KEY))):
        assert Dropout().apply(None, None, x, how)[0] is x


def test_steps_seeds_layers_and_units_are_left_out_independently():
    """Correlations between masks, and between a mask's neighbours, are those of independent draws."""
    keys = [draws.key(jnp.uint32(seed), jnp.uint32(step)) for seed in (0, 1, 2) for step in (1, 2, 3)]
    keys += [draws.fold(keys[0], number) for number in range(3)]
    masks = np.array([dropped(0.5, key).ravel() == 0 for key in keys]).astype(float) - 0.5
    n = masks.shape[1]
    correlations = 4 * masks @ masks.T / n
    assert np.abs(correlations - np.eye(len(keys))).max() < 5 / n**0.5
    for lag in (1, 2, 64, 128, 4096):
        assert np.abs(4 * (masks[:, lag:] * masks[:, :-lag]).mean(axis=1)).max() < 5 / (n - lag) ** 0.5


def test_bits_are_uniform():
    """Bytes of the hash against a chi-square's 255 degrees of freedom, at five standard deviations."""
    for step in range(4):
        drawn = np.asarray(draws.bits(draws.key(jnp.uint32(3), jnp.uint32(step)), (2**16,)))
        for shift in (0, 8, 16, 24):
            counts = np.bincount((drawn >> shift) & 255, minlength=256)
            chi = ((counts - 256) ** 2 / 256).sum()
            assert abs(chi - 255) < 5 * 510**0.5


# ---- whole networks ----------------------------------------------------------------------------


def test_initial_weights_of_convolutions_know_their_window():
    w = Conv(16, "glorot_uniform").init(np.random.default_rng(0), (8, 8, 4)).w
    assert w.shape == (36, 16)
    end = (6 / (36 + 144)) ** 0.5
    assert 0.95 * end < np.abs(w).max() <= end


@pytest.mark.parametrize(
    ("text", "shape", "options", "parameters"),
    [
        ("mlp:5,3", (4,), {}, 4 * 5 + 5 + 5 * 3 + 3 + 3 * 2 + 2),
        ("linear", (2, 3), {}, 14),
        ("cnn", (28, 28), {}, 9 * 32 + 32 + 9 * 32 * 64 + 64 + 1600 * 64 + 64 + 64 * 2 + 2),
        ("cnn:4/3", (6, 6, 2), {"norm": "batch"}, 18 * 4 + 4 + 8 + 16 * 3 + 3 + 6 + 3 * 2 + 2),
        ("cnn:4", (6, 6), {"residual": True}, 9 * 4 + 4 + 36 * 4 + 4 + 16 * 2 + 2),
        ("mlp:3,3", (4,), {"residual": True, "norm": "layer"}, 12 + 3 + 6 + 9 + 3 + 6 + 6 + 2),
        ("rnn:3", (5, 4), {}, 12 + 9 + 3 + 6 + 2),
        ("gru:3", (5, 4), {}, 3 * (12 + 9 + 3) + 3 + 6 + 2),
        ("lstm:3/2", (5, 4), {}, 4 * (12 + 9 + 3) + 6 + 2 + 4 + 2),
        ("lstm:3", (5, 2, 2), {}, 4 * (12 + 9 + 3) + 6 + 2),
    ],
)
def test_a_text_gives_the_network_that_it_says(text, shape, options, parameters):
    network = parse(text, **options)
    network.check(shape, 2)
    assert network.count(shape, 2) == parameters
    assert str(parse(str(network), **options)) == str(network)


@pytest.mark.parametrize(
    ("text", "shape", "options", "pieces"),
    [
        ("cnn:8", (5,), {}, ("needs images", "5 values", "mlp")),
        ("lstm:8", (5,), {}, ("needs sequences or images", "5 values")),
        ("cnn:8,8", (8, 8), {}, ("at least 2×2, received 1×1",)),
        ("cnn:8,8,8", (8, 8), {}, ("at least 2×2",)),
        ("cnn:8", (2, 9), {}, ("at least 3×3, received 2×9",)),
        ("mlp", (4,), {}, ("received 'mlp'", "mlp:64,64")),
        ("cnn:8/", (8, 8), {}, ("received 'cnn:8/'",)),
        ("mlp:8/4", (8, 8), {}, ("received 'mlp:8/4'",)),
        ("lstm:8,x", (8, 8), {}, ("received 'lstm:8,x'",)),
        ("linear:3", (8, 8), {}, ("received 'linear:3'",)),
        ("ltsm:3", (8, 8), {}, ("no network 'ltsm'", "'lstm'")),
        ("mlp:8", (4,), {"norm": "bach"}, ("no norm 'bach'", "'batch'")),
        ("gru:8", (4, 4), {"norm": "batch"}, ("normalised by 'layer'", "gru")),
        ("mlp:8,4", (4,), {"residual": True}, ("as wide as the one before", "mlp:64,64")),
        ("mlp:4", (4,), {"residual": True}, ("as wide as the one before", "mlp:64,64")),
        ("linear", (4,), {"norm": "batch"}, ("of hidden layers, received norm 'batch'", "mlp:64")),
        ("embed:4+linear", (4,), {"norm": "layer"}, ("of hidden layers, received norm 'layer'",)),
        ("", (4,), {}, ("received ''", "mlp:64,64")),
        ("embed:4+", (4,), {}, ("received ''", "mlp:64,64")),
    ],
)
def test_a_text_that_does_not_fit_is_told_in_a_sentence(text, shape, options, pieces):
    with pytest.raises(UsageError) as caught:
        parse(text, **options).check(shape, 2)
    for piece in pieces:
        assert piece in str(caught.value)


@pytest.mark.parametrize("text", ["embed:4+lstm:4", "embed:4+mlp:4", "embed:4+gru:4,4"])
def test_a_layer_as_wide_as_the_embedding_adds_to_it(text):
    body = parse(text, residual=True).fitted(2, 9, True, False).body
    blocks = [layer for layer in body if isinstance(layer, Residual)]
    assert len(blocks) == text.count("4") - 1


def theirs(text: str, params: Any, x: torch.Tensor) -> torch.Tensor:
    """The network of a text in PyTorch's own layers, with our parameters."""
    tensors = [[torch.tensor(np.asarray(a)) for a in layer] for layer in params]
    *rest, (w, b) = tensors
    if text == "cnn:3,4/5":
        x = x.reshape(len(x), 1, *x.shape[1:])
        for cw, cb in rest[:2]:
            kernel = cw.reshape(3, 3, -1, cb.numel()).permute(3, 2, 0, 1)
            x = torch.max_pool2d(torch.tanh(torch.conv2d(x, kernel, cb)), 2)
        x = x.permute(0, 2, 3, 1).flatten(1)  # as the rows of the dense layer are ordered
        x = torch.tanh(x @ rest[2][0] + rest[2][1])
    else:
        (lw, lu, lb), (dw, db) = rest
        lstm = torch.nn.LSTM(lw.shape[0], lu.shape[0], batch_first=True, dtype=torch.float64)
        names = [name for name, _ in lstm.named_parameters()]
        weights = dict(zip(names, (lw.T, lu.T, lb, torch.zeros_like(lb)), strict=True))
        x = torch.func.functional_call(lstm, weights, (x,))[0][:, -1]
        x = torch.tanh(x @ dw + db)
    return x @ w + b


@pytest.mark.parametrize(("text", "shape"), [("cnn:3,4/5", (11, 12)), ("lstm:4/3", (5, 3))])
def test_a_whole_network_is_pytorchs(text, shape):
    network = parse(text, "tanh")
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda a: a.astype(np.float64) + 0.1, network.init(rng, shape, 2))
    x = rng.standard_normal((3, *shape))
    expected = theirs(text, params, torch.tensor(x))
    with jax.enable_x64(True):
        z, _ = network.apply(jax.tree.map(jnp.asarray, params), [], jnp.asarray(x))
    np.testing.assert_allclose(z, expected, rtol=1e-10)

"""Embeddings, padding and teacher forcing, against PyTorch's embedding, packed sequences and a plain loop."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_networks_recurrence import torch_layer

from ladera.base import UsageError
from ladera.configs import optimizers
from ladera.networks import Network, Sequential, parse
from ladera.networks.layers import (
    ASKING,
    Activation,
    BatchNorm,
    Dense,
    Embedding,
    Flatten,
    Last,
    LayerNorm,
    Mean,
    Pass,
    Recurrent,
    Residual,
)
from ladera.networks.seq2seq import Seq2Seq
from ladera.problems import Problem
from ladera.request import Request
from ladera.train.evaluation import Evaluation, Row, Weights

FEW = settings(derandomize=True, database=None, deadline=None, max_examples=4)
CELLS = ("rnn", "gru", "lstm")
VOCABULARY = 9


def doubles(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), tree)


def tensors(tree: Any) -> tuple[list[torch.Tensor], Any]:
    leaves, structure = jax.tree.flatten(tree)
    made = [torch.tensor(np.asarray(leaf, np.float64), requires_grad=True) for leaf in leaves]
    return made, structure.unflatten(made)


@partial(jax.jit, static_argnums=0)
def _judged(network: Network, params: Any, x: Any) -> tuple[Any, Any]:
    z, pull = jax.vjp(lambda p: network.apply(p, [], x)[0], params)
    [slopes] = pull(jnp.asarray(np.random.default_rng(3).standard_normal(z.shape)))
    return z, slopes


def judged(network: Network, params: Any, x: np.ndarray, theirs: Any) -> None:
    """Values, and the gradients of a weighted sum of them, in float64."""
    with jax.enable_x64(True):
        z, slopes = _judged(network, doubles(params), jnp.asarray(x))
        weight = np.random.default_rng(3).standard_normal(z.shape)
    leaves, tree = tensors(params)
    expected = theirs(tree)
    np.testing.assert_allclose(z, expected.detach(), rtol=1e-11, atol=1e-11)
    (expected * torch.tensor(weight)).sum().backward()
    for slope, leaf in zip(jax.tree.leaves(slopes), leaves, strict=True):
        np.testing.assert_allclose(slope, np.asarray(leaf.grad), rtol=1e-9, atol=1e-10)


def fitted(network: Network | str, vocabulary: int | None = VOCABULARY, padded: bool = False) -> Network:
    network = parse(network, "tanh") if isinstance(network, str) else network
    return network.fitted(2, vocabulary, padded, False)


def some_tokens(lengths: list[int], steps: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, VOCABULARY, (len(lengths), steps)).astype(np.float64)
    return np.where(np.arange(steps) < np.array(lengths)[:, None], x, 0)


def last_state(cell: str, x: Any, recurrence: Any, lengths: list[int]) -> Any:
    layer = torch_layer(cell, *recurrence)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, last = layer(packed)
    return (last[0] if cell == "lstm" else last)[0]


@pytest.mark.parametrize("cell", CELLS)
@FEW
@given(lengths=st.lists(st.integers(1, 6), min_size=3, max_size=3), seed=st.integers(0, 99))
def test_padded_tokens_are_pytorchs_packed_sequences(cell, lengths, seed):
    network, x = fitted(f"embed:3+{cell}:4"), some_tokens(lengths, 6, seed)
    params = network.init(np.random.default_rng(seed), (6,), 2)

    def theirs(p):
        vectors = torch.nn.functional.embedding(torch.tensor(x).long(), p[0].w)
        return last_state(cell, vectors, p[1], lengths) @ p[2].w + p[2].b

    judged(network, params, x, theirs)


@pytest.mark.parametrize("cell", CELLS)
def test_sequences_of_numbers_are_pytorchs_packed_sequences(cell):
    lengths = [5, 1, 3]
    x = np.random.default_rng(1).standard_normal((3, 5, 3))
    x[..., -1] = np.arange(5) < np.array(lengths)[:, None]
    x[..., :-1] *= x[..., -1:]
    network = fitted(f"{cell}:4", None, padded=True)
    params = network.init(np.random.default_rng(0), (5, 3), 2)
    assert params[0].w.shape[0] == 2  # what says that a moment is there is no input

    def theirs(p):
        return last_state(cell, torch.tensor(x[..., :-1]), p[0], lengths) @ p[1].w + p[1].b

    judged(network, params, x, theirs)


@FEW
@given(lengths=st.lists(st.integers(1, 6), min_size=3, max_size=3), seed=st.integers(0, 99))
def test_dense_layers_take_the_mean_of_what_is_there(lengths, seed):
    network, x = fitted("embed:3+mlp:4"), some_tokens(lengths, 6, seed)
    params = network.init(np.random.default_rng(seed), (6,), 2)

    def theirs(p):
        flat = torch.tensor(np.concatenate([row[:k] for row, k in zip(x, lengths, strict=True)])).long()
        starts = torch.tensor(np.cumsum([0, *lengths[:-1]]))
        mean = torch.nn.functional.embedding_bag(flat, p[0].w, starts, mode="mean")
        return torch.tanh(mean @ p[1].w + p[1].b) @ p[2].w + p[2].b

    judged(network, params, x, theirs)


BODIES = {
    "lstm": "embed:3+lstm:4",
    "deep": "embed:3+gru:4,4/5",
    "mean": "embed:3+linear",
    "residual": Sequential((Embedding(4), Residual((Recurrent("rnn", 4), LayerNorm())), Last())),
    "batch norm": Sequential((Embedding(4), BatchNorm(), Recurrent("rnn", 4), BatchNorm(), Mean())),
    "no recurrence": Sequential((Embedding(4), LayerNorm(), Last(), Dense(3))),
    "mean of states": Sequential((Embedding(4), Recurrent("lstm", 3), Mean())),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_more_padding_changes_nothing(body):
    network, x = fitted(body), some_tokens([4, 2, 0, 1], 4).astype(np.float32)
    params, state = network.init(np.random.default_rng(0), (4,), 2), network.state((4,), 2)
    longer = np.concatenate([x, np.zeros((4, 3), np.float32)], axis=1)
    how = Pass(train=True, key=jnp.array([1, 2], jnp.uint32))

    @jax.jit
    def values_and_slopes(p, x):
        z, pull = jax.vjp(lambda p: network.apply(p, state, x, how)[0], p)
        return z, pull(jnp.arange(1.0, 9.0).reshape(z.shape))

    found = [jax.tree.leaves(values_and_slopes(params, x)) for x in (x, longer)]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        assert np.isfinite(one).all()  # of an example without tokens, too


@pytest.mark.parametrize("pool", [Last(), Mean(), Flatten()], ids=["last", "mean", "all"])
def test_what_looks_inside_dense_layers_sees_the_same_moments(pool):
    """Gauss-Newton differentiates `layered` where training measures `apply`."""
    network = Sequential((pool, Dense(4), Activation("tanh"))).fitted(2, None, True, False)
    x = np.concatenate(
        [
            np.random.default_rng(3).standard_normal((3, 5, 2)),
            np.repeat(np.arange(5)[None, :, None] < 3, 3, 0),
        ],
        axis=-1,
    )
    params = network.init(np.random.default_rng(0), (5, 3), 2)
    shifts = [np.zeros((3, layer.b.size)) for layer in params]
    _, z = network.layered(params, jnp.asarray(x), shifts)
    np.testing.assert_allclose(z, network.apply(params, [], jnp.asarray(x))[0], rtol=1e-6)


def test_lanes_are_each_as_alone():
    network, x = fitted("embed:3+lstm:4"), some_tokens([4, 2], 4).astype(np.float32)
    lanes = [network.init(np.random.default_rng(seed), (4,), 2) for seed in (0, 1)]
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *lanes)

    @jax.jit
    def gradient(p):
        return jax.grad(lambda p: (network.apply(p, [], x)[0] ** 2).sum())(p)

    for lane, params in enumerate(lanes):
        for one, other in zip(
            jax.tree.leaves(jax.vmap(gradient)(together)), jax.tree.leaves(gradient(params)), strict=True
        ):
            np.testing.assert_allclose(one[lane], other, atol=1e-6)


def test_images_and_windows_are_untouched_by_masks():
    network = fitted("lstm:3", None)
    params = network.init(np.random.default_rng(0), (4, 2), 2)
    x = np.random.default_rng(0).standard_normal((3, 4, 2)).astype(np.float32)
    every = Pass(mask=jnp.ones((3, 4), bool))
    np.testing.assert_allclose(
        network.apply(params, [], x)[0], network.apply(params, [], x, every)[0], atol=1e-6
    )


# ---- teacher forcing ----------------------------------------------------------------------------


def forecaster(cell: str, horizon: int = 4) -> tuple[Network, Any, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    network = parse(f"seq2seq-{cell}:3").fitted(horizon, None, False, True)
    params = network.init(rng, (6, 2), horizon)
    return network, params, rng.standard_normal((5, 6, 2)), rng.standard_normal((5, horizon))


def loop(cell: str, p: Any, x: np.ndarray, horizon: int, truth: np.ndarray | None) -> Any:
    """Encoder and decoder step by step; fed the truth where it is told."""
    (encoder, decoder, out), x = p, torch.tensor(x)
    _, state = torch_layer(cell, *encoder)(x)
    layer, value, said = torch_layer(cell, *decoder), x[:, -1:, -1], []
    for k in range(horizon):
        hidden, state = layer(value[:, None], state)
        said.append(hidden[:, 0] @ out.w + out.b)
        value = said[-1] if truth is None else torch.tensor(truth[:, k : k + 1])
    return torch.cat(said, 1)


@pytest.mark.parametrize("cell", CELLS)
def test_asked_it_is_fed_its_own_answers(cell):
    network, params, x, _ = forecaster(cell)
    judged(network, params, x, lambda p: loop(cell, p, x, 4, None))


@pytest.mark.parametrize("cell", CELLS)
def test_in_training_it_is_fed_the_truth(cell):
    network, params, x, y = forecaster(cell)
    evaluation = Evaluation(network, (6, 2), 4, "mse", False, False, False, False, 1)
    row = Row(None, None, None, np.uint32(0))
    leaves, tree = tensors(params)
    expected = torch.nn.functional.mse_loss(loop(cell, tree, x, 4, y), torch.tensor(y))
    expected.backward()
    with jax.enable_x64(True):
        told = jnp.asarray(x), jnp.asarray(y)
        objective = partial(evaluation.objective, state=[], row=row, step=np.uint32(1))
        training = jax.jit(jax.value_and_grad(lambda p, x, y: objective(p, x=x, y=y), has_aux=True))
        (value, (squared, _)), slopes = training(doubles(params), *told)
        asked, _, _ = evaluation.measure(Weights(doubles(params), []), *told)
    np.testing.assert_allclose([value, squared], expected.item(), rtol=1e-12)
    for slope, leaf in zip(jax.tree.leaves(slopes), leaves, strict=True):
        np.testing.assert_allclose(slope, np.asarray(leaf.grad), rtol=1e-9, atol=1e-11)
    assert abs(np.asarray(asked).mean() - expected.item()) > 1e-4  # validation is not told


def test_an_ordinary_network_is_told_nothing():
    seen = []

    class Curious(Sequential):
        def apply(self, params, state, x, how=ASKING):
            seen.append(how.target)
            return super().apply(params, state, x, how)

    network = Curious((Dense(2),))
    evaluation = Evaluation(network, (3,), 1, "mse", False, False, False, False, 1)
    params = network.init(np.random.default_rng(0), (3,), 1)
    x, y = np.ones((2, 3), np.float32), np.ones((2, 1), np.float32)
    evaluation.objective(params, [], Row(None, None, None, np.uint32(0)), np.uint32(1), x, y)
    assert seen == [None]


def test_the_judges_notice_slips(monkeypatch):
    """A mask that is lost, and a decoder that is fed the values one step too late."""
    right = Seq2Seq._forced

    def late(self, decoder, out, last, known, target):
        return right(self, decoder, out, last, known, jnp.roll(target, 1, axis=1))

    _judged.clear_cache()
    monkeypatch.setattr(Embedding, "mask", lambda self, x, mask: None)
    with pytest.raises(AssertionError):
        test_padded_tokens_are_pytorchs_packed_sequences.hypothesis.inner_test("gru", [2, 1, 6], 0)
    monkeypatch.setattr(Seq2Seq, "_forced", late)
    with pytest.raises(AssertionError):
        test_in_training_it_is_fed_the_truth("lstm")
    _judged.clear_cache()


# ---- texts and sentences ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("embed:16+lstm:64/32", "embed:16+lstm:64/32"),
        (" Embed:8 + MLP:4 ", "embed:8+mlp:4"),
        ("embed:8+linear", "embed:8+linear"),
        ("seq2seq-GRU:8", "seq2seq-gru:8"),
    ],
)
def test_texts(text, written):
    assert str(parse(text)) == written


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("embed:16", {}, "one width and a network behind it, received 'embed:16'"),
        ("embed:16,8+lstm:4", {}, "one width and a network behind it"),
        ("embed:4+embed:4+lstm:4", {}, "one width and a network behind it"),
        ("embed:16+cnn:8", {}, "Behind an embedding stands mlp, linear"),
        ("embed:16+seq2seq-lstm:8", {}, "Behind an embedding stands mlp, linear"),
        ("embed:16+mpl:8", {}, "no network 'mpl'"),
        ("seq2seq-lstm:8,8", {}, "has one width"),
        ("seq2seq-lstm:8/8", {}, "has one width"),
        ("seq2seq-lstm", {}, "whole numbers from 1"),
        ("seq2seq-lstm:8", {"norm": "layer"}, "without norm and residual"),
    ],
)
def test_texts_that_cannot_be(text, options, sentence):
    with pytest.raises(UsageError) as error:
        parse(text, **options)
    assert sentence in str(error.value)


def test_networks_and_data_belong_together():
    tokens = np.random.default_rng(0).integers(0, 5, (40, 3)), np.arange(40) % 2
    for problem, sentence in (
        (
            Problem(tokens, "lstm:4", tokens=True),
            "need an embedding, received the network 'lstm:4'; take for example",
        ),
        (Problem("moons", "embed:4+mlp:4"), "An embedding needs tokens, received data of other numbers"),
        (Problem("moons", "seq2seq-lstm:4"), "forecasts windows of a series, received data that are none"),
        (Problem(tokens, Sequential((Embedding(3, 4), Mean())), tokens=True), "received 4 rows for 5 tokens"),
        (
            Problem(tokens, Sequential((Embedding(3), Embedding(3))), tokens=True),
            "sequences of tokens [n, steps]",
        ),
    ):
        with pytest.raises(UsageError) as error:
            problem.prepared()
        assert sentence in str(error.value)
    with pytest.raises(UsageError, match="received no vocabulary"):
        parse("embed:4+lstm:4").init(np.random.default_rng(0), (3,), 2)
    with pytest.raises(UsageError, match="told the true values while it trains"):
        Request(Problem("sunspots", "seq2seq-lstm:4"), optimizers("lbfgs"), "auto", 1)

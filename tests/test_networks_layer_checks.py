"""What is wrong with layers in Python is told in a sentence, and what is said of them is what they do."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from ladera.base import UsageError
from ladera.networks import Sequential
from ladera.networks.layers import (
    ASKING,
    Activation,
    Conv,
    ConvPool,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Last,
    LayerNorm,
    MaxPool,
    Mean,
    Recurrent,
    Residual,
)


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize(
    ("made", "pieces"),
    [
        (lambda: Dense(0), ("received units=0 for Dense",)),
        (lambda: Dense(-3), ("received units=-3",)),
        (lambda: Dense("4"), ("received units='4'", "for example units=64")),  # type: ignore[arg-type]
        (lambda: Dense(True), ("received units=True",)),
        (lambda: Conv(2.5), ("received units=2.5 for Conv",)),  # type: ignore[arg-type]
        (lambda: Embedding(0), ("received width=0 for Embedding",)),
        (lambda: Embedding(4, 0), ("received vocabulary=0",)),
        (lambda: Recurrent("gru", 0), ("received units=0",)),
        (lambda: Recurrent("lstmm", 4), ("rnn, gru, lstm, received 'lstmm'", "Recurrent('lstm', 64)")),
        (lambda: Dense(4, "he_norml"), ("no initialiser 'he_norml'", "'he_normal'")),
        (lambda: Activation("rellu"), ("no activation 'rellu'", "'relu'")),
        (lambda: ConvPool(4, activation="rellu"), ("no activation 'rellu'",)),
        (lambda: Sequential(Dense(4)), ("a row of layers", "received Dense(units=4")),  # type: ignore[arg-type]
        (lambda: Sequential((Flatten,)), ("received Flatten in it", "as Flatten()")),  # type: ignore[arg-type]
        (lambda: Sequential((), initialiser="zeross"), ("no initialiser 'zeross'",)),
        (lambda: Residual((Dense,)), ("Residual takes a row", "received Dense in it")),  # type: ignore[arg-type]
        (lambda: Residual((Dense(4), None)), ("received None in it",)),  # type: ignore[arg-type]
    ],
)
def test_what_no_layer_can_be_is_told_when_it_is_made(made, pieces):
    with pytest.raises(UsageError) as caught:
        made()
    for piece in pieces:
        assert piece in str(caught.value)


@pytest.mark.parametrize(
    ("body", "shape", "pieces"),
    [
        ([Conv(4), Flatten()], (8, 8), ("Conv needs images", "(8, 8)", "Channels()")),
        ([ConvPool(4), Flatten()], (8, 8), ("ConvPool needs images",)),
        ([MaxPool(), Flatten()], (5,), ("MaxPool needs images", "(5,)")),
        ([Recurrent("lstm", 4), Last()], (5,), ("sequences [steps, inputs]", "(5,)", "Steps()")),
        ([Recurrent("lstm", 4), Last()], (8, 8, 3), ("(8, 8, 3)", "Steps()")),
        ([Recurrent("lstm", 4)], (8, 3), ("needs vectors", "(8, 4)", "Last()")),
        ([Last()], (5,), ("Last needs sequences", "(5,)")),
        ([Mean()], (5,), ("Mean needs sequences",)),
        ([Dense(4), Residual((Residual((Dense(3),)),))], (5,), ("(4,) that becomes (3,)",)),
    ],
)
def test_layers_that_do_not_fit_the_examples_are_told(body, shape, pieces):
    with pytest.raises(UsageError) as caught:
        Sequential(body).check(shape, 2)
    for piece in pieces:
        assert piece in str(caught.value)


def test_layers_are_written_as_people_write_them():
    network = Sequential([Flatten(), Dense(np.int64(4)), Residual([Dense(4), Activation("Leaky-ReLU")])])  # type: ignore[arg-type]
    assert network == Sequential((Flatten(), Dense(4), Residual((Dense(4), Activation("leaky_relu")))))
    assert network.count((2, 2), 3) == 20 + 20 + 15


def test_what_stands_inside_of_blocks_is_seen():
    deep = Residual((Residual((Recurrent("rnn", 3), Dropout())),))
    network = Sequential((deep, Last()))
    assert network.drops
    assert not network.twice
    assert network.at_once == 32
    dry = Sequential((Residual((Residual((LayerNorm(),)),)), Last()))
    assert dry.twice
    assert not dry.drops


def test_a_padded_convolution_with_its_pooling_is_pytorchs():
    layer = ConvPool(4, padded=True, activation="tanh")
    params = layer.init(np.random.default_rng(0), (6, 5, 2))
    x = numbers(0, 3, 6, 5, 2).astype(np.float32)
    out, _ = layer.apply(params, None, jnp.asarray(x), ASKING)
    kernel = torch.tensor(params.w).reshape(3, 3, 2, 4).permute(3, 2, 0, 1)
    theirs = torch.conv2d(torch.tensor(x).permute(0, 3, 1, 2), kernel, torch.tensor(params.b), padding=1)
    theirs = torch.max_pool2d(torch.tanh(theirs), 2).permute(0, 2, 3, 1)
    np.testing.assert_allclose(out, theirs, rtol=1e-4, atol=1e-5)
    assert out.shape[1:] == layer.shape((6, 5, 2))
    assert layer.work((6, 5, 2)) == 6 * 5 * 9 * 2 * 4


@pytest.mark.parametrize("first", [Last(), Mean()])
def test_what_looks_inside_dense_layers_sees_what_the_network_sees(first):
    """Where moments are missing, too."""
    network = Sequential((first, Dense(4), Activation("tanh"))).fitted(2, None, True, False)
    assert isinstance(network, Sequential)
    x = numbers(0, 3, 5, 3).astype(np.float32)
    x[..., -1] = np.arange(5) < np.array([[5], [1], [3]])
    params = network.init(np.random.default_rng(0), (5, 3), 2)
    z, _ = network.apply(params, [], jnp.asarray(x))
    shifts = [np.zeros((3, p.b.size), np.float32) for p in params]
    inputs, looked = network.layered(params, jnp.asarray(x), shifts)
    np.testing.assert_allclose(looked, z, rtol=1e-6)
    assert [part.shape for part in inputs] == [(3, 2), (3, 4)]

"""Networks of the user's own are tried before they train; and they hear whether they do."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ladera.base import UsageError
from ladera.networks import EquinoxNetwork, FlaxNetwork, Function, Network, Sequential
from ladera.networks.layers import ASKING, Dense, Layer, Pass

TRAIN = Pass(train=True, key=np.array([1, 2], np.uint32))


@pytest.fixture(autouse=True)
def _as_users_have_it():
    """Their code is not held to our strictness."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


class Told(nn.Module):
    """A module that asks under another name whether it trains."""

    @nn.compact
    def __call__(self, x, training: bool = False, use_running_average: bool = True):
        x = nn.BatchNorm(use_running_average=use_running_average)(nn.Dense(8)(x))
        return nn.Dense(3)(nn.Dropout(0.5, deterministic=not training)(x))


class Keyed(eqx.Module):
    """An Equinox module that cannot do without a key."""

    layer: eqx.nn.Linear
    dropout: eqx.nn.Dropout

    def __init__(self, key, shape, outputs):
        self.layer = eqx.nn.Linear(shape[0], outputs, key=key)
        self.dropout = eqx.nn.Dropout(0.5)

    def __call__(self, x, *, key):
        return self.dropout(self.layer(x), key=key)


class Summed(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(3)(x)
        self.sow("losses", "size", (x**2).sum())
        return x


class Fixed(Network):
    """A network of the user's that gives the wrong number of outputs."""

    def init(self, rng, shape, outputs):
        return np.zeros((shape[0], outputs + 1), np.float32)

    def apply(self, params, state, x, how=ASKING):
        return x @ params, state


@dataclass(frozen=True)
class Wider(Layer):
    """A layer that hands on another shape than it says."""

    def apply(self, params, state, x, how):
        return jnp.concatenate([x, x], axis=1), state


@pytest.mark.parametrize("network", [FlaxNetwork(Told()), EquinoxNetwork(Keyed)])
def test_a_network_hears_by_any_name_whether_it_trains(network):
    network.check((4,), 3)
    params, state = network.init(np.random.default_rng(0), (4,), 3), network.state((4,), 3)
    x = jnp.asarray(np.random.default_rng(1).standard_normal((6, 4)), jnp.float32)
    other = Pass(train=True, key=np.array([3, 4], np.uint32))
    asked, again, told, drawn = (
        network.apply(params, state, x, h)[0] for h in (Pass(), Pass(), TRAIN, other)
    )
    np.testing.assert_array_equal(asked, again)
    assert not np.array_equal(told, drawn)
    assert (np.asarray(drawn) == 0).any() == isinstance(network, EquinoxNetwork)
    assert not (np.asarray(asked) == 0).any()


def test_flax_batch_norm_hears_it_by_its_own_name():
    network = FlaxNetwork(Told())
    params, state = network.init(np.random.default_rng(0), (4,), 3), network.state((4,), 3)
    _, moved = network.apply(params, state, jnp.ones((4, 4), jnp.float32), TRAIN)
    assert not np.array_equal(moved["batch_stats"]["BatchNorm_0"]["mean"], np.zeros(8))


def test_flax_modules_that_hand_arguments_on_are_told_nothing():
    network = FlaxNetwork(nn.Sequential([nn.Dense(8), nn.relu, nn.Dense(3)]))
    network.check((4,), 3)
    params = network.init(np.random.default_rng(0), (4,), 3)
    assert network.apply(params, {}, jnp.ones((2, 4), jnp.float32), TRAIN)[0].shape == (2, 3)


def ones(key, shape, outputs):
    return jnp.ones((shape[0], outputs))


def stopped(params, x):
    return jax.lax.while_loop(lambda z: z.sum() < 0, lambda z: z + 1, x @ params)


@pytest.mark.parametrize(
    ("network", "pieces"),
    [
        (Function(lambda key, shape, outputs: {}, lambda p, x: x[:, :3]), ("received none", "at least one")),
        (Function(ones, lambda p, x: (x @ p).astype(jnp.int32)), ("are floats, received int32",)),
        (Function(ones, lambda p, x, train: (x @ p)[:, : 3 - train]), ("(2, 3) for 2", "received (2, 2)")),
        (Function(ones, lambda p, x: ((x @ p), 1)), ("received tuple",)),
        (Function(ones, stopped), ("fails on 2 examples", "ValueError")),
        (FlaxNetwork(Summed()), ("keeps its structure", "become () float32, () float32", "'intermediates'")),
        (Fixed(), ("3 raw outputs", "received (2, 4) from Fixed")),
        (Sequential((Dense(2), Wider())), ("fails on 2 examples", "Wider()")),
    ],
)
def test_what_would_fail_in_training_is_told_before(network, pieces):
    with pytest.raises(UsageError) as caught:
        network.check((4,), 3)
    for piece in pieces:
        assert piece in str(caught.value)


def test_parameters_of_a_network_that_holds_lists_are_counted():
    @dataclass(frozen=True)
    class Listed(Fixed):
        held: list

    assert Listed([1]).count((4,), 3) == 16

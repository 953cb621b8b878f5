"""Networks of the user's own: functions, Flax and Equinox modules, files; and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import cloudpickle
import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from studies import at, cohort, task

from ladera import rules
from ladera.base import UsageError
from ladera.networks import EquinoxNetwork, FlaxNetwork, Function, parse, penalties
from ladera.networks.layers import Pass
from ladera.problems import Problem
from ladera.train.cohort import train

TRAIN = Pass(train=True, key=np.array([1, 2], np.uint32))


def begin(key, shape, outputs):
    first, second = jax.random.split(key)
    [inputs] = shape
    return {
        "w": [jax.random.normal(first, (inputs, 8)) * 0.5, jax.random.normal(second, (8, outputs)) * 0.5],
        "b": [jnp.zeros(8), jnp.zeros(outputs)],
    }


def forward(params, x, key, train):
    h = jnp.tanh(x @ params["w"][0] + params["b"][0].reshape(1, -1))
    if train:
        h = h * jax.random.bernoulli(key, 0.9, h.shape) / 0.9
    return h @ params["w"][1] + params["b"][1].reshape(1, -1)


class Flax(nn.Module):
    units: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(self.units)(x)
        x = nn.BatchNorm(use_running_average=not train)(x)
        x = nn.Dropout(0.1, deterministic=not train)(nn.relu(x))
        return nn.Dense(3)(x)


class Equinox(eqx.Module):
    layers: list
    dropout: eqx.nn.Dropout

    def __init__(self, key, shape, outputs):
        first, second = jax.random.split(key)
        self.layers = [
            eqx.nn.Linear(shape[0], 8, key=first),
            jax.nn.relu,
            eqx.nn.Linear(8, outputs, key=second),
        ]
        self.dropout = eqx.nn.Dropout(0.1)

    def __call__(self, x, key=None):
        for layer in self.layers[:-1]:
            x = layer(x)
        return self.layers[-1](self.dropout(x, key=key))


@pytest.fixture(autouse=True)
def _as_users_have_it():
    """Their code is not held to our strictness."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


MINE = {"functions": (begin, forward), "flax": Flax(8), "equinox": Equinox}


@pytest.mark.parametrize(
    "mine",
    [MINE["flax"], *(pytest.param(MINE[k], marks=pytest.mark.slow) for k in ("functions", "equinox"))],
    ids=["flax", "functions", "equinox"],
)
def test_a_network_of_ones_own_learns(mine):
    """In lanes, with other weights for every seed, from a worker's copy of it."""
    problem = Problem("iris", network=mine)
    one = task(problem, epochs=10)
    one = cloudpickle.loads(cloudpickle.dumps(one))
    records = train(cohort(one, at(rules.Adam(), 0.05, 0.05), [0, 1], width=2))
    for run in records.runs:
        assert run["validation_metric"] > 0.85
    assert records.runs[0]["fingerprint"] != records.runs[1]["fingerprint"]


def test_functions_compute_what_they_say():
    """The same numbers as the network of a text, with the same parameters."""
    network, mine = parse("mlp:8", "tanh"), Function(begin, lambda params, x: forward(params, x, None, False))
    params = network.init(np.random.default_rng(0), (4,), 3)
    x = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)
    theirs = {"w": [p.w for p in params], "b": [p.b for p in params]}
    np.testing.assert_allclose(
        mine.apply(theirs, [], jnp.asarray(x))[0], network.apply(params, [], jnp.asarray(x))[0], rtol=1e-5
    )


def test_training_draws_and_asking_does_not():
    x = jnp.ones((4, 4), jnp.float32)
    for network in (Function(begin, forward), FlaxNetwork(Flax(8)), EquinoxNetwork(Equinox)):
        params = network.init(np.random.default_rng(0), (4,), 3)
        state = network.state((4,), 3)
        asked = [network.apply(params, state, x, how)[0] for how in (Pass(), Pass(), TRAIN)]
        np.testing.assert_array_equal(asked[0], asked[1])
        assert not np.array_equal(asked[0], asked[2])


def test_running_means_of_flax_move_in_training_alone():
    network = FlaxNetwork(Flax(8))
    params, state = network.init(np.random.default_rng(0), (4,), 3), network.state((4,), 3)
    x = jnp.ones((4, 4), jnp.float32)
    assert network.apply(params, state, x, Pass())[1] is state
    _, moved = network.apply(params, state, x, TRAIN)
    assert not np.array_equal(moved["batch_stats"]["BatchNorm_0"]["mean"], np.zeros(8))


FILE = """
import jax, jax.numpy as jnp

def begin(key, shape, outputs):
    return jax.random.normal(key, (shape[0], outputs)) * 0.1

def forward(params, x):
    return x @ params

net = begin, forward
wrong = begin, lambda params, x: (x @ params)[:, :2]
fails = begin, lambda params, x: x @ params @ params
counts = (lambda key, shape, outputs: jnp.ones((4, 3), jnp.int32)), forward
number = 3
"""


def test_a_file_holds_networks(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    problem = Problem("iris", network=f"{path}:net")
    assert problem.describe()["parameters"] == 12
    assert problem.describe()["network"] == "forward"
    before = problem.identity()
    path.write_text(FILE + "\n# another text\n")
    assert Problem("iris", network=f"{path}:net").identity() != before


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("wrong", ("3 raw outputs", "shape (2, 3) for 2", "received (2, 2)")),
        ("fails", ("fails on 2 examples of shape (4,)", "TypeError")),
        ("counts", ("arrays of floats, received one of int32",)),
        ("number", ("A network is a text", "received 3")),
        ("absent", ("holds no 'absent'", "net, ")),
    ],
)
def test_what_is_wrong_with_it_is_told(tmp_path: Path, name, pieces):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    with pytest.raises(UsageError) as caught:
        Problem("iris", network=f"{path}:{name}").prepared()
    for piece in pieces:
        assert piece in str(caught.value)


def test_what_cannot_be_a_network_is_told():
    module = Equinox(jax.random.key(0), (4,), 3)
    for asked, piece in [
        (module, "make\\(key, shape, outputs\\)"),
        ("nowhere.py:net", "no file 'nowhere.py'"),
        (lambda key, shape, outputs: 3, "gives an Equinox module, received int"),
    ]:
        with pytest.raises(UsageError, match=piece):
            Problem("iris", network=asked).prepared()
    with pytest.raises(UsageError, match="activation is of networks that are given as a text"):
        Problem("iris", network=(begin, forward), activation="tanh")
    with pytest.raises(UsageError, match="Dropout needs hidden units"):
        Problem("iris", network=(begin, forward), dropout=0.1)


# ---- which way its weights lie -----------------------------------------------------------------


class Convolution(eqx.Module):
    layer: eqx.nn.Conv2d

    def __init__(self, key, shape, outputs):
        self.layer = eqx.nn.Conv2d(1, outputs, shape[0], key=key)

    def __call__(self, x):
        return self.layer(x[None]).reshape(-1)


def test_biases_of_equinox_convolutions_are_no_weights():
    network = EquinoxNetwork(Convolution)
    weights, bias = network.init(np.random.default_rng(0), (4, 4), 3)
    assert (weights.shape, bias.shape) == ((3, 1, 4, 4), (3,))
    assert penalties.value([weights * 0, bias + 1], 1.0, 1.0) == 0
    x = np.random.default_rng(0).standard_normal((2, 4, 4)).astype(np.float32)
    z, _ = network.apply([weights, bias + 1], [], jnp.asarray(x))
    np.testing.assert_allclose(z, np.einsum("nhw,uhw->nu", x, weights[:, 0]) + bias + 1, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("network", [EquinoxNetwork(Equinox), Function(begin, forward)])
def test_max_norm_needs_to_know_which_axis_goes_over_units(network):
    with pytest.raises(UsageError, match="max-norm holds each unit's incoming weights, and of the network"):
        penalties.check(penalties.parse("l2:1e-4+max-norm:3"), network)
    with pytest.raises(UsageError, match="received penalty 'max-norm:3'"):
        Problem("iris", network, penalty="max-norm:3")
    penalties.check(penalties.parse("l2:1e-4"), network)
    for known in (FlaxNetwork(Flax(8)), parse("mlp:8")):
        penalties.check(penalties.parse("max-norm:3"), known)

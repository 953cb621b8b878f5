"""What networks of the user's own are known by: other code is another network, in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ladera.networks import Network, Sequential, from_file, users
from ladera.networks.identities import fingerprint, modules
from ladera.networks.layers import ASKING, Activation, Dense, Layer, Residual
from ladera.problems import Problem


def begin(key, shape, outputs):
    return jax.random.normal(key, (shape[0], outputs))


def scaled(params, x, scale):
    return x @ params * scale


def made(scale: Any, act: Any = jnp.tanh) -> Any:
    def forward(params, x):
        return act(x @ params * scale)

    return forward


class Callable:
    def __init__(self, scale: float):
        self.scale = scale

    def __call__(self, params, x):
        return x @ params * self.scale


class Flax(nn.Module):
    act: Any = nn.relu
    start: Any = nn.initializers.zeros

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3, kernel_init=self.start)(self.act(x))


@dataclass(frozen=True)
class Scaled(Layer):
    by: Any = 2.0

    def apply(self, params, state, x, how):
        return x * self.by, state


class Own(Network):
    def __init__(self, scale: float):
        self.scale = scale

    def init(self, rng, shape, outputs):
        return np.zeros((shape[0], outputs), np.float32)

    def apply(self, params, state, x, how=ASKING):
        return x @ params * self.scale, state


PAIRS = {
    "what a closure holds": ((begin, made(1.0)), (begin, made(2.0))),
    "which function a closure holds": ((begin, made(1.0)), (begin, made(1.0, jnp.sin))),
    "numbers in an array": ((begin, made(np.arange(3.0))), (begin, made(np.arange(3.0) + 1))),
    "partial arguments": ((begin, partial(scaled, scale=1.0)), (begin, partial(scaled, scale=2.0))),
    "fields of an object": ((begin, Callable(1.0)), (begin, Callable(2.0))),
    "what jit holds": ((begin, jax.jit(made(1.0))), (begin, jax.jit(made(2.0)))),
    "how a function is mapped": ((begin, jax.vmap(scaled)), (begin, jax.vmap(scaled, in_axes=(None, 0, 0)))),
    "functions in Flax fields": (Flax(lambda x: x), Flax(lambda x: 2 * x)),
    "library functions in Flax fields": (Flax(nn.relu), Flax(nn.tanh)),
    "what a library's function holds": (
        Flax(start=nn.initializers.normal(0.1)),
        Flax(start=nn.initializers.normal(0.2)),
    ),
    "fields of layers": (Sequential((Scaled(2.0),)), Sequential((Scaled(3.0),))),
    "functions in layers": (Sequential((Scaled(len),)), Sequential((Scaled(abs),))),
    "the last layer's initialiser": (Sequential((Dense(4),)), Sequential((Dense(4),), initialiser="zeros")),
    "attributes of a network": (Own(1.0), Own(2.0)),
}


def identity(asked: Any) -> Any:
    network = asked if isinstance(asked, Network) else users(asked)
    assert network is not None
    assert " at 0x" not in f"{network} {network!r}"
    return str(network), network.identity()


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS)
def test_other_code_or_other_contents_are_another_network(one, other):
    assert identity(one)[1] != identity(other)[1]
    assert identity(one) == identity(one)


TYPED = """
import flax.linen as nn
import numpy as np
from ladera.networks import Network, Sequential
from ladera.networks.layers import Layer

{other} = 1

class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(nn.Dense({width})(x))

class Mine(Layer):
    SCALE = {width}
    def apply(self, params, state, x, how):
        return x * self.SCALE, state

SCALE = {width}

def helper(x):
    return x * {width}

def begin(key, shape, outputs):
    return np.ones((shape[0], outputs), np.float32)

nets = [
    Net(), Sequential((Mine(),)), (begin, lambda p, x: helper(x @ p)), (begin, lambda p, x: x @ p * SCALE)
]
"""


def typed(width: int, other: str = "x") -> list[Any]:
    """Networks as a script, or a prompt, makes them: their code has no file that could be read."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(TYPED.format(width=width, other=other), space)
    return [identity(net) for net in space["nets"]]


def test_code_of_a_script_is_known_by_what_it_reaches():
    first = typed(4)
    assert all(one != other for one, other in zip(first, typed(64), strict=True))
    assert typed(4, "another_line") == first


LIBRARY = """
def act(x):
    return x * {scale}
"""

FILE = """
from dataclasses import dataclass, field
from typing import Any
import flax.linen as nn
import jax, jax.numpy as jnp
from ladera.networks import Sequential
from ladera.networks.layers import Dense, Layer, Residual
from ladera_tests_helpers import act

class Plain(Layer):
    def apply(self, params, state, x, how):
        return {scale} * x, state

@dataclass(frozen=True)
class Holding(Layer):
    by: Any = jnp.tanh
    def apply(self, params, state, x, how):
        return self.by(x), state

class Flax(nn.Module):
    acts: tuple = (nn.relu, lambda x: x)
    start: Any = nn.initializers.normal(0.1)
    options: dict = field(default_factory=lambda: {{"a": 1, "b": 2}})
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)

def begin(key, shape, outputs):
    return jax.random.normal(key, (shape[0], outputs))

def forward(params, x):
    return act(x @ params) if x.ndim in {{2, "a", "b", "c"}} else x

layers = Sequential((Dense(4), Residual([Plain(), Holding()])))
flax = Flax()
functions = begin, jax.jit(forward)
"""

ELSEWHERE = """
import sys
from pathlib import Path
from ladera.networks import Network, from_file, users
sys.path.insert(0, sys.argv[1])
for name in ("layers", "flax", "functions"):
    net = from_file(Path(sys.argv[1]) / "mine.py", name)
    net = net if isinstance(net, Network) else users(net)
    print((str(net), net.identity()))
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch):
    """Networks of a file, which takes a function from another one."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def made(name: str, scale: int = 2, helped: int = 2) -> Any:
        (tmp_path / "mine.py").write_text(FILE.format(scale=scale))
        (tmp_path / "ladera_tests_helpers.py").write_text(LIBRARY.format(scale=helped))
        sys.modules.pop("ladera_tests_helpers", None)
        return from_file(tmp_path / "mine.py", name)

    yield made
    for name in [name for name in sys.modules if name.endswith("_helpers") or "_mine_" in name]:
        del sys.modules[name]


def test_other_text_of_a_layers_file_is_another_network(mine):
    assert identity(mine("layers")) != identity(mine("layers", scale=3))
    assert identity(mine("layers")) == identity(mine("layers"))


def test_other_text_of_a_file_that_it_takes_from_is_another_network(mine):
    assert identity(mine("functions")) != identity(mine("functions", helped=3))


def test_a_network_is_the_same_in_every_process(mine, tmp_path):
    here = [repr(identity(mine(name))) for name in ("layers", "flax", "functions")]
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "11"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.split("\n")[:3] == here


def test_a_worker_gets_layers_whole(mine):
    """From wherever they come: here their file is gone before they are read."""
    network = mine("layers")
    asked = np.ones((2, 4), np.float32)
    params = network.init(np.random.default_rng(0), (4,), 3)
    expected, _ = network.apply(params, network.state((4,), 3), asked)
    names = network.modules()
    assert len(names) == 1
    held = {name: sys.modules[name] for name in names}
    for module in held.values():
        cloudpickle.register_pickle_by_value(module)
    try:
        sent = cloudpickle.dumps(network)
    finally:
        for module in held.values():
            cloudpickle.unregister_pickle_by_value(module)
    for name in names:
        del sys.modules[name]
    found = cloudpickle.loads(sent)
    np.testing.assert_array_equal(found.apply(params, found.state((4,), 3), asked)[0], expected)


def test_modules_are_those_of_the_users_own_alone(mine):
    assert "ladera_tests_helpers" in users(mine("functions")).modules()  # type: ignore[union-attr]
    assert modules(Own(1.0), Sequential((Residual((Scaled(),)),))) == {__name__}
    assert not modules(nn.Sequential([nn.Dense(3), nn.relu]), Sequential((Dense(3), Activation("tanh"))))
    assert Own(1.0).modules() == {__name__}


def test_a_text_is_known_by_itself_and_layers_by_what_they_are():
    """Whatever these are called."""
    named = [Problem("iris", Sequential((Dense(n),), "mlp:4")).identity() for n in (4, 5)]
    assert named[0] != named[1]
    assert not {"layers", "source"} & Problem("iris", "mlp:4").identity().keys()


def test_what_holds_itself_ends():
    one: list[Any] = [1]
    one.append(one)
    other: list[Any] = [2]
    other.append(other)
    assert fingerprint(one) == fingerprint(one) != fingerprint(other)

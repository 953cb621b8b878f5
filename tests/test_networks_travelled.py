"""Equinox classes of the user's own in another process, which cannot import them."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import cloudpickle
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ladera.networks import EquinoxNetwork


class Base(eqx.Module):
    scale: float = eqx.field(static=True)

    def scaled(self, x):
        return x * self.scale


class Block(Base):
    layer: eqx.nn.Linear = eqx.field()
    name: str = eqx.field(static=True, kw_only=True)
    kinds: ClassVar[int] = 2

    def __init__(self, units, key):
        super().__init__(3.0)
        self.layer, self.name = eqx.nn.Linear(units, units, key=key), "block"

    def __call__(self, x):
        return self.scaled(self.layer(x))


class Held(eqx.Module):
    """One whose `__init__` is made of its fields."""

    weights: Any
    many: int = 3


class Whole(eqx.Module):
    layer: eqx.nn.Linear
    block: Block
    held: Held

    def __init__(self, key, shape, outputs):
        self.layer = eqx.nn.Linear(shape[0], outputs, key=key)
        self.block, self.held = Block(outputs, key), Held(jnp.ones(outputs))

    @eqx.filter_jit
    def __call__(self, x):
        return self.block(self.layer(x)) * self.held.weights


def make(key, shape, outputs):
    return Whole(key, shape, outputs)


def answers(network: EquinoxNetwork) -> tuple[list[np.ndarray], np.ndarray]:
    params = network.init(np.random.default_rng(0), (4,), 3)
    return params, np.asarray(network.apply(params, [], jnp.ones((2, 4), jnp.float32))[0])


ELSEWHERE = """
import pickle, sys
import numpy as np
for _ in range(2):  # a worker is sent one cohort after another
    networks, answers, expected = pickle.loads(open(sys.argv[1], "rb").read())
    for network, (params, z) in zip(networks, expected):
        found, again = answers(network)
        assert len(params) == len(found) and all(map(np.array_equal, params, found))
        np.testing.assert_allclose(again, z, rtol=1e-6)
print("alike")
"""


def test_equinox_classes_work_where_nobody_can_import_them(tmp_path: Path):
    networks = [EquinoxNetwork(part) for part in (Whole, make, partial(make))]
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    try:
        sent = cloudpickle.dumps((networks, answers, [answers(network) for network in networks]))
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    (tmp_path / "sent").write_bytes(sent)
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path / "sent")],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert there.stdout == "alike\n", there.stderr


def test_classes_that_are_here_stay_as_they_are():
    network = cloudpickle.loads(cloudpickle.dumps(EquinoxNetwork(Whole)))
    assert network.make is Whole
    assert isinstance(make(jax.random.key(0), (4,), 3), Whole)

"""Judges that run as one compiled step, and in 64 bits where the framework itself drops to 32.

Rules of whole tensors cost their judges dozens of small operations a step; some of those would be
compiled again at each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import keras
import optax
from frameworks import Keras, Optax
from keras.src import ops
from rule_cases import Dialect, Trial

__all__ = ["CompiledKeras", "CompiledOptax", "JudgedBy"]


def wide(function: Any) -> Any:
    """A function of jax.numpy, which takes Keras's variables too."""
    return lambda x, **options: function(keras.ops.convert_to_tensor(x), **options)


class CompiledKeras(Keras):
    """A Keras optimizer whose settings are fixed, lr apart.

    `keras.ops.mean` and `norm` compute in float32 with arrays of float64; here they are jax.numpy's.
    """

    def __init__(self, optimizer, x, settings):
        super().__init__(optimizer, x, settings)
        self.optimizer.build(self.xs)
        self.compiled = jax.jit(self.optimizer.stateless_apply)

    def step(self, g, settings):
        if "learning_rate" in settings:
            self.optimizer.learning_rate = settings["learning_rate"]
        g = [jnp.asarray(part) for part in (g if isinstance(g, tuple) else [g])]
        state = [variable.value for variable in self.optimizer.variables]
        with mock.patch.multiple(ops, mean=wide(jnp.mean), norm=wide(jnp.linalg.norm)):
            xs, state = self.compiled(state, g, [x.value for x in self.xs])
        for variable, value in zip([*self.xs, *self.optimizer.variables], [*xs, *state], strict=True):
            variable.assign(value)


class CompiledOptax(Optax):
    """An optax optimizer whose settings are fixed, lr apart."""

    def __init__(self, optimizer, x, settings):
        super().__init__(optimizer, x, settings)
        fixed = {name: value for name, value in settings.items() if name != "learning_rate"}

        def step(rate, g, state, x):
            updates, state = self.make(**rate, **fixed).update(g, state, x)
            return optax.apply_updates(x, updates), state

        self.compiled = jax.jit(step)

    def step(self, g, settings):
        rate = {name: value for name, value in settings.items() if name == "learning_rate"}
        self.x, self.state = self.compiled(rate, jax.tree.map(jnp.asarray, g), self.state, self.x)


@dataclasses.dataclass(frozen=True, eq=False)
class JudgedBy(Dialect):
    """A dialect with a judge of its own."""

    judge: Any = None

    def trials(self, name: str) -> Iterator[Trial]:
        return (dataclasses.replace(trial, judge=self.judge) for trial in super().trials(name))

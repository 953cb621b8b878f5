"""PyTorch, optax and Keras behind one small interface, in float64: the outside judges.

Each holds one vector of weights, `point()`, and moves it by `step(g, settings)`; the settings are
the framework's own and may change from step to step.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

os.environ["KERAS_BACKEND"] = "jax"  # read once, when Keras is imported
import keras

__all__ = ["Framework", "Keras", "Optax", "Torch", "float64"]


@contextlib.contextmanager
def float64():
    """What the frameworks need around them: 64 bits, and JAX's usual promotion."""
    floatx = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        with (
            jax.enable_x64(True),
            jax.numpy_dtype_promotion("standard"),
            jax.numpy_rank_promotion("allow"),
        ):
            yield
    finally:
        keras.config.set_floatx(floatx)


class Framework(Protocol):
    def __init__(self, optimizer: str, x: np.ndarray, settings: dict[str, Any]): ...

    def point(self) -> np.ndarray: ...

    def step(self, g: np.ndarray, settings: dict[str, Any]) -> None: ...


class Torch:
    def __init__(self, optimizer, x, settings):
        self.x = torch.tensor(x, requires_grad=True)
        self.optimizer = getattr(torch.optim, optimizer)([self.x], **settings)

    def point(self):
        return self.x.detach().numpy().copy()

    def step(self, g, settings):
        self.optimizer.param_groups[0].update(settings)
        self.x.grad = torch.tensor(g)
        self.optimizer.step()


class Optax:
    def __init__(self, optimizer, x, settings):
        self.x = jnp.asarray(x)
        self.make = getattr(optax, optimizer)
        self.state = self.make(**settings).init(self.x)

    def point(self):
        return np.asarray(self.x)

    def step(self, g, settings):
        updates, self.state = self.make(**settings).update(jnp.asarray(g), self.state, self.x)
        self.x = optax.apply_updates(self.x, updates)


class Keras:
    def __init__(self, optimizer, x, settings):
        self.x = keras.Variable(x, dtype="float64")
        self.optimizer = getattr(keras.optimizers, optimizer)(**settings)

    def point(self):
        return np.asarray(self.x.value)

    def step(self, g, settings):
        for name, value in settings.items():
            setattr(self.optimizer, name, value)
        self.optimizer.apply([jnp.asarray(g)], [self.x])

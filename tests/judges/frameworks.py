"""PyTorch, optax and Keras behind one small interface, in float64: the outside judges.

Each holds the weights, `point()`, one array or several, and moves them by `step(g, settings)`; the
settings are the framework's own and may change from step to step.
"""

from __future__ import annotations

import contextlib
import os
from operator import attrgetter
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

os.environ["KERAS_BACKEND"] = "jax"  # read once, when Keras is imported
import keras

__all__ = ["FRAMEWORKS", "Framework", "Keras", "Optax", "Point", "Torch", "float64"]

Point = np.ndarray | tuple[np.ndarray, ...]  # one array, or several


@contextlib.contextmanager
def float64():
    """What the frameworks need around them: 64 bits, and JAX's usual promotion.

    PyTorch keeps the scalars of NAdam and ASGD in its default dtype, whatever the weights are.
    """
    floatx, scalars = keras.config.floatx(), torch.get_default_dtype()
    keras.config.set_floatx("float64")
    torch.set_default_dtype(torch.float64)
    try:
        with (
            jax.enable_x64(True),
            jax.numpy_dtype_promotion("standard"),
            jax.numpy_rank_promotion("allow"),
        ):
            yield
    finally:
        keras.config.set_floatx(floatx)
        torch.set_default_dtype(scalars)


class Framework(Protocol):
    def __init__(self, optimizer: str, x: Point, settings: dict[str, Any]): ...

    def point(self) -> Point: ...

    def step(self, g: Point, settings: dict[str, Any]) -> None: ...


def each(x: Point) -> list[np.ndarray]:
    return list(x) if isinstance(x, tuple) else [x]


class Torch:
    """`x` is the first of the weights `xs`."""

    library = torch.optim

    def __init__(self, optimizer, x, settings):
        self.several = isinstance(x, tuple)
        self.xs = [torch.tensor(part, requires_grad=True) for part in each(x)]
        self.x = self.xs[0]
        self.optimizer = attrgetter(optimizer)(self.library)(self.xs, **settings)

    def point(self):
        parts = tuple(x.detach().numpy().copy() for x in self.xs)
        return parts if self.several else parts[0]

    def step(self, g, settings):
        self.optimizer.param_groups[0].update(settings)
        for x, part in zip(self.xs, each(g), strict=True):
            x.grad = torch.tensor(part)
        self.optimizer.step()


class Optax:
    """`x` is one array or a tuple of them."""

    library = optax

    def __init__(self, optimizer, x, settings):
        self.x = jax.tree.map(jnp.asarray, x)
        self.make = attrgetter(optimizer)(self.library)
        self.state = self.make(**settings).init(self.x)

    def point(self):
        return jax.tree.map(np.asarray, self.x)

    def step(self, g, settings):
        g = jax.tree.map(jnp.asarray, g)
        updates, self.state = self.make(**settings).update(g, self.state, self.x)
        self.x = optax.apply_updates(self.x, updates)


class Keras:
    """`x` is the first of the weights `xs`."""

    library = keras.optimizers

    def __init__(self, optimizer, x, settings):
        self.several = isinstance(x, tuple)
        self.xs = [keras.Variable(part, dtype="float64") for part in each(x)]
        self.x = self.xs[0]
        self.optimizer = attrgetter(optimizer)(self.library)(**settings)

    def point(self):
        parts = tuple(np.asarray(x.value) for x in self.xs)
        return parts if self.several else parts[0]

    def step(self, g, settings):
        for name, value in settings.items():
            setattr(self.optimizer, name, value)
        self.optimizer.apply([jnp.asarray(part) for part in each(g)], self.xs)


FRAMEWORKS: dict[str, Any] = {"torch": Torch, "keras": Keras, "optax": Optax}

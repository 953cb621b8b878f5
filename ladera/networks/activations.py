"""Activation functions by name, as data: where JAX keeps each.

JAX is imported when an activation is first used: asking for a name must not cost half a second.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ladera.base import unknown_name

__all__ = ["ACTIVATIONS", "activation", "check"]

ACTIVATIONS = {
    "elu": "jax.nn.elu",
    "gelu": "jax.nn.gelu",
    "leaky_relu": "jax.nn.leaky_relu",
    "relu": "jax.nn.relu",  # its gradient at 0 is 0, as in PyTorch and Keras
    "sigmoid": "jax.nn.sigmoid",
    "silu": "jax.nn.silu",
    "softplus": "jax.nn.softplus",
    "tanh": "jax.numpy.tanh",
}


def check(name: str) -> str:
    """The name itself. Raises UsageError, with the nearest known name, where it is unknown."""
    if name not in ACTIVATIONS:
        raise unknown_name("activation", name, ACTIVATIONS)
    return name


def activation(name: str) -> Callable[[Any], Any]:
    """The elementwise function of that name."""
    module, _, attribute = ACTIVATIONS[check(name)].rpartition(".")
    return getattr(importlib.import_module(module), attribute)

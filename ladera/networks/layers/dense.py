"""Dense layers, x W + b, and what makes vectors of anything else."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from operator import matmul
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ladera.base import UsageError
from ladera.networks import initialisers
from ladera.networks.activations import activation, canonical
from ladera.networks.layers._checks import check_sized
from ladera.networks.layers._layer import Layer, Pass, Shape, hand_out

__all__ = ["Activation", "Affine", "Dense", "Flatten"]


class Affine(NamedTuple):
    """Parameters of a product and a shift."""

    w: Any  # [inputs, units]
    b: Any  # [units]


@dataclass(frozen=True)
class Dense(Layer):
    """x W + b of vectors x."""

    units: int
    init_by: str = initialisers.DEFAULT

    learns: ClassVar[bool] = True

    def __post_init__(self):
        check_sized(self, "units")

    def shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise UsageError(
                "A dense layer needs vectors, received examples of shape {shape}; put Flatten() or Last() "
                "before it.",
                shape=shape,
            )
        return (self.units,)

    def init(self, rng: np.random.Generator, shape: Shape) -> Affine:
        return Affine(
            initialisers.draw(self.init_by, rng, prod(shape), self.units), np.zeros(self.units, np.float32)
        )

    def apply(self, params: Affine, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        from ladera.networks.product import product

        multiplied = product if how.fast else matmul
        return multiplied(x, params.w) + params.b.reshape(1, -1), state

    def work(self, shape: Shape) -> int:
        return prod(shape) * self.units


@dataclass(frozen=True)
class Activation(Layer):
    """An activation by its name; softmax goes over the last axis, all others unit by unit."""

    name: str

    def __post_init__(self):
        object.__setattr__(self, "name", canonical(self.name))

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        x = activation(self.name)(x)
        hand_out(how, self.name, x)
        return x, state


@dataclass(frozen=True)
class Flatten(Layer):
    """Images, sequences, anything, as vectors."""

    def shape(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        return x.reshape(len(x), -1), state

    def mask(self, x: Any, mask: Any) -> Any:
        return None

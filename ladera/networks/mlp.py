"""The multilayer perceptron: x -> act(x W + b) -> ... -> x W + b."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from operator import matmul
from typing import Any, NamedTuple

import numpy as np

from ladera.networks import initialisers
from ladera.networks.activations import activation

__all__ = ["MLP", "Layer"]


class Layer(NamedTuple):
    w: Any  # [inputs, outputs]
    b: Any  # [outputs]


@dataclass(frozen=True)
class MLP:
    """Dense layers of `hidden` units with one activation; the last layer's outputs are raw.

    With no hidden layer it is a linear model.
    """

    hidden: tuple[int, ...]
    activation: str = "relu"
    initialiser: str = initialisers.DEFAULT

    def __str__(self) -> str:
        return f"mlp:{','.join(map(str, self.hidden))}" if self.hidden else "linear"

    def sizes(self, features: int, outputs: int) -> list[tuple[int, int]]:
        """(inputs, outputs) of every layer."""
        units = (features, *self.hidden, outputs)
        return list(pairwise(units))

    def count(self, features: int, outputs: int) -> int:
        """How many parameters it has."""
        return sum(inputs * units + units for inputs, units in self.sizes(features, outputs))

    def init(self, rng: np.random.Generator, features: int, outputs: int) -> list[Layer]:
        """Initial weights, float32, as the initialiser draws them; biases 0."""
        return [
            Layer(initialisers.draw(self.initialiser, rng, inputs, units), np.zeros(units, np.float32))
            for inputs, units in self.sizes(features, outputs)
        ]

    def apply(self, params: list[Layer], x: Any, product: Callable[[Any, Any], Any] = matmul) -> Any:
        """Raw outputs [n, outputs] of inputs `x` [n, features]; `product` forms x W."""
        act = activation(self.activation)
        *hidden, last = params
        for layer in hidden:
            x = act(product(x, layer.w) + _row(layer.b))
        return product(x, last.w) + _row(last.b)

    def layered(self, params: list[Layer], x: Any, shifts: list[Any]) -> tuple[list[Any], Any]:
        """The inputs of every layer [n, inputs], and the raw outputs, with `shifts` [n, outputs] added
        to what each layer's units receive: their gradients at 0 are those of the units."""
        act = activation(self.activation)
        inputs = []
        for at, (layer, shift) in enumerate(zip(params, shifts, strict=True)):
            inputs.append(x if at == 0 else act(x))
            x = inputs[-1] @ layer.w + _row(layer.b) + shift
        return inputs, x


def _row(b: Any) -> Any:
    return b.reshape(1, -1)  # ranks are never promoted silently

"""Residual blocks: what some layers make of x is added to x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ladera.base import UsageError
from ladera.networks.layers._checks import row
from ladera.networks.layers._layer import Layer, Pass, Shape, apply_all, init_all, shapes, state_all

__all__ = ["Residual"]


@dataclass(frozen=True)
class Residual(Layer):
    """x + inner(x), where the inner layers leave the shape as it is (He et al. 2016)."""

    inner: tuple[Layer, ...]

    learns: ClassVar[bool] = True
    remembers: ClassVar[bool] = True

    def __post_init__(self):
        object.__setattr__(self, "inner", row(self.inner, self))

    def shape(self, shape: Shape) -> Shape:
        after = shape
        for layer in self.inner:
            after = layer.shape(after)
        if after != shape:
            raise UsageError(
                "A residual block keeps its input's shape, received {before} that becomes {after}; make both "
                "alike.",
                before=shape,
                after=after,
            )
        return shape

    def init(self, rng: np.random.Generator, shape: Shape) -> list[Any]:
        return init_all(self.inner, rng, shape)

    def state(self, shape: Shape) -> list[Any]:
        return state_all(self.inner, shape)

    def apply(self, params: list[Any], state: list[Any], x: Any, how: Pass) -> tuple[Any, list[Any]]:
        added, state = apply_all(self.inner, params, state, x, how)
        return x + added, state

    def work(self, shape: Shape) -> int:
        return sum(layer.work(at) for layer, at in shapes(self.inner, shape))

"""Convolutions of images and their pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ladera.base import UsageError
from ladera.networks import activations, initialisers
from ladera.networks.layers._checks import check_images, check_sized
from ladera.networks.layers._layer import Layer, Pass, Shape, hand_out
from ladera.networks.layers.dense import Affine

__all__ = ["Channels", "Conv", "ConvPool", "MaxPool"]

_SIDE = 3  # of the window


@dataclass(frozen=True)
class Channels(Layer):
    """Images [h, w] as images of one channel; those [h, w, channels] as they are."""

    def shape(self, shape: Shape) -> Shape:
        if len(shape) not in (2, 3):
            raise UsageError(
                "A network of convolutions needs images, received examples of {values} values in a row; take "
                "mlp, or give the images as an array [n, height, width].",
                values=shape[0] if shape else 0,
            )
        return shape if len(shape) == 3 else (*shape, 1)

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        return x.reshape(*x.shape, 1) if x.ndim == 3 else x, state


@dataclass(frozen=True)
class Conv(Layer):
    """A 3×3 convolution plus b. W is [9 channels, units], its rows window by window: row, column,
    channel. padded: zeros around the image keep its size."""

    units: int
    init_by: str = initialisers.DEFAULT
    padded: bool = False

    learns: ClassVar[bool] = True
    twice: ClassVar[bool] = False
    wide: ClassVar[bool] = False

    def __post_init__(self):
        check_sized(self, "units")

    def shape(self, shape: Shape) -> Shape:
        check_images(self, shape)
        height, width, _ = shape
        lost = 0 if self.padded else _SIDE - 1
        if min(height, width) <= lost:
            raise UsageError(
                "A convolution of 3×3 needs images of at least 3×3, received {height}×{width}; take fewer "
                "convolutions or larger images.",
                height=height,
                width=width,
            )
        return (height - lost, width - lost, self.units)

    def init(self, rng: np.random.Generator, shape: Shape) -> Affine:
        window = _SIDE**2
        inputs = window * shape[-1]
        w = initialisers.draw(self.init_by, rng, inputs, self.units, reached=window * self.units)
        return Affine(w, np.zeros(self.units, np.float32))

    def apply(self, params: Affine, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        from ladera.networks.convolution import convolve

        return convolve(self._framed(x), params.w, params.b), state

    def work(self, shape: Shape) -> int:
        height, width, units = self.shape(shape)
        return height * width * _SIDE**2 * shape[-1] * units

    def _framed(self, x: Any) -> Any:
        """The images, with zeros around them where that is asked."""
        if not self.padded:
            return x
        import jax.numpy as jnp

        return jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


@dataclass(frozen=True)
class MaxPool(Layer):
    """The largest of each 2×2 pixels; an odd last row or column is left out."""

    def shape(self, shape: Shape) -> Shape:
        check_images(self, shape)
        height, width, channels = shape
        if min(height, width) < 2:
            raise UsageError(
                "Pooling of 2×2 needs images of at least 2×2, received {height}×{width}; take fewer "
                "convolutions or larger images.",
                height=height,
                width=width,
            )
        return (height // 2, width // 2, channels)

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        from ladera.networks.convolution import max_pool

        return max_pool(x), state


@dataclass(frozen=True)
class ConvPool(Conv):
    """A convolution, its activation and 2×2 max pooling as one layer: where the activation never
    decreases, the largest of four is taken first, which is a quarter of the work."""

    activation: str = "relu"

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "activation", activations.canonical(self.activation))

    def shape(self, shape: Shape) -> Shape:
        return MaxPool().shape(super().shape(shape))

    def apply(self, params: Affine, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        from ladera.networks.convolution import block

        act = activations.find(self.activation)
        x = block(self._framed(x), params.w, params.b, act.apply, act.monotone)
        hand_out(how, self.activation, x)
        return x, state

    def work(self, shape: Shape) -> int:
        return Conv(self.units, padded=self.padded).work(shape)

"""Normalisation of what a layer hands on: over the batch, or over each example's own units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ladera.networks.layers._layer import Layer, Pass, Shape

__all__ = ["BatchNorm", "LayerNorm", "Running", "Scale"]

_EPS = 1e-5


class Scale(NamedTuple):
    """Parameters: what the normalised units are multiplied by, and what is added."""

    scale: Any  # [units]
    shift: Any  # [units]


class Running(NamedTuple):
    """Means and variances of the batches that were seen, the later ones weighing more."""

    mean: Any  # [units]
    variance: Any  # [units]


@dataclass(frozen=True)
class _Norm(Layer):
    learns: ClassVar[bool] = True

    def init(self, rng: np.random.Generator, shape: Shape) -> Scale:
        return Scale(np.ones(shape[-1], np.float32), np.zeros(shape[-1], np.float32))


@dataclass(frozen=True)
class BatchNorm(_Norm):
    """Each unit (of an image, each channel) with mean 0 and variance 1 over the batch; when the network
    is asked, over what training saw (Ioffe and Szegedy 2015). As PyTorch's: the running values move by a
    tenth of the way, and the running variance is the unbiased one. Padding does not count."""

    remembers: ClassVar[bool] = True

    def state(self, shape: Shape) -> Running:
        return Running(np.zeros(shape[-1], np.float32), np.ones(shape[-1], np.float32))

    def apply(self, params: Scale, state: Running, x: Any, how: Pass) -> tuple[Any, Running]:
        if not how.train:
            return _scaled(x, _row(state.mean, x), _row(state.variance, x), params), state
        mean, variance, n = _moments(x, how.mask)
        seen = Running(mean, variance * (n / max(1, n - 1) if how.mask is None else n / (n - 1).clip(1)))
        moved = Running(*(0.9 * old + 0.1 * new for old, new in zip(state, seen, strict=True)))
        return _scaled(x, _row(mean, x), _row(variance, x), params), moved


@dataclass(frozen=True)
class LayerNorm(_Norm):
    """The units of each example (of an image's pixel, of a sequence's moment) with mean 0 and variance 1
    (Ba, Kiros and Hinton 2016)."""

    def apply(self, params: Scale, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        mean = x.mean(axis=-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
        return _scaled(x, mean, variance, params), state


def _moments(x: Any, mask: Any) -> tuple[Any, Any, Any]:
    """Mean and variance of each unit, and over how many values; of a sequence, the moments that are there."""
    axes = tuple(range(x.ndim - 1))
    if mask is None:
        mean = x.mean(axis=axes)
        return mean, ((x - _row(mean, x)) ** 2).mean(axis=axes), x.size // x.shape[-1]
    there = mask.astype(x.dtype).reshape(*mask.shape, 1)
    n = there.sum().clip(1)
    mean = (x * there).sum(axis=axes) / n
    return mean, ((x - _row(mean, x)) ** 2 * there).sum(axis=axes) / n, n


def _scaled(x: Any, mean: Any, variance: Any, params: Scale) -> Any:
    return (x - mean) * (variance + _EPS) ** -0.5 * _row(params.scale, x) + _row(params.shift, x)


def _row(values: Any, x: Any) -> Any:
    return values.reshape((1,) * (x.ndim - 1) + (-1,))  # ranks are never promoted silently

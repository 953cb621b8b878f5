"""Tokens as vectors, and moments that are only padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ladera.base import UsageError
from ladera.networks.layers._checks import check_moments, check_sized
from ladera.networks.layers._layer import Layer, Pass, Shape

__all__ = ["Embedding", "Mean", "Padded", "Table"]


class Table(NamedTuple):
    """Parameters of an embedding."""

    w: Any  # [vocabulary, width], a row for each token


@dataclass(frozen=True)
class Embedding(Layer):
    """Tokens [steps] as vectors [steps, width]: rows of a table that is learned, at first of the standard
    normal distribution, as PyTorch's. Token 0 is padding: behind it layers see no moment there.

    vocabulary: how many tokens there are; None leaves it to the data.
    """

    width: int
    vocabulary: int | None = None

    learns: ClassVar[bool] = True

    def __post_init__(self):
        check_sized(self, "width", *([] if self.vocabulary is None else ["vocabulary"]))

    def shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise UsageError(
                "An embedding needs sequences of tokens [n, steps], received examples of shape {shape}; put "
                "it first in the network.",
                shape=shape,
            )
        return (*shape, self.width)

    def init(self, rng: np.random.Generator, shape: Shape) -> Table:
        if self.vocabulary is None:
            raise UsageError(
                "An embedding has a row for each token, received no vocabulary; name the network in a "
                "Problem with tokens or text, or write Embedding({width}, vocabulary=...).",
                width=self.width,
            )
        return Table(rng.standard_normal((self.vocabulary, self.width), np.float32))

    def apply(self, params: Table, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        import jax.numpy as jnp

        return jnp.take(params.w, x.astype(jnp.int32), axis=0, mode="clip"), state

    def mask(self, x: Any, mask: Any) -> Any:
        return x > 0


@dataclass(frozen=True)
class Padded(Layer):
    """Sequences [steps, inputs + 1] whose last input is 1 where a moment is there: the inputs, and layers
    behind it see no moment where it is 0."""

    def shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], shape[-1] - 1)

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        return x[..., :-1], state

    def mask(self, x: Any, mask: Any) -> Any:
        return x[..., -1] > 0


@dataclass(frozen=True)
class Mean(Layer):
    """The mean over the moments of a sequence that are there; zeros where there are none."""

    def shape(self, shape: Shape) -> Shape:
        check_moments(self, shape)
        return shape[1:]

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        if how.mask is None:
            return x.mean(axis=1), state
        import jax.numpy as jnp

        there = how.mask.astype(x.dtype)
        many = jnp.maximum(there.sum(axis=1), 1)
        return (x * there[..., None]).sum(axis=1) / many[:, None], state

    def mask(self, x: Any, mask: Any) -> Any:
        return None

"""The contract of a layer, and what a pass through a network tells its layers.

JAX is imported when a layer is applied: naming a network must not cost half a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

__all__ = [
    "ASKING",
    "Layer",
    "Pass",
    "Seen",
    "Shape",
    "apply_all",
    "hand_out",
    "init_all",
    "shapes",
    "state_all",
]

Shape = tuple[int, ...]  # of one example


class Seen(NamedTuple):
    """What a layer with an activation hands out to who looks on."""

    x: Any  # [n, ..., units]
    bounded: bool  # whether x lies between two ends, 1 to each side of `centre`; of a sigmoid half of that
    centre: float = 0.0


class Pass(NamedTuple):
    """How a network is passed through: to train it, or, by default, to ask it."""

    train: bool = False
    key: Any = None  # uint32 [2], another one in every step: what layers draw from
    dropout: Any = None  # the share of units that is left out, in [0, 1); None: no layer leaves any out
    mask: Any = None  # bool [n, steps]: which moments of the sequences are there; None: all
    target: Any = None  # float [n, outputs], what is to be forecast, where the network trains
    fast: bool = True  # with gradients written by hand, which only reverse mode can take once
    seen: list[Seen] | None = None  # where layers hand out what they make, for who looks on


ASKING = Pass()


def hand_out(how: Pass, activation: str, x: Any) -> None:
    """Show who looks on what an activation made."""
    if how.seen is not None:
        sigmoid = activation == "sigmoid"
        how.seen.append(Seen(x, sigmoid or activation == "tanh", 0.5 * sigmoid))


class Layer:
    """A layer of a network: a frozen dataclass that knows its own size, but not its input's.

    learns: whether it has parameters. remembers: whether it has a state, such as running means, that
    training moves without a gradient. twice: whether its gradient can be differentiated again. wide:
    whether it gains from lanes beside it.
    """

    learns: ClassVar[bool] = False
    remembers: ClassVar[bool] = False
    twice: ClassVar[bool] = True
    wide: ClassVar[bool] = True

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"  # of one that is no dataclass: no address

    def shape(self, shape: Shape) -> Shape:
        """The shape of its output. Raises UsageError for an input that it cannot take."""
        return shape

    def init(self, rng: np.random.Generator, shape: Shape) -> Any:
        """Its first parameters, float32, for inputs of `shape`."""
        raise NotImplementedError

    def state(self, shape: Shape) -> Any:
        """Its first state, float32."""
        raise NotImplementedError

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        """Outputs [n, ...] of inputs `x` [n, ...], and its next state. What it lacks is None."""
        raise NotImplementedError

    def mask(self, x: Any, mask: Any) -> Any:
        """Which moments of its output are there, bool [n, steps], of those of its input `x`; None: all."""
        return mask

    def work(self, shape: Shape) -> int:
        """Multiplications of one example on its way forward, in matrix products."""
        return 0


def shapes(layers: Sequence[Layer], shape: Shape) -> Iterator[tuple[Layer, Shape]]:
    """Every layer with the shape of its input."""
    for layer in layers:
        yield layer, shape
        shape = layer.shape(shape)


def init_all(layers: Sequence[Layer], rng: np.random.Generator, shape: Shape) -> list[Any]:
    """The parameters of those layers that have any, in their order."""
    return [layer.init(rng, at) for layer, at in shapes(layers, shape) if layer.learns]


def state_all(layers: Sequence[Layer], shape: Shape) -> list[Any]:
    return [layer.state(at) for layer, at in shapes(layers, shape) if layer.remembers]


def apply_all(
    layers: Sequence[Layer], params: Sequence[Any], states: Sequence[Any], x: Any, how: Pass
) -> tuple[Any, list[Any]]:
    """One layer after another; each draws from a key of its own, and hears which moments are there."""
    from ladera.networks.draws import fold

    learned, remembered, after = iter(params), iter(states), []
    for number, layer in enumerate(layers):
        own = next(learned) if layer.learns else None
        before = next(remembered) if layer.remembers else None
        told = how if how.key is None else how._replace(key=fold(how.key, number))
        mask = layer.mask(x, how.mask)
        x, state = layer.apply(own, before, x, told)
        how = how._replace(mask=mask)
        if layer.remembers:
            after.append(state)
    return x, after

"""Networks that are layers one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.networks import initialisers, trial
from ladera.networks.identities import fingerprint, is_ours
from ladera.networks.layers import ASKING, Dense, Embedding, Layer, Padded, Pass, Residual, Shape
from ladera.networks.layers._checks import row
from ladera.networks.layers._layer import apply_all, init_all, shapes, state_all
from ladera.networks.layers.dropout import Dropout
from ladera.networks.network import Network

__all__ = ["Sequential"]

_LARGE = 32  # examples of images or sequences at a time: what they need in between fills the cache


@dataclass(frozen=True)
class Sequential(Network):
    """`body`, and at its end a dense layer of as many units as outputs are wanted.

    >>> from ladera.networks.layers import Activation, Dense, Flatten
    >>> network = Sequential((Flatten(), Dense(32), Activation("tanh")))

    text: what it is called. initialiser: of the last layer.
    """

    body: tuple[Layer, ...]
    text: str = ""
    initialiser: str = initialisers.DEFAULT

    def __post_init__(self):
        object.__setattr__(self, "body", row(self.body, self))
        object.__setattr__(self, "initialiser", initialisers.canonical(self.initialiser))

    def __str__(self) -> str:
        return self.text or " > ".join(map(_shown, self.body)) or "Sequential()"

    def __repr__(self) -> str:
        return f"Sequential({_shown(self.body)}, {self.text!r}, {self.initialiser!r})"

    def init(self, rng: np.random.Generator, shape: Shape, outputs: int) -> list[Any]:
        """The parameters of every layer that has any, in their order; biases are 0."""
        return init_all(self._all(outputs), rng, shape)

    def state(self, shape: Shape, outputs: int) -> list[Any]:
        return state_all(self.body, shape)

    def apply(self, params: Any, state: Any, x: Any, how: Pass = ASKING) -> tuple[Any, Any]:
        *rest, last = params
        x, state = apply_all(self.body, rest, state, x, how)
        z, _ = Dense(last.b.size).apply(last, None, x, how)
        return z, state

    def layered(self, params: Any, x: Any, shifts: list[Any]) -> tuple[list[Any], Any]:
        """Of a network whose parameters are all of dense layers: the inputs of each of them [n, inputs],
        and the raw outputs, with `shifts` [n, units] added to what each layer's units receive: their
        gradients at 0 are those of the units."""
        inputs, how = [], Pass(fast=False)
        rest = iter(zip(params, shifts, strict=True))
        for layer in self._all(params[-1].b.size):
            own, shift = next(rest) if layer.learns else (None, 0)
            if layer.learns:
                inputs.append(x)
            mask = layer.mask(x, how.mask)
            x, _ = layer.apply(own, None, x, how)
            x, how = x + shift, how._replace(mask=mask)
        return inputs, x

    def fitted(self, outputs: int, vocabulary: int | None, padded: bool, series: bool) -> Network:
        embeds = any(isinstance(layer, Embedding) for layer in self.body)
        if embeds and vocabulary is None:
            raise UsageError(
                "An embedding needs tokens, received data of other numbers for the network '{network}'; take "
                "the network without it, or say that the data are tokens or text.",
                network=self,
            )
        if vocabulary is not None and not embeds:
            raise UsageError(
                "Tokens are names, not quantities, and need an embedding, received the network '{network}'; "
                "take for example embed:16+{network}.",
                network=self,
            )
        body = tuple(_with_rows(layer, vocabulary or 0) for layer in self.body)
        return replace(self, body=(Padded(), *body) if padded else body)

    def check(self, shape: Shape, outputs: int) -> None:
        for _ in shapes(self._all(outputs), shape):
            pass  # each layer tells what it cannot take
        if not all(map(is_ours, (self, *self._flat()))):
            trial.check(self, shape, outputs)

    def work(self, shape: Shape, outputs: int) -> int:
        return sum(self.works(shape, outputs))

    def works(self, shape: Shape, outputs: int) -> list[int]:
        """The work of every layer that has any."""
        return [work for layer, at in shapes(self._all(outputs), shape) if (work := layer.work(at))]

    def identity(self) -> dict[str, Any]:
        return {"layers": fingerprint(self)}

    @property
    def drops(self) -> bool:
        return any(isinstance(layer, Dropout) for layer in self._flat())

    @property
    def dense(self) -> bool:
        """Whether all its parameters are of dense layers: then `layered` can look inside."""
        return all(isinstance(layer, Dense) for layer in self.body if layer.learns)

    @property
    def twice(self) -> bool:  # type: ignore[override]
        return all(layer.twice for layer in self._flat())

    @property
    def wide(self) -> bool:  # type: ignore[override]
        return all(layer.wide for layer in self._flat())

    @property
    def at_once(self) -> int:  # type: ignore[override]
        return Network.at_once if self.twice else _LARGE

    def _all(self, outputs: int) -> tuple[Layer, ...]:
        return (*self.body, Dense(outputs, self.initialiser))

    def _flat(self) -> Iterator[Layer]:
        """All layers, those inside of residual blocks in their place."""
        return _inner(self.body)


def _with_rows(layer: Layer, vocabulary: int) -> Layer:
    """The layer; of an embedding, one with a row for each of so many tokens."""
    if not isinstance(layer, Embedding):
        return layer
    if layer.vocabulary is not None and layer.vocabulary < vocabulary:
        raise UsageError(
            "An embedding has a row for each token, received {rows} rows for {tokens} tokens; leave its "
            "vocabulary to the data.",
            rows=layer.vocabulary,
            tokens=vocabulary,
        )
    return replace(layer, vocabulary=layer.vocabulary or vocabulary)


def _shown(held: Any) -> str:
    """As Python shows it, without the addresses of functions that a layer holds."""
    return re.sub(" at 0x[0-9a-fA-F]+", "", repr(held))


def _inner(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    for layer in layers:
        yield from _inner(layer.inner) if isinstance(layer, Residual) else (layer,)

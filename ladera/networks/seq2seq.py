"""A forecaster of an encoder and a decoder, which is trained with teacher forcing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.networks import initialisers
from ladera.networks.layers import ASKING, Dense, Pass, Recurrent, Shape, Steps
from ladera.networks.network import Network

__all__ = ["Seq2Seq"]


@dataclass(frozen=True)
class Seq2Seq(Network):
    """One recurrent cell reads the window, another one says the values after it, one after the other
    (Sutskever, Vinyals and Le 2014): it begins with the encoder's state, and is fed the value before.

    While it trains that is the true one (teacher forcing, Williams and Zipser 1989), the last of the
    window for the first step; when it is asked it is its own. An output is h w + b of the decoder's
    state h, the same w and b for all steps.

    cell: rnn, gru or lstm. horizon: how many values it says; the data tell.
    """

    cell: str
    units: int
    initialiser: str = initialisers.DEFAULT
    horizon: int = 1

    twice = False
    at_once = 32  # as other recurrent networks
    forced = True

    def __str__(self) -> str:
        return f"seq2seq-{self.cell}:{self.units}"

    def init(self, rng: np.random.Generator, shape: Shape, outputs: int) -> list[Any]:
        """Encoder, decoder, output."""
        layer = Recurrent(self.cell, self.units, self.initialiser)
        encoder, decoder = (layer.init(rng, at) for at in (Steps().shape(shape), (outputs, 1)))
        return [encoder, decoder, Dense(1, self.initialiser).init(rng, (self.units,))]

    def apply(self, params: Any, state: Any, x: Any, how: Pass = ASKING) -> tuple[Any, Any]:
        from ladera.networks import recurrence

        encoder, decoder, out = params
        _, last = getattr(recurrence, self.cell)(x.reshape(*x.shape[:2], -1), *encoder)
        known = x[:, -1, -1].reshape(-1, 1)  # the target's own past is the last column of a series
        told = self._free if how.target is None else self._forced
        return told(decoder, out, last, known, how.target), state

    def _forced(self, decoder: Any, out: Any, last: Any, known: Any, target: Any) -> Any:
        import jax.numpy as jnp

        from ladera.networks import recurrence

        fed = jnp.concatenate([known, target[:, :-1]], axis=1)
        hidden, _ = getattr(recurrence, self.cell)(fed[..., None], *decoder, start=last)
        z = hidden.reshape(-1, self.units) @ out.w + out.b.reshape(1, 1)
        return z.reshape(fed.shape)

    def _free(self, decoder: Any, out: Any, last: Any, known: Any, target: Any) -> Any:
        from jax import lax

        from ladera.networks import recurrence

        cell = getattr(recurrence, f"{self.cell}_cell")

        def step(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], Any]:
            state, value = carry
            state = cell(value, state, *decoder)
            hidden = state[0] if self.cell == "lstm" else state
            value = hidden @ out.w + out.b.reshape(1, 1)
            return (state, value), value[:, 0]

        _, z = lax.scan(step, (last, known), length=self.horizon)
        return z.T

    def fitted(self, outputs: int, vocabulary: int | None, padded: bool, series: bool) -> Network:
        if not series:
            raise UsageError(
                "The network '{network}' forecasts windows of a series, received data that are none; give a "
                "window, or take a network such as lstm:64.",
                network=self,
            )
        return replace(self, horizon=outputs)

    def work(self, shape: Shape, outputs: int) -> int:
        layer = Recurrent(self.cell, self.units)
        return layer.work(Steps().shape(shape)) + layer.work((outputs, 1)) + outputs * self.units

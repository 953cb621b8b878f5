"""Recurrent layers: a sequence [steps, inputs], one moment after the other."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ladera.base import UsageError
from ladera.networks import initialisers
from ladera.networks.layers._checks import check_moments, check_sized
from ladera.networks.layers._layer import Layer, Pass, Seen, Shape

__all__ = ["GATES", "Last", "Recurrence", "Recurrent", "Steps"]

GATES = {"rnn": 1, "gru": 3, "lstm": 4}  # of each cell; the first of a lstm is the input's, then forget


class Recurrence(NamedTuple):
    """Parameters; a cell's gates stand side by side."""

    w: Any  # [inputs, gates units]: of what comes in
    u: Any  # [units, gates units]: of the state
    b: Any  # [gates units]; of a gru, a last [units] more, which its reset gate multiplies, too


@dataclass(frozen=True)
class Steps(Layer):
    """Sequences [steps, inputs]: an image's rows of pixels one after the other, top down."""

    def shape(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise UsageError(
                "A recurrent network needs sequences or images, received examples of {values} values in no "
                "order; take mlp, or give sequences as an array [n, steps, inputs].",
                values=shape[0] if shape else 0,
            )
        return (shape[0], prod(shape[1:]))

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        return x.reshape(*x.shape[:2], -1), state


@dataclass(frozen=True)
class Recurrent(Layer):
    """The hidden states of every moment; one that is only padding repeats the state before it.

    cell: rnn (tanh), gru or lstm; equations as PyTorch's.

    What comes in is drawn gate by gate as the initialiser says, what comes back is orthogonal (Saxe et
    al. 2014), and a lstm begins by remembering: its forget gate's b is 1 (Jozefowicz et al. 2015).
    """

    cell: str
    units: int
    init_by: str = initialisers.DEFAULT

    learns: ClassVar[bool] = True
    twice: ClassVar[bool] = False

    def __post_init__(self):
        if self.cell not in GATES:
            raise UsageError(
                "A recurrent layer's cell is one of {known}, received {received}; for example "
                "Recurrent('lstm', 64).",
                known=", ".join(GATES),
                received=repr(self.cell),
            )
        check_sized(self, "units")

    def shape(self, shape: Shape) -> Shape:
        if len(shape) != 2:
            raise UsageError(
                "A recurrent layer needs sequences [steps, inputs], received examples of shape {shape}; put "
                "Steps() before it, which reads an image row by row, or give sequences.",
                shape=shape,
            )
        return (shape[0], self.units)

    def init(self, rng: np.random.Generator, shape: Shape) -> Recurrence:
        gates = range(GATES[self.cell])
        w = [initialisers.draw(self.init_by, rng, shape[1], self.units) for _ in gates]
        u = [initialisers.draw("orthogonal", rng, self.units, self.units) for _ in gates]
        b = np.zeros((len(gates) + (self.cell == "gru")) * self.units, np.float32)
        if self.cell == "lstm":
            b[self.units : 2 * self.units] = 1
        return Recurrence(np.concatenate(w, axis=1), np.concatenate(u, axis=1), b)

    def apply(self, params: Recurrence, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        from ladera.networks import recurrence

        hidden, _ = getattr(recurrence, self.cell)(x, *params, mask=how.mask)
        if how.seen is not None:
            how.seen.append(Seen(hidden, True))
        return hidden, state

    def work(self, shape: Shape) -> int:
        return shape[0] * GATES[self.cell] * self.units * (shape[1] + self.units)


@dataclass(frozen=True)
class Last(Layer):
    """The last moment of a sequence, of those that are there; zeros where there are none."""

    def shape(self, shape: Shape) -> Shape:
        check_moments(self, shape)
        return shape[1:]

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        if how.mask is None:
            return x[:, -1], state
        import jax.numpy as jnp

        steps = jnp.arange(x.shape[1]).reshape(1, -1)
        last = jnp.where(how.mask, steps, -1).max(axis=1, keepdims=True) == steps
        return (x * (last & how.mask)[..., None].astype(x.dtype)).sum(axis=1), state

    def mask(self, x: Any, mask: Any) -> Any:
        return None

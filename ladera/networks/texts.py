"""Networks by a short text.

linear, logistic        raw outputs, x W + b; logistic is for classes alone
mlp:128,64              dense layers
cnn:32,64/64            3×3 convolutions, each with 2×2 max pooling, then dense layers; cnn is this one
rnn:64  gru:64  lstm:64,64/32   recurrent layers over rows of pixels or moments, then dense layers
embed:16+lstm:64/32     of tokens: their vectors, then a recurrent network, or mlp or linear on their mean
seq2seq-lstm:64         of windows of a series: an encoder, and a decoder for the horizon; rnn and gru, too
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ladera.base import UsageError, unknown_name
from ladera.networks import activations, initialisers
from ladera.networks.layers import (
    Activation,
    BatchNorm,
    Channels,
    Conv,
    ConvPool,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Last,
    Layer,
    LayerNorm,
    MaxPool,
    Mean,
    Recurrent,
    Residual,
    Steps,
)
from ladera.networks.layers.recurrent import GATES
from ladera.networks.network import Network
from ladera.networks.seq2seq import Seq2Seq
from ladera.networks.sequential import Sequential

__all__ = ["KINDS", "NORMS", "parse"]

NORMS = ("none", "batch", "layer")
_LARGEST = 65536  # units in one layer: beyond it a mistyped number would eat the machine's memory
_CNN = "32,64/64"


def parse(
    text: str,
    activation: str = "relu",
    init: str = initialisers.DEFAULT,
    norm: str = "none",
    residual: bool = False,
) -> Network:
    """The network of a text: "mlp:64,64", "cnn:32,64/64", "lstm:64", "linear", "embed:16+gru:32".

    activation: of the hidden layers, but for recurrent cells, which have their own. norm: "batch" or
    "layer" normalises what every hidden layer's units receive, of recurrent layers ("layer" alone) what
    they hand on. residual: a hidden layer that is as wide as the one before it, or as the embedding before
    it, adds to what goes into it; of convolutions, each stage gets a second, padded one that does.

    Raises UsageError for an unknown kind, activation, initialiser or norm, for widths that are not
    whole numbers >= 1, and for a combination that leaves nothing to be done.
    """
    embedding, text = _embedding(text)
    kind, colon, widths = text.strip().lower().partition(":")
    if kind and kind not in KINDS:
        raise unknown_name("network", kind or str(text), KINDS)
    if norm not in NORMS:
        raise unknown_name("norm", norm, NORMS)
    style = _Style(activations.canonical(activation), initialisers.canonical(init), norm, residual)
    if kind == "cnn" and not colon:
        widths = _CNN
    first, slash, second = widths.partition("/")
    front, back = _widths(first), _widths(second)
    fits = {"linear": not colon, "logistic": not colon, "mlp": bool(front) and not slash}
    if not kind or front is None or back is None or not fits.get(kind, bool(front)) or (slash and not back):
        raise UsageError(
            "A network is 'linear', 'logistic', or mlp, cnn, rnn, gru or lstm with the widths of its layers, "
            "whole numbers from 1 to {largest}, received '{received}'; for example mlp:64,64 or "
            "cnn:32,64/64.",
            largest=_LARGEST,
            received=text,
        )
    if kind in _FORECASTERS and embedding is None:
        return _forecaster(text, kind, front, back, style)
    body = _BODIES[kind](style, front, back, embedding) if kind in _BODIES else []
    if embedding is not None:
        body = [Embedding(embedding), *_behind_embedding(body, text)]
    blocks = [layer for layer in body if isinstance(layer, Residual)]
    if residual and not blocks:
        raise UsageError(
            "A residual connection needs a hidden layer as wide as the one before it, received '{received}'; "
            "for example mlp:64,64.",
            received=text,
        )
    inside = [layer for block in blocks for layer in block.inner]
    if norm != "none" and not any(isinstance(layer, (BatchNorm, LayerNorm)) for layer in [*body, *inside]):
        raise UsageError(
            "A norm is of hidden layers, received norm '{norm}' for the network '{network}'; take norm "
            "'none', or a network such as mlp:64.",
            norm=norm,
            network=text,
        )
    written = "/".join(",".join(map(str, part)) for part in (front, back) if part)
    called = f"{kind}:{written}" if written else kind
    return Sequential(tuple(body), called if embedding is None else f"embed:{embedding}+{called}", style.init)


def _embedding(text: str) -> tuple[int | None, str]:
    """The width of the embedding that a text begins with, None where there is none, and the rest."""
    first, plus, rest = text.partition("+")
    kind, _, width = first.strip().lower().partition(":")
    if kind != "embed":
        return None, text
    widths = _widths(width)
    if not plus or not widths or len(widths) > 1 or _embedding(rest)[0] is not None:
        raise UsageError(
            "An embedding has one width and a network behind it, received '{received}'; for example "
            "embed:16+lstm:64.",
            received=text,
        )
    return widths[0], rest


def _behind_embedding(body: list[Layer], text: str) -> list[Layer]:
    """The layers behind an embedding: those of a recurrent network as they are, dense ones on the mean."""
    first = body[0] if body else None
    if isinstance(first, Steps):
        return body
    if isinstance(first, Flatten):
        return [Mean(), *body[1:]]
    raise UsageError(
        "Behind an embedding stands mlp, linear, logistic, rnn, gru or lstm, received '{received}'; for "
        "example embed:16+lstm:64.",
        received=text,
    )


def _forecaster(text: str, kind: str, front: list[int], back: list[int], style: _Style) -> Seq2Seq:
    if len(front) != 1 or back or style.norm != "none" or style.residual:
        raise UsageError(
            "A forecaster of encoder and decoder has one width, without norm and residual connections, "
            "received '{received}'; for example {kind}:64.",
            received=text,
            kind=kind,
        )
    return Seq2Seq(kind.removeprefix("seq2seq-"), front[0], style.init)


def _widths(text: str) -> list[int] | None:
    """The numbers of "64,32"; None where it is something else."""
    try:
        widths = [int(w) for w in text.split(",")] if text else []
    except ValueError:
        return None
    return widths if all(1 <= w <= _LARGEST for w in widths) else None


@dataclass(frozen=True)
class _Style:
    """What all hidden layers of a network share."""

    activation: str
    init: str
    norm: str
    residual: bool

    def normed(self) -> list[Layer]:
        return {"none": [], "batch": [BatchNorm()], "layer": [LayerNorm()]}[self.norm]

    def dense(self, widths: Sequence[int], before: int | None = None) -> list[Layer]:
        """Dense hidden layers behind `before` units, None where that depends on the data."""
        body: list[Layer] = []
        for units in widths:
            block = [Dense(units, self.init), *self.normed(), Activation(self.activation)]
            body += self._joined(block, units == before)
            body.append(Dropout())
            before = units
        return body

    def _joined(self, block: list[Layer], fits: bool) -> list[Layer]:
        return [Residual(tuple(block))] if self.residual and fits else block


# Widths of the front and of the back, and of the embedding before them: None where there is none.
_Body: TypeAlias = Callable[[_Style, list[int], list[int], int | None], list[Layer]]


def _linear(style: _Style, front: list[int], back: list[int], before: int | None) -> list[Layer]:
    return [Flatten()]


def _mlp(style: _Style, front: list[int], back: list[int], before: int | None) -> list[Layer]:
    return [Flatten(), *style.dense(front, before)]


def _cnn(style: _Style, front: list[int], back: list[int], before: int | None) -> list[Layer]:
    """Convolution, norm, activation, pooling, stage by stage."""
    act = Activation(style.activation)
    body: list[Layer] = [Channels()]
    for units in front:
        conv = Conv(units, style.init)
        if style.residual:
            inner = (Conv(units, style.init, padded=True), *style.normed(), act)
            body += [conv, *style.normed(), act, Residual(inner), MaxPool()]
        elif style.norm != "none":
            body += [conv, *style.normed(), act, MaxPool()]
        else:
            body.append(ConvPool(units, style.init, activation=style.activation))
    return [*body, Flatten(), *([Dropout()] if not back else style.dense(back))]


def _recurrent(cell: str) -> _Body:
    def body(style: _Style, front: list[int], back: list[int], before: int | None) -> list[Layer]:
        if style.norm == "batch":
            raise UsageError(
                "Recurrent layers are normalised by 'layer', received norm 'batch' for {cell}; take layer or "
                "none.",
                cell=cell,
            )
        layers: list[Layer] = [Steps()]
        for units in front:
            layers += style._joined([Recurrent(cell, units, style.init), *style.normed()], units == before)
            layers.append(Dropout())
            before = units
        last = layers.pop()  # of the last moment alone: the others are not looked at
        return [*layers, Last(), last, *style.dense(back, before)]

    return body


_BODIES: dict[str, _Body] = {
    "linear": _linear,
    "logistic": _linear,
    "mlp": _mlp,
    "cnn": _cnn,
    **{cell: _recurrent(cell) for cell in GATES},
}
_FORECASTERS = tuple(f"seq2seq-{cell}" for cell in GATES)
KINDS = (*_BODIES, *_FORECASTERS)

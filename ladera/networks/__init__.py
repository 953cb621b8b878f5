"""What is trained: networks by a short text, activations, initial weights, losses, penalties."""

from __future__ import annotations

from ladera.base import UsageError, unknown_name
from ladera.networks import activations, initialisers, losses, penalties
from ladera.networks.mlp import MLP, Layer

__all__ = ["MLP", "Layer", "activations", "initialisers", "losses", "parse", "penalties"]

_KINDS = ("linear", "mlp")
_LARGEST = 65536  # units in one layer: beyond it a mistyped number would eat the machine's memory


def parse(text: str, activation: str = "relu", init: str = initialisers.DEFAULT) -> MLP:
    """The network of a text: "mlp:64,64", "mlp:128", "linear".

    Raises UsageError for an unknown kind, activation or initialiser, and for widths that are not whole
    numbers >= 1.
    """
    kind, _, widths = text.strip().lower().partition(":")
    if kind not in _KINDS:
        raise unknown_name("network", kind, _KINDS)
    activation, init = activations.canonical(activation), initialisers.canonical(init)
    try:
        hidden = tuple(int(w) for w in widths.split(",")) if widths else ()
    except ValueError:
        hidden = (0,)
    if (kind == "mlp") != bool(hidden) or not all(1 <= w <= _LARGEST for w in hidden):
        raise UsageError(
            "A network is 'linear' or 'mlp:' with the hidden layers' widths, whole numbers from 1 to "
            "{largest}, received '{received}'; for example mlp:64,64.",
            largest=_LARGEST,
            received=text,
        )
    return MLP(hidden, activation, init)

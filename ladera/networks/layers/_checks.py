"""What is wrong with a layer, told when it is made."""

from __future__ import annotations

from operator import index
from typing import Any

from ladera.base import UsageError
from ladera.networks import initialisers
from ladera.networks.layers._layer import Layer

__all__ = ["check_images", "check_moments", "check_sized", "row"]


def check_sized(layer: Any, *names: str) -> None:
    """Make whole numbers of the fields of those names, and the initialiser's name the table's.

    Raises UsageError for a size that is no whole number >= 1, and for an unknown initialiser.
    """
    for name in names:
        asked = getattr(layer, name)
        try:
            size = 0 if isinstance(asked, bool) else index(asked)
        except TypeError:
            size = 0
        if size < 1:
            raise UsageError(
                "Sizes of layers are whole numbers, 1 or more, received {name}={received} for {layer}; for "
                "example {name}=64.",
                name=name,
                received=repr(asked),
                layer=type(layer).__name__,
            )
        object.__setattr__(layer, name, size)
    if hasattr(layer, "init_by"):
        object.__setattr__(layer, "init_by", initialisers.canonical(layer.init_by))


def check_images(layer: Any, shape: tuple[int, ...]) -> None:
    """Raise UsageError where examples are no images [height, width, channels]."""
    if len(shape) != 3:
        raise UsageError(
            "{layer} needs images [height, width, channels], received examples of shape {shape}; put "
            "Channels() first in a network of images, and no Flatten() before it.",
            layer=type(layer).__name__,
            shape=shape,
        )


def check_moments(layer: Any, shape: tuple[int, ...]) -> None:
    """Raise UsageError where examples have no moments."""
    if len(shape) < 2:
        raise UsageError(
            "{layer} needs sequences [steps, inputs], received examples of shape {shape}; leave it out, or "
            "give sequences.",
            layer=type(layer).__name__,
            shape=shape,
        )


def row(layers: Any, network: Any) -> tuple[Layer, ...]:
    """The layers as a tuple. Raises UsageError where they are none, or not all of them are layers."""
    if isinstance(layers, (list, tuple)):
        wrong = next((layer for layer in layers if not isinstance(layer, Layer)), None)
        if wrong is None and None not in layers:
            return tuple(layers)
    else:
        wrong = layers
    raise UsageError(
        "{network} takes a row of layers, such as (Dense(64), Dropout()), received {received} in it; make "
        "each layer, as Flatten(), and put all of them in one tuple or list.",
        network=type(network).__name__,
        received=wrong.__name__ if isinstance(wrong, type) else repr(wrong),
    )

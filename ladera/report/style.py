"""How each optimizer looks in every figure: a colour and a marker and a dash, never colour alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Style", "styles"]

# Okabe & Ito 2008, "Color Universal Design", with the grey that R's palette adds; those that stand
# out on white come first.
_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#999999",
    "#F0E442",
)
# Plotly's marker names, each with its outline as an SVG path around (0, 0).
_MARKERS = {
    "circle": "M4 0A4 4 0 1 1 -4 0A4 4 0 1 1 4 0Z",
    "square": "M-3.5 -3.5H3.5V3.5H-3.5Z",
    "diamond": "M0 -5L5 0L0 5L-5 0Z",
    "triangle-up": "M0 -5L4.5 3H-4.5Z",
    "triangle-down": "M0 5L-4.5 -3H4.5Z",
    "pentagon": "M0 -4.5L4.3 -1.4L2.6 3.6H-2.6L-4.3 -1.4Z",
    "star": "M0 -5.5L1.3 -1.8L5.2 -1.7L2.1 .7L3.2 4.5L0 2.2L-3.2 4.5L-2.1 .7L-5.2 -1.7L-1.3 -1.8Z",
    "cross": "M-1.5 -4.5H1.5V-1.5H4.5V1.5H1.5V4.5H-1.5V1.5H-4.5V-1.5H-1.5Z",
}
_DASHES = (
    "solid",
    "9px,4px",
    "2px,3px",
    "9px,3px,2px,3px",
    "16px,4px",
    "16px,3px,2px,3px,2px,3px",
    "5px,3px",
)
_LEGIBLE = 3.0  # contrast against white that WCAG 2.1 asks of graphics


@dataclass(frozen=True)
class Style:
    """`edge` is the colour itself, or a dark casing where the colour is too light for white paper."""

    colour: str
    edge: str
    marker: str  # Plotly's name
    outline: str  # the marker as an SVG path around (0, 0)
    dash: str  # Plotly's: "solid", or lengths such as "9px,4px"

    @property
    def cased(self) -> bool:
        return self.edge != self.colour

    @property
    def dasharray(self) -> str:
        """The dash as SVG writes it."""
        return "none" if self.dash == "solid" else self.dash.replace("px", "").replace(",", " ")

    def fill(self, opacity: float) -> str:
        """The colour as a see-through CSS colour, for bands."""
        red, green, blue = _channels(self.colour)
        return f"rgba({red},{green},{blue},{opacity:g})"


def styles(names: Iterable[str]) -> dict[str, Style]:
    """One style per optimizer, by the alphabetical order of the names: the same set always looks the same.

    Colours, markers and dashes cycle with the lengths 9, 8 and 7, so 504 optimizers differ.
    """
    return {name: _style(k) for k, name in enumerate(sorted(set(names)))}


def contrast(colour: str) -> float:
    """Contrast ratio of a colour '#rrggbb' against white (WCAG 2.1, 1.4.3)."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _style(k: int) -> Style:
    colour = _COLOURS[k % len(_COLOURS)]
    edge = colour if contrast(colour) >= _LEGIBLE else _darker(colour)
    marker, outline = list(_MARKERS.items())[k % len(_MARKERS)]
    return Style(colour, edge, marker, outline, _DASHES[k % len(_DASHES)])


def _darker(colour: str) -> str:
    return "#" + "".join(f"{channel * 45 // 100:02x}" for channel in _channels(colour))


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

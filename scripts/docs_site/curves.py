"""The picture of one or two lines over a number: a function and its derivative, a training's factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from docs_site.svg import GREY, Panel, line, words

__all__ = ["Curve", "curves"]

_WIDTH, _HEIGHT = 720, 328
_LEFT, _TOP, _ACROSS, _DOWN = 62, 14, 640, 250
_LOOKS = (("#0072B2", "", 2.5), ("#D55E00", "9 4", 2.5))


@dataclass(frozen=True)
class Curve:
    """A line and its name."""

    name: str
    x: np.ndarray
    y: np.ndarray


def curves(drawn: Sequence[Curve], varied: str, title: str, description: str, name: str) -> str:
    """The SVG of one or two curves over what is `varied`. name: of its ids on the page."""
    x, y = (np.concatenate([getattr(curve, axis) for curve in drawn]) for axis in "xy")
    margin = 0.04 * (float(np.ptp(y)) or 1.0)
    panel = Panel(
        *(_LEFT, _TOP, _ACROSS, _DOWN),
        (float(x.min()), float(x.max())),
        (float(y.min()) - margin, float(y.max()) + margin),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" class="way">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        *_axes(panel),
        *panel.frame(_ticks(*panel.across), _ticks(*panel.up)),
        *(
            line(panel.at(_bends(np.stack([curve.x, curve.y], axis=1))), colour, dash, "", wide)
            for curve, (colour, dash, wide) in zip(drawn, _LOOKS, strict=False)
        ),
        words(_LEFT + _ACROSS / 2, _TOP + _DOWN + 34, varied),
        *_legend([curve.name for curve in drawn]),
        "</svg>",
    ]
    return "".join(parts)


def _axes(panel: Panel) -> list[str]:
    """Where x is 0 and where y is 0, within the frame."""
    (left, right), (low, high) = panel.across, panel.up
    ends = [[(left, 0), (right, 0)]] if low < 0 < high else []
    ends += [[(0, low), (0, high)]] if left < 0 < right else []
    return [line(panel.at(np.array(pair, float)), GREY, wide=1) for pair in ends]


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Four to ten round numbers within the ends."""
    power = 10.0 ** np.floor(np.log10((high - low) / 4))
    step = max(power * k for k in (1, 2, 5) if power * k <= (high - low) / 4)
    found = step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    return [(float(value), f"{value:.6g}") for value in np.where(abs(found) < step / 2, 0.0, found)]


def _bends(points: np.ndarray) -> np.ndarray:
    """Without the points that lie on the line between their neighbours."""
    before, after = np.diff(points[:-1], axis=0), np.diff(points[1:], axis=0)
    turned = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return points[np.r_[True, abs(turned) > 1e-9, True]]


def _legend(names: list[str]) -> list[str]:
    drawn, x = [], float(_LEFT)
    for name, (colour, dash, wide) in zip(names, _LOOKS, strict=False):
        drawn += [line(np.array([[x, 316], [x + 30, 316]]), colour, dash, "", wide)]
        drawn += [words(x + 36, 320, name, "start")]
        x += 60 + 6.3 * len(name)
    return drawn

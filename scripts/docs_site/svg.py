"""What the pictures are drawn with: panels with their ticks, lines, crosses and words, as SVG text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import numpy as np

__all__ = ["GREY", "INK", "Panel", "cross", "line", "ring", "words"]

INK, GREY = "#222222", "#c8c8c8"

Ticks = Iterable[tuple[float, str]]


@dataclass(frozen=True)
class Panel:
    """A rectangle on the paper that shows x from `across[0]` to `across[1]` and y from `up[0]` to `up[1]`."""

    left: float
    top: float
    width: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]

    def at(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 2) on the paper; what lies far outside is moved to a place just less far outside."""
        low, high = np.array([self.across, self.up], float).T
        share = np.clip((points - low) / (high - low), -50.0, 50.0)
        return np.stack(
            [self.left + share[:, 0] * self.width, self.top + (1 - share[:, 1]) * self.height], axis=1
        )

    def frame(self, across: Ticks, up: Ticks) -> list[str]:
        bottom = self.top + self.height
        drawn = [f'{self.rectangle[:-2]} fill="none" stroke="{INK}"/>']
        for value, label in across:
            x, _ = self.at(np.array([[value, 0.0]]))[0]
            drawn += [f'<path d="M{x:.1f} {bottom}v4" stroke="{INK}"/>', words(x, bottom + 17, label)]
        for value, label in up:
            _, y = self.at(np.array([[0.0, value]]))[0]
            drawn += [f'<path d="M{self.left} {y:.1f}h-4" stroke="{INK}"/>']
            drawn += [words(self.left - 7, y + 4, label, "end")]
        return drawn

    @property
    def rectangle(self) -> str:
        return f'<rect x="{self.left}" y="{self.top}" width="{self.width}" height="{self.height}"/>'


def line(points: np.ndarray, colour: str, dash: str = "", more: str = "", wide: float = 1.5) -> str:
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    more = f" {more}" if more else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{wide:g}"{dashed}{more}/>'


def cross(x: float, y: float) -> str:
    return f'<path d="M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10" stroke="#000000" stroke-width="2"/>'


def ring(x: float, y: float, colour: str) -> str:
    return (
        f'<path d="M{x - 6:.1f} {y:.1f}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0" fill="none" stroke="{colour}" '
        'stroke-width="3"/>'
    )


def words(x: float, y: float, said: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">{escape(said)}</text>'

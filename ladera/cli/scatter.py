"""Points over a line, drawn with characters."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["scatter"]

_LABEL = 9  # characters of a number beside the axis


def scatter(
    x: Sequence[float], y: Sequence[float], name: str, width: int = 60, height: int = 11
) -> list[str]:
    """Lines of text: y over x as dots (● where several fall together), with a line at y = 0.

    name: of x. width, height: of the field, in characters.
    """
    left, right = min(x), max(x)
    bottom, top = min(*y, 0.0), max(*y, 0.0)
    rows = [[" "] * width for _ in range(height)]
    zero = _place(top, top, bottom, height)
    rows[zero] = ["┈"] * width
    for across, up in zip(x, y, strict=True):
        row, column = _place(top - up, top, bottom, height), _cell(across, left, right, width)
        rows[row][column] = "●" if rows[row][column] in "•●" else "•"
    labels = {0: top, height - 1: bottom, zero: 0.0}
    drawn = []
    for k, cells in enumerate(rows):
        label = f"{labels[k]:.3g}" if k in labels else ""
        drawn.append(f"{label:>{_LABEL}} {'┤' if k in labels else '│'}{''.join(cells)}".rstrip())
    drawn.append(" " * (_LABEL + 1) + "└" + "─" * width)
    low, high = f"{left:.4g}", f"{right:.4g}"
    drawn.append(" " * (_LABEL + 2) + low + name.center(width - len(low) - len(high)) + high)
    return drawn


def _place(below: float, top: float, bottom: float, height: int) -> int:
    """The row of a point that lies so far below the top."""
    return round(below / (top - bottom) * (height - 1)) if top > bottom else height // 2


def _cell(value: float, left: float, right: float, width: int) -> int:
    return round((value - left) / (right - left) * (width - 1)) if right > left else width // 2

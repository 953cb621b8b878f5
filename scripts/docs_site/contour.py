"""Lines of equal height over a grid, by marching squares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

__all__ = ["level_lines"]

# Of a cell's corners (0 to 3, counterclockwise from below left) the sides that a line crosses: side i
# goes from corner i to the next one. A saddle cell is cut as if its middle lay below the level.
_SIDES = {
    1: [(3, 0)],
    2: [(0, 1)],
    3: [(3, 1)],
    4: [(1, 2)],
    5: [(3, 0), (1, 2)],
    6: [(0, 2)],
    7: [(3, 2)],
}
_CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))  # row and column

Node = tuple[int, int, int]  # the side of a cell: its lower left corner, and 0 along x or 1 along y


def level_lines(x: np.ndarray, y: np.ndarray, z: np.ndarray, level: float) -> list[np.ndarray]:
    """Where z, (len(y), len(x)), is the level: polylines, (n, 2) each."""
    neighbours: dict[Node, list[Node]] = defaultdict(list)
    for first, second in _segments(z > level):
        neighbours[first].append(second)
        neighbours[second].append(first)
    return [np.array([_point(node, x, y, z, level) for node in chain]) for chain in _chains(neighbours)]


def _segments(above: np.ndarray) -> Iterator[tuple[Node, Node]]:
    rows, columns = above.shape
    cells = np.zeros((rows - 1, columns - 1), int)
    for k, (r, c) in enumerate(_CORNERS):
        cells += above[r : rows - 1 + r, c : columns - 1 + c] << k
    for row, column in np.argwhere((cells > 0) & (cells < 15)):
        case = int(cells[row, column])
        for pair in _SIDES[min(case, 15 - case)]:
            first, second = (_node(int(row), int(column), side) for side in pair)
            yield first, second


def _node(row: int, column: int, side: int) -> Node:
    return ((row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1))[side]


def _chains(neighbours: dict[Node, list[Node]]) -> Iterator[list[Node]]:
    """The polylines: those with ends first, then the rings."""
    left = {node: set(others) for node, others in neighbours.items()}
    starts = [node for node, others in neighbours.items() if len(others) == 1]
    for start in [*starts, *neighbours]:
        if not left[start]:
            continue
        chain = [start]
        while left[chain[-1]]:
            following = left[chain[-1]].pop()
            left[following].discard(chain[-1])
            chain.append(following)
        yield chain


def _point(node: Node, x: np.ndarray, y: np.ndarray, z: np.ndarray, level: float) -> tuple[float, float]:
    row, column, along_y = node
    other = (row + along_y, column + 1 - along_y)
    share = (level - z[row, column]) / (z[other] - z[row, column])
    if along_y:
        return float(x[column]), float(y[row] + share * (y[row + 1] - y[row]))
    return float(x[column] + share * (x[column + 1] - x[column])), float(y[row])

"""A rule run by hand: the points it visits, and slopes by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ladera.rules import Rule

__all__ = ["path", "slope"]


def path(rule: Rule, gradient: Callable[[Any], Any], x: Any, steps: int) -> list[Any]:
    """The points x₀, x₁, ... of so many steps: numbers, or arrays of one shape."""
    state, visited = rule.init(x), [x]
    for t in range(1, steps + 1):
        state, x = rule.step(t, gradient(rule.read(state, x)), state, x)
        visited.append(x)
    return visited


def slope(f: Callable[[float], float], x: float, h: float = 1.0) -> float:
    """f'(x) by the central difference, which is exact for a parabola whatever h."""
    return (f(x + h) - f(x - h)) / (2 * h)

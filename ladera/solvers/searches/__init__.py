"""Line searches: how far to go along a direction."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ladera.solvers.searches._search import Search
from ladera.solvers.searches.armijo import Armijo
from ladera.solvers.searches.hager_zhang import HagerZhang
from ladera.solvers.searches.strong_wolfe import StrongWolfe

__all__ = ["Armijo", "HagerZhang", "Line", "Search", "StrongWolfe", "along"]


class Line(NamedTuple):
    """Where a search along a line has ended: the step length, φ and φ' there, how many trials it took,
    and whether its conditions hold there."""

    alpha: float
    phi: float
    slope: float
    trials: int
    done: bool


def along(
    search: Search, phi: Callable[[float], Any], dphi: Callable[[float], Any], alpha: float = 1.0
) -> Line:
    """Search along φ, given as functions of the step length, from 0 with `alpha` as the first trial.

    A search that does not find what it looks for ends with `done` False, at the best of its trials
    if that has fallen.
    """
    with jax.enable_x64(True):
        numbers = {name: float(value) for name, value in search.numbers().items()}
        s = search.start(*(jnp.float64(value) for value in (phi(0.0), dphi(0.0), alpha)))
        while True:
            length = float(s.alpha)
            value, slope = float(phi(length)), float(dphi(length))
            last, s = s.last, _told(type(search), numbers, s, value, slope)
            if s.done or s.failed:
                return Line(length, value, slope, int(s.trials), bool(s.done & ~last))


@functools.partial(jax.jit, static_argnums=0)
def _told(kind: type[Search], numbers: dict[str, Any], s: Any, phi: Any, slope: Any) -> Any:
    return kind(**numbers).step(s, phi, slope)

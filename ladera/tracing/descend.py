"""Thousands of descents of one rule in one compiled program: every start at every setting."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladera import rules, surfaces
from ladera.base import UsageError
from ladera.rules import Rule
from ladera.surfaces import Surface
from ladera.tracing.checks import check_steps

__all__ = ["Descents", "descend"]


@dataclass(frozen=True, eq=False)
class Descents:
    """Where the descents ended.

    x: (*settings, starts, d), float64; fun: (*settings, starts); a descent that became infinite or
    not a number holds what it became.
    settings: hyperparameter -> its values, one axis each in this order.
    """

    x: np.ndarray
    fun: np.ndarray
    settings: dict[str, np.ndarray]

    @property
    def finite(self) -> np.ndarray:
        """Which descents ended where f has a value, (*settings, starts)."""
        return np.isfinite(self.fun) & np.isfinite(self.x).all(axis=-1)


def descend(
    f: Any, starts: Any, method: str | Rule | type[Rule] = "sgd", steps: int = 500, **hyperparameters: Any
) -> Descents:
    """Run one rule from every start, (n, d) or (d,), at every combination of hyperparameters.

    f: as in `trace`. hyperparameters: numbers, or arrays of one axis; an array adds an axis to the
    result. One program in float64 serves any number of steps and any values.

    Raises UsageError as `trace` does, and for starts of another shape.
    """
    import jax

    starts = _checked(starts)
    surface = surfaces.of(f, dimension=starts.shape[1])
    _check_dimension(surface, starts)
    check_steps(steps)
    axes = {name: np.asarray(value, float) for name, value in hyperparameters.items() if np.ndim(value)}
    rule = rules.make(method, **{k: v for k, v in hyperparameters.items() if k not in axes})
    rule.replace(**axes)  # names and domains are checked here, once, before they become tracers
    numbers = {name: np.asarray(value, float) for name, value in rule.numbers().items()} | axes
    with jax.enable_x64(True):
        x, fun = _program(surface, rule.skeleton(), tuple(axes))(numbers, starts, steps)
    return Descents(np.asarray(x), np.asarray(fun), axes)


def _checked(starts: Any) -> np.ndarray:
    try:
        found = np.atleast_2d(np.asarray(starts, float))
    except (TypeError, ValueError):
        found = np.empty((0, 0))
    if found.ndim != 2 or found.size == 0:
        raise UsageError(
            "Starts are numbers of shape (n, d), n starts in d variables; received {received}.",
            received=f"shape {np.shape(starts)}",
        )
    return found


def _check_dimension(surface: Surface, starts: np.ndarray) -> None:
    if starts.shape[1] != surface.dimension:
        raise UsageError(
            "The function has {dimension} variables ({names}), and the starts have {received}.",
            dimension=surface.dimension,
            names=", ".join(surface.variables),
            received=starts.shape[1],
        )


@functools.lru_cache(maxsize=64)
def _program(surface: Surface, rule: Rule, axes: tuple[str, ...]) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def alone(numbers: dict[str, Any], x: Any, steps: Any) -> tuple[Any, Any]:
        mine = rule.replace(**numbers)

        def step(k: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            s, x = carry
            g = surface.gradient(mine.read(s, x))
            if mine.evaluations > 1:
                g = surface.gradient(mine.probe(g, s, x))
            return mine.step(k.astype(jnp.float64), g, s, x)

        _, x = jax.lax.fori_loop(1, steps + 1, step, (mine.init(x), x))
        return x, surface.value(x)

    mapped = jax.vmap(alone, (None, 0, None))
    for name in reversed(axes):
        only = {n: 0 if n == name else None for n in rule.numbers()}
        mapped = jax.vmap(mapped, (only, None, None))
    return jax.jit(mapped)

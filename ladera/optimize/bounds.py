"""Bounds, as SciPy takes them, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladera.base import UsageError

__all__ = ["box_of"]


def box_of(bounds: Any, dimension: int, solver: Any, pairs: bool) -> tuple[np.ndarray, np.ndarray] | None:
    """(low, high), each (d,) float64; None without bounds.

    bounds: an object with `lb` and `ub` (scipy.optimize.Bounds), d pairs (low, high), or two arrays.
    pairs: how two rows for two variables are read, as pairs (SciPy's minimize) or as two arrays (its
    least_squares). Raises UsageError: another shape, low above high, a method that takes no bounds.
    """
    if bounds is None:
        return None
    low, high = _read(bounds, dimension, pairs)
    if not ((low <= high) & (low < np.inf) & (high > -np.inf)).all():
        raise UsageError("A lower bound lies below its upper one; received {received}.", received=bounds)
    if np.isneginf(low).all() and np.isposinf(high).all():
        return None
    if not solver.bounded:
        raise UsageError(
            "The method '{method}' takes no bounds; 'lbfgs' does, and 'lm' for least squares.",
            method=solver.label(),
        )
    return low, high


def _read(bounds: Any, d: int, pairs: bool) -> tuple[np.ndarray, np.ndarray]:
    try:
        if hasattr(bounds, "lb"):
            parts = bounds.lb, bounds.ub
        elif len(bounds) == d and (pairs or d != 2) and all(np.shape(pair) == (2,) for pair in bounds):
            parts = zip(*bounds, strict=True)
        else:
            low, high = bounds
            parts = low, high
        low, high = (
            np.broadcast_to(_numbers(part, missing), (d,))
            for part, missing in zip(parts, (-np.inf, np.inf), strict=True)
        )
    except (TypeError, ValueError):
        low = high = np.array(np.nan)
    if np.isnan(low).any() or np.isnan(high).any():
        raise UsageError(
            "Bounds are {d} pairs (low, high), one per variable, or two arrays of {d}; received "
            "{received!r}.",
            d=d,
            received=bounds,
        )
    return low, high


def _numbers(values: Any, missing: float) -> np.ndarray:
    if values is None:
        return np.array(missing)
    if np.ndim(values) == 0:
        return np.array(float(values))
    return np.array([missing if value is None else float(value) for value in values])

"""A thousand curves fitted, four parameters and 50 points each, beside loops over SciPy's two functions."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit, least_squares

import ladera
from benchmarks.section import Section
from benchmarks.sizes import Size
from benchmarks.table import Table, number

__all__ = ["measure"]

_CURVES, _POINTS, _NOISE = 1000, 50, 0.05
_START = np.array([2.0, 1.0, 5.0, 0.0])
_AGREED = 1e-4  # of a parameter; SciPy's default tolerances leave about 1e-6


def measure(size: Size) -> Section:
    x, y = _data(max(10, int(size.share * _CURVES)))
    sides: dict[str, Callable[[], np.ndarray]] = {
        "Ladera curve_fit": lambda: ladera.curve_fit(_model, x, y, _START)[0],
        "SciPy curve_fit": lambda: np.stack([curve_fit(_numpy, x, row, _START)[0] for row in y]),
        "SciPy curve_fit, derivatives by hand": lambda: np.stack(
            [curve_fit(_numpy, x, row, _START, jac=_derivatives)[0] for row in y]
        ),
        "SciPy least_squares": lambda: np.stack([_residuals(x, row) for row in y]),
        "SciPy least_squares, derivatives by hand": lambda: np.stack(
            [_residuals(x, row, jac=lambda b: _derivatives(x, *b)) for row in y]
        ),
        "SciPy least_squares lm, derivatives by hand": lambda: np.stack(
            [_residuals(x, row, jac=lambda b: _derivatives(x, *b), method="lm") for row in y]
        ),
    }
    rows = []
    began = time.perf_counter()
    wanted = sides["Ladera curve_fit"]()
    compiling = time.perf_counter() - began
    for name, side in sides.items():
        seconds, found = _median(side, size)
        off = np.abs(found - wanted) / np.maximum(np.abs(wanted), 1)
        agreed = int((off.max(axis=1) < _AGREED).sum())
        rows.append({"side": name, "seconds": seconds, "curves": len(y), "agreed": agreed})
    data = {"compilation": compiling, "sides": rows}
    libraries = {name: version(name) for name in ("jax", "numpy", "scipy")}
    return Section("curves", [_table(rows, compiling)], data, libraries=libraries)


def _data(curves: int) -> tuple[np.ndarray, np.ndarray]:
    """x (m,) and y (n, m): noisy logistic curves."""
    rng = np.random.default_rng(0)
    x = np.linspace(0, 10, _POINTS)
    low, high = [1, 0.3, 2, -1], [5, 1.5, 8, 1]
    parameters = rng.uniform(low, high, (curves, len(low)))
    y = np.stack([_numpy(x, *b) for b in parameters])
    return x, y + _NOISE * rng.normal(size=y.shape)


def _model(x: Any, a: Any, k: Any, middle: Any, c: Any) -> Any:
    return a / (1 + jnp.exp(-k * (x - middle))) + c


def _numpy(x: np.ndarray, a: float, k: float, middle: float, c: float) -> np.ndarray:
    return a / (1 + np.exp(-k * (x - middle))) + c


def _derivatives(x: np.ndarray, a: float, k: float, middle: float, c: float) -> np.ndarray:
    share = 1 / (1 + np.exp(-k * (x - middle)))
    slope = a * share * (1 - share)
    return np.stack([share, slope * (x - middle), -slope * k, np.ones_like(x)], axis=1)


def _residuals(x: np.ndarray, y: np.ndarray, **options: Any) -> np.ndarray:
    return least_squares(lambda b: _numpy(x, *b) - y, _START, **options).x


def _median(side: Callable[[], np.ndarray], size: Size) -> tuple[float, np.ndarray]:
    taken = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", OptimizeWarning)
        found = side()
        for _ in range(size.repeats):
            began = time.perf_counter()
            found = side()
            taken.append(time.perf_counter() - began)
    return statistics.median(taken), found


def _table(rows: list[dict[str, Any]], compiling: float) -> Table:
    curves = rows[0]["curves"]
    table = Table(
        f"{curves:,} curves, {len(_START)} parameters, {_POINTS} points each, float64",
        ("side", "seconds", "µs a curve", "same parameters", "Ladera is"),
    )
    for row in rows:
        ratio = "" if row is rows[0] else f"{number(row['seconds'] / rows[0]['seconds'])}×"
        each = 1e6 * row["seconds"] / curves
        table.rows.append((row["side"], number(row["seconds"]), number(each), str(row["agreed"]), ratio))
    table.notes.append(
        "Wanted: 20× the loop over curve_fit, 50× the one over least_squares. All sides give parameters; "
        "Ladera and curve_fit their covariance, too."
    )
    table.notes.append(f"Ladera's first call took {number(compiling)} s, compilation included.")
    return table

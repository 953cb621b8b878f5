"""Certified regressions of NIST, both starts, exact Jacobian, default settings: digits beside SciPy's."""

from __future__ import annotations

import importlib.util
import os
import statistics
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
import scipy.optimize

import ladera
from benchmarks.counted import Counted
from benchmarks.published.nist import MODELS, Problem, digits, read
from benchmarks.section import Section
from benchmarks.sizes import Size
from benchmarks.table import Table

__all__ = ["measure"]

_SOLVED = 4.0  # digits
_TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": 5000}  # SciPy's defaults give fewer digits


def measure(size: Size) -> Section:
    folder = Path(os.environ.get("LADERA_DATA", "")) / "nist-strd"
    files = [file for file in sorted(folder.glob("*.dat")) if file.stem in MODELS]
    if not files:
        return Section.skipped("nist", "no *.dat in LADERA_DATA/nist-strd")
    sides = {"Ladera lm": _ladera, "SciPy lm": _scipy("lm"), "SciPy trf": _scipy("trf")}
    if importlib.util.find_spec("optimistix"):
        sides["optimistix LM"] = _optimistix
    rows = []
    for problem in map(read, files[: max(1, int(size.share * len(files)))]):
        for k, start in enumerate(problem.starts, 1):
            found = {name: side(problem, start) for name, side in sides.items()}
            told = {name: [digits(x, problem.certified), n] for name, (x, n) in found.items()}
            rows.append({"problem": problem.name, "start": k, **told})
    libraries = {"scipy": version("scipy"), "jax": version("jax")}
    return Section("nist", [_table(rows, list(sides))], rows, libraries=libraries)


def _ladera(problem: Problem, start: np.ndarray) -> tuple[np.ndarray, int]:
    found = ladera.least_squares(problem.residuals, start)
    return found.x, found.nfev


def _scipy(method: Any) -> Any:
    def side(problem: Problem, start: np.ndarray) -> tuple[np.ndarray, int]:
        r, j = Counted(problem.residuals), Counted(jax.jacfwd(problem.residuals))
        try:
            with np.errstate(all="ignore"):
                found = scipy.optimize.least_squares(r, start, j, method=method, x_scale="jac", **_TIGHT)
        except ValueError:  # a residual that is not finite ends SciPy
            return np.full(start.shape, np.nan), 0
        return found.x, int(found.nfev)

    return side


def _optimistix(problem: Problem, start: np.ndarray) -> tuple[np.ndarray, int]:
    import optimistix  # pyright: ignore[reportMissingImports]

    with jax.enable_x64(True):
        found = optimistix.least_squares(
            lambda b, _: problem.residuals(b),
            optimistix.LevenbergMarquardt(rtol=1e-14, atol=1e-14),
            jax.numpy.asarray(start),
            max_steps=5000,
            throw=False,
        )
        return np.asarray(found.value), int(found.stats["num_steps"])


def _table(rows: list[dict[str, Any]], sides: list[str]) -> Table:
    table = Table(
        "NIST StRD: digits of the worst parameter (evaluations); wanted: 4 everywhere, 9.5 in the mean",
        ("problem", "start", *sides),
    )
    for row in rows:
        shown = (f"{row[side][0]:.1f} ({row[side][1]})" for side in sides)
        table.rows.append((row["problem"], str(row["start"]), *shown))
    means = (statistics.mean(row[side][0] for row in rows) for side in sides)
    solved = (sum(row[side][0] >= _SOLVED for row in rows) for side in sides)
    table.rows.append(("mean digits", "", *(f"{mean:.2f}" for mean in means)))
    table.rows.append((f"solved of {len(rows)}", "", *map(str, solved)))
    table.notes.append(
        "SciPy: tolerances at 1e-15, x_scale='jac', 5,000 evaluations at most. Ladera: as it comes."
    )
    return table

"""Published test problems, from their customary starts: what is solved, and in how many evaluations, beside
SciPy at the same tolerance on the gradient."""

from __future__ import annotations

import statistics
import warnings
from importlib.metadata import version
from typing import Any, NamedTuple

import jax
import numpy as np
import scipy.optimize

import ladera
from benchmarks.counted import Counted
from benchmarks.published.mgh import MGH
from benchmarks.published.unconstrained import PROBLEMS, Unconstrained
from benchmarks.section import Section
from benchmarks.sizes import Size
from benchmarks.table import Table, number

__all__ = ["measure"]

_METHODS = {"bfgs": "BFGS", "lbfgs": "L-BFGS-B"}
_GTOL = 1e-6  # of the gradient's largest element; less where the start's is small already
_CLOSE, _GTOL_PUBLISHED = 1e-6, 1e-9  # of a published minimum, and the gradient that is asked for there
_MOST = 20_000  # evaluations, for both
_TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}  # SciPy's defaults solve fewer


class _Side(NamedTuple):
    x: np.ndarray
    calls: int  # evaluations of value and gradient, or of residuals


class _Found(NamedTuple):
    """Both sides' ways from one start."""

    problem: str
    method: str
    solved: bool
    theirs: bool
    ratio: float | None  # of evaluations, where both arrive at the same value

    def shown(self, ours: _Side, theirs: _Side) -> str:
        marks = ("" if ok else " ✗" for ok in (self.solved, self.theirs))
        return " / ".join(f"{side.calls}{mark}" for side, mark in zip((ours, theirs), marks, strict=True))


def measure(size: Size) -> Section:
    def share_of(names: list[str]) -> list[str]:
        return names[: max(2, int(size.share * len(names)))]

    published = share_of([name for name, problem in MGH.items() if problem.unconstrained])
    squared = share_of(list(MGH))
    general = share_of([name for name in PROBLEMS if name not in MGH])
    tables, data = [], []
    for title, names, methods in (
        ("Moré, Garbow & Hillstrom: the unconstrained problems", published, tuple(_METHODS)),
        ("Moré, Garbow & Hillstrom: all, as least squares", squared, ("lm",)),
        ("General unconstrained problems (Andrei; CUTE; larger sizes)", general, tuple(_METHODS)),
    ):
        table, rows = _compared(title, names, methods)
        tables.append(table)
        data += [row._asdict() for row in rows]
    tables[0].notes.append("Wanted: all solved by BFGS or L-BFGS; a median ratio of 1.2 at most.")
    tables[-1].notes.append(
        f"Solved: a published minimum to {_CLOSE:g}, a gradient within {_GTOL_PUBLISHED:g} being asked for; "
        f"elsewhere every element of the gradient within {_GTOL:g} and a thousandth of the start's. Both "
        f"sides are judged alike. At most {_MOST:,} evaluations. ✗: not solved."
    )
    libraries = {name: version(name) for name in ("jax", "scipy")}
    return Section("unconstrained", tables, data, libraries=libraries)


def _compared(title: str, names: list[str], methods: tuple[str, ...]) -> tuple[Table, list[_Found]]:
    table = Table(f"{title}: evaluations, Ladera's / SciPy's", ("problem", *(m.upper() for m in methods)))
    found: list[_Found] = []
    for name in names:
        cells = []
        for method in methods:
            one, ours, theirs = (_residuals if method == "lm" else _value)(name, method)
            found.append(one)
            cells.append(one.shown(ours, theirs))
        table.rows.append((name, *cells))
    by = {method: [one for one in found if one.method == method] for method in methods}
    solved = (f"{sum(o.solved for o in of)} / {sum(o.theirs for o in of)}" for of in by.values())
    table.rows.append((f"solved of {len(names)}", *solved))
    medians = ([one.ratio for one in of if one.ratio is not None] for of in by.values())
    table.rows.append(
        ("median ratio, where both agree", *(number(statistics.median(r)) if r else "–" for r in medians))
    )
    return table, found


def _value(name: str, method: str) -> tuple[_Found, _Side, _Side]:
    problem = PROBLEMS[name]
    pair = Counted(jax.value_and_grad(problem.function))
    minima = MGH[name].minima if name in MGH else ()
    first = float(np.abs(pair(np.array(problem.start))[1]).max())
    gtol = min(_GTOL_PUBLISHED if minima else _GTOL, 1e-3 * first)
    mine = ladera.minimize(problem.function, problem.start, method, gtol=gtol, maxiter=_MOST, maxfev=_MOST)
    ours, theirs = _Side(mine.x, mine.nfev), _scipy(problem, pair, method, gtol)

    def judged(side: _Side) -> tuple[bool, float]:
        fun, grad = pair(side.x)
        return _near(fun, minima) if minima else bool(np.abs(grad).max() <= gtol), float(fun)

    return _both(name, method, (ours, *judged(ours)), (theirs, *judged(theirs)))


def _scipy(problem: Unconstrained, pair: Counted, method: str, gtol: float) -> _Side:
    options: dict[str, Any] = {"gtol": gtol, "maxiter": _MOST}
    if method == "lbfgs":
        options |= {"ftol": 0, "maxfun": _MOST, "maxcor": 10}
    pair.calls = 0
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = scipy.optimize.minimize(
            pair, np.array(problem.start), jac=True, method=_METHODS[method], options=options
        )
    return _Side(found.x, pair.calls)


def _residuals(name: str, method: str) -> tuple[_Found, _Side, _Side]:
    problem = MGH[name]
    residuals, jacobian = Counted(problem.residuals), Counted(jax.jacfwd(problem.residuals))
    mine = ladera.least_squares(problem.residuals, problem.start)
    try:
        found = scipy.optimize.least_squares(
            residuals, problem.start, jacobian, method="lm", max_nfev=_MOST, **_TIGHT
        )
        theirs = _Side(found.x, found.nfev)
    except ValueError:  # fewer residuals than parameters, or some that are not finite
        theirs = _Side(np.array(problem.start), 0)

    def judged(side: _Side) -> tuple[bool, float]:
        fun = float(np.sum(residuals(side.x) ** 2))
        return _near(fun, problem.minima), fun

    ours = _Side(mine.x, mine.nfev)
    return _both(name, method, (ours, *judged(ours)), (theirs, *judged(theirs)))


def _both(
    name: str, method: str, ours: tuple[_Side, bool, float], theirs: tuple[_Side, bool, float]
) -> tuple[_Found, _Side, _Side]:
    (a, good, fun), (b, too, other) = ours, theirs
    same = good and too and b.calls and np.isclose(fun, other, rtol=1e-5, atol=1e-8)
    return _Found(name, method, good, too, a.calls / b.calls if same else None), a, b


def _near(fun: Any, minima: tuple[float, ...]) -> bool:
    return any(bool(np.isclose(fun, least, rtol=_CLOSE, atol=1e-10)) for least in minima)

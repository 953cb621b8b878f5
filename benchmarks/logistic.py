"""L-BFGS on a large convex problem: softmax regression on MNIST, beside scikit-learn; and how long a warm
`minimize` of two variables takes beside SciPy's."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from sklearn.linear_model import LogisticRegression

import ladera
from benchmarks.counted import Counted
from benchmarks.section import Section
from benchmarks.sizes import Size
from benchmarks.table import Table, number

__all__ = ["measure"]

_TOLERANCE = 1e-4  # of the largest element of the gradient, on both sides
_PENALTY = 1.0  # scikit-learn's C
_CLASSES = 10
_SMALL = ("newton", "trust", "newton-cg", "bfgs", "lbfgs", "cg")
_SCIPY = {"newton-cg": "Newton-CG", "bfgs": "BFGS", "lbfgs": "L-BFGS-B", "cg": "CG", "trust": "trust-exact"}


def measure(size: Size) -> Section:
    tables, data = [_two_variables(size)], {}
    if (file := Path(os.environ.get("LADERA_DATA", "")) / "mnist.npz").is_file():
        table, data["mnist"] = _mnist(file, size)
        tables.append(table)
    else:
        tables.append(Table("softmax regression on MNIST", ("skipped",), [("LADERA_DATA is not set",)]))
    libraries = {name: version(name) for name in ("jax", "scipy", "scikit-learn")}
    return Section("logistic", tables, data, libraries=libraries)


def _two_variables(size: Size) -> Table:
    """Milliseconds of a warm call, and what compiling took before."""

    def f(x: Any) -> Any:
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    start = [-1.2, 1.0]
    value, gradient, hessian = map(Counted, (f, jax.grad(f), jax.hessian(f)))
    table = Table(
        "minimize on Rosenbrock from (-1.2, 1), milliseconds a call (wanted: 5)",
        ("method", "Ladera, warm", "its compilation", "SciPy, compiled function", "Ladera is"),
    )
    for method in _SMALL:
        began = time.perf_counter()
        ladera.minimize(f, start, method)
        compiling = time.perf_counter() - began
        mine = _median(lambda method=method: ladera.minimize(f, start, method), size)
        theirs = None
        if method in _SCIPY:
            more = {"hess": hessian} if method.startswith(("newton", "trust")) else {}
            theirs = _median(
                lambda method=method, more=more: scipy.optimize.minimize(
                    value, start, jac=gradient, method=_SCIPY[method], **more
                ),
                size,
            )
        ratio = "" if theirs is None else f"{number(theirs / mine)}×"
        shown = None if theirs is None else 1e3 * theirs
        table.rows.append((method, number(1e3 * mine), number(1e3 * compiling), number(shown), ratio))
    return table


def _mnist(file: Path, size: Size) -> tuple[Table, list[dict[str, Any]]]:
    with np.load(file, allow_pickle=False) as held:
        x, y = held["x_train"], held["y_train"].astype(np.int32)
    n = max(500, int(size.share * len(x)))
    x = (x[:n].reshape(n, -1) / 255).astype(np.float32)
    y = y[:n]
    start = np.zeros((x.shape[1] + 1) * _CLASSES, np.float32)
    given = jax.device_put(x), jax.device_put(y)

    def ladera_side() -> tuple[np.ndarray, int]:
        found = ladera.minimize(_loss, start, "lbfgs", args=given, gtol=_TOLERANCE)
        return found.x, found.nfev

    def their_side() -> tuple[np.ndarray, int]:
        model = LogisticRegression(C=_PENALTY, tol=_TOLERANCE, max_iter=5000).fit(x, y)
        return np.concatenate([model.coef_.T.ravel(), model.intercept_]), int(model.n_iter_[0])

    ladera_side()  # compiles
    rows = []
    for name, side in (("Ladera L-BFGS", ladera_side), ("scikit-learn LogisticRegression", their_side)):
        began = time.perf_counter()
        w, count = side()
        rows.append(
            {"side": name, "seconds": time.perf_counter() - began, "count": count, **_judged(w, x, y)}
        )
    table = Table(
        f"softmax regression on {n:,} digits, float32, C = {_PENALTY:g}, tolerance {_TOLERANCE:g}",
        ("side", "seconds", "loss", "largest |gradient|", "evaluations", "Ladera is"),
    )
    for row in rows:
        ratio = "" if row is rows[0] else f"{number(row['seconds'] / rows[0]['seconds'])}×"
        table.rows.append(
            (
                *(row["side"], number(row["seconds"]), f"{row['loss']:.6f}", number(row["gradient"])),
                *(str(row["count"]), ratio),
            )
        )
    table.notes.append(
        "All cores on both sides. Loss and gradient in float64. scikit-learn counts iterations."
    )
    return table, rows


def _loss(w: Any, x: Any, y: Any) -> Any:
    """scikit-learn's: mean cross-entropy, and |W|²/(2 C n) without the intercepts."""
    weights, intercepts = w[:-_CLASSES].reshape(-1, _CLASSES), w[-_CLASSES:].reshape(1, -1)
    z = x @ weights + intercepts
    right = jnp.take_along_axis(z, y.reshape(-1, 1), axis=1).reshape(-1)
    entropy = jax.nn.logsumexp(z, axis=1) - right
    return entropy.mean() + (weights**2).sum() / (2 * _PENALTY * x.shape[0])


def _judged(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    with jax.enable_x64(True):
        loss, gradient = jax.jit(jax.value_and_grad(_loss))(w.astype(float), x.astype(float), y)
        return {"loss": float(loss), "gradient": float(np.abs(gradient).max())}


def _median(call: Callable[[], Any], size: Size) -> float:
    call()
    taken = []
    for _ in range(max(9, size.repeats)):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)

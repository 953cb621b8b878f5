"""Data by name: bundled with scikit-learn, made here, from a local copy, or from OpenML.

Importing scikit-learn costs a second, pandas a third of one: each only where a data set needs it.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.problems import files
from ladera.problems.raw import Raw, from_frame

__all__ = ["FETCHED", "MADE", "Say", "openml", "to_stderr"]

Say = Callable[[str], None]

LOCAL_COPIES = "LADERA_DATA"  # the environment variable that names the folder with local copies
_OPENML_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()+-]*")


def to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ------------------------------------------------------------------------------- bundled, made


def _bundled(loader: str, source: str, **options: Any) -> Callable[[], Raw]:
    def read() -> Raw:
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, loader)(**options)
        return Raw(
            bunch.data,
            bunch.target,
            labels=tuple(str(name) for name in getattr(bunch, "target_names", ())),
            features=tuple(bunch.feature_names),
            source=source,
        )

    return read


def _digits() -> Raw:
    """8×8 images, read from scikit-learn's own file: importing scikit-learn would cost a second."""
    source = "Alpaydin & Kaynak 1998, UCI Optical Recognition of Handwritten Digits; CC BY 4.0"
    package = importlib.util.find_spec("sklearn")
    file = Path((package and package.origin) or "").parent / "datasets" / "data" / "digits.csv.gz"
    if not file.is_file():  # another scikit-learn may keep it elsewhere
        raw = _bundled("load_digits", source)()
        return replace(raw, x=np.asarray(raw.x).reshape(-1, 8, 8))
    table = np.loadtxt(file, delimiter=",")
    pixels = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))
    labels = tuple("0123456789")
    x = table[:, :-1].reshape(-1, 8, 8)
    return Raw(x, table[:, -1].astype(int), labels=labels, features=pixels, source=source)


def _moons(rows: int = 1000, noise: float = 0.2, seed: int = 0) -> Raw:
    """Two interleaving half circles of radius 1 with Gaussian noise, as scikit-learn's make_moons."""
    angle = np.linspace(0, np.pi, rows // 2)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    x = np.concatenate([upper, lower]) + noise * rng.standard_normal((rows, 2))
    y = np.repeat([0, 1], rows // 2)
    return Raw(x, y, labels=("upper", "lower"), features=("x1", "x2"), source="made by Ladera")


def _mackey_glass(moments: int = 2000, tau: int = 17, per_moment: int = 10) -> Raw:
    """dx/dt = 0.2 x(t - τ)/(1 + x(t - τ)^10) - 0.1 x(t) with x = 1.2 up to t = 0, at t = 0, 1, 2, ...

    By Runge and Kutta's method of fourth order at steps of 0.1; between two steps x(t - τ) is their mean.
    """
    step, behind = 1 / per_moment, tau * per_moment
    x = np.full(behind + (moments - 1) * per_moment + 1, 1.2)  # x[behind] is x(0)
    for k in range(behind, len(x) - 1):
        past, next_past = (float(x[k - behind + j]) for j in (0, 1))
        now = float(x[k])
        fed = [0.2 * p / (1 + p**10) for p in (past, (past + next_past) / 2, next_past)]
        a = fed[0] - 0.1 * now
        b = fed[1] - 0.1 * (now + step / 2 * a)
        c = fed[1] - 0.1 * (now + step / 2 * b)
        d = fed[2] - 0.1 * (now + step * c)
        x[k + 1] = now + step / 6 * (a + 2 * b + 2 * c + d)
    source = "Mackey & Glass 1977, Science 197:287, chaotic at τ = 17; made by Ladera"
    return Raw(np.empty((moments, 0)), x[behind::per_moment], "x", source=source, window=24)


def _sunspots() -> Raw:
    """Of every year from 1700 to 2008."""
    path = Path(__file__).parent / "data" / "sunspots.csv"
    values = np.loadtxt(path, skiprows=1)
    source = "yearly sunspot numbers 1700-2008, NOAA National Geophysical Data Center; public domain"
    return Raw(np.empty((len(values), 0)), values, "sunspots", source=source, window=24)


MADE: dict[str, Callable[[], Raw]] = {
    "breast_cancer": _bundled(
        "load_breast_cancer",
        "Wolberg, Street & Mangasarian 1995, UCI Breast Cancer Wisconsin (Diagnostic); CC BY 4.0",
    ),
    # scaled=False: scikit-learn's scaled copy was centred with the rows that are to be the test set
    "diabetes": _bundled(
        "load_diabetes", "Efron, Hastie, Johnstone & Tibshirani 2004, Least Angle Regression", scaled=False
    ),
    "digits": _digits,
    "iris": _bundled("load_iris", "Fisher 1936, UCI Iris; CC BY 4.0"),
    "mackey_glass": _mackey_glass,
    "moons": _moons,
    "sunspots": _sunspots,
    "wine": _bundled("load_wine", "Forina et al. 1991, UCI Wine; CC BY 4.0"),
}


# ------------------------------------------------------------------------------- local copy or OpenML


@dataclass(frozen=True)
class Fetched:
    """A data set that is read from a local copy, or else from OpenML.

    target: its column in the local copy; OpenML knows its own.
    images: each image's shape, and how many of the last rows are for testing.
    """

    file: str
    openml: int
    source: str
    target: str | None = None
    images: tuple[tuple[int, int], int] | None = None

    def read(self, target: str | None, say: Say) -> Raw:
        folder = os.environ.get(LOCAL_COPIES)
        if folder and (path := Path(folder) / self.file).is_file():
            return replace(
                files.read(path, target or self.target), source=f"{self.source}; local copy {self.file}"
            )
        raw = openml(str(self.openml), target, say, file=self.file)
        if self.images:
            shape, test = self.images
            pixels = np.asarray(raw.x, dtype=np.uint8).reshape(-1, *shape)
            rows = np.arange(len(pixels) - test, len(pixels))
            raw = Raw(pixels, raw.y, raw.target, test=rows)
        return replace(raw, source=f"{self.source}; OpenML {self.openml}")


FETCHED: dict[str, Fetched] = {
    "bank-marketing": Fetched(
        "bank-full.csv", 1461, "Moro, Cortez & Rita 2014, UCI Bank Marketing; CC BY 4.0", target="y"
    ),
    "mnist": Fetched(
        "mnist.npz", 554, "LeCun, Cortes & Burges, MNIST; CC BY-SA 3.0", images=((28, 28), 10_000)
    ),
    "online-shoppers": Fetched(
        "online_shoppers_intention.csv",
        45560,
        "Sakar & Kastro 2018, UCI Online Shoppers Purchasing Intention; CC BY 4.0",
        target="Revenue",
    ),
}


def openml(name: str, target: str | None, say: Say, file: str = "") -> Raw:
    """The OpenML data set of that name, or number. `file` is its local copy's name, if it may have one.

    Raises UsageError: not a name, unknown, out of reach, or not a table.
    """
    if not _OPENML_NAME.fullmatch(name):  # it becomes part of an address and of a path
        raise UsageError(
            "An OpenML name is letters, digits and . _ - + ( ), received '{received}'; "
            "look it up on openml.org, or give the data set's number.",
            received=name,
        )
    import sklearn.datasets

    say(f"Fetching '{name}' from OpenML (downloaded once, then read from scikit-learn's cache).")
    which: dict[str, Any] = {"data_id": int(name)} if name.isdecimal() else {"name": name}
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="A network error occurred")
            bunch: Any = sklearn.datasets.fetch_openml(
                **which, target_column=target or "default-target", as_frame=True, n_retries=1
            )
    except (OSError, http.client.HTTPException) as error:  # URLError and timeouts are OSErrors
        raise _out_of_reach(name, file, error) from None
    except (ValueError, KeyError) as error:  # unknown name, unknown target, a sparse table
        raise UsageError(
            "OpenML has no table '{name}' with that target ({reason}); look it up on openml.org.",
            name=name,
            reason=str(error).strip("'\" ."),
        ) from None
    column = bunch.target.name if bunch.target is not None and bunch.target.ndim == 1 else None
    licence = bunch.details.get("licence", "licence not stated")
    return from_frame(
        bunch.frame, target or column, source=f"OpenML {bunch.details.get('id', name)}; {licence}"
    )


def _out_of_reach(name: str, file: str, error: Exception) -> UsageError:
    reason = str(getattr(error, "reason", error))
    if file:
        return UsageError(
            "OpenML is out of reach ({reason}), so '{name}' cannot be fetched; put {file} into a folder and "
            "name the folder in the environment variable LADERA_DATA.",
            reason=reason,
            name=name,
            file=file,
        )
    return UsageError(
        "OpenML is out of reach ({reason}), so '{name}' cannot be fetched; connect, or give a file "
        "(LADERA_DATA names the folder of local copies of mnist, bank-marketing and online-shoppers).",
        reason=reason,
        name=name,
    )

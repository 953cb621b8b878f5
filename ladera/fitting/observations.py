"""What is given to curve_fit, as arrays of float64, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.problems.raw import is_frame, named

__all__ = ["Observations", "observations", "real"]


@dataclass(frozen=True)
class Observations:
    """m observations of one curve, or of n curves.

    x: an array, or a mapping from names to arrays. y: (m,) or (n, m). sigma: standard errors, (m,) or
    (n, m); or root: the lower Cholesky factors of covariances, (m, m) or (n, m, m).
    own: of n curves, which of x, y, sigma and root have their own for each curve, as a first axis of n.
    """

    x: Any
    y: np.ndarray
    sigma: np.ndarray | None = None
    root: np.ndarray | None = None
    own: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """m"""
        return self.y.shape[-1]

    def of(self, names: Mapping[str, str]) -> Observations:
        """With some of the columns of x, under other names: {new: old}."""
        if not isinstance(self.x, Mapping) or not names:
            return self
        return replace(self, x={new: self.x[old] for new, old in names.items()})

    def data(self) -> dict[str, Any]:
        """By name, in the order in which a program takes them: what is shared, then each curve's own."""
        given = {"x": self.x, "y": self.y, "sigma": self.sigma, "root": self.root}
        present = {name: value for name, value in given.items() if value is not None}
        return dict(sorted(present.items(), key=lambda item: item[0] in self.own))


def observations(xdata: Any, ydata: Any, sigma: Any, check_finite: bool) -> Observations:
    """Raises UsageError: no numbers, numbers that are not finite, shapes that do not go together."""
    y = real(ydata, "ydata", check_finite)
    if y.ndim not in (1, 2) or y.size == 0:
        raise UsageError(
            "ydata is an array (m,), or (n, m) for n curves; received shape {received}.", received=y.shape
        )
    own = {"y"} if y.ndim == 2 else set()
    x, has_own = _x(xdata, y, check_finite)
    own |= {"x"} if has_own else set()
    if sigma is None:
        return Observations(x, y, own=frozenset(own))
    errors = real(sigma, "sigma", check_finite)
    m = y.shape[-1]
    kind = "root" if errors.ndim == y.ndim + 1 and errors.ndim > 1 else "sigma"
    if (errors.ndim == y.ndim and y.ndim == 2) or errors.ndim == 3:
        own |= {kind}
    if kind == "root":
        if errors.shape not in ((m, m), (*y.shape, m)):
            raise _another_shape(errors, y)
        return Observations(x, y, root=_root(errors), own=frozenset(own))
    if errors.shape == () and y.ndim == 1:
        errors = np.full(m, errors)
    if errors.shape not in ((m,), y.shape):
        raise _another_shape(errors, y)
    if not (errors > 0).all():
        raise UsageError(
            "sigma holds standard errors, which are positive; received {received}.", received=errors.min()
        )
    return Observations(x, y, sigma=errors, own=frozenset(own))


def real(values: Any, what: str, check_finite: bool = True) -> np.ndarray:
    """An array of float64. Raises UsageError for what is no real number, or not finite."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            array = array.astype(np.float64, casting="same_kind" if array.dtype.kind == "c" else "unsafe")
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            "{what} is an array of real numbers; received {received} ({detail}).",
            what=what,
            received=type(values).__name__,
            detail=str(error).splitlines()[0],
        ) from None
    if check_finite and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise UsageError(
            "{what} holds finite numbers; received {received} at index {where}: leave that observation out.",
            what=what,
            received=array[where],
            where=where[0] if len(where) == 1 else where,
        )
    return array


def _x(xdata: Any, y: np.ndarray, check_finite: bool) -> tuple[Any, bool]:
    """x, and whether every curve has its own."""
    if is_frame(xdata):
        frame = named(xdata)
        xdata = {name: frame[name].to_numpy() for name in frame.columns}
    if not isinstance(xdata, Mapping):
        x = real(xdata, "xdata", check_finite)
        _check_length(x, y)
        return x, _own(x, y)
    columns = {name: real(column, f"xdata['{name}']", check_finite) for name, column in xdata.items()}
    for column in columns.values():
        _check_length(column, y)
    own = any(_own(column, y) for column in columns.values())
    if own:  # one of them for each curve, then all
        shape = y.shape
        columns = {name: np.broadcast_to(c, shape) if c.ndim == 1 else c for name, c in columns.items()}
    return columns, own


def _own(x: np.ndarray, y: np.ndarray) -> bool:
    return y.ndim == 2 and x.ndim > 1 and x.shape[0] == y.shape[0]


def _check_length(x: np.ndarray, y: np.ndarray) -> None:
    """Of one variable; an array of several may be laid out as the model likes."""
    if x.ndim == 0 or (x.ndim == 1 and x.shape[0] != y.shape[-1]):
        raise UsageError(
            "xdata and ydata have one number per observation; received {x} in xdata and {y} in ydata.",
            x=x.size,
            y=y.shape[-1],
        )


def _root(covariance: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise UsageError(
            "A matrix given as sigma is the covariance of the observations, symmetric and positive definite; "
            "this one is not: check it, or give the standard errors, of shape (m,)."
        ) from None


def _another_shape(errors: np.ndarray, y: np.ndarray) -> UsageError:
    return UsageError(
        "sigma has a standard error per observation, shape {expected}, or is their covariance; received "
        "shape {received}.",
        expected=y.shape,
        received=errors.shape,
    )

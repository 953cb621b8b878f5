"""The array functions a rule may use beside infix operators, on four algebras.

NumPy arrays and Python numbers, JAX arrays and tracers, PyTorch tensors and SymPy symbols: the
function looks at its arguments' types and calls that library. No library is imported before an
array of it arrives. What is computed from Python numbers alone stays a Python number: a NumPy
float64 beside a float32 array would promote the array. `Blocks`, several arrays as one, go part by
part, but for `norm`, `rms`, `size` and `total`, which go over everything. A matrix of symbols is a
NumPy array of them (dtype object), and goes element by element.
"""

from __future__ import annotations

import functools
import importlib
import math
import sys
from collections.abc import Callable
from typing import Any

from ladera.base import UsageError
from ladera.hyperparameters import plain
from ladera.rules._blocks import Blocks

__all__ = [
    "absolute",
    "average_length",
    "descending",
    "eigenvectors",
    "log",
    "machine_epsilon",
    "maximum",
    "mean",
    "minimum",
    "ndim",
    "norm",
    "one_minus_power",
    "orthonormal",
    "rms",
    "sign",
    "size",
    "sqrt",
    "total",
    "when",
    "where",
    "zeros_like",
]

_LIBRARY = {"jax": "jax.numpy", "jaxlib": "jax.numpy", "torch": "torch", "sympy": "sympy"}


@functools.cache
def _owner(kind: type) -> str:
    """The name of the library that a type, or one that it derives from, belongs to."""
    roots = (base.__module__.partition(".")[0] for base in kind.__mro__)
    return next((_LIBRARY[root] for root in roots if root in _LIBRARY), "numpy")


def _library(*arguments: Any) -> Any:
    """The library that owns the arguments: the first that is neither NumPy's nor Python's."""
    for x in arguments:
        name = _owner(type(x))
        if name != "numpy":
            return _imported(name)
    return _imported("numpy")


@functools.cache
def _imported(name: str) -> Any:
    return importlib.import_module(name)


def _is_number(*arguments: Any) -> bool:
    for x in arguments:  # no generator: this is asked at every operation of every step
        kind = type(x)
        if kind is not float and kind is not int and not _is_plain(kind):
            return False
    return True


@functools.cache
def _is_plain(kind: type) -> bool:
    return issubclass(kind, (int, float)) and not hasattr(kind, "dtype")


def _partwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which takes Blocks too, and matrices of symbols."""

    @functools.wraps(function)
    def apply(*arguments: Any) -> Any:
        for x in arguments:
            if type(x) is Blocks:
                parts = [a.parts if type(a) is Blocks else [a] * len(x.parts) for a in arguments]
                return Blocks(map(apply, *parts))
            if _holds_symbols(x):
                numpy = importlib.import_module("numpy")
                return numpy.frompyfunc(function, len(arguments), 1)(*arguments)
        return function(*arguments)

    return apply


def _holds_symbols(x: Any) -> bool:
    return type(x).__module__ == "numpy" and x.dtype == object


@_partwise
def sqrt(x: Any) -> Any:
    """The square root; of a negative number nan, as in every array library."""
    if _is_number(x):
        return math.sqrt(x) if x >= 0 else math.nan
    return _library(x).sqrt(x)


@_partwise
def log(x: Any) -> Any:
    """The natural logarithm; log 0 = -inf without a warning (a decay rate may be 0)."""
    if _is_number(x):
        return math.log(x) if x > 0 else -math.inf
    library = _library(x)
    if library.__name__ == "numpy":
        with library.errstate(divide="ignore"):
            return library.log(x)
    return library.log(x)


@_partwise
def absolute(x: Any) -> Any:
    return abs(x)


@_partwise
def sign(x: Any) -> Any:
    return (x > 0) - (x < 0) if _is_number(x) else _library(x).sign(x)


@_partwise
def zeros_like(x: Any) -> Any:
    if _is_number(x):
        return 0.0
    library = _library(x)
    return library.Integer(0) if library.__name__ == "sympy" else library.zeros_like(x)


@_partwise
def maximum(x: Any, y: Any) -> Any:
    if _is_number(x, y):
        return max(x, y)
    library = _library(x, y)
    return library.Max(x, y) if library.__name__ == "sympy" else library.maximum(*_tensors(x, y))


@_partwise
def minimum(x: Any, y: Any) -> Any:
    if _is_number(x, y):
        return min(x, y)
    library = _library(x, y)
    return library.Min(x, y) if library.__name__ == "sympy" else library.minimum(*_tensors(x, y))


def _tensors(x: Any, y: Any) -> tuple[Any, Any]:
    """A number beside a PyTorch tensor becomes one too: torch.maximum takes nothing else."""
    if _owner(type(x)) == "torch" and _is_number(y):
        return x, x.new_tensor(y)
    if _owner(type(y)) == "torch" and _is_number(x):
        return y.new_tensor(x), y
    return x, y


@_partwise
def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, `y` elsewhere; both sides are computed."""
    condition = plain(condition)
    if isinstance(condition, bool):
        return x if condition else y
    library = _library(condition, x, y)
    if library.__name__ == "sympy":
        return library.Piecewise((x, condition), (y, True))
    return library.where(condition, x, y)


def total(x: Any) -> Any:
    """The sum of all elements."""
    if type(x) is Blocks:
        return sum(total(part) for part in x.parts)
    return x.sum() if hasattr(x, "sum") else x


def norm(x: Any) -> Any:
    """The Euclidean norm of all elements."""
    return sqrt(total(x * x))


def size(x: Any) -> int:
    """The number of elements."""
    if type(x) is Blocks:
        return sum(size(part) for part in x.parts)
    return math.prod(getattr(x, "shape", ()))


def rms(x: Any) -> Any:
    """The root of the mean square of all elements."""
    return sqrt(total(x * x) / size(x))


def ndim(x: Any) -> int:
    """The number of axes: 0 for a number or a symbol."""
    return len(getattr(x, "shape", ()))


def mean(x: Any, axis: int) -> Any:
    """The mean along one axis, which stays, of length 1: means of several axes broadcast."""
    return x.mean(axis=axis, keepdims=True)


def machine_epsilon(x: Any) -> float:
    """The distance from 1 to the next number of the dtype of `x`; float64's for what has none."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or _holds_symbols(x):
        return sys.float_info.epsilon
    return float(_library(x).finfo(dtype).eps)


def when(condition: Any, then: Callable[..., Any], otherwise: Callable[..., Any], *arrays: Any) -> Any:
    """`then(*arrays)` where the condition holds, `otherwise(*arrays)` where not: one is computed.

    The condition is one for all elements, such as `t > 1`; both give arrays of the same shapes.
    Under JAX's vmap both are computed where the condition differs from lane to lane.
    """
    condition = plain(condition)
    owner = _owner(type(condition))
    if owner == "sympy":
        raise UsageError(
            "Whether {condition} holds is open, so that it has no formula; take the number of a step for t.",
            condition=condition,
        )
    if owner == "jax.numpy":
        jax = importlib.import_module("jax")
        if isinstance(condition, jax.core.Tracer):
            return jax.lax.cond(condition, then, otherwise, *arrays)
    return then(*arrays) if condition else otherwise(*arrays)


# Matrices


def eigenvectors(P: Any) -> Any:
    """The eigenvectors of a symmetric matrix as columns, that of the largest eigenvalue first."""
    _refuse_symbols(P)
    library = _library(P)
    return library.flip(library.linalg.eigh(P)[1], (1,))


def orthonormal(S: Any) -> Any:
    """Q of the decomposition S = QR: its first columns span what the first columns of S span."""
    _refuse_symbols(S)
    return _library(S).linalg.qr(S)[0]


def descending(x: Any) -> Any:
    """The places of the elements of a vector, the largest element first."""
    _refuse_symbols(x)
    return _library(x).argsort(-x, stable=True)


def _refuse_symbols(x: Any) -> None:
    if _holds_symbols(x) or _owner(type(x)) == "sympy":
        raise UsageError(
            "The eigenvectors of a matrix of symbols have no formula, received {received}; take a vector or "
            "a number as x, or a matrix of numbers.",
            received=x,
        )


def one_minus_power(b: Any, t: Any) -> Any:
    """1 - b**t for 0 <= b < 1, accurate where b is near 1.

    Formed as -expm1(t log b): in float32 the plain form loses four digits at b = 0.999, t = 1.
    """
    if _is_number(b, t):
        return -math.expm1(t * log(b))
    library = _library(b, t)
    return 1 - b**t if library.__name__ == "sympy" else -library.expm1(t * log(b))


def average_length(b: Any, t: Any) -> Any:
    """2/(1 - b) - 1 - 2 t b**t/(1 - b**t) for 0 <= b < 1, accurate where t is small.

    It is the length of the plain moving average that looks back as far as the exponential one
    does after t steps (Liu et al. 2020, section 4): near t at first, 2/(1 - b) - 1 at last. At
    first it is the small difference of two numbers near 2/(1 - b): in float32 at b = 0.9999 no
    more than three digits are right. With L(z) = coth z - 1/z and q = -log b it is also
    t + L(q/2) - t L(t q/2), where nothing cancels as long as t q is small.
    """
    if _library(b, t).__name__ == "sympy":
        return 2 / (1 - b) - 1 - 2 * t * b**t / (1 - b**t)
    half = -log(b) / 2
    early = t + _langevin(minimum(half, 1.0)) - t * _langevin(minimum(t * half, 1.0))
    u = one_minus_power(b, t)
    late = 2 / (1 - b) - 1 - 2 * t * (1 - u) / u
    return where(t * half < 1, early, late)


def _langevin(z: Any) -> Any:
    """L(z) = coth z - 1/z for 0 <= z <= 1, to float64, by its continued fraction."""
    fraction = 17
    for k in (15, 13, 11, 9, 7, 5, 3):
        fraction = k + z * z / fraction
    return z / fraction

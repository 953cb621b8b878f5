"""The dozen array functions a rule may use beside infix operators, on four algebras.

NumPy arrays and Python numbers, JAX arrays and tracers, PyTorch tensors and SymPy symbols: the
function looks at its arguments' types and calls that library. No library is imported before an
array of it arrives. What is computed from Python numbers alone stays a Python number: a NumPy
float64 beside a float32 array would promote the array.
"""

from __future__ import annotations

import functools
import importlib
import math
from typing import Any

__all__ = [
    "absolute",
    "average_length",
    "log",
    "maximum",
    "minimum",
    "norm",
    "one_minus_power",
    "plain",
    "sign",
    "sqrt",
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
    owners = (_owner(type(x)) for x in arguments)
    return importlib.import_module(next((name for name in owners if name != "numpy"), "numpy"))


def _is_number(*arguments: Any) -> bool:
    return all(isinstance(x, (int, float)) and not hasattr(x, "dtype") for x in arguments)


def plain(x: Any) -> Any:
    """A NumPy scalar as the Python number it holds; anything else as it is."""
    return x.item() if type(x).__module__ == "numpy" and x.ndim == 0 else x


def sqrt(x: Any) -> Any:
    """The square root; of a negative number nan, as in every array library."""
    if _is_number(x):
        return math.sqrt(x) if x >= 0 else math.nan
    return _library(x).sqrt(x)


def log(x: Any) -> Any:
    """The natural logarithm; log 0 = -inf without a warning (a decay rate may be 0)."""
    if _is_number(x):
        return math.log(x) if x > 0 else -math.inf
    library = _library(x)
    if library.__name__ == "numpy":
        with library.errstate(divide="ignore"):
            return library.log(x)
    return library.log(x)


def absolute(x: Any) -> Any:
    return abs(x)


def sign(x: Any) -> Any:
    return (x > 0) - (x < 0) if _is_number(x) else _library(x).sign(x)


def zeros_like(x: Any) -> Any:
    if _is_number(x):
        return 0.0
    library = _library(x)
    return library.Integer(0) if library.__name__ == "sympy" else library.zeros_like(x)


def maximum(x: Any, y: Any) -> Any:
    if _is_number(x, y):
        return max(x, y)
    library = _library(x, y)
    return library.Max(x, y) if library.__name__ == "sympy" else library.maximum(*_tensors(x, y))


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


def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, `y` elsewhere; both sides are computed."""
    condition = plain(condition)
    if isinstance(condition, bool):
        return x if condition else y
    library = _library(condition, x, y)
    if library.__name__ == "sympy":
        return library.Piecewise((x, condition), (y, True))
    return library.where(condition, x, y)


def norm(x: Any) -> Any:
    """The Euclidean norm of the whole array."""
    return sqrt((x * x).sum() if hasattr(x, "sum") else x * x)


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

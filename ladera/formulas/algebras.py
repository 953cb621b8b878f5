"""The functions of a formula on Python floats, NumPy arrays, JAX arrays and PyTorch tensors.

All are real and say nothing: the logarithm and the square root of a negative number are nan,
1/0 and what overflows are infinite. No array library but NumPy is imported before an array of it
arrives.
"""

from __future__ import annotations

import functools
import importlib
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["SCALARS", "Algebra", "algebra", "owner"]

_ELEMENTARY = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "sqrt")


class Algebra(NamedTuple):
    """What sums and products do not cover. `repeated`: integer powers are products, not `**`."""

    functions: Mapping[str, Callable[[Any], Any]]
    divide: Callable[[Any, Any], Any]
    power: Callable[[Any, Any], Any]
    repeated: bool


# -- Python floats ---------------------------------------------------------------------------


def _guarded(function: Callable[[float], float]) -> Callable[[float], float]:
    """The function with nan outside its domain."""

    def real(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return math.nan

    return real


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _cosh(x: float) -> float:
    try:
        return math.cosh(x)
    except OverflowError:
        return math.inf


def _log(x: float) -> float:
    if x > 0.0:
        return math.log(x)
    return -math.inf if x == 0.0 else math.nan


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else math.nan


def _sign(x: float) -> float:
    if x != x:
        return x
    return 0.0 if x == 0.0 else math.copysign(1.0, x)


def _divide(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:  # as IEEE 754 has it
        return math.nan if x == 0.0 or x != x else math.copysign(math.inf, x) * math.copysign(1.0, y)


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        odd = x < 0.0 and y % 2.0 == 1.0
        return -math.inf if odd else math.inf
    except ValueError:  # 0 to a negative power, or a negative number to a broken one
        return math.inf if x == 0.0 else math.nan


SCALARS = Algebra(
    functions={
        **{name: _guarded(getattr(math, name)) for name in ("sin", "cos", "tan", "asin", "acos")},
        **{"atan": math.atan, "tanh": math.tanh, "sinh": _sinh, "cosh": _cosh},
        **{"exp": _exp, "log": _log, "sqrt": _sqrt, "abs": abs, "sign": _sign},
    },
    divide=_divide,
    power=_power,
    repeated=True,
)

# -- arrays ----------------------------------------------------------------------------------


@functools.cache
def owner(kind: type) -> str:
    """The library that a type, or one that it derives from, belongs to: jax, torch or numpy."""
    roots = {base.__module__.partition(".")[0] for base in kind.__mro__}
    if roots & {"jax", "jaxlib"}:
        return "jax"
    return "torch" if "torch" in roots else "numpy"


@functools.cache
def algebra(library: str) -> Algebra:
    """The functions of "numpy", "jax" or "torch"."""
    module = importlib.import_module("jax.numpy" if library == "jax" else library)
    arc = {} if library == "torch" else {name: f"arc{name[1:]}" for name in ("asin", "acos", "atan")}
    functions = {name: getattr(module, arc.get(name, name)) for name in _ELEMENTARY}
    return Algebra(
        functions={**functions, "abs": module.abs, "sign": module.sign},
        divide=operator.truediv,
        power=module.pow if library == "torch" else module.power,
        # NumPy's ** calls pow for every integer above 2
        repeated=library == "numpy",
    )

"""SymPy expressions put together by a few rules of our own, in the order in which they were typed.

SymPy's own simplification asks for signs and reality of every part; on formulas of thirty
operations that can take minutes. Here numbers are combined, like terms and powers of the same base
are collected, and nothing else is touched: 2(w - 3) stays what it is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sympy
from sympy import Abs, Add, E, Float, Integer, Mul, Pow, Symbol

from ladera.formulas.algebras import SCALARS
from ladera.formulas.names import sort_key

__all__ = ["add", "apply", "multiply", "number", "power", "split", "symbols"]

_ZERO, _ONE = Integer(0), Integer(1)  # SymPy has one of each: `is` compares them
_EXACT = 10**15  # integers, and numerators and denominators, above it are floats
_ROOTS = 64  # of which integers are kept exact


def symbols(names: Sequence[str]) -> list[Any]:
    """The variables as they stand in the expressions: real."""
    return [Symbol(name, real=True) for name in names]


def number(value: float) -> Any:
    """The number; an integer where it is one, 0.45 for the 0.44999999999999996 that 3·0.15 gives."""
    if not math.isfinite(value):
        return sympy.nan
    if value.is_integer() and abs(value) < _EXACT:
        return Integer(int(value))
    short = float(f"{value:.12g}")
    return Float(short if abs(short - value) <= 4e-16 * abs(value) else value)


def split(term: Any) -> tuple[Any, Any]:
    """The term as a number and the rest."""
    if term.is_Number:
        return term, _ONE
    if term.is_Mul and term.args[0].is_Number:
        rest = term.args[1:]
        return term.args[0], rest[0] if len(rest) == 1 else Mul(*rest, evaluate=False)
    return _ONE, term


def add(*terms: Any) -> Any:
    """The sum, like terms collected."""
    collected: dict[Any, Any] = {}
    for term in _flat(terms, Add):
        coefficient, rest = split(term)
        collected[rest] = _number(collected.get(rest, _ZERO) + coefficient)
    left = [_scaled(coefficient, rest) for rest, coefficient in collected.items() if coefficient is not _ZERO]
    if len(left) < 2:
        return left[0] if left else _ZERO
    return Add(*left, evaluate=False)


def multiply(*factors: Any) -> Any:
    """The product: the number, constants, variables by name, then the rest; powers of a base collected."""
    coefficient: Any = _ONE
    powers: dict[Any, Any] = {}
    for factor in _flat(factors, Mul):
        if factor.is_Number:
            coefficient = _number(coefficient * factor)
        else:
            base, exponent = factor.args if factor.is_Pow else (factor, _ONE)
            powers[base] = add(powers[base], exponent) if base in powers else exponent
    left = [power(base, exponent) for base, exponent in powers.items()]
    if any(factor.is_Mul or factor.is_Number for factor in left):  # (xy)^½ (xy)^½, 2^½ 2^½
        return multiply(coefficient, *left)
    if coefficient is _ZERO or not left:
        return coefficient
    rest = left[0] if len(left) == 1 else Mul(*sorted(left, key=_place), evaluate=False)
    return _scaled(coefficient, rest)


def power(base: Any, exponent: Any) -> Any:
    """base^exponent; a power of a power and of a product multiplied out for an integer exponent."""
    if exponent is _ZERO or base is _ONE:
        return _ONE
    if exponent is _ONE:
        return base
    if base is E:
        return apply(sympy.exp, exponent)
    if base.is_Number and exponent.is_Number:
        return _number_power(base, exponent)
    if exponent.is_Integer and base.is_Pow:
        return power(base.base, multiply(base.exp, exponent))
    if exponent.is_Integer and base.is_Mul:
        return multiply(*(power(factor, exponent) for factor in base.args))
    if base.is_Pow and base.exp.is_Integer and base.exp % 2 == 0 and base.exp * exponent == 1:
        return apply(Abs, base.base)  # √(x²)
    return Pow(base, exponent, evaluate=False)


def apply(function: Callable[..., Any], argument: Any) -> Any:
    """The function of the argument: as it is, but for numbers with a short exact value."""
    exact = argument.is_Rational or argument == E or split(argument)[1] == sympy.pi
    result = function(argument, evaluate=bool(exact))
    return sympy.nan if (exact and result.is_extended_real is False) or result == sympy.zoo else result


def _flat(parts: Sequence[Any], kind: Any) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.args
        else:
            yield part


def _scaled(coefficient: Any, rest: Any) -> Any:
    if coefficient is _ONE or rest is _ONE:
        return rest if coefficient is _ONE else coefficient
    return Mul(coefficient, *(rest.args if rest.is_Mul else (rest,)), evaluate=False)


def _number(value: Any) -> Any:
    """A result of SymPy's exact arithmetic, a float if it is no short fraction."""
    short = value.is_Rational and abs(value.p) < _EXACT and value.q < _EXACT
    return value if short else number(float(value))


def _number_power(base: Any, exponent: Any) -> Any:
    value = SCALARS.power(float(base), float(exponent))
    if not base.is_Rational or not exponent.is_Rational or base == 0 or not math.isfinite(value):
        return number(value)
    largest = max(abs(base.p), base.q)
    if exponent.is_Integer and math.log10(largest) * abs(int(exponent)) < 15:
        return base**exponent
    if base.is_positive and largest < 10**6 and abs(exponent) <= _ROOTS and exponent.q <= _ROOTS:
        return base**exponent
    return number(value)


@functools.lru_cache(4096)
def _place(factor: Any) -> tuple[Any, ...]:
    """Where a factor stands: constants, variables by name, then the rest as typed."""
    base = factor.base if factor.is_Pow else factor
    if isinstance(base, Symbol):
        return 1, sort_key(base.name)
    return (0, ()) if factor.is_number else (2, ())

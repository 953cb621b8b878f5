"""Numbers put in the place of variables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sympy import Add, Float, Integer, Mul, Pow, Symbol, exp

from ladera.formulas.algebras import SCALARS
from ladera.formulas.expressions import add, apply, multiply, number, power, split

__all__ = ["put_in", "rounded"]


def put_in(expr: Any, values: Mapping[str, float]) -> Any:
    """The expression with numbers for some variables; what becomes a number is calculated."""
    if isinstance(expr, Symbol):
        return number(float(values[expr.name])) if expr.name in values else expr
    if not expr.free_symbols:
        return expr
    parts = [put_in(part, values) for part in expr.args]
    return _made(expr, parts)


def rounded(expr: Any, digits: int) -> Any:
    """The expression with its decimals rounded to significant digits."""
    if expr.is_Float:
        return number(float(f"{float(expr):.{digits}g}"))
    return _made(expr, [rounded(part, digits) for part in expr.args]) if expr.args else expr


def _made(expr: Any, parts: list[Any]) -> Any:
    if isinstance(expr, Add):
        return add(*parts)
    if isinstance(expr, Mul):
        return _product(parts)
    if isinstance(expr, Pow) and not isinstance(expr, exp):
        base, exponent = parts
        if base.is_Float and exponent.is_Number and exponent.is_negative:
            return _below(float(power(base, -exponent)))
        return power(base, exponent)
    if parts[0].is_Float:
        name = expr.func.__name__
        return number(SCALARS.functions["abs" if name == "Abs" else name](float(parts[0])))
    return apply(expr.func, parts[0])


def _product(parts: list[Any]) -> Any:
    """The product; what a variable is divided by stays below it, to be recognised: t/18.08."""
    below = [part for part in parts if part.func is Pow and part.base.is_Float and part.exp == -1]
    above = multiply(*(part for part in parts if part not in below))
    divisor = math.prod((float(part.base) for part in below), start=1.0)
    coefficient, variables = split(above)
    if not below or variables == 1 or coefficient.is_Float:
        return multiply(above, power(number(divisor), Integer(-1)))
    above, divisor = multiply(Integer(coefficient.p), variables), divisor * coefficient.q
    factors = above.args if above.is_Mul else (above,)
    return Mul(*factors, _below(divisor), evaluate=False)


def _below(divisor: float) -> Any:
    """1/divisor, a float even where it is whole: as a fraction it would be multiplied out."""
    return Pow(Float(divisor), Integer(-1), evaluate=False)

"""Derivatives by the chain rule, in real variables.

SymPy's own `diff` does not know that ln x is meant to be real and writes the derivative of |ln x|
with real and imaginary parts. Here |u|' = sign(u) u' and sign(u)' = 0 throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy import Add, Integer, Mul, Pow, Rational, Symbol

from ladera.formulas.expressions import add, apply, multiply, power

__all__ = ["derivative", "hessian"]

_ZERO, _ONE = Integer(0), Integer(1)


def _minus(u: Any) -> Any:
    return multiply(Integer(-1), u)


def _root_below(u: Any, sign: int) -> Any:
    """±1/√(1 - u²)."""
    return multiply(Integer(sign), power(add(_ONE, _minus(power(u, Integer(2)))), Rational(-1, 2)))


_OUTER: dict[Any, Callable[[Any], Any]] = {
    sympy.sin: lambda u: apply(sympy.cos, u),
    sympy.cos: lambda u: _minus(apply(sympy.sin, u)),
    sympy.tan: lambda u: add(_ONE, power(apply(sympy.tan, u), Integer(2))),
    sympy.asin: lambda u: _root_below(u, 1),
    sympy.acos: lambda u: _root_below(u, -1),
    sympy.atan: lambda u: power(add(_ONE, power(u, Integer(2))), Integer(-1)),
    sympy.sinh: lambda u: apply(sympy.cosh, u),
    sympy.cosh: lambda u: apply(sympy.sinh, u),
    # 1 - tanh² has no digits left where u is large
    sympy.tanh: lambda u: power(apply(sympy.cosh, u), Integer(-2)),
    sympy.exp: lambda u: apply(sympy.exp, u),
    sympy.log: lambda u: power(u, Integer(-1)),
    sympy.Abs: lambda u: apply(sympy.sign, u),
    sympy.sign: lambda u: _ZERO,
}


def derivative(expr: Any, symbol: Any) -> Any:
    """The partial derivative of an expression."""
    return _derivative(expr, symbol, {})


def hessian(gradient: list[Any], variables: list[Any]) -> list[list[Any]]:
    """The matrix of second derivatives from the first; one half is the other."""
    rows: list[list[Any]] = []
    for i, partial in enumerate(gradient):
        upper = [derivative(partial, variable) for variable in variables[i:]]
        rows.append([row[i] for row in rows] + upper)
    return rows


def _derivative(expr: Any, x: Any, known: dict[Any, Any]) -> Any:
    if expr not in known:
        known[expr] = _rule(expr, x, known)
    return known[expr]


def _rule(expr: Any, x: Any, known: dict[Any, Any]) -> Any:
    if isinstance(expr, Symbol):
        return _ONE if expr == x else _ZERO
    inner = [_derivative(argument, x, known) for argument in expr.args]
    if all(d == 0 for d in inner):
        return _ZERO
    if isinstance(expr, Add):
        return add(*inner)
    if isinstance(expr, Mul):
        u = expr.args
        return add(*(multiply(*u[:i], d, *u[i + 1 :]) for i, d in enumerate(inner) if d != 0))
    if isinstance(expr, Pow):
        return _power_rule(*expr.args, *inner)
    return multiply(_OUTER[expr.func](expr.args[0]), inner[0])


def _power_rule(u: Any, v: Any, du: Any, dv: Any) -> Any:
    """v u^(v-1) u' + u^v ln(u) v', each where its derivative is not 0."""
    by_base = multiply(v, power(u, add(v, Integer(-1))), du) if du != 0 else _ZERO
    by_exponent = multiply(power(u, v), apply(sympy.log, u), dv) if dv != 0 else _ZERO
    return add(by_base, by_exponent)

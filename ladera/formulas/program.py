"""SymPy expressions compiled to closures: each distinct part is computed once per point.

A part that several others need gets a register of its own, computed first; the rest are nested
closures. The same compilation serves Python floats and whole arrays.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sympy import Add, Expr, Integer, Mul, NumberSymbol, Pow, Rational
from sympy.core.numbers import Number

from ladera.formulas.algebras import SCALARS, Algebra
from ladera.formulas.closures import (
    Closure,
    Operand,
    add,
    apply,
    binary,
    closure,
    multiply,
    repeated_power,
    subtract,
)
from ladera.formulas.expressions import split

__all__ = ["Program"]

_FUNCTIONS = {"Abs": "abs"}


class Program:
    """Several expressions in the same variables, ready to be evaluated in one algebra."""

    def __init__(self, exprs: Sequence[Any], variables: Sequence[Any], algebra: Algebra):
        self._algebra = algebra
        self._registers: dict[Any, int] = {symbol: i for i, symbol in enumerate(variables)}
        self._shared: list[Closure] = []
        uses = _uses(exprs)
        for part in uses:  # in an order in which every part comes after those it is made of
            if uses[part] > 1 and part.args and not part.is_number:
                operand = self._compile(part)
                self._registers[part] = len(variables) + len(self._shared)
                self._shared.append(closure(operand))
        self._outputs = [closure(self._operand(expr)) for expr in exprs]

    def value(self, r: list[Any]) -> Any:
        """The first expression at the variables `r`, a list that the program may extend."""
        for part in self._shared:
            r.append(part(r))
        return self._outputs[0](r)

    def values(self, r: list[Any]) -> list[Any]:
        """All expressions at the variables `r`; a constant one is a Python float."""
        for part in self._shared:
            r.append(part(r))
        return [output(r) for output in self._outputs]

    # -- compilation -------------------------------------------------------------------------

    def _operand(self, expr: Any) -> Operand:
        return self._registers[expr] if expr in self._registers else self._compile(expr)

    def _compile(self, expr: Any) -> Operand:
        if isinstance(expr, Number | NumberSymbol):
            return float(expr)
        if isinstance(expr, Add):
            return self._sum(expr)
        if isinstance(expr, Mul):
            return self._product(*split(expr))
        if isinstance(expr, Pow):
            return self._power(*expr.args)
        name = type(expr).__name__
        name = _FUNCTIONS.get(name, name)
        return apply(self._algebra.functions[name], self._operand(expr.args[0]), SCALARS.functions[name])

    def _sum(self, expr: Any) -> Operand:
        """Positive terms first, then what is subtracted."""
        signed = [(self._minus(term), term) for term in expr.args]
        total: Operand | None = None
        for term in (term for minus, term in signed if minus is None):
            total = self._operand(term) if total is None else add(total, self._operand(term))
        for minus in (minus for minus, _ in signed if minus is not None):
            total = subtract(0.0 if total is None else total, minus)
        return 0.0 if total is None else total

    def _minus(self, term: Any) -> Operand | None:
        """The term without its minus sign, if it has one and is not computed elsewhere anyway."""
        coefficient, factor = split(term)
        if term in self._registers or not coefficient.is_negative or factor == 1:
            return None
        return self._product(-coefficient, factor)

    def _product(self, coefficient: Any, product: Any) -> Operand:
        above: list[Operand] = [] if coefficient == 1 else [float(coefficient)]
        below: list[Operand] = []
        for factor in Mul.make_args(product):
            base, exponent = factor.args if isinstance(factor, Pow) else (factor, Integer(1))
            if factor not in self._registers and exponent.is_Number and exponent.is_negative:
                below.append(self._power(base, -exponent))
            else:
                above.append(self._operand(factor))
        over = functools.reduce(multiply, above or [1.0])
        return binary("divide", over, functools.reduce(multiply, below), self._algebra) if below else over

    def _power(self, base: Expr, exponent: Expr) -> Operand:
        u = self._operand(base)
        if exponent.is_Number and exponent.is_negative:
            return binary("divide", 1.0, self._power(base, -exponent), self._algebra)
        if exponent == 1:
            return u
        if exponent == Rational(1, 2):
            return apply(self._algebra.functions["sqrt"], u, SCALARS.functions["sqrt"])
        if isinstance(exponent, Integer):
            n = int(exponent)
            if self._algebra.repeated or isinstance(u, float):
                return repeated_power(u, n)
            return apply(lambda v: v**n, u, float)
        return binary("power", u, self._operand(exponent), self._algebra)


def _uses(exprs: Sequence[Any]) -> dict[Any, int]:
    """How often each part is needed, parts before what they are made into."""
    uses: Counter[Any] = Counter()
    order: list[Any] = []

    def visit(expr: Any) -> None:
        uses[expr] += 1
        if uses[expr] == 1:
            for argument in expr.args:
                visit(argument)
            order.append(expr)

    for expr in exprs:
        visit(expr)
    return {expr: uses[expr] for expr in order}

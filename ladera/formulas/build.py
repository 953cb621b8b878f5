"""The parts of a formula, each checked as it is put together.

Every constant goes with its float64 value; one that is not finite is refused before SymPy sees it
(9^9^9 would become a number of 370 million digits), one that is no short exact number becomes a
float.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import sympy

from ladera.formulas.algebras import SCALARS
from ladera.formulas.errors import FormulaError
from ladera.formulas.expressions import add, apply, multiply, number, power, split
from ladera.formulas.limits import MAX_EXPONENT, MAX_PARTS
from ladera.formulas.program import Program
from ladera.locale import N_

__all__ = ["Builder", "Part"]

_SHORT = 12  # operations in a constant that is kept exact

# What is typed, and SymPy's function; log10 and sqrt are made of others.
_FUNCTIONS = {
    **{name: getattr(sympy, name) for name in ("sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: getattr(sympy, name) for name in ("sinh", "cosh", "tanh", "exp", "sign")},
    **{"ln": sympy.log, "abs": sympy.Abs},
}


class Part(NamedTuple):
    """A SymPy expression, and its value where it is a constant."""

    expr: Any
    value: float | None


class Builder:
    """Makes the parts of one formula; `text` is what errors point into."""

    def __init__(self, text: str):
        self.text = text
        self.parts = 0

    def error(self, template: str, at: int, **fields: object) -> FormulaError:
        return FormulaError(template, text=self.text, at=at + 1, **fields)

    def variable(self, name: str, at: int) -> Part:
        self._count(at)
        return Part(sympy.Symbol(name, real=True), None)

    def constant(self, name: str, at: int) -> Part:
        self._count(at)
        return Part(sympy.pi, math.pi) if name == "pi" else Part(sympy.E, math.e)

    def number(self, digits: str, at: int) -> Part:
        self._count(at)
        return self._number(float(digits), at)

    def add(self, terms: Sequence[tuple[str, Part]], at: int) -> Part:
        """The sum of signed terms, each a pair of "+" or "-" and a part."""
        self._count(at)
        signed = [part if sign == "+" else self._negative(part) for sign, part in terms]
        values = [part.value for part in signed if part.value is not None]
        value = sum(values) if len(values) == len(signed) else None
        return self._checked(add(*(part.expr for part in signed)), value, at)

    def multiply(self, factors: Sequence[tuple[str, Part, int]], at: int) -> Part:
        """The product of factors, each "*" or "/", a part, and where its operator stands."""
        parts = [part if sign == "*" else self._inverse(part, place) for sign, part, place in factors]
        self._count(at, len(parts) - 1)
        values = [part.value for part in parts if part.value is not None]
        value = math.prod(values)
        self._finite(value, at)
        every = len(values) == len(parts)
        return self._checked(multiply(*(part.expr for part in parts)), value if every else None, at)

    def negative(self, part: Part, at: int) -> Part:
        self._count(at)
        return self._negative(part)

    def power(self, base: Part, exponent: Part, at: int) -> Part:
        """base^exponent. Refuses what is too large, and what is real for no or few exponents."""
        self._count(at)
        exponent = self._exact(exponent)
        if base.value is not None and exponent.value is not None:
            value = SCALARS.power(base.value, exponent.value)
            self._finite(value, at)
            short = base.expr.is_Number or abs(exponent.value) <= MAX_EXPONENT
            return self._checked(power(base.expr, exponent.expr) if short else None, value, at)
        if exponent.value is not None:
            self._bounded(exponent.value, at)
            self._coefficient(base, exponent.value, at)
        elif base.value is not None and base.value <= 0.0:
            raise self.error(
                N_("A constant with a variable exponent is positive; received {received} (position {at})."),
                at,
                received=f"{base.value:g}",
            )
        result = power(base.expr, exponent.expr)
        for inner in (factor.args[1] for factor in sympy.Mul.make_args(result) if factor.is_Pow):
            if isinstance(inner, sympy.Number):  # (x^1000)^1000 = x^1000000
                self._bounded(float(inner), at)
        return self._checked(result, None, at)

    def call(self, name: str, argument: Part, at: int) -> Part:
        """The function of one part; of a constant, exact where it has a short value."""
        if name == "sqrt":
            return self.power(argument, Part(sympy.Rational(1, 2), 0.5), at)
        if name == "log10":
            logarithm, ten = self.call("ln", argument, at), Part(sympy.log(10), math.log(10.0))
            return self.multiply([("*", logarithm, at), ("/", ten, at)], at)
        self._count(at)
        value = None
        if argument.value is not None:
            value = SCALARS.functions["log" if name == "ln" else name](argument.value)
            self._finite(value, at)
        return self._checked(apply(_FUNCTIONS[name], argument.expr), value, at)

    def finish(self, part: Part) -> Any:
        """The whole expression. Raises FormulaError where a coefficient is no finite number."""
        for found in part.expr.atoms(sympy.Number):
            self._finite(float(found), 0)
        return part.expr

    # -- constants ---------------------------------------------------------------------------

    def _number(self, value: float, at: int) -> Part:
        self._finite(value, at)
        return Part(number(value), value)

    def _negative(self, part: Part) -> Part:
        return Part(multiply(sympy.Integer(-1), part.expr), None if part.value is None else -part.value)

    def _inverse(self, part: Part, at: int) -> Part:
        if part.value == 0.0 or part.expr == 0:
            raise self.error(N_("Nothing is divided by 0 (position {at})."), at)
        return Part(power(part.expr, sympy.Integer(-1)), None if part.value is None else 1.0 / part.value)

    def _exact(self, exponent: Part) -> Part:
        """A short fraction typed as a decimal: x^0.5 is a root."""
        if exponent.expr.is_Float:
            fraction = Fraction(float(exponent.expr))
            if fraction.denominator <= 64:
                return Part(sympy.Rational(fraction.numerator, fraction.denominator), exponent.value)
        return exponent

    def _checked(self, expr: Any, value: float | None, at: int) -> Part:
        """The part; a constant that is not exact or not short (or None) becomes a number."""
        if value is None and not expr.is_number:
            return Part(expr, None)
        if value is None:  # the variables cancel, as in x - x + 2
            value = float(Program([expr], [], SCALARS).value([]))
        self._finite(math.nan if expr is sympy.nan else value, at)
        if expr is None or not (expr.is_Number or expr.count_ops() <= _SHORT) or not _simple(expr):
            return self._number(value, at)
        return Part(expr, float(expr) if expr.is_Number else value)

    def _finite(self, value: float, at: int) -> None:
        if value != value:
            raise self.error(N_("A constant is a real number; this one is not (position {at})."), at)
        if math.isinf(value):
            raise self.error(N_("A constant lies within ±1.8e308; this one does not (position {at})."), at)

    # -- limits ------------------------------------------------------------------------------

    def _bounded(self, exponent: float, at: int) -> None:
        if abs(exponent) > MAX_EXPONENT:
            raise self.error(
                N_("A constant exponent lies within ±{most}; received {received} (position {at})."),
                at,
                most=MAX_EXPONENT,
                received=f"{exponent:g}",
            )

    def _coefficient(self, base: Part, exponent: float, at: int) -> None:
        """Refuse (20x)^1000 = 20^1000 x^1000, whose coefficient is no float."""
        coefficient = abs(float(split(base.expr)[0]))
        if abs(math.log(coefficient or 1.0) * exponent) > 690.0:
            self._finite(math.inf, at)

    def _count(self, at: int, parts: int = 1) -> None:
        self.parts += parts
        if self.parts > MAX_PARTS:
            raise self.error(
                N_("A formula has at most {most} numbers, names and operators; position {at} is past that."),
                at,
                most=MAX_PARTS,
            )


def _simple(expr: Any) -> bool:
    """Whether a constant's functions have short exact arguments: ln 2 is kept, ln(1 + √2) is a float."""
    inner = (call.args[0] for call in expr.atoms(sympy.Function))
    return all(u.is_Rational or split(u)[1] == sympy.pi for u in inner)

"""An expression as text in our own grammar, and as LaTeX."""

from __future__ import annotations

import re
from typing import Any

from sympy import Abs, Add, E, Float, Integer, Mul, Pow, Rational, Symbol, exp, log, pi

from ladera.formulas.expressions import multiply, split
from ladera.formulas.names import is_greek

__all__ = ["latex", "text"]

_SUM, _PRODUCT, _POWER, _ATOM = range(4)  # how tightly a text binds


def text(expr: Any, variables: tuple[str, ...] = ()) -> str:
    """The expression as `parse` reads it, every product written out."""
    return _Text("exp(1)" if "e" in variables else "e").print(expr, _SUM)


def latex(expr: Any) -> str:
    """The expression as LaTeX, without dollar signs."""
    return _Latex("e").print(expr, _SUM)


class _Text:
    """Walks an expression; what differs in LaTeX is overridden there."""

    times = "*"

    def __init__(self, e: str):
        self.e = e  # Euler's number

    def print(self, expr: Any, least: int) -> str:
        """The text, in parentheses if it binds less tightly than `least`."""
        shown, binding = self.bare(expr)
        return shown if binding >= least else self.parentheses(shown)

    def bare(self, expr: Any) -> tuple[str, int]:
        if isinstance(expr, Symbol):
            return self.name(expr.name), _ATOM
        if isinstance(expr, Add):
            return self.sum(expr), _SUM
        if expr == E:
            return self.e, _ATOM
        if expr == pi:
            return self.pi(), _ATOM
        if isinstance(expr, Mul | Rational | Float):
            return self.product(*split(expr))
        if isinstance(expr, Pow) and not isinstance(expr, exp):
            return self.product(Integer(1), expr) if _is_negative(expr.exp) else self.power(*expr.args)
        if not expr.args:
            return "nan", _ATOM  # what is no real number: the derivative of some constants
        return self.call(expr.func, expr.args[0])

    def sum(self, expr: Any) -> str:
        first, *rest = expr.args
        shown = self.print(first, _SUM)
        for term in rest:
            coefficient, factor = split(term)
            if coefficient.is_negative:
                shown += f" - {self.positive(-coefficient, factor)}"
            else:
                shown += f" + {self.print(term, _PRODUCT)}"
        return shown

    def product(self, coefficient: Any, factor: Any) -> tuple[str, int]:
        if coefficient.is_negative:
            return f"-{self.positive(-coefficient, factor)}", _SUM
        return self.fraction(coefficient, factor)

    def positive(self, coefficient: Any, factor: Any) -> str:
        """What stands after a minus sign."""
        shown, binding = self.fraction(coefficient, factor)
        return shown if binding >= _PRODUCT else self.parentheses(shown)

    def fraction(self, coefficient: Any, product: Any) -> tuple[str, int]:
        """A positive number times a product, its negative powers below the line."""
        above: list[Any] = []
        below: list[Any] = []
        for factor in () if product == 1 else Mul.make_args(product):
            if isinstance(factor, Pow) and _is_negative(factor.exp):
                below.append((factor.base, multiply(Integer(-1), factor.exp)))
            else:
                above.append(factor)
        p, q = (coefficient.p, coefficient.q) if coefficient.is_Rational else (coefficient, 1)
        if len(above) == 1 and p == q == 1 and not below:
            return self.bare(above[0])
        over = [self.print(factor, _POWER) for factor in above]
        if p != 1 or not above:
            over.insert(0, self.number(p))
        if q == 1 and not below:
            return self.joined(over), _PRODUCT if len(over) > 1 else _ATOM
        under = [] if q == 1 else [self.number(q)]
        return self.over(over, under + [self.raised(base, exponent) for base, exponent in below])

    def raised(self, base: Any, exponent: Any) -> str:
        """A factor base^exponent as it stands in a product."""
        return self.print(base, _POWER) if exponent == 1 else self.power(base, exponent)[0]

    def power(self, base: Any, exponent: Any) -> tuple[str, int]:
        if exponent == Rational(1, 2):
            return self.root(self.print(base, _SUM)), _ATOM
        return f"{self.print(base, _ATOM)}^{self.exponent(exponent)}", _POWER

    def joined(self, factors: list[str]) -> str:
        return self.times.join(factors)

    # -- what is written otherwise in LaTeX --------------------------------------------------

    def parentheses(self, shown: str) -> str:
        return f"({shown})"

    def name(self, name: str) -> str:
        return name

    def pi(self) -> str:
        return "pi"

    def number(self, value: Any) -> str:
        return str(value) if isinstance(value, int) or value.is_Integer else repr(float(value))

    def exponent(self, exponent: Any) -> str:
        return self.print(exponent, _POWER)  # x^y^z is x^(y^z)

    def root(self, shown: str) -> str:
        return f"sqrt({shown})"

    def over(self, above: list[str], below: list[str]) -> tuple[str, int]:
        under = below[0] if len(below) == 1 else f"({self.joined(below)})"
        return f"{self.joined(above)}/{under}", _PRODUCT

    def call(self, function: Any, argument: Any) -> tuple[str, int]:
        name = {log: "ln", Abs: "abs"}.get(function, function.__name__)
        return f"{name}({self.print(argument, _SUM)})", _ATOM


class _Latex(_Text):
    times = r" "

    def joined(self, factors: list[str]) -> str:
        """Side by side, with a dot before a digit: 2 \\cdot 3^x."""
        shown = factors[0]
        for factor in factors[1:]:
            shown += (r" \cdot " if factor[0].isdigit() else " ") + factor
        return shown

    def parentheses(self, shown: str) -> str:
        return rf"\left({shown}\right)"

    def name(self, name: str) -> str:
        stem, digits, subscript = re.fullmatch(r"(\D+?)(\d*)(?:_(.+))?", name).groups()  # pyright: ignore
        low = digits or subscript
        if is_greek(stem):
            stem = rf"\{stem}" if stem != "omicron" else "o"
        elif len(stem) > 1:
            stem = rf"\mathrm{{{stem}}}"
        return f"{stem}_{{{low}}}" if low else stem

    def pi(self) -> str:
        return r"\pi"

    def number(self, value: Any) -> str:
        mantissa, _, ten = super().number(value).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(ten)}}}" if ten else mantissa

    def exponent(self, exponent: Any) -> str:
        return f"{{{self.print(exponent, _SUM)}}}"

    def root(self, shown: str) -> str:
        return rf"\sqrt{{{shown}}}"

    def over(self, above: list[str], below: list[str]) -> tuple[str, int]:
        return rf"\frac{{{self.joined(above)}}}{{{self.joined(below)}}}", _ATOM

    def call(self, function: Any, argument: Any) -> tuple[str, int]:
        inside = self.print(argument, _SUM)
        if function is exp:
            return f"e^{{{inside}}}", _POWER
        if function is Abs:
            return rf"\left|{inside}\right|", _ATOM
        name = _LATEX_NAMES.get(function.__name__, rf"\{function.__name__}")
        return f"{name}{self.parentheses(inside)}", _ATOM


_LATEX_NAMES = {
    **{"log": r"\ln", "sign": r"\operatorname{sign}"},
    **{f"a{name}": rf"\arc{name}" for name in ("sin", "cos", "tan")},
}


def _is_negative(term: Any) -> bool:
    return bool(split(term)[0].is_negative)

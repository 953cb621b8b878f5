"""Symbols instead of numbers: SymPy without simplification, printed in the order of the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

__all__ = ["FUNCTIONS", "latex", "text", "tidy"]


class norm(sympy.Function):  # noqa: N801 (SymPy prints the class's name)
    """The Euclidean norm, as a sign and not as its definition."""

    is_commutative = is_extended_real = True

    def _latex(self, printer: Any) -> str:
        return rf"\left\lVert {printer.doprint(self.args[0])} \right\rVert"


class total(sympy.Function):  # noqa: N801
    """The sum of all elements."""

    is_commutative = is_extended_real = True

    def _latex(self, printer: Any) -> str:
        return rf"\textstyle\sum \left({printer.doprint(self.args[0])}\right)"


class rms(sympy.Function):  # noqa: N801
    """The root of the mean square of all elements."""

    is_commutative = is_extended_real = True

    def _latex(self, printer: Any) -> str:
        return rf"\operatorname{{rms}}\left({printer.doprint(self.args[0])}\right)"


# What the functions of a rule's file stand for while its formula is read.
FUNCTIONS: dict[str, Any] = {"norm": norm, "rms": rms, "total": total}


def tidy(expr: Any) -> Any:
    """The expression with its sums and products in one row each."""
    if not getattr(expr, "args", ()):
        return expr
    args = [tidy(arg) for arg in expr.args]
    for kind in (sympy.Add, sympy.Mul):
        if isinstance(expr, kind):
            args = [part for arg in args for part in (arg.args if isinstance(arg, kind) else (arg,))]
            return kind(*args, evaluate=False)
    return expr.func(*args, evaluate=False) if isinstance(expr, sympy.Pow) else expr.func(*args)


def _opposite(expr: Any) -> Any:
    """What -1 times is the product; None where it has no such factor in front."""
    if expr.args[0] != -1 or len(expr.args) < 2:
        return None
    return sympy.Mul(*expr.args[1:], evaluate=False) if len(expr.args) > 2 else expr.args[1]


class _Latex(LatexPrinter):
    def _print_Mul(self, expr: Any) -> str:
        rest = _opposite(expr)
        if rest is None:
            return super()._print_Mul(expr)
        inner = self._print(rest)
        return rf"- \left({inner}\right)" if isinstance(rest, sympy.Add) else f"- {inner}"

    def _print_Float(self, expr: Any) -> str:
        return f"{float(expr):g}"

    def _print_Piecewise(self, expr: Any) -> str:
        (one, condition), (other, _) = expr.args
        print_, turned = self._print, sympy.Not(condition, evaluate=True)
        return (
            rf"\begin{{cases}} {print_(one)} & {print_(condition)} \\ "
            rf"{print_(other)} & {print_(turned)} \end{{cases}}"
        )


class _Text(StrPrinter):
    def _print_Symbol(self, expr: Any) -> str:
        return self._settings["symbol_names"].get(expr) or expr.name

    def _print_Mul(self, expr: Any) -> str:
        rest = _opposite(expr)
        if rest is None:
            return super()._print_Mul(expr)
        inner = self._print(rest)
        return f"-({inner})" if isinstance(rest, sympy.Add) else f"-{inner}"

    def _print_Float(self, expr: Any) -> str:
        return f"{float(expr):g}"

    def _print_Piecewise(self, expr: Any) -> str:
        (one, condition), (other, _) = expr.args
        return f"where({self._print(condition)}, {self._print(one)}, {self._print(other)})"


_Text._default_settings = {**StrPrinter._default_settings, "symbol_names": {}}


def latex(expr: Any, names: Mapping[Any, str], numbers: bool = False) -> str:
    """LaTeX in the order of the code. names: symbol -> LaTeX; numbers: whether those are numbers."""
    mul = "dot" if numbers else None
    return _Latex({"order": "none", "symbol_names": dict(names), "mul_symbol": mul}).doprint(expr)


def text(expr: Any, names: Mapping[Any, str] | None = None) -> str:
    """Plain text in the order of the code: x - lr*m_hat/(sqrt(v_hat) + eps)."""
    return _Text({"order": "none", "symbol_names": dict(names or {})}).doprint(expr).replace("**", "^")

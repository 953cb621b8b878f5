"""Matrices in a formula: symbols of a kind of their own, with products and transposes.

A rule for matrices is read as it acts on them. SymPy's expressions have no `@`, `.T` and `.shape`;
they have them while such a formula is read, and no longer.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import sympy

from ladera.rules import Rule
from ladera.steps.symbols import norm, rms, total

__all__ = ["Matrix", "is_matrix", "matrix_functions", "on_matrices", "read_through"]


class matmul(sympy.Function):  # noqa: N801 (SymPy prints the class's name)
    """A product of matrices; a product sign alone is one of elements."""

    def _latex(self, printer: Any) -> str:
        return " ".join(_factor(printer, arg, printer.doprint(arg)) for arg in self.args)

    def _sympystr(self, printer: Any) -> str:
        return " @ ".join(_factor(printer, arg, printer.doprint(arg), "()") for arg in self.args)


class transpose(sympy.Function):  # noqa: N801
    def _latex(self, printer: Any) -> str:
        inner = printer.doprint(self.args[0])
        return rf"{_factor(printer, self.args[0], inner)}^{{\top}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{_factor(printer, self.args[0], printer.doprint(self.args[0]), '()')}.T"


class mean(sympy.Function):  # noqa: N801
    """The mean along an axis: -1 of each row, -2 of each column."""

    def _latex(self, printer: Any) -> str:
        over = "j" if self.args[1] == -1 else "i"
        inner = _factor(printer, self.args[0], printer.doprint(self.args[0]))
        return rf"\operatorname{{mean}}_{{{over}}} {inner}"


def _factor(printer: Any, arg: Any, shown: str, brackets: str = "") -> str:
    if not isinstance(arg, (sympy.Add, sympy.Mul)):
        return shown
    return f"({shown})" if brackets else rf"\left({shown}\right)"


class Matrix(sympy.Symbol):
    """A symbol that stands for a matrix."""


_NUMBERS = (norm, rms, total)  # of all elements, so that what is inside may be a matrix


def is_matrix(expr: Any) -> bool:
    """Whether an expression is a matrix, as one that holds a matrix is."""
    if isinstance(expr, Matrix):
        return True
    return not isinstance(expr, _NUMBERS) and any(map(is_matrix, getattr(expr, "args", ())))


def _ndim(x: Any) -> int:
    return 2 if is_matrix(x) else 0


def _opaque(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the rule's file, read through where symbols allow it; else shown by its name."""
    named = type(function.__name__, (sympy.Function,), {"_latex": _operator_latex})

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception:  # it looks at shapes or values, which symbols have not
            return named(*(a for a in arguments if isinstance(a, sympy.Expr)))

    return call


def _operator_latex(self: Any, printer: Any) -> str:
    name = type(self).__name__.replace("_", r"\_")
    return rf"\operatorname{{{name}}}\left({', '.join(map(printer.doprint, self.args))}\right)"


def matrix_functions(rule: Rule) -> dict[str, Any]:
    """What the names of a rule's file stand for while it is read on matrices."""
    cls = type(rule)
    beside = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    own = {
        name: _opaque(value)
        for name, value in beside.items()
        if isinstance(value, types.FunctionType) and value.__module__ == cls.__module__
    }
    return {"mean": mean, "ndim": _ndim, **own}


def read_through(rule: Rule) -> None:
    """Make the rule's own helping methods opaque where they have to be, on this one instance."""
    for name, value in vars(type(rule)).items():
        if isinstance(value, types.FunctionType) and not name.startswith("_") and not hasattr(Rule, name):
            object.__setattr__(rule, name, _opaque(getattr(rule, name)))


@contextlib.contextmanager
def on_matrices() -> Iterator[None]:
    """Within, SymPy's expressions know products of matrices, transposes and a shape."""
    rows, columns = sympy.Symbol("n"), sympy.Symbol("m")
    given = {
        "__matmul__": matmul,
        "__rmatmul__": lambda right, left: matmul(left, right),
        "T": property(transpose),
        "shape": property(lambda x: (rows, columns) if is_matrix(x) else ()),
    }
    for name, value in given.items():
        setattr(sympy.Expr, name, value)
    try:
        yield
    finally:
        for name in given:
            delattr(sympy.Expr, name)

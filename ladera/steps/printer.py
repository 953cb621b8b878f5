"""Expressions of equations as LaTeX and as plain text, with brackets where they are needed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from ladera.steps.equations import kind, name_of

__all__ = ["AsLatex", "AsText"]

_SUM, _MINUS, _PRODUCT, _POWER, _ATOM = range(1, 6)  # how tightly a text holds together
_RAISED = {"2": "²", "3": "³"}
_SLOPES = {"gradient": "f'", "hessian": "f''"}  # of one coordinate


@dataclass(frozen=True)
class Printer:
    """An expression as text. name: how a name is shown; numbers: whether that is a number; alone:
    whether x has one coordinate."""

    name: Callable[[str], str]
    numbers: bool
    alone: bool

    def show(self, node: ast.expr, need: int = _SUM) -> str:
        """The expression, in brackets if it holds together less tightly than is needed."""
        shown, level = self.shown(node)
        return shown if level >= need else self.bracketed(shown)

    def shown(self, node: ast.expr) -> tuple[str, int]:
        match node:
            case ast.Constant(value=value):
                return f"{value:g}" if isinstance(value, float) else str(value), _ATOM
            case ast.Name():
                shown = self.name(name_of(node))
                return shown, _level(shown)
            case ast.Attribute(value=inner):
                return self.turned(self.show(inner, _ATOM)), _POWER
            case ast.UnaryOp(operand=inner):
                return f"-{self.show(inner, _PRODUCT)}", _MINUS
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args)
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(left, op, right)
        raise ValueError(ast.dump(node))

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        if isinstance(op, (ast.Add, ast.Sub)):
            sign = "+" if isinstance(op, ast.Add) else "-"
            return f"{self.show(left)} {sign} {self.show(right, _PRODUCT)}", _SUM
        if isinstance(op, ast.Pow):
            return self.power(self.show(left, _ATOM), right), _POWER
        if isinstance(op, ast.Div):
            return self.quotient(left, right)
        first = self.show(left, _MINUS if isinstance(left, ast.UnaryOp) or not self.numbers else _PRODUCT)
        if isinstance(op, ast.MatMult) and kind(left) == "vector":
            first = self.turned(self.show(left, _POWER))
        shown = self.product(first, self.show(right, _PRODUCT), (left, right))
        return shown, _MINUS if shown.startswith("-") else _PRODUCT

    def turned(self, shown: str) -> str:
        """Transposed; a number, or a vector that stands in a row, is what it is."""
        upright = any(sign in shown for sign in ("{matrix}", "["))
        return self.transposed(shown) if upright or not self.numbers else shown

    def call(self, name: str, args: list[ast.expr]) -> tuple[str, int]:
        if name == "inv":
            return self.calls[name] % self.show(args[0], _ATOM), _POWER
        if name == "outer":
            first, second = (self.show(arg, _POWER) for arg in args)
            return self.outer(first, self.transposed(second)), _PRODUCT
        inner = self.comma.join(self.show(arg) for arg in args)
        if name in ("gradient", "hessian") and self.alone:
            return f"{_SLOPES[name]}({inner})", _ATOM
        return (self.calls[name] % inner if name in self.calls else self.named % (name.upper(), inner)), _ATOM

    # how each is written

    def bracketed(self, shown: str) -> str:
        raise NotImplementedError

    def transposed(self, shown: str) -> str:
        raise NotImplementedError

    def power(self, base: str, exponent: ast.expr) -> str:
        raise NotImplementedError

    def quotient(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        raise NotImplementedError

    def product(self, left: str, right: str, nodes: tuple[ast.expr, ast.expr]) -> str:
        raise NotImplementedError

    def outer(self, left: str, right: str) -> str:
        raise NotImplementedError

    # functions: templates of what stands in brackets, and of one without a template of its own
    calls: ClassVar[dict[str, str]]
    named: ClassVar[str]
    comma: ClassVar[str] = ", "


class AsLatex(Printer):
    calls: ClassVar[dict[str, str]] = {
        "inv": r"%s^{-1}",
        "norm": r"\left\lVert %s \right\rVert",
        "size": r"\left|%s\right|",
        "maximum": r"\max\left(%s\right)",
        "minimum": r"\min\left(%s\right)",
        "gradient": r"\nabla f(%s)",
        "hessian": r"\nabla^2 f(%s)",
        "residuals": r"r(%s)",
        "jacobian": r"\frac{\partial r}{\partial x}(%s)",
    }
    named: ClassVar[str] = r"\operatorname{%s}\left(%s\right)"
    comma: ClassVar[str] = r",\, "

    def bracketed(self, shown: str) -> str:
        return rf"\left({shown}\right)"

    def transposed(self, shown: str) -> str:
        return rf"{shown}^{{\top}}"

    def power(self, base: str, exponent: ast.expr) -> str:
        return f"{base}^{{{self.show(exponent)}}}"

    def quotient(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        return rf"\frac{{{self.show(left)}}}{{{self.show(right)}}}", _POWER

    def product(self, left: str, right: str, nodes: tuple[ast.expr, ast.expr]) -> str:
        both_matrices = all("{matrix}" in shown for shown in (left, right))
        constant = isinstance(nodes[0], ast.Constant) and isinstance(nodes[1], ast.Constant)
        dot = (self.numbers and not both_matrices) or constant
        return rf"{left} \cdot {right}" if dot else f"{left} {right}"

    def outer(self, left: str, right: str) -> str:
        return f"{left} {right}"


class AsText(Printer):
    calls: ClassVar[dict[str, str]] = {
        "inv": "%s⁻¹",
        "norm": "‖%s‖",
        "size": "|%s|",
        "maximum": "max(%s)",
        "minimum": "min(%s)",
        "gradient": "∇f(%s)",
        "hessian": "∇²f(%s)",
        "residuals": "r(%s)",
        "jacobian": "∂r/∂x(%s)",
    }
    named: ClassVar[str] = "%s(%s)"

    def bracketed(self, shown: str) -> str:
        return f"({shown})"

    def transposed(self, shown: str) -> str:
        return f"{shown}ᵀ"

    def power(self, base: str, exponent: ast.expr) -> str:
        shown = self.show(exponent, _ATOM)
        return f"{base}{_RAISED[shown]}" if shown in _RAISED else f"{base}^{shown}"

    def quotient(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        return f"{self.show(left, _MINUS)}/{self.show(right, _POWER)}", _PRODUCT

    def product(self, left: str, right: str, nodes: tuple[ast.expr, ast.expr]) -> str:
        constant = isinstance(nodes[0], ast.Constant) and isinstance(nodes[1], ast.Constant)
        return f"{left}·{right}" if self.numbers or constant else f"{left} {right}"

    def outer(self, left: str, right: str) -> str:
        return f"{left}{'·' if self.numbers else ' '}{right}"


def _level(shown: str) -> int:
    """How tightly a name or a number holds together."""
    if shown.startswith("-"):
        return _MINUS
    return _PRODUCT if r"\cdot" in shown and not shown.startswith(r"\left") else _ATOM

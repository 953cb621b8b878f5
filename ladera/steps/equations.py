"""Equations between named numbers, vectors and matrices: computed, and shown as symbols or with numbers.

An equation is a line of text in Python's notation, such as "p = -inv(H) @ g". Its names tell what they
are: one capital letter is a matrix, `x_new` is x after the step and `x_old` before the last one. So one
line is what a page prints, what a step's card fills with numbers, and what a test computes.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["OF_F", "computed", "kind", "name_of", "names_in", "parts", "sides"]

VECTORS = frozenset("xpgsyrqvahu")
OF_F = ("gradient", "hessian", "residuals", "jacobian")  # what only the function itself can tell
_MATRIX_CALLS = {"hessian", "jacobian", "inv", "size", "outer", "bfgs"}
_VECTOR_CALLS = {"gradient", "residuals"}


@functools.cache
def sides(text: str) -> tuple[ast.expr | None, ast.expr]:
    """Left and right of an equation; no left where only a name stands, whose value is given."""
    left, sign, right = text.partition("=")
    if not sign:
        return None, _parsed(text)
    return _parsed(left), _parsed(right)


def _parsed(text: str) -> ast.expr:
    # `lambda` is Python's own word
    return ast.parse(text.strip().replace("lambda", "lam"), mode="eval").body


def names_in(text: str) -> list[str]:
    """The names of an equation, in its order; those of functions are none."""
    found: dict[str, None] = {}
    for side in sides(text):
        called = {id(n.func) for n in ast.walk(side) if isinstance(n, ast.Call)} if side else set()
        names = [n for n in ast.walk(side) if isinstance(n, ast.Name)] if side else []
        found |= dict.fromkeys(name_of(n) for n in names if id(n) not in called)
    return list(found)


def name_of(node: ast.Name) -> str:
    return node.id.replace("lam", "lambda")


def parts(name: str) -> tuple[str, int]:
    """What a name stands for, and when: ("x", 1) of x_new, ("p", -1) of p_old, ("g", 0) of g."""
    for ending, when in (("_new", 1), ("_old", -1)):
        if name.endswith(ending):
            return name.removesuffix(ending), when
    return name, 0


def kind(node: ast.expr) -> str:
    """Whether an expression is a "number", a "vector" or a "matrix", told by its names alone."""
    match node:
        case ast.Name():
            base = parts(name_of(node))[0]
            return "matrix" if len(base) == 1 and base.isupper() else _named(base)
        case ast.Attribute(value=inner) | ast.UnaryOp(operand=inner):
            return kind(inner)
        case ast.Call(func=ast.Name(id=name)):
            return "matrix" if name in _MATRIX_CALLS else "vector" if name in _VECTOR_CALLS else "number"
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            both = kind(left), kind(right)
            return {("matrix", "matrix"): "matrix", ("vector", "vector"): "number"}.get(both, "vector")
        case ast.BinOp(left=left, right=right):
            return max(kind(left), kind(right), key=("number", "vector", "matrix").index)
    return "number"


def _named(base: str) -> str:
    return "vector" if base in VECTORS else "number"


def computed(
    node: ast.expr, values: Mapping[str, Any], of_f: Mapping[str, Callable[[Any], Any]] | None = None
) -> Any:
    """The value of an expression, float64.

    values: name -> number, (n,) or (m, n) as a letter is a number, a vector or a matrix. of_f: what
    `gradient`, `hessian`, `residuals` and `jacobian` of a point are; needed where they occur.
    """

    def of(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return float(value)  # type: ignore[arg-type]
            case ast.Name():
                return values[name_of(node)]
            case ast.Attribute(value=inner, attr="T"):
                return np.transpose(of(inner))
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -of(inner)
            case ast.Call(func=ast.Name(id=name), args=args):
                function = (of_f or {}).get(name) or _FUNCTIONS[name]
                return function(*map(of, args))
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](of(left), of(right))
        raise ValueError(ast.dump(node))

    return of(node)


def _power(base: Any, exponent: float) -> Any:
    return np.linalg.matrix_power(base, int(exponent)) if np.ndim(base) == 2 else base**exponent


def _size(H: Any) -> Any:
    """|H|: the same axes, each curvature by its size."""
    curvatures, axes = np.linalg.eigh(H)
    return (axes * np.abs(curvatures)) @ axes.T


def _bfgs(H: Any, S: Any, Y: Any) -> Any:
    """H after the update of BFGS by each pair of rows of S and Y; a pair of zeros is none."""
    eye = np.eye(H.shape[0])
    for s, y in zip(S, Y, strict=True):
        if s @ y != 0:
            turned = eye - np.outer(s, y) / (s @ y)
            H = turned @ H @ turned.T + np.outer(s, s) / (s @ y)
    return H


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "inv": np.linalg.inv,
    "norm": np.linalg.norm,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "outer": np.outer,
    "size": _size,
    "bfgs": _bfgs,
}
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.MatMult: lambda a, b: a @ b,
    ast.Pow: _power,
}

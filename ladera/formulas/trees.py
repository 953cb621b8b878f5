"""Expressions as nested tuples of names and numbers, for pickling.

SymPy rebuilds what it unpickles by evaluating it, with the simplification that `expressions` avoids.
"""

from __future__ import annotations

from typing import Any

import sympy

__all__ = ["from_tree", "to_tree"]

_CONSTANTS = {"pi": sympy.pi, "e": sympy.E, "nan": sympy.nan}


def to_tree(expr: Any) -> Any:
    """The expression as (kind, part, ...), a variable as its name."""
    if expr.is_Symbol:
        return expr.name
    if expr.is_Rational:
        return "rational", int(expr.p), int(expr.q)
    if expr.is_Float:
        return "float", float(expr)
    for name, constant in _CONSTANTS.items():
        if expr is constant:
            return (name,)
    return expr.func.__name__, *(to_tree(argument) for argument in expr.args)


def from_tree(tree: Any) -> Any:
    """The expression of a tree."""
    if isinstance(tree, str):
        return sympy.Symbol(tree, real=True)
    kind, *parts = tree
    if kind == "rational":
        return sympy.Rational(*parts)
    if kind == "float":
        return sympy.Float(*parts)
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    return getattr(sympy, kind)(*(from_tree(part) for part in parts), evaluate=False)

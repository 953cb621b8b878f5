"""How an equation of `ladera.steps.equations` is written: LaTeX and plain text, symbols or numbers."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladera.steps.equations import OF_F, computed, kind, name_of, parts, sides
from ladera.steps.formula import Line, number_latex, number_text
from ladera.steps.names import indexed, latex_name
from ladera.steps.printer import AsLatex, AsText

__all__ = ["Writing", "letter", "lines", "matrix_latex", "matrix_text"]

_LARGEST = 6  # rows and columns of a matrix that is written out
_GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "lambda": "λ", "rho": "ρ", "eta": "η", "Delta": "Δ"},
}


@dataclass(frozen=True)
class Writing:
    """How the names of an equation are written.

    steps: before, now and after, as "k-1", "k", "k+1". letter: what x is called. alone: whether x has
    one coordinate, so that all are numbers and gradients are f'.
    """

    steps: tuple[str, str, str] = ("k-1", "k", "k+1")
    letter: str = "x"
    alone: bool = False

    def latex(self, name: str) -> str:
        base, when = parts(name)
        if base == "I":
            return "I"
        shown = latex_name(self.letter if base == "x" else base)
        return indexed(shown, self.steps[when + 1])

    def text(self, name: str) -> str:
        base, when = parts(name)
        shown = self.letter if base == "x" else letter(base)
        return f"{shown}[{self.steps[when + 1]}]" if when or base == "x" else shown


def letter(name: str) -> str:
    """A name as plain text has it: α for alpha."""
    return _GREEK.get(name, name)


def lines(text: str, writing: Writing, values: Mapping[str, Any] | None = None) -> list[Line]:
    """An equation as one line; with numbers, one that is to be solved for a name as three.

    values: as `computed` takes them, the left side's own among them.
    """
    left, right = sides(text)
    if left is None:
        return [_given(right, writing, values)]
    written = _both(left, writing, None), _both(right, writing, None)
    line = Line(text, written[0][0], written[1][0], written[0][1], written[1][1])
    if values is None or isinstance(right, ast.Constant):
        return [line]
    if not isinstance(left, ast.Name):
        return [line, *_solved(left, right, writing, values)]
    value = values[name_of(left)]
    numbers = ("", "") if _only_f_tells(right) or _too_large(right, values) else _both(right, writing, values)
    if _large(value):
        return [line]
    shown = matrix_latex(value, columns=_of_matrices(right)), matrix_text(value)
    numbers = numbers if numbers[0] else shown
    return [Line(text, line.left, line.right, line.left_text, line.right_text, *numbers, *shown)]


def _given(node: ast.expr, writing: Writing, values: Mapping[str, Any] | None) -> Line:
    """A name whose value nothing else tells."""
    assert isinstance(node, ast.Name)
    name = name_of(node)
    latex, text = writing.latex(name), writing.text(name)
    if values is None:
        return Line(name, latex, "", text, "")
    value = values[name]
    return Line(name, latex, matrix_latex(value), text, matrix_text(value))


def _solved(left: ast.expr, right: ast.expr, writing: Writing, values: Mapping[str, Any]) -> list[Line]:
    """Of A @ p = b the same with the numbers of A and b, and the p that solves it."""
    assert isinstance(left, ast.BinOp)
    assert isinstance(left.right, ast.Name)
    matrix, b, p = computed(left.left, values), computed(right, values), values[name_of(left.right)]
    if _large(matrix):
        return []
    name = name_of(left.right)
    sign = "·" if writing.alone else " "
    between = r" \cdot " if writing.alone else r"\, "
    return [
        Line(
            *("", matrix_latex(matrix) + between + writing.latex(name), matrix_latex(b, columns=True)),
            *(matrix_text(matrix) + sign + writing.text(name), matrix_text(b)),
        ),
        Line("", writing.latex(name), matrix_latex(p), writing.text(name), matrix_text(p)),
    ]


def _only_f_tells(node: ast.expr) -> bool:
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    return any(n.func.id in (*OF_F, "bfgs") for n in calls if isinstance(n.func, ast.Name))


def _of_matrices(node: ast.expr) -> bool:
    return any(kind(n) == "matrix" for n in ast.walk(node) if isinstance(n, ast.expr))


def _large(value: Any) -> bool:
    return np.ndim(value) == 2 and max(np.shape(value)) > _LARGEST


def _too_large(node: ast.expr, values: Mapping[str, Any]) -> bool:
    names = [name_of(n) for n in ast.walk(node) if isinstance(n, ast.Name)]
    return any(_large(values.get(name)) for name in names)


def _both(node: ast.expr, writing: Writing, values: Mapping[str, Any] | None) -> tuple[str, str]:
    columns, known = _of_matrices(node), dict(values or {})
    if not writing.alone:
        known.pop("I", None)  # tells no more as a matrix of ones and zeros

    def latex(name: str) -> str:
        return matrix_latex(known[name], columns) if name in known else writing.latex(name)

    def text(name: str) -> str:
        return matrix_text(known[name]) if name in known else writing.text(name)

    numbers, alone = values is not None, writing.alone
    return AsLatex(latex, numbers, alone).show(node), AsText(text, numbers, alone).show(node)


def matrix_latex(value: Any, columns: bool = False) -> str:
    """A number, a vector, in a row or as a column, or a matrix in LaTeX."""
    value = np.asarray(value, float)
    if value.size == 1 or (value.ndim < 2 and not columns):
        return number_latex(value, signed=True)
    rows = value if value.ndim == 2 else value[:, None]
    body = r" \\ ".join(" & ".join(number_latex(v, signed=True) for v in row) for row in rows)
    # and not pmatrix, whose exponents some converters misplace
    return rf"\left(\begin{{matrix}} {body} \end{{matrix}}\right)"


def matrix_text(value: Any) -> str:
    """The same as text; rows of a matrix are parted by semicolons."""
    value = np.asarray(value, float)
    if value.size == 1 or value.ndim < 2:
        return number_text(value)
    return f"[{'; '.join(', '.join(map(number_text, row)) for row in value)}]"

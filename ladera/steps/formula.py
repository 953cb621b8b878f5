"""The formula of a rule, read off the code that runs, and the same with the numbers of a step in it.

One walk on symbols gives a line per statement; one walk on numbers gives each line's value. Both go
through the same statements in the same order, so the k-th line and the k-th value belong together.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from ladera.rules import Rule, blocks
from ladera.steps.matrices import Matrix, is_matrix, matrix_functions, on_matrices, read_through
from ladera.steps.names import indexed, latex_name
from ladera.steps.symbols import FUNCTIONS, latex, text, tidy
from ladera.steps.walk import seen

__all__ = ["Line", "formula", "number_latex", "number_text", "substituted"]


@dataclass(frozen=True)
class Line:
    """One statement: what is assigned, and its right-hand side, as LaTeX and as plain text.

    value: what it comes to, as LaTeX and as text, where numbers were put in; else "".
    """

    name: str
    left: str
    right: str
    left_text: str
    right_text: str
    numbers: str = ""
    numbers_text: str = ""
    value: str = ""
    value_text: str = ""

    def latex(self) -> str:
        """The line with an & before its sign of equality."""
        parts = [f"{self.left} &= {self.right}"]
        if self.numbers:
            parts += [self.numbers] if self.numbers != self.value else []
            parts += [self.value]
        return " = ".join(parts)

    def text(self) -> str:
        parts = [f"{self.left_text} = {self.right_text}"]
        if self.numbers_text:
            parts += [self.numbers_text] if self.numbers_text != self.value_text else []
            parts += [self.value_text]
        return " = ".join(parts)


def formula(rule: Rule, matrices: bool = False) -> list[Line]:
    """The statements of one step of a rule, hyperparameters as letters.

    The first says where the gradient is taken, if not at x; the last is the new x.
    matrices: x is a matrix, on which a rule of blocks acts in another way than on a vector. Not every
    such rule can be run on symbols; what it raises is not caught.
    """
    return _Symbolic(rule, matrices=matrices).lines()


def substituted(rule: Rule, t: int, g: Any, s: Any, x: Any, letter: str = "x") -> list[Line]:
    """The same with the numbers of step t in it: arrays of one axis, or numbers.

    letter: what x is called.
    """
    return _Symbolic(rule, letter, t).lines((t, g, s, x))


class _Symbolic:
    """One step of a rule on symbols."""

    def __init__(self, rule: Rule, letter: str = "x", t: int | None = None, matrices: bool = False):
        self.rule, self.letter = rule, letter
        self.now, self.before = ("t", "t-1") if t is None else (str(t), str(t - 1))
        self.found: list[tuple[Any, Any]] = []  # the symbol of a statement (None: no line), its value
        self.names: dict[Any, str] = {}  # symbol -> LaTeX
        self.moving: set[Any] = set()  # symbols that change from step to step
        self.x = self._symbol(f"{letter}[{self.before}]", self._indexed(letter, self.before), True, matrices)
        self.g = self._symbol("g", indexed("g", self.now), True, matrices)
        self.t = self._symbol("t", "t", moving=True)
        letters = {name: self._symbol(name, latex_name(name)) for name in rule.numbers()}
        symbolic = rule.replace(**letters)
        self.state = self._state(rule.init(np.ones((2, 3)) if matrices else 0.0))
        functions = FUNCTIONS | (matrix_functions(rule) if matrices else {})
        with sympy.evaluate(False), on_matrices() if matrices else contextlib.nullcontext():
            told = self.told = seen(symbolic, self._see, functions)
            self.point = told.read(self.state, self.x)
            if matrices:
                read_through(told)
            self.after, self.new = told.step(self.t, self.g, self.state, self.x)

    def _symbol(self, name: str, label: str, moving: bool = False, matrix: bool = False) -> Any:
        symbol = (Matrix if matrix else sympy.Symbol)(name)
        self.names[symbol] = label
        if moving:
            self.moving.add(symbol)
        return symbol

    def _letter(self, name: str) -> str:
        return dict(self.rule.letters).get(name) or latex_name(name)

    def _indexed(self, name: str, index: str) -> str:
        return indexed(self._letter(name), index)

    def _state(self, state: Any, prefix: str = "") -> Any:
        """The state before the step: every leaf a symbol with the index t - 1."""
        if hasattr(state, "_fields"):
            return type(state)(*(self._state(getattr(state, name), name) for name in state._fields))
        if state is None:
            return None
        label = self._indexed(prefix, self.before)
        return self._symbol(f"{prefix}[{self.before}]", label, True, np.ndim(state) == 2)

    def _see(self, name: str, value: Any) -> Any:
        if not _worth_a_line(value):  # a condition, or another name of the same: it stays in place
            self.found.append((None, value))
            return value
        moving = bool(value.free_symbols & self.moving)
        # A name that is given another value is another symbol: ρ, then ρ'. What the step ends in is x.
        primes = "'" * (name == self.letter)
        while name + primes in {symbol.name for symbol in self.names}:
            primes += "'"
        letter = self._letter(name) + primes
        label = indexed(letter, self.now) if moving else letter
        symbol = self._symbol(name + primes, label, moving, is_matrix(value))
        self.found.append((symbol, value))
        return symbol

    def lines(self, numbers: tuple[Any, Any, Any, Any] | None = None) -> list[Line]:
        x_name = f"{self.letter}[{self.before}]"
        values = _Values(self.rule, numbers, x_name, self.before) if numbers else None
        lines, last = [], self._indexed(self.letter, self.now)
        if self.point != self.x:
            lines.append(self._line("y", indexed("y", self.now), self.point, values, values and values.point))
        if values is None and self.rule.evaluations > 1:
            lines.append(self._probe())
        for k, (symbol, value) in enumerate(self.found):
            if symbol is None:
                continue
            number = values.found[k][1] if values else None
            if not (self._is_x(symbol) or (symbol.name == "y" and value == self.point)):  # told elsewhere
                lines.append(self._line(symbol.name, self.names[symbol], value, values, number))
            if values:
                values.known[symbol] = number
        lines += self._new_state(values)
        new = dict(self.found)[self.new] if self._is_x(self.new) else self.new
        lines.append(self._line(self.letter, last, new, values, values and values.new))
        return lines

    def _is_x(self, symbol: Any) -> bool:
        """Whether a statement is what the step returns as x, and nothing else."""
        used = [value for _, value in (*self.found, *_leaves(self.after)) if isinstance(value, sympy.Basic)]
        named = [found for found, _ in self.found if found is not None]
        return symbol == self.new and symbol in named and not any(symbol in u.free_symbols for u in used)

    def _probe(self) -> Line:
        """Where a rule of two gradients takes the second, which is the g of its statements."""
        where = "y" if self.point != self.x else f"{self.letter}[{self.before}]"
        at = indexed("y", self.now) if self.point != self.x else self.names[self.x]
        first = self._symbol(f"∇f({where})", rf"\nabla f({at})", moving=True)
        with sympy.evaluate(False):
            point = self.told.probe(first, self.state, self.x)
        return self._line("p", indexed("p", self.now), point, None, None)

    def _new_state(self, values: _Values | None) -> list[Line]:
        """The parts of the new state that are formed where it is returned, without a statement."""
        after = _leaves(self.after)
        numbers = [value for _, value in _leaves(values.after)] if values else [None] * len(after)
        return [
            self._line(name, self._indexed(name, self.now), value, values, number)
            for (name, value), number in zip(after, numbers, strict=True)
            if _worth_a_line(value) and value != self.new
        ]

    def _line(self, name: str, left: str, value: Any, values: _Values | None, number: Any) -> Line:
        expr = tidy(value)
        plain = Line(name, left, latex(expr, self.names), name, text(expr))
        if values is None:
            return plain
        known = {symbol: values.known.get(symbol) for symbol in expr.free_symbols}
        return Line(
            *(plain.name, plain.left, plain.right, plain.left_text, plain.right_text),
            numbers=latex(expr, {k: number_latex(v) for k, v in known.items()}, numbers=True),
            numbers_text=text(expr, {k: _bracketed(v) for k, v in known.items()}),
            value=number_latex(number, signed=True),
            value_text=number_text(number),
        )


def _worth_a_line(value: Any) -> bool:
    return isinstance(value, sympy.Expr) and not isinstance(value, (sympy.Symbol, sympy.Number))


class _Values:
    """The same step on numbers."""

    def __init__(self, rule: Rule, numbers: tuple[Any, Any, Any, Any], x_name: str, before: str):
        t, g, s, x = numbers
        self.found: list[tuple[str, Any]] = []
        self.point = blocks.read(rule, s, x)
        self.after, self.new = seen(rule, self._see).step(t, g, s, x)
        self.known: dict[Any, Any] = {sympy.Symbol(k): v for k, v in rule.numbers().items()}
        self.known |= {sympy.Symbol(k): v for k, v in (("t", t), ("g", g), (x_name, x))}
        self.known |= {sympy.Symbol(f"{name}[{before}]"): value for name, value in _leaves(s)}

    def _see(self, name: str, value: Any) -> Any:
        self.found.append((name, value))
        return value


def _leaves(state: Any, name: str = "") -> list[tuple[str, Any]]:
    if hasattr(state, "_fields"):
        return [leaf for n in state._fields for leaf in _leaves(getattr(state, n), n)]
    return [] if state is None else [(name, state)]


def number_text(value: Any) -> str:
    """A number, or the components of a vector, in at most seven significant digits."""
    parts = np.atleast_1d(np.asarray(value, float)).ravel() + 0.0  # no -0
    shown = [re.sub(r"e([+-])0", r"e\1", f"{part:.7g}") for part in parts]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def _bracketed(value: Any) -> str:
    shown = number_text(value)
    return f"({shown})" if shown.startswith("-") else shown


def number_latex(value: Any, signed: bool = False) -> str:
    """The same in LaTeX; a negative number in brackets unless it stands alone (`signed`)."""
    parts = np.atleast_1d(np.asarray(value, float)).ravel() + 0.0
    shown = [_power_of_ten(f"{part:.7g}") for part in parts]
    if len(shown) > 1:
        return r"\left(" + r",\, ".join(shown) + r"\right)"
    return rf"\left({shown[0]}\right)" if shown[0].startswith("-") and not signed else shown[0]


def _power_of_ten(shown: str) -> str:
    if shown in ("inf", "-inf"):
        return shown.replace("inf", r"\infty")
    if shown == "nan":
        return r"\mathrm{nan}"
    digits, _, power = shown.partition("e")
    if not power:
        return shown
    sign = {"1": "", "-1": "-"}.get(digits)
    factor = rf"{digits} \cdot " if sign is None else sign
    return f"{factor}10^{{{int(power)}}}"

"""A function that a user typed: text, LaTeX, value, gradient and Hessian from one expression."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from ladera.base import UsageError
from ladera.formulas.compiled import Compiled
from ladera.formulas.names import declared_names

__all__ = ["Formula", "parse"]


def parse(text: str, variables: Sequence[str] | None = None) -> Formula:
    """The formula that a text means, e.g. "3x^2 + 2xy + y^2", "x·cos(0.15πx)", "|w - 3|".

    `variables` declares the names and their order; without it single letters are variables, sorted.
    A number is the longest one there is: 2e3 is 2000, while 2e is twice Euler's number.

    Raises FormulaError, with the position, for a text that is no formula; UsageError for a variable
    name that cannot be one.
    """
    if not isinstance(text, str):
        raise UsageError("A formula is a text such as '3x^2 + y^2'; received {received!r}.", received=text)
    from ladera.formulas.parser import read  # SymPy

    declared = None if variables is None else declared_names(tuple(variables))
    expr, found = read(text, declared)
    return Formula(expr, found)


@dataclasses.dataclass(frozen=True)
class Formula:
    """A real function of `variables`, d of them, made by `parse`.

    `value`, `gradient` and `hessian` take x of shape (..., d), the variables on the last axis, and
    give shapes (...), (..., d) and (..., d, d): NumPy arrays (or what `numpy.asarray` takes), JAX
    arrays and tracers, PyTorch tensors, in the dtype of x (integers become floats). Where the
    function is not real the value is nan; no warning is given. The derivative of |u| is sign(u) u',
    0 where u = 0. One point as a NumPy array, and the `_at` methods, go through Python floats: a
    few microseconds.

    expr: the function as a SymPy expression in real symbols.
    """

    expr: Any
    variables: tuple[str, ...]

    def __reduce__(self):  # compiled programs stay at home
        from ladera.formulas.trees import to_tree

        return _unpickled, (to_tree(self.expr), self.variables)

    def __str__(self) -> str:
        return self.text

    @property
    def dimension(self) -> int:
        """The number d of variables."""
        return len(self.variables)

    @functools.cached_property
    def text(self) -> str:
        """The formula in the grammar of `parse`, every product written out."""
        from ladera.formulas.printer import text

        return text(self.expr, self.variables)

    def latex(self) -> str:
        """The formula as LaTeX, without dollar signs."""
        from ladera.formulas.printer import latex

        return latex(self.expr)

    def gradient_latex(self) -> tuple[str, ...]:
        """The partial derivatives as LaTeX, one per variable."""
        return tuple(self.derivative(name).latex() for name in self.variables)

    def derivative(self, name: str) -> Formula:
        """The partial derivative as a formula in the same variables. Raises UsageError: no such variable."""
        self._check_name(name)
        return Formula(self._partials[self.variables.index(name)], self.variables)

    def fixed(self, values: Mapping[str, float], digits: int | None = None) -> Formula:
        """The formula with numbers for some of its variables; decimals rounded to so many significant
        digits, to be read. Raises UsageError: no such variable."""
        from ladera.formulas.fixed import put_in, rounded

        for name in values:
            self._check_name(name)
        expr = put_in(self.expr, values)
        left = tuple(name for name in self.variables if name not in values)
        return Formula(expr if digits is None else rounded(expr, digits), left)

    # -- values ------------------------------------------------------------------------------

    def value(self, x: Any) -> Any:
        """The function at x, of shape (..., d): shape (...). Raises UsageError for another last axis."""
        return self._value(x)

    def gradient(self, x: Any) -> Any:
        """The gradient at x, of shape (..., d): shape (..., d)."""
        return self._gradient(x)

    def hessian(self, x: Any) -> Any:
        """The matrix of second derivatives at x, of shape (..., d): shape (..., d, d)."""
        return self._hessian(x)

    def value_at(self, *x: float) -> float:
        """The function at one point, its coordinates as arguments."""
        return self._value.scalars.value(self._coordinates(x))

    def gradient_at(self, *x: float) -> tuple[float, ...]:
        """The gradient at one point, its coordinates as arguments."""
        return tuple(self._gradient.scalars.values(self._coordinates(x)))

    # -- derived once ------------------------------------------------------------------------

    @functools.cached_property
    def _value(self) -> Compiled:
        return Compiled([self.expr], self.variables, ())

    @functools.cached_property
    def _gradient(self) -> Compiled:
        return Compiled(self._partials, self.variables, (self.dimension,))

    @functools.cached_property
    def _hessian(self) -> Compiled:
        from ladera.formulas.calculus import hessian
        from ladera.formulas.expressions import symbols

        rows = hessian(self._partials, symbols(self.variables))
        shape = (self.dimension, self.dimension)
        return Compiled([entry for row in rows for entry in row], self.variables, shape)

    @functools.cached_property
    def _partials(self) -> list[Any]:
        from ladera.formulas.calculus import derivative
        from ladera.formulas.expressions import symbols

        return [derivative(self.expr, symbol) for symbol in symbols(self.variables)]

    def _check_name(self, name: str) -> None:
        if name not in self.variables:
            raise UsageError(
                "The formula has no variable '{received}'; its variables are {known}.",
                received=name,
                known=", ".join(self.variables),
            )

    def _coordinates(self, x: tuple[float, ...]) -> list[float]:
        if len(x) != len(self.variables):
            raise UsageError(
                "A point has one coordinate per variable ({names}); received {received}.",
                names=", ".join(self.variables),
                received=len(x),
            )
        return [float(coordinate) for coordinate in x]


def _unpickled(tree: Any, variables: tuple[str, ...]) -> Formula:
    from ladera.formulas.trees import from_tree

    return Formula(from_tree(tree), variables)

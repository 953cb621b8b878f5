"""Formulas that a user types: our own grammar, and value, gradient and Hessian from one expression.

    f = parse("3x^2 + 2xy + y^2")
    f.value([-4, 3]), f.gradient([-4, 3]), f.latex(), f.derivative("x").text

SymPy is imported when a formula is parsed, JAX and PyTorch when an array of theirs arrives.
"""

from ladera.formulas.compiled import Compiled, check_points
from ladera.formulas.errors import FormulaError
from ladera.formulas.formula import Formula, parse
from ladera.formulas.free import names_in

__all__ = ["Compiled", "Formula", "FormulaError", "check_points", "names_in", "parse"]

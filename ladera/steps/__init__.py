"""A step of a rule, seen from inside: its formula, and its formula with the numbers in it."""

from ladera.steps.formula import Line, formula, substituted
from ladera.steps.walk import seen

__all__ = ["Line", "formula", "seen", "substituted"]

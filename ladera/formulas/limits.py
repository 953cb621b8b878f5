"""How much a formula may hold, so that no text costs much time or memory."""

from __future__ import annotations

__all__ = ["MAX_DEPTH", "MAX_EXPONENT", "MAX_LENGTH", "MAX_PARTS"]

MAX_LENGTH = 1000  # characters
MAX_PARTS = 300  # numbers, names, operators: bounds the symbolic derivatives
MAX_DEPTH = 40  # parentheses, functions and exponents inside one another: bounds the recursion
MAX_EXPONENT = 1000  # of a constant exponent: x^1000 is ten multiplications, and few floats survive it

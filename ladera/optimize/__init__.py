"""Functions of one vector, minimised: what to call instead of scipy.optimize."""

from ladera.optimize.least_squares import least_squares
from ladera.optimize.minimize import minimize
from ladera.optimize.solution import Solution

__all__ = ["Solution", "least_squares", "minimize"]

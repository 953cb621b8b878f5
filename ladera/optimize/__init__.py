"""Functions of one vector, minimised: what to call instead of scipy.optimize."""

from ladera.optimize.curve_fit import curve_fit
from ladera.optimize.fit import Fit, fit
from ladera.optimize.least_squares import least_squares
from ladera.optimize.minimize import minimize
from ladera.optimize.solution import Solution

__all__ = ["Fit", "Solution", "curve_fit", "fit", "least_squares", "minimize"]

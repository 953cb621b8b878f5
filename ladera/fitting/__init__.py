"""Models fitted to data: parameters, their errors, and how far to trust them."""

from ladera.fitting.curve_fit import FitWarning, curve_fit
from ladera.fitting.fit import Fit, fit

__all__ = ["Fit", "FitWarning", "curve_fit", "fit"]

"""Which learning rates a rule bears on a problem: a short sweep over several seeds.

curve       what was measured, on plain arrays, and what follows from it
find        the trainings
words       the same in sentences and as a plot of characters
figure      the same as a figure
"""

from ladera.finding.curve import Curve, Found
from ladera.finding.find import find_lr

__all__ = ["Curve", "Found", "find_lr"]

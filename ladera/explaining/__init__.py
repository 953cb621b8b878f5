"""Methods explained from their files: formula, hyperparameters, paper, dialects, symmetries, ends."""

from ladera.explaining.docstrings import meanings, summary
from ladera.explaining.explained import Explained, Hyperparameter
from ladera.explaining.explanation import Explanation, catalogue, check_name, explain, is_schedule

__all__ = [
    "Explained",
    "Explanation",
    "Hyperparameter",
    "catalogue",
    "check_name",
    "explain",
    "is_schedule",
    "meanings",
    "summary",
]

"""Rules explained from their files: formula, hyperparameters, paper, dialects, symmetries."""

from ladera.explaining.docstrings import meanings, summary
from ladera.explaining.explanation import Explanation, Hyperparameter, catalogue, explain

__all__ = ["Explanation", "Hyperparameter", "catalogue", "explain", "meanings", "summary"]

"""Methods explained from their files: formula, hyperparameters, paper, dialects, symmetries, ends; and
activations and losses from their tables."""

from ladera.explaining.docstrings import meanings, summary
from ladera.explaining.explained import Explained, Hyperparameter
from ladera.explaining.explanation import (
    Explanation,
    catalogue,
    check_name,
    explain,
    explain_method,
    is_schedule,
)
from ladera.explaining.function import FunctionExplanation, function_named, function_names

__all__ = [
    "Explained",
    "Explanation",
    "FunctionExplanation",
    "Hyperparameter",
    "catalogue",
    "check_name",
    "explain",
    "explain_method",
    "function_named",
    "function_names",
    "is_schedule",
    "meanings",
    "summary",
]

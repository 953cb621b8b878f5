"""What is asked: data, their splits and preparation, and the Problem that names them with a network."""

from ladera.problems.datasets import Dataset, from_arrays, load, names
from ladera.problems.prepare import Metric, Part, Prepared
from ladera.problems.problem import Problem

__all__ = ["Dataset", "Metric", "Part", "Prepared", "Problem", "from_arrays", "load", "names"]

"""What a solver that is handed its curvature says about its price."""

from __future__ import annotations

from typing import ClassVar

from ladera.solvers._solver import Solver

__all__ = ["Curved"]


class Curved(Solver):
    """forms_matrix: whether it asks for a (d, d) matrix, made of a Jacobian with a row per example and
    output of the model."""

    forms_matrix: ClassVar[bool] = False

    @classmethod
    def surcharge(cls, outputs: int) -> int:
        """Passes over the data that one curvature costs beside the evaluation of its point."""
        raise NotImplementedError

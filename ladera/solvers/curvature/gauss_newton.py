"""Gauss-Newton from the curvature matrix alone, for any convex loss of a network."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from ladera.hyperparameters import Positive
from ladera.solvers._descent import Descent, Way
from ladera.solvers._objective import Counts
from ladera.solvers.curvature._curved import Curved
from ladera.solvers.searches import Armijo, Search

__all__ = ["GeneralizedGaussNewton"]

_LEAST = 1e-8  # of G's mean diagonal: what makes a singular G invertible


class GeneralizedGaussNewton(Curved, Descent):
    """G p = -g, with G the generalised Gauss-Newton matrix (Schraudolph 2002), and a line search.

    gtol: it has converged where no element of the gradient is larger. search: how far to go.
    """

    paper: ClassVar[str] = "Nocedal & Wright 2006, section 10.3; Schraudolph 2002"

    forms_matrix: ClassVar[bool] = True

    gtol: Positive = 1e-6
    search: Search = Armijo()

    @classmethod
    def name(cls) -> str:
        return "gauss-newton"

    @classmethod
    def surcharge(cls, outputs: int) -> int:
        return outputs  # its search has already seen value and gradient

    def direction(self, f, memory, x, g, free=None):
        _, _, G = f.curvature(x)
        least = _LEAST * jnp.diagonal(G).mean()
        least = jnp.where(least > 0, least, 1)
        factors = jax.scipy.linalg.cho_factor(G + least * jnp.eye(g.size, dtype=g.dtype), lower=True)
        return Way(-jax.scipy.linalg.cho_solve(factors, g), Counts(nhev=1))

"""Levenberg-Marquardt from the curvature matrix alone, so that any convex loss of a network will do."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from ladera.base import unknown_name
from ladera.hyperparameters import Positive
from ladera.solvers.curvature._damped import Damped, Seen, Step

__all__ = ["GeneralizedLevenbergMarquardt"]

SCALINGS = ("marquardt", "identity")


class _Curvature(NamedTuple):
    G: Any  # (d, d)
    D: Any  # squared scale of every parameter, (d,)


class GeneralizedLevenbergMarquardt(Damped):
    """(G + λ D²) p = -g, with G the generalised Gauss-Newton matrix, for squares Gauss and Newton's
    (Hagan & Menhaj 1994; Martens 2020, section 8).

    A network has directions that change nothing, dead units or exchangeable ones: λ is what keeps the
    system solvable, so it is solved by Cholesky's factors of the matrix.

    scaling: identity (D = 1, λ a share of the largest diagonal element of G) or marquardt (D²: the
    largest diagonal elements so far).
    """

    paper: ClassVar[str] = "Hagan & Menhaj 1994; Nielsen 1999"
    forms_matrix: ClassVar[bool] = True

    damping: Positive = 1e-2
    scaling: str = "identity"

    def __post_init__(self):
        super().__post_init__()
        if self.scaling not in SCALINGS:
            raise unknown_name("scaling", str(self.scaling), SCALINGS)

    @classmethod
    def name(cls) -> str:
        return "lm"

    @classmethod
    def surcharge(cls, outputs: int) -> int:
        return outputs - 1  # backwards from every output, the first for the gradient's price

    def look(self, f, x, p, number):
        fun, g, G = f.curvature(x)
        return Seen(fun, g, _Curvature(G, jnp.diagonal(G)))

    def first_damping(self, own: _Curvature):
        return self.damping * (jnp.diagonal(own.G).max() if self.scaling == "identity" else 1)

    def propose(self, f, own: _Curvature, x, g, damping):
        D = jnp.ones_like(g) if self.scaling == "identity" else own.D
        # A parameter that nothing depends on has no curvature, and no gradient either: it stays.
        D = damping * jnp.where(D > 0, D, 1)
        factors = jax.scipy.linalg.cho_factor(own.G + jnp.diag(D), lower=True)
        p = -jax.scipy.linalg.cho_solve(factors, g)
        return Step(p, p @ (D * p - g) / 2)  # -gᵀp - ½pᵀGp, without its cancellation

"""Newton: to the minimum of the quadratic that has this gradient and this Hessian."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp

from ladera.locale import N_
from ladera.solvers._descent import Descent, Way
from ladera.solvers._equations import Equation
from ladera.solvers._objective import Counts
from ladera.solvers.searches import Armijo, Search

__all__ = ["Newton"]

_ROUNDING = 100  # ε of the largest curvature: what is below is taken to be no curvature


class Newton(Descent):
    """Newton's method, damped by a line search, on |H|: curvatures are taken by their size, and those
    that are as good as none as a share of the largest (Nocedal & Wright 2006, section 3.4; Dauphin
    et al. 2014, saddle-free Newton). So it descends where the Hessian is indefinite or singular.

    Where the gradient vanishes and a curvature is negative it goes on along that one.

    gtol: it has converged where no element of the gradient is larger and no curvature is negative.
    search: how far to go.
    """

    paper: ClassVar[str] = "Nocedal & Wright 2006, section 3.4"
    curved: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("gradient", "hessian")
    tabled: ClassVar[tuple[str, ...]] = ("H", "p", "alpha")

    search: Search = Armijo()

    def direction(self, f, memory, x, g):
        curvature, axes = jnp.linalg.eigh(_finite(f.hessian(x)))
        size = jnp.abs(curvature)
        least = _ROUNDING * jnp.finfo(size.dtype).eps * size.max()
        size = jnp.maximum(size, jnp.where(least > 0, least, 1))
        along = axes.T @ g
        p = -axes @ (along / size)
        # At a saddle the gradient says nothing: down the most negative curvature, a step of length 1.
        stuck = (curvature[0] < -least) & (jnp.abs(g).max() <= self.gtol)
        down = jnp.where(along[0] > 0, -axes[:, 0], axes[:, 0])
        return Way(jnp.where(stuck, down, p), Counts(nhev=1), stuck)

    def equations(self):
        return (
            Equation("H = hessian(x)", "finite"),
            Equation("p = -inv(H) @ g", "rising"),
            Equation("B = size(H)", "sized", N_("where a curvature of H is not positive")),
            Equation(
                "B", "flat", N_("where H is singular: the same, no curvature below a share of the largest")
            ),
            Equation("p = -inv(B) @ g", "bent"),
            Equation("H @ p = c*p", "escapes", N_("at a saddle, c the least curvature")),
            *super().equations(),
        )

    def shown(self, f, before, after):
        told = super().shown(f, before, after)
        h, p = f.hessian(before.x), told["p"]
        H = _finite(h)
        curvature, axes = jnp.linalg.eigh(H)
        size = jnp.abs(curvature)
        least = _ROUNDING * jnp.finfo(size.dtype).eps * size.max()
        B = axes @ jnp.diag(jnp.maximum(size, jnp.where(least > 0, least, 1))) @ axes.T
        escapes = told["turned"] & (curvature[0] < -least) & (jnp.abs(before.grad).max() <= self.gtol)
        rising = told["turned"] & (curvature[0] > least)
        bent = told["turned"] & ~rising & ~escapes
        cases = {
            "finite": jnp.isfinite(h).all(),
            "escapes": escapes,
            "rising": rising,
            "bent": bent,
            "sized": bent & (size > least).all(),
            "flat": bent & ~(size > least).all(),
        }
        return {"H": H, "B": B, "c": p @ H @ p, **told, **cases}


def _finite(h: Any) -> Any:
    """The Hessian, or the identity where it is not finite: then the step is one of steepest descent."""
    return jnp.where(jnp.isfinite(h).all(), h, jnp.eye(h.shape[0], dtype=h.dtype))

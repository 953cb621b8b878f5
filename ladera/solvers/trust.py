"""Trust-region Newton: the lowest point of the quadratic within a radius, exactly."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jax import lax

from ladera.locale import N_
from ladera.solvers._equations import Equation
from ladera.solvers._objective import Counts
from ladera.solvers._trust import Model, TrustRegion

__all__ = ["Trust"]

_HALVINGS = 60


class _Axes(NamedTuple):
    curvature: Any  # (d,), ascending
    axes: Any  # (d, d), a column each


class Trust(TrustRegion):
    """Moré & Sorensen 1983; Nocedal & Wright 2006, section 4.3: (H + λ I) p = -g with the λ ≥ 0 that
    makes H + λ I positive and p as long as the radius, or 0 where Newton's step lies inside. The hard
    case (a gradient without a share in the lowest curvature) is met by going along that curvature.

    So it needs no positive Hessian, and leaves saddles by itself.

    gtol: it has converged where no element of the gradient is larger and no curvature is negative.
    radius: of the first region.
    """

    paper: ClassVar[str] = "Nocedal & Wright 2006, Algorithm 4.1 and section 4.3"
    curved: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("gradient", "hessian")
    tabled: ClassVar[tuple[str, ...]] = ("H", "Delta", "lambda", "p", "ratio")

    def quadratic(self, f, x):
        h = f.hessian(x)
        h = jnp.where(jnp.isfinite(h).all(), h, jnp.eye(x.size, dtype=x.dtype))
        return _Axes(*jnp.linalg.eigh(h)), Counts(nhev=1)

    def rising(self, own: _Axes):
        rounding = 100 * jnp.finfo(own.curvature.dtype).eps
        return own.curvature[0] >= -rounding * jnp.abs(own.curvature).max()

    def within(self, f, own: _Axes, x, g, radius):
        curvature, axes = own
        along = axes.T @ g
        scale = jnp.abs(curvature).max()
        tiny = jnp.maximum(jnp.finfo(g.dtype).eps * scale, jnp.finfo(g.dtype).tiny)

        def share(lam: Any) -> Any:
            """-p along the axes; along one without curvature and gradient there is nothing to do."""
            below = curvature + lam
            return jnp.where(jnp.abs(along) > 0, along / jnp.maximum(below, tiny), 0)

        # |p| falls with λ: halve between the least λ that makes H + λ I positive and one that is enough.
        least = jnp.maximum(0, -curvature[0])
        enough = least + jnp.linalg.norm(along) / radius

        def halved(_: Any, ends: Any) -> Any:
            low, high = ends
            middle = (low + high) / 2
            long = jnp.linalg.norm(share(middle)) > radius
            return jnp.where(long, middle, low), jnp.where(long, high, middle)

        inside = jnp.linalg.norm(share(least)) <= radius
        _, lam = lax.fori_loop(0, _HALVINGS, halved, (least, enough))
        share_at = share(jnp.where(inside, least, lam))
        # The hard case: inside although H is not positive, so what the other axes leave of the radius
        # goes along the lowest curvature, where both ways lead down alike.
        others = share_at.at[0].set(0)
        rest = jnp.sqrt(jnp.maximum(radius**2 - others @ others, 0))
        hard = inside & (curvature[0] < -tiny)
        share_at = jnp.where(hard, others.at[0].set(rest), share_at)
        promised = along @ share_at - share_at @ (curvature * share_at) / 2
        return Model(-axes @ share_at, promised, Counts())

    def equations(self):
        return (
            Equation("H = hessian(x)"),
            Equation("Delta"),
            Equation("p = -inv(H) @ g", "inside", N_("where that lies within the radius and H is positive")),
            Equation("lambda", "edge"),
            Equation("(H + lambda*I) @ p = -g", "edge", N_("else, with the λ ≥ 0 that makes p so long")),
            Equation("Delta = norm(p)", "edge"),
            Equation("q = H @ p"),
            *super().equations(),
        )

    def shown(self, f, before, after):
        told = super().shown(f, before, after)
        H, p = f.hessian(before.x), told["p"]
        edge = jnp.linalg.norm(p) > (1 - 1e-9) * told["Delta"]
        lam = -(before.grad + H @ p) @ p / (p @ p)
        return {"H": H, "B": H, "lambda": jnp.where(edge, lam, 0), **told, "edge": edge, "inside": ~edge}

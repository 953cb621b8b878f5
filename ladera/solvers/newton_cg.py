"""Newton-CG: Newton's step by conjugate gradients, from Hessian-vector products alone."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jax import lax

from ladera.locale import N_
from ladera.solvers._equations import Equation
from ladera.solvers._objective import Counts
from ladera.solvers._trust import Model, TrustRegion

__all__ = ["NewtonCG"]


class _Inner(NamedTuple):
    p: Any  # the step so far
    hp: Any  # H p
    r: Any  # g + H p
    d: Any  # the direction
    products: Any
    done: Any


class NewtonCG(TrustRegion):
    """Steihaug 1983; Nocedal & Wright 2006, Algorithm 7.2: conjugate gradients on the quadratic, ended
    by the radius, by a direction of negative curvature, or where the residual is small enough for the
    outer steps to converge superlinearly. No Hessian is formed.

    gtol: it has converged where no element of the gradient is larger. radius: of the first region.
    """

    paper: ClassVar[str] = "Nocedal & Wright 2006, Algorithm 7.2"
    asks: ClassVar[tuple[str, ...]] = ("gradient", "products")
    tabled: ClassVar[tuple[str, ...]] = ("Delta", "p", "eta", "ratio")

    def within(self, f, own, x, g, radius):
        size = jnp.linalg.norm(g)
        enough = jnp.minimum(0.5, jnp.sqrt(size)) * size
        most = 2 * g.size + 10

        def product(s: _Inner) -> _Inner:
            hd = f.hvp(x, s.d)
            bend, rr = s.d @ hd, s.r @ s.r
            alpha = rr / bend
            outside = ~(bend > 0) | ~(jnp.linalg.norm(s.p + alpha * s.d) < radius)
            alpha = jnp.where(outside, _lowest_edge(s, rr, bend, radius), alpha)
            r = s.r + alpha * hd
            d = -r + (r @ r) / rr * s.d
            done = outside | (jnp.linalg.norm(r) <= enough)
            return _Inner(s.p + alpha * s.d, s.hp + alpha * hd, r, d, s.products + 1, done)

        zero = jnp.zeros_like(g)
        start = _Inner(zero, zero, g, -g, jnp.int32(0), size == 0)
        s = lax.while_loop(lambda s: ~s.done & (s.products < most), product, start)
        return Model(s.p, -(g @ s.p) - s.p @ s.hp / 2, Counts(nhvp=s.products))

    def equations(self):
        return (
            Equation("Delta"),
            Equation("p", said=N_("by conjugate gradients on H p = -g, until η ≤ min(1/2, √‖g‖)")),
            Equation("q = hessian(x) @ p"),
            Equation("r = g + q"),
            Equation("eta = norm(r)/norm(g)"),
            *super().equations(),
        )

    def shown(self, f, before, after):
        told = super().shown(f, before, after)
        r = before.grad + told["q"]
        eta = jnp.linalg.norm(r) / jnp.linalg.norm(before.grad)
        return {"B": f.hessian(before.x), **told, "r": r, "eta": eta}


def _lowest_edge(s: _Inner, rr: Any, bend: Any, radius: Any) -> Any:
    """The τ with |p + τ d| = radius for which the quadratic is lower: it falls by rr along d and bends."""
    dd, pd = s.d @ s.d, s.p @ s.d
    rest = jnp.maximum(radius**2 - s.p @ s.p, 0)
    root = jnp.sqrt(pd**2 + dd * rest)
    forth, back = rest / (pd + root), -(pd + root) / dd
    lower = back**2 * bend / 2 - back * rr < forth**2 * bend / 2 - forth * rr
    return jnp.where(lower & (bend < 0), back, forth)

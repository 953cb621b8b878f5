"""K-FAC: the natural gradient, its matrix taken for one Kronecker product per layer."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from ladera.hyperparameters import Positive
from ladera.solvers._objective import Counts
from ladera.solvers.curvature._damped import Damped, Seen, Step

__all__ = ["KFAC"]


class _Blocks(NamedTuple):
    A: tuple[Any, ...]  # of every layer: inputs, a 1 for the bias among them, (in + 1, in + 1)
    G: tuple[Any, ...]  # of every layer: gradients of its units, (out, out)
    before: Any  # the last step, (d,)


class KFAC(Damped):
    """Martens & Grosse 2015, Optimizing neural networks with Kronecker-factored approximate curvature.

    A layer's block of the Fisher matrix is taken for A ⊗ G, so that its step is A⁻¹ ∇W G⁻¹ (both
    damped, section 6.3). Length and momentum minimise the quadratic with the exact Fisher matrix
    (sections 6.4 and 7), λ follows how well that promise is kept (section 6.5), here after Nielsen and
    at every step, since the whole training set is seen.

    damping: λ at the start, as a share of the largest block's mean curvature. momentum: whether the
    last step is a direction, too.
    """

    paper: ClassVar[str] = "Martens & Grosse 2015, sections 3 to 7"

    damping: Positive = 1e-1
    momentum: bool = True

    @classmethod
    def surcharge(cls, outputs: int) -> int:
        return 1  # one sample's gradients, whatever the outputs

    def look(self, f, x, p, number):
        fun, g, factors = f.factors(x, number)
        A, G = zip(*factors, strict=True)
        return Seen(fun, g, _Blocks(A, G, p))

    def first_damping(self, own: _Blocks):
        sizes = [_mean(A) * _mean(G) for A, G in zip(own.A, own.G, strict=True)]
        return self.damping * jnp.stack(sizes).max()

    def propose(self, f, own: _Blocks, x, g, damping):
        total = damping + f.ridge
        layers = zip(own.A, own.G, f.layers(g), strict=True)
        natural = -f.flat([_preconditioned(A, G, W, total) for A, G, W in layers])
        V = jnp.stack([natural, own.before] if self.momentum else [natural])
        lengths = jnp.linalg.norm(V, axis=1, keepdims=True)
        V = V / jnp.where(lengths > 0, lengths, 1)
        # The lowest point of the exact quadratic along these directions; a direction of length 0 gets 0.
        Q, slopes = f.gram(x, V), V @ g
        damped = Q + damping * (V @ V.T)
        least = jnp.finfo(g.dtype).eps * jnp.trace(damped)
        c = -jnp.linalg.solve(damped + least * jnp.eye(len(V), dtype=g.dtype), slopes)
        # A product with J alone costs no more than a value: one for each direction.
        return Step(c @ V, -(slopes @ c) - c @ (Q @ c) / 2, Counts(nfev=len(V)))


def _preconditioned(A: Any, G: Any, W: Any, damping: Any) -> Any:
    """(A + π√λ I)⁻¹ W (G + √λ/π I)⁻¹, π² being how much larger A is than G (section 6.3)."""
    a, g = _mean(A), _mean(G)
    tiny = jnp.finfo(W.dtype).tiny
    pi = jnp.sqrt(jnp.maximum(a, tiny) / jnp.maximum(g, tiny))
    root = jnp.sqrt(damping)
    W = _solved(A, pi * root, W)
    return _solved(G, root / pi, W.T).T


def _solved(S: Any, damping: Any, W: Any) -> Any:
    factors = jax.scipy.linalg.cho_factor(S + damping * jnp.eye(len(S), dtype=S.dtype), lower=True)
    return jax.scipy.linalg.cho_solve(factors, W)


def _mean(S: Any) -> Any:
    return jnp.trace(S) / S.shape[0]

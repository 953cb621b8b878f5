"""A network on its whole training set as the function that a solver minimises.

Everything is a sum over the training set's chunks, so that activations stay in the cache and a large
set costs no more memory than a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ladera.networks import Sequential, losses, penalties
from ladera.networks.layers import Pass
from ladera.train.evaluation import Chunks, Evaluation, Weights

__all__ = ["FullBatch"]


@dataclass(frozen=True)
class FullBatch:
    """Mean loss plus penalty, of the weights as one vector x, (d,). What may be asked of it beside
    `ladera.solvers`' own questions is told in `ladera.solvers.curvature`.

    program: the network and its loss. penalty: l1 and l2; l1 has corners, and solvers are given none.
    unravel: x as the network's parameters.
    """

    program: Evaluation
    examples: Chunks
    penalty: Any  # (2,)
    unravel: Callable[[Any], Any]

    def value(self, x: Any) -> Any:
        return self._total(partial(self._loss, x)) + self._penalty(x)

    def value_and_grad(self, x: Any) -> tuple[Any, Any]:
        fun, grad = self._total(lambda chunk: jax.value_and_grad(self._loss)(x, chunk))
        more, slope = jax.value_and_grad(self._penalty)(x)
        return fun + more, grad + slope

    def hvp(self, x: Any, v: Any) -> Any:
        """The Hessian at x times v, forwards over backwards."""

        def product(chunk: Chunks) -> Any:
            # Only reverse mode can differentiate the engine's own matrix product.
            gradient = jax.grad(lambda x: self._summed(self._outputs(x, chunk.x), chunk))
            return jax.jvp(gradient, (x,), (v,))[1]

        return self._total(product) + self.ridge * self._are_weights(x) * v

    # ---- curvature ------------------------------------------------------------------------------

    @property
    def ridge(self) -> Any:
        return 2 * self.penalty[1]

    def curvature(self, x: Any) -> tuple[Any, Any, Any]:
        """Value, gradient and the generalised Gauss-Newton matrix."""
        fun, grad = self.value_and_grad(x)

        def added(chunk: Chunks) -> Any:
            inputs, z, pull = self._traced(x, chunk.x)
            roots = self._roots(z, chunk) * jnp.sqrt(chunk.weight).reshape(-1, 1, 1)
            [units] = jax.vmap(pull, in_axes=1, out_axes=1)(roots)  # of every layer (n, k, out)
            rows = []  # a layer's weights are reached through its units alone: a gᵀ, and g for the bias
            for a, g in zip(inputs, units, strict=True):
                rows += [a[:, None, :, None] * g[:, :, None, :], g]
            return _lower_square(jnp.concatenate([row.reshape(z.size, -1) for row in rows], axis=1))

        G = jnp.tril(self._total(added))
        G = G + jnp.tril(G, -1).T
        return fun, grad, G + jnp.diag(self.ridge * self._are_weights(x))

    def gram(self, x: Any, V: Any) -> Any:
        """V G Vᵀ for rows V, (k, d), from products with the Jacobian alone."""

        def added(chunk: Chunks) -> Any:
            def along(v: Any) -> tuple[Any, Any]:
                return jax.jvp(lambda x: self._outputs(x, chunk.x), (x,), (v,))

            z, changes = jax.vmap(along, out_axes=(None, 0))(V)
            scaled = jnp.einsum("nij,knj->kni", self._roots(z, chunk), changes)
            scaled = scaled * jnp.sqrt(chunk.weight).reshape(1, -1, 1)
            flat = scaled.reshape(len(V), -1)
            return flat @ flat.T

        held = V * self._are_weights(x).reshape(1, -1)
        return self._total(added) + self.ridge * (held @ held.T)

    def factors(self, x: Any, draw: Any) -> tuple[Any, Any, list[tuple[Any, Any]]]:
        """Value, gradient, and (A, G) of every layer: means over the examples of a aᵀ and of g gᵀ.

        a: a layer's inputs and a 1. g: the gradient of its units where the outputs' is Sᵀv, v being
        random signs: its mean is what all rows of S would give, for one backward pass.
        """
        fun, grad = self.value_and_grad(x)
        key = jax.random.fold_in(jax.random.key(0), draw)

        def added(chunk: Chunks, number: Any) -> Any:
            inputs, z, pull = self._traced(x, chunk.x)
            signs = jax.random.rademacher(jax.random.fold_in(key, number), z.shape, x.dtype)
            [units] = pull(jnp.einsum("nij,ni->nj", self._roots(z, chunk), signs))
            w = chunk.weight.reshape(-1, 1)
            inputs = [jnp.concatenate([a, jnp.ones_like(w)], axis=1) for a in inputs]
            return [((w * a).T @ a, (w * g).T @ g) for a, g in zip(inputs, units, strict=True)]

        return fun, grad, self._total(added, numbered=True)

    def layers(self, v: Any) -> list[Any]:
        return [jnp.concatenate([layer.w, layer.b.reshape(1, -1)]) for layer in self.unravel(v)]

    def flat(self, matrices: list[Any]) -> Any:
        """The vector of these, in the order of `unravel`."""
        return jnp.concatenate([part for W in matrices for part in (W[:-1].reshape(-1), W[-1])])

    # ---- sums over the examples -----------------------------------------------------------------

    def _total(self, part: Callable[..., Any], numbered: bool = False) -> Any:
        """The sum of `part` of every chunk, whose weights add up to 1 in all; `part` may be told the
        chunk's number, too."""
        n = self.examples.weight.sum()

        def of(chunk: Chunks, number: Any) -> Any:
            chunk = self.program.read(chunk)
            chunk = chunk._replace(weight=chunk.weight / n.astype(chunk.weight.dtype))
            return part(chunk, number) if numbered else part(chunk)

        def add(total: Any, item: tuple[Chunks, Any]) -> tuple[Any, None]:
            return jax.tree.map(jnp.add, total, of(*item)), None

        numbers = jnp.arange(len(self.examples.weight), dtype=jnp.int32)
        first = jax.tree.map(lambda a: a[0], (self.examples, numbers))
        none = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), jax.eval_shape(of, *first))
        return lax.scan(add, none, (self.examples, numbers))[0]

    def _loss(self, x: Any, chunk: Chunks) -> Any:
        loss, *_ = self.program.measure(Weights(self.unravel(x), self.program.bare), chunk.x, chunk.y)
        return (loss * chunk.weight).sum()

    def _summed(self, z: Any, chunk: Chunks) -> Any:
        return (losses.loss(self.program.loss)(z, chunk.y) * chunk.weight).sum()

    def _outputs(self, x: Any, inputs: Any) -> Any:
        z, _ = self.program.network.apply(self.unravel(x), self.program.bare, inputs, Pass(fast=False))
        return z

    def _traced(self, x: Any, inputs: Any) -> tuple[list[Any], Any, Callable[[Any], Any]]:
        """The inputs of every layer, the outputs z, and what turns a gradient of z into those of every
        layer's units."""
        params, network = self.unravel(x), self.program.network
        assert isinstance(network, Sequential)  # no other is given to a solver that looks inside
        shifts = [jnp.zeros((len(inputs), layer.b.size), x.dtype) for layer in params]

        def outputs(shifts: list[Any]) -> tuple[Any, list[Any]]:
            seen, z = network.layered(params, inputs, shifts)
            return z, seen

        z, pull, seen = jax.vjp(outputs, shifts, has_aux=True)
        return seen, z, pull

    def _roots(self, z: Any, chunk: Chunks) -> Any:
        return losses.curvature_root(self.program.loss)(z, chunk.y)

    def _penalty(self, x: Any) -> Any:
        return penalties.value(self.unravel(x), jnp.zeros_like(self.penalty[0]), self.penalty[1])

    def _are_weights(self, x: Any) -> Any:
        """1 for weights, 0 for biases, which no penalty holds back."""
        kinds = [jnp.full(leaf.size, leaf.ndim > 1, x.dtype) for leaf in jax.tree.leaves(self.unravel(x))]
        return jnp.concatenate(kinds)


_STRIPS, _FEW = 8, 256


def _lower_square(rows: Any) -> Any:
    """JᵀJ of rows J, (m, d), right on and below the diagonal; above it some blocks are left 0, which
    saves almost half of the work."""
    d = rows.shape[1]
    strips = _STRIPS if d > _FEW else 1
    edges = [d * k // strips for k in range(strips + 1)]
    parts = [rows[:, a:b].T @ rows[:, :b] for a, b in pairwise(edges)]
    return jnp.concatenate([jnp.pad(part, ((0, 0), (0, d - part.shape[1]))) for part in parts])

"""Linear least squares within a solver's step: small ones by orthogonal columns, large ones by Cholesky.

t = triangle(J, r)              ‖J p + r‖² is ‖R p + c‖² and what no p takes away
solved(damped(t, d))            the p with the least ‖J p + r‖² + ‖diag(d) p‖²
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["Triangle", "columns", "damped", "downwards", "normal", "solved", "triangle"]

_UNROLLED = 4  # columns: fewer run faster one by one, more take long to compile
_ORTHOGONAL = 64  # columns: beyond, forming JᵀJ is so much faster that its lost digits are borne


class Triangle(NamedTuple):
    """R (n, n), upper, with RᵀR = JᵀJ, and c (n,) with Rᵀc = Jᵀr. ‖c‖ is what p can take away of ‖r‖."""

    R: Any
    c: Any


def triangle(J: Any, r: Any) -> Triangle:
    """Of J (m, n) and r (m,). A column that the ones before it can stand in for has 0 on the diagonal."""
    return _orthogonal(J, r) if J.shape[1] <= _ORTHOGONAL else _cholesky(J.T @ J, r @ J)


def damped(t: Triangle, d: Any) -> Triangle:
    """Of R with the rows of diag(d) below it, and c with zeros."""
    R, c = t
    if c.shape[0] <= _ORTHOGONAL:
        return _orthogonal(jnp.concatenate([R, jnp.diag(d)]), jnp.concatenate([c, jnp.zeros_like(c)]))
    return _cholesky(R.T @ R + jnp.diag(d**2), c @ R)


def solved(t: Triangle) -> Any:
    """The p, (n,), with R p = -c; 0 where R's diagonal is."""
    return -_upwards(t.R, t.c)


def normal(t: Triangle, v: Any) -> Any:
    """(RᵀR)⁻¹ v, (n,); 0 where R's diagonal is."""
    return _upwards(t.R, downwards(t.R, v))


def columns(t: Triangle) -> Any:
    """The lengths of J's columns, (n,)."""
    return jnp.sqrt((t.R**2).sum(axis=0))


def _orthogonal(a: Any, b: Any) -> Triangle:
    """By modified Gram-Schmidt with b as one more column, which is as stable as Householder's for least
    squares (Björck 1967) and runs over many rows side by side.

    A column that is none but rounding beside what it was is taken to be 0.
    """
    return _columns(a, b) if a.shape[1] <= _UNROLLED else _loop(a, b)


def _columns(a: Any, b: Any) -> Triangle:
    n = a.shape[1]
    w = [*(a[:, j] for j in range(n)), b]
    R = [[jnp.zeros((), a.dtype)] * (n + 1) for _ in range(n)]
    for j in range(n):
        q, R[j][j] = _unit(w[j], sum((R[i][j] ** 2 for i in range(j)), jnp.zeros((), a.dtype)))
        for k in range(j + 1, n + 1):
            R[j][k] = (q * w[k]).sum()
            w[k] = w[k] - q * R[j][k]
    rows = jnp.stack([jnp.stack(row) for row in R])
    return Triangle(rows[:, :n], rows[:, n])


def _loop(a: Any, b: Any) -> Triangle:
    n = a.shape[1]
    columns = jnp.arange(n + 1)

    def turned(j: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        w, rows = carry
        column = lax.dynamic_index_in_dim(rows, j, axis=1, keepdims=False)
        q, length = _unit(lax.dynamic_index_in_dim(w, j, axis=1, keepdims=False), column @ column)
        row = jnp.where(columns > j, q @ w, 0)
        w = w - jnp.outer(q, row)
        row = jnp.where(columns == j, length, row)
        return w, lax.dynamic_update_index_in_dim(rows, row, j, axis=0)

    w = jnp.concatenate([a, b[:, None]], axis=1)
    rows = lax.fori_loop(0, n, turned, (w, jnp.zeros((n, n + 1), a.dtype)))[1]
    return Triangle(rows[:, :n], rows[:, n])


def _unit(q: Any, taken: Any) -> tuple[Any, Any]:
    """What is left of a column, with length 1, and its length; `taken` of its square are gone."""
    square = (q * q).sum()
    there = square > (4 * jnp.finfo(q.dtype).eps) ** 2 * (taken + square)
    length = jnp.where(there, jnp.sqrt(jnp.where(there, square, 1)), 0)
    return q * jnp.where(there, 1 / jnp.where(there, length, 1), 0), length


def _cholesky(a: Any, b: Any) -> Triangle:
    """Of the normal equations A p = -b, columns scaled to length 1 first."""
    n, scale = a.shape[0], jnp.sqrt(jnp.diagonal(a))
    # A column of zeros becomes one so short that its square vanishes.
    scale = jnp.where(scale > 0, scale, jnp.sqrt(jnp.finfo(a.dtype).tiny) / 2)
    # As much as rounding has changed: what is singular to that would have no root.
    rounding = n * jnp.finfo(a.dtype).eps * jnp.eye(n, dtype=a.dtype)
    lower = jnp.linalg.cholesky(a / jnp.outer(scale, scale) + rounding, symmetrize_input=False)
    # Without one, columns as if they stood upright on each other: short steps downhill.
    lower = jnp.where(jnp.isfinite(lower).all(), lower, jnp.eye(n, dtype=a.dtype))
    c = jax.scipy.linalg.solve_triangular(lower, b / scale, lower=True)
    return Triangle(lower.T * scale[None, :], c)


def _upwards(R: Any, c: Any) -> Any:
    """x with R x = c; 0 where R's diagonal is."""
    return _substituted(R[::-1, ::-1], c[::-1])[::-1] if c.shape[0] <= _ORTHOGONAL else _large(R, c, 0)


def downwards(R: Any, v: Any) -> Any:
    """x with Rᵀx = v; 0 where R's diagonal is."""
    return _substituted(R.T, v) if v.shape[0] <= _ORTHOGONAL else _large(R, v, 1)


def _large(R: Any, c: Any, transposed: int) -> Any:
    return jax.scipy.linalg.solve_triangular(R, c, trans=transposed)


def _substituted(L: Any, c: Any) -> Any:
    """x with L x = c, L lower."""
    n = c.shape[0]
    if n <= _UNROLLED:
        x: list[Any] = []
        for j in range(n):
            x.append(_quotient(c[j] - sum((L[j, k] * x[k] for k in range(j)), jnp.zeros_like(c[j])), L[j, j]))
        return jnp.stack(x)

    def solve(j: Any, x: Any) -> Any:
        row = lax.dynamic_index_in_dim(L, j, axis=0, keepdims=False)
        return lax.dynamic_update_index_in_dim(x, _quotient(c[j] - row @ x, row[j]), j, axis=0)

    return lax.fori_loop(0, n, solve, jnp.zeros_like(c))


def _quotient(a: Any, b: Any) -> Any:
    return jnp.where(b != 0, a / jnp.where(b != 0, b, 1), 0)

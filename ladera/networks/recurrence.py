"""Recurrent layers over sequences [n, steps, inputs]: the simple one, GRU and LSTM, as in PyTorch.

With `u` units, `w` [inputs, gates * u] multiplies the inputs and `u` [u, gates * u] the state before:

    rnn   h' = tanh(x W + b + h U)                                                 one gate, b [u]
    gru   r, z = sigmoid(x W + b + h U);  n = tanh(x Wn + bn + r * (h Un + d))
          h' = (1 - z) n + z h                                 gates r, z, n; b [4 u] is br, bz, bn, d
    lstm  i, f, o = sigmoid(x W + b + h U);  g = tanh(x Wg + bg + h Ug)
          c' = f c + i g;  h' = o tanh(c')                               gates i, f, g, o; b [4 u]

These are PyTorch's equations and its order of gates. It has two biases for each gate where only the
sum matters: b is the sum; only in the gru is d, the second bias of n, multiplied by r (Keras's
reset_after=True). Cho et al. 2014; Hochreiter and Schmidhuber 1997, with Gers et al.'s forget gate.

The products with the inputs of all steps are one product before the loop over the steps. The gradient
goes back over the steps once for what the gates receive; the weights' gradients are one product over
all steps after it. Reverse mode only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ladera.networks.product import product

__all__ = ["gru", "gru_cell", "lstm", "lstm_cell", "rnn", "rnn_cell"]


def rnn(x: Any, w: Any, u: Any, b: Any, mask: Any = None, start: Any = None) -> tuple[Any, Any]:
    """All states [n, steps, units], and the last [n, units], of x [n, steps, inputs].

    mask: [n, steps], where it is false (or 0) the state stays and is repeated. start: the state before
    the first step, zeros by default.
    """
    states, (h,) = _over(_RNN, x, w, u, b, mask, None if start is None else (start,))
    return states, h


def gru(x: Any, w: Any, u: Any, b: Any, mask: Any = None, start: Any = None) -> tuple[Any, Any]:
    """All states and the last, as `rnn`."""
    states, (h,) = _over(_GRU, x, w, u, b, mask, None if start is None else (start,))
    return states, h


def lstm(x: Any, w: Any, u: Any, b: Any, mask: Any = None, start: Any = None) -> tuple[Any, tuple[Any, Any]]:
    """All states h, and the last (h, c), as `rnn`; start is (h, c)."""
    return _over(_LSTM, x, w, u, b, mask, start)


def rnn_cell(x: Any, h: Any, w: Any, u: Any, b: Any) -> Any:
    """The state [n, units] after one step with inputs x [n, inputs]."""
    return _one(_RNN, x, (h,), w, u, b)[0]


def gru_cell(x: Any, h: Any, w: Any, u: Any, b: Any) -> Any:
    """The state [n, units] after one step with inputs x [n, inputs]."""
    return _one(_GRU, x, (h,), w, u, b)[0]


def lstm_cell(x: Any, state: tuple[Any, Any], w: Any, u: Any, b: Any) -> tuple[Any, Any]:
    """The state (h, c), each [n, units], after one step with inputs x [n, inputs]."""
    return _one(_LSTM, x, state, w, u, b)


class _Cell(NamedTuple):
    """One step of a recurrence and its gradient.

    step(p, a, d, state): the new state from p = x W + b, a = h U and the state; and what the gradient
    needs of it. gradient(kept, state, new): from the gradients of the new state (the last argument),
    those of p and of a, and of the state where it does not pass through a (None: none for h).
    """

    states: int
    biases: int  # the last of so many parts of b is the recurrent bias d; 0: there is none
    step: Callable[..., Any]
    gradient: Callable[..., Any]


def _rnn_step(p: Any, a: Any, d: Any, state: Any) -> Any:
    h = jnp.tanh(p + a)
    return (h,), (h,)


def _rnn_gradient(kept: Any, state: Any, new: Any) -> Any:
    (h,), (dh,) = kept, new
    dz = dh * (1 - h * h)
    return dz, dz, (None,)


def _gru_step(p: Any, a: Any, d: Any, state: Any) -> Any:
    (h,) = state
    units = h.shape[-1]
    r, z = _parts(_sigmoid(p[..., : 2 * units] + a[..., : 2 * units]), 2)
    again = a[..., 2 * units :] + d
    n = jnp.tanh(p[..., 2 * units :] + r * again)
    return (n + z * (h - n),), (r, z, n, again)


def _gru_gradient(kept: Any, state: Any, new: Any) -> Any:
    (r, z, n, again), (h,), (dh,) = kept, state, new
    dn = dh * (1 - z) * (1 - n * n)
    dz = dh * (h - n) * z * (1 - z)
    dr = dn * again * r * (1 - r)
    return jnp.concatenate([dr, dz, dn], -1), jnp.concatenate([dr, dz, dn * r], -1), (dh * z,)


def _lstm_step(p: Any, a: Any, d: Any, state: Any) -> Any:
    _, c = state
    units = c.shape[-1]
    at = jnp.arange(4 * units).reshape(1, -1) // units
    half = jnp.where(at == 2, 1, 0.5).astype(p.dtype)
    # sigmoid(z) = (1 + tanh(z / 2)) / 2, so that the four gates are one run over memory.
    gates = jnp.tanh((p + a) * half) * half + (1 - half)
    i, f, g, o = _parts(gates, 4)
    c = f * c + i * g
    t = jnp.tanh(c)
    return (o * t, c), (gates, t)


def _lstm_gradient(kept: Any, state: Any, new: Any) -> Any:
    (gates, t), (_, c), (dh, dc) = kept, state, new
    i, f, g, o = _parts(gates, 4)
    dc = dc + dh * o * (1 - t * t)
    dz = jnp.concatenate(
        [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * t * o * (1 - o)], -1
    )
    return dz, dz, (None, dc * f)


_RNN = _Cell(1, 0, _rnn_step, _rnn_gradient)
_GRU = _Cell(1, 4, _gru_step, _gru_gradient)
_LSTM = _Cell(2, 0, _lstm_step, _lstm_gradient)


def _sigmoid(x: Any) -> Any:
    return (1 + jnp.tanh(x / 2)) / 2


def _parts(x: Any, many: int) -> list[Any]:
    units = x.shape[-1] // many
    return [x[..., k * units : (k + 1) * units] for k in range(many)]


def _biases(cell: _Cell, b: Any) -> tuple[Any, Any]:
    """What is added to x W, and the recurrent bias d, as rows."""
    b = b.reshape(1, -1)
    if not cell.biases:
        return b, None
    units = b.shape[1] // cell.biases
    return b[:, :-units], b[:, -units:]


def _one(cell: _Cell, x: Any, state: Any, w: Any, u: Any, b: Any) -> Any:
    b, d = _biases(cell, b)
    return cell.step(product(x, w) + b, product(state[0], u), d, state)[0]


def _over(cell: _Cell, x: Any, w: Any, u: Any, b: Any, mask: Any, start: Any) -> tuple[Any, Any]:
    n, steps, inputs = x.shape
    if start is None:
        start = (jnp.zeros((n, u.shape[0]), x.dtype),) * cell.states
    # Steps first: what a step reads is then one run of memory.
    p = product(x.transpose(1, 0, 2).reshape(steps * n, inputs), w)
    mask = None if mask is None else mask.astype(bool).T.reshape(steps, n, 1)
    found: Any = _scan(cell, p.reshape(steps, n, -1), u, b, tuple(start), mask)
    hs, last = found
    return hs.transpose(1, 0, 2), last


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scan(cell: _Cell, p: Any, u: Any, b: Any, start: Any, mask: Any) -> Any:
    return _scan_forward(cell, p, u, b, start, mask)[0]


def _where(there: Any, one: Any, other: Any) -> Any:
    """For each state: one where the mask is true."""
    if there is None:
        return one
    return tuple(jnp.where(there, a, b) for a, b in zip(one, other, strict=True))


def _scan_forward(cell: _Cell, p: Any, u: Any, b: Any, start: Any, mask: Any) -> Any:
    b, d = _biases(cell, b)

    def step(state: Any, at: Any) -> Any:
        p, there = at
        new, kept = cell.step(p + b, state[0] @ u, d, state)
        new = _where(there, new, state)
        return new, (new[0], kept, state[1:])

    last, (hs, kept, others) = lax.scan(step, start, (p, mask))
    return (hs, last), (u, start, mask, hs, kept, others)


def _scan_backward(cell: _Cell, saved: Any, g: Any) -> Any:
    u, start, mask, hs, kept, others = saved
    dhs, dlast = g
    before = jnp.concatenate([start[0][None], hs[:-1]])
    turned = lax.optimization_barrier(u.T)

    def step(new: Any, at: Any) -> Any:
        kept, state, dh, there = at
        new = (new[0] + dh, *new[1:])
        still = tuple(jnp.zeros_like(one) for one in new)
        dp, da, rest = cell.gradient(kept, state, _where(there, new, still))
        through = da @ turned
        old = (through if rest[0] is None else through + rest[0], *rest[1:])
        if there is not None:  # where the state stayed, its gradient does
            old = tuple(jnp.where(there, a, b) for a, b in zip(old, new, strict=True))
        return old, (dp, da if cell.biases else None)

    dstart, (dp, da) = lax.scan(step, dlast, (kept, (before, *others), dhs, mask), reverse=True)
    db = dp.sum((0, 1))
    if cell.biases:
        db = jnp.concatenate([db, da[..., -u.shape[0] :].sum((0, 1))])
    else:
        da = dp
    du = lax.optimization_barrier(before.reshape(-1, before.shape[-1]).T) @ da.reshape(-1, da.shape[-1])
    return dp, du, db, dstart, None


_scan.defvjp(_scan_forward, _scan_backward)

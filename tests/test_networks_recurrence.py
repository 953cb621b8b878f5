"""Recurrent layers against PyTorch: all states, the last, and every gradient, with masks and without."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera.networks import recurrence

KINDS = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
BIASES = {"rnn": 1, "gru": 4, "lstm": 4}
TOLERANCES = {"float64": 1e-12, "float32": 5e-6}


def drawn(kind, n, steps, inputs, units, dtype="float64", seed=0):
    """x, w, u, b and the first state's parts."""
    rng = np.random.default_rng(seed)

    def some(*shape):
        return rng.normal(size=shape).astype(dtype)

    parts = 2 if kind == "lstm" else 1
    gates = GATES[kind] * units
    return (
        some(n, steps, inputs),
        some(inputs, gates) / np.sqrt(inputs).astype(dtype),
        some(units, gates) / np.sqrt(units).astype(dtype),
        some(BIASES[kind] * units),
        *(some(n, units) for _ in range(parts)),
    )


def torch_layer(kind, w, u, b):
    """PyTorch's layer with our weights; the gru's d in its second bias."""
    layer = KINDS[kind](w.shape[0], u.shape[0], batch_first=True, dtype=w.dtype)
    del layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0
    layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0 = w.T, u.T, b[: w.shape[1]]
    second = torch.zeros_like(layer.bias_ih_l0)
    if kind == "gru":
        second = torch.cat([second[: -u.shape[0]], b[w.shape[1] :]])
    layer.bias_hh_l0 = second
    layer._flat_weights = [getattr(layer, name) for name in layer._flat_weights_names]
    return layer


def torch_states(kind, x, w, u, b, start, lengths=None):
    layer = torch_layer(kind, w, u, b)
    state = tuple(part[None] for part in start)
    given_state = state if kind == "lstm" else state[0]
    if lengths is not None:
        x = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    hs, last = layer(x, given_state)
    if lengths is not None:
        hs, _ = torch.nn.utils.rnn.pad_packed_sequence(hs, batch_first=True, total_length=int(max(lengths)))
    last = last if kind == "lstm" else (last,)
    return [hs, *(part[0] for part in last)]


def ours(kind, x, w, u, b, *start, mask=None):
    """The outputs as a flat list, as torch_states gives them."""
    state = start if kind == "lstm" else start[0]
    hs, last = getattr(recurrence, kind)(x, w, u, b, mask, state)
    return [hs, *(last if kind == "lstm" else (last,))]


def judged(kind, arrays, theirs, mine, alike=None):
    """Values and all gradients agree; `alike` says which of the outputs are compared."""
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    values = theirs(*leaves)
    rng = np.random.default_rng(7)
    weights = [rng.normal(size=v.shape).astype(arrays[0].dtype) for v in values]
    if alike is not None:
        weights[0] = weights[0] * alike
    sum((v * torch.tensor(g)).sum() for v, g in zip(values, weights, strict=True)).backward()
    tolerance = TOLERANCES[arrays[0].dtype.name]

    @jax.jit
    def both(g, *arrays):
        y, adjoint = jax.vjp(mine, *arrays)
        return y, adjoint(g)

    with jax.enable_x64(arrays[0].dtype == np.float64):
        found, grads = both([jnp.asarray(g) for g in weights], *map(jnp.asarray, arrays))
    for at, (one, other) in enumerate(zip(found, values, strict=True)):
        kept = alike if at == 0 and alike is not None else 1
        close(np.asarray(one) * kept, other.detach().numpy() * kept, tolerance)
    for one, leaf in zip(grads, leaves, strict=True):
        close(np.asarray(one), leaf.grad.numpy(), tolerance)


def close(mine, theirs, tolerance):
    assert mine.dtype == theirs.dtype
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=tolerance * max(1, np.abs(theirs).max()))


def as_pytorch(kind, arrays):
    judged(
        kind,
        arrays,
        lambda x, w, u, b, *start: torch_states(kind, x, w, u, b, start),
        lambda *a: ours(kind, *a),
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=2, deadline=None, derandomize=True)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 5))
def test_states_and_gradients_are_pytorchs(kind, n, steps, inputs, units):
    as_pytorch(kind, drawn(kind, n, steps, inputs, units))


@pytest.mark.parametrize("kind", KINDS)
def test_in_float32(kind):
    as_pytorch(kind, drawn(kind, 8, 12, 6, 16, "float32"))


@pytest.mark.parametrize("kind", KINDS)
def test_padded_sequences_are_pytorchs_packed_ones(kind):
    lengths = np.array([3, 5, 1])
    mask = np.arange(5)[None] < lengths[:, None]
    arrays = drawn(kind, 3, 5, 2, 4)
    judged(
        kind,
        arrays,
        lambda x, w, u, b, *start: torch_states(kind, x, w, u, b, start, lengths),
        lambda *a: ours(kind, *a, mask=jnp.asarray(mask)),
        alike=mask[:, :, None],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_any_mask_keeps_the_state_where_it_is_false(kind):
    """Masks with holes, as numbers, against PyTorch's layer one step at a time; outputs repeat."""
    mask = np.array([[1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0]])
    arrays = drawn(kind, 3, 4, 2, 3)

    def theirs(x, w, u, b, *start):
        state, out = start, []
        for t in range(4):
            there = torch.tensor(mask[:, t, None] != 0)
            new = torch_states(kind, x[:, t : t + 1], w, u, b, state)[1:]
            state = tuple(torch.where(there, a, old) for a, old in zip(new, state, strict=True))
            out.append(state[0])
        return [torch.stack(out, 1), *state]

    judged(kind, arrays, theirs, lambda *a: ours(kind, *a, mask=jnp.asarray(mask)))


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_start_it_is_zero(kind):
    x, w, u, b, *start = map(jnp.asarray, drawn(kind, 2, 3, 2, 4, "float32"))
    hs, last = getattr(recurrence, kind)(x, w, u, b)
    expected = ours(kind, x, w, u, b, *(jnp.zeros_like(one) for one in start))
    for one, other in zip([hs, *jax.tree.leaves(last)], expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_cell_by_cell_is_the_layer(kind):
    """States and gradients of a forecaster that makes one step after another."""
    arrays = drawn(kind, 2, 4, 3, 5)
    cell = getattr(recurrence, f"{kind}_cell")

    def steps(x, w, u, b, *start):
        state, out = (start if kind == "lstm" else start[0]), []
        for t in range(4):
            state = cell(x[:, t], state, w, u, b)
            out.append(state[0] if kind == "lstm" else state)
        return [jnp.stack(out, 1), *(state if kind == "lstm" else (state,))]

    judged(
        kind,
        arrays,
        lambda x, w, u, b, *start: torch_states(kind, x, w, u, b, start),
        steps,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_lanes_are_each_as_alone(kind):
    lanes = [drawn(kind, 2, 3, 2, 4, seed=seed) for seed in (1, 2)]
    mask = jnp.asarray([[True, False, True], [True, True, False]])

    @jax.jit
    def gradients(*arrays):
        def loss(*arrays):
            return sum((one**2).sum() for one in ours(kind, *arrays, mask=mask))

        return jax.grad(loss, argnums=tuple(range(len(arrays))))(*arrays)

    with jax.enable_x64():
        together = jax.jit(jax.vmap(gradients))(*(jnp.stack(part) for part in zip(*lanes, strict=True)))
        for lane, arrays in enumerate(lanes):
            for mine, alone in zip(together, gradients(*map(jnp.asarray, arrays)), strict=True):
                np.testing.assert_allclose(mine[lane], alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_gradient_is_noticed(kind, monkeypatch):
    """The judge of this file rejects a cell whose backward step is 1 % off."""
    name = f"_{kind.upper()}"
    right = getattr(recurrence, name)

    def wrong(kept, state, new):
        dp, da, rest = right.gradient(kept, state, new)
        return dp * 1.01, da, rest

    monkeypatch.setattr(recurrence, name, right._replace(gradient=wrong))
    with pytest.raises(AssertionError):
        test_states_and_gradients_are_pytorchs.hypothesis.inner_test(kind, 2, 3, 2, 4)

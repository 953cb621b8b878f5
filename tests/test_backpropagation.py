"""examples/backpropagation.py: its gradients are those of autodiff, and wrong ones are found."""

from __future__ import annotations

import re
import subprocess
import sys
import types
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera import rules

FILE = Path(__file__).parents[1] / "examples" / "backpropagation.py"
TEXT = FILE.read_text(encoding="utf-8")


def module(old: str = "", new: str = "") -> types.ModuleType:
    """The file, or a mutant of it."""
    assert old in TEXT
    made = types.ModuleType("backpropagation")
    exec(compile(TEXT.replace(old, new, 1) if old else TEXT, str(FILE), "exec"), made.__dict__)
    return made


BY_HAND = module()
ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def drawn(sizes: tuple[int, ...], n: int, seed: int, scale: float = 1.0):
    """Weights, none of them 0, and a batch."""
    rng = np.random.default_rng(seed)
    weights = [(scale * w, rng.normal(size=b.shape)) for w, b in BY_HAND.initial(rng, sizes)]
    return weights, rng.normal(size=(n, sizes[0])), rng.integers(sizes[-1], size=n)


def judged(weights, x, y, activation: str):
    """Loss and gradients of the same network, written once more and differentiated by JAX."""

    def loss(weights):
        a = jnp.asarray(x)
        for w, b in weights[:-1]:
            a = ACTIVATIONS[activation](jnp.matmul(a, w) + b[None, :])
        w, b = weights[-1]
        z = jnp.matmul(a, w) + b[None, :]
        return -jnp.take_along_axis(jax.nn.log_softmax(z), jnp.asarray(y)[:, None], axis=1).mean()

    with jax.enable_x64(True):
        return jax.jit(jax.value_and_grad(loss))([(jnp.asarray(w), jnp.asarray(b)) for w, b in weights])


def apart(one, other) -> float:
    """The largest difference between two lists of gradients; infinite where shapes differ."""
    arrays = zip(BY_HAND.flat(one), map(np.asarray, BY_HAND.flat(other)), strict=True)
    return max(abs(a - b).max() if a.shape == b.shape else np.inf for a, b in arrays)


@settings(max_examples=10, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=5).map(tuple),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    n=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.1, 1.0, 5.0]),
)
def test_values_and_gradients_are_those_of_autodiff(sizes, activation, n, seed, scale):
    weights, x, y = drawn(sizes, n, seed, scale)
    loss, gradients = BY_HAND.backward(weights, x, y, activation)
    value, expected = judged(weights, x, y, activation)
    assert loss == pytest.approx(float(value), rel=1e-12, abs=1e-12)
    assert apart(gradients, expected) < 1e-12 * max(1, scale ** len(sizes))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(5, 3), (4, 6, 3), (3, 5, 4, 2)], ids=str)
def test_its_own_judges_say_the_same(sizes, activation):
    """Ladera's network under JAX, and central differences."""
    weights, x, y = drawn(sizes, 7, 1)
    before = [w.copy() for w in BY_HAND.flat(weights)]
    _, gradients = BY_HAND.backward(weights, x, y, activation)
    assert apart(gradients, BY_HAND.autodiff(weights, x, y, activation)) < 1e-10
    assert apart(gradients, BY_HAND.central_differences(weights, x, y, activation)) < 1e-8
    assert all(map(np.array_equal, before, BY_HAND.flat(weights)))  # the differences put back what they move


@pytest.mark.parametrize(
    ("old", "new", "activation"),
    [
        ("da = delta @ w.T", "da = delta @ w", "tanh"),
        ("a.T @ delta", "delta.T @ a", "tanh"),
        ("delta = da * slope(a)", "delta = da", "tanh"),
        ("delta.sum(axis=0)", "delta.mean(axis=0)", "tanh"),
        ("    delta /= len(y)\n", "", "tanh"),
        ("delta[np.arange(len(y)), y] -= 1", "delta[np.arange(len(y)), 0] -= 1", "tanh"),
        ("1 - a**2", "1 - a", "tanh"),
        ("a * (1 - a)", "a * (1 + a)", "sigmoid"),
        ("lambda a: a > 0", "lambda a: a >= 0", "relu"),
        ("return loss, gradients[::-1]", "return loss, gradients", "relu"),
    ],
)
def test_a_wrong_line_is_found(old, new, activation):
    """In square layers a forgotten transpose has the right shape. The file's own check finds all, too."""
    weights, x, y = drawn((4, 4, 4, 4), 4, 2)
    _, expected = judged(weights, x, y, activation)
    wrong = module(old, new)
    assert apart(BY_HAND.backward(weights, x, y, activation)[1], expected) < 1e-12
    assert apart(wrong.backward(weights, x, y, activation)[1], expected) > 1e-3
    with pytest.raises((AssertionError, ValueError)):  # a product of matrices that do not fit
        wrong.check(activation, np.random.default_rng(0))


def test_large_scores_do_not_overflow():
    loss, p = BY_HAND.cross_entropy(np.array([[1e4, -1e4], [-1e4, 1e4]]), np.array([0, 0]))
    assert loss == 1e4
    np.testing.assert_array_equal(p, [[1, 0], [0, 1]])


@pytest.mark.parametrize("name", ["adam", "nesterov", "lion"])
def test_it_trains_by_any_rule(name, monkeypatch):
    """A first epoch of one batch is one step of the rule along autodiff's gradient, at its own point."""
    monkeypatch.setattr(BY_HAND, "EPOCHS", 1)
    rule = rules.make(name, lr=0.1)
    weights, x, y = drawn((4, 3, 2), 8, 3)
    ((loss, after),) = BY_HAND.epochs(weights, x, y, "tanh", rule, np.random.default_rng(0))
    value, expected = judged(weights, x, y, "tanh")
    assert loss == pytest.approx(float(value))
    for moved, w, g in zip(*map(BY_HAND.flat, (after, weights, expected)), strict=True):
        np.testing.assert_allclose(moved, rule.step(1, np.asarray(g), rule.init(w), w)[1], rtol=1e-9)


def test_it_learns_the_digits():
    command = [sys.executable, "-W", "error", FILE, "tanh"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"^gradients by hand and by (\w+): (\S+) apart$", told, re.MULTILINE)
    assert [name for name, _ in found] == ["autodiff", "central_differences"]
    assert float(found[0][1]) < 1e-10
    rows = re.findall(r"^ +(\d+) +([\d.]+) +([\d.]+)% +([\d.]+)%$", told, re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(range(1, BY_HAND.EPOCHS + 1))
    assert float(rows[-1][1]) < float(rows[0][1]) / 5
    assert float(rows[-1][3]) > 95

"""The array functions of the rules: one meaning on every algebra, and no promotion of float32."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy
import torch

from ladera.rules import _xp

POINTS = np.array([-2.5, -0.0, 0.25, 4.0], np.float32)
ARRAYS = {"numpy": np.asarray, "jax": jnp.asarray, "torch": torch.tensor}
each_array = pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())

UNARY = {
    "absolute": (_xp.absolute, np.abs),
    "sign": (_xp.sign, np.sign),
    "zeros_like": (_xp.zeros_like, np.zeros_like),
    "root of the square": (lambda x: _xp.sqrt(x * x), np.abs),
    "norm": (_xp.norm, np.linalg.norm),
    "maximum": (lambda x: _xp.maximum(x, 0.5), lambda x: np.maximum(x, 0.5)),
    "maximum, number first": (lambda x: _xp.maximum(0.5, x), lambda x: np.maximum(x, 0.5)),
    "minimum": (lambda x: _xp.minimum(x, 0.5), lambda x: np.minimum(x, 0.5)),
    "minimum, number first": (lambda x: _xp.minimum(0.5, x), lambda x: np.minimum(x, 0.5)),
    "where": (lambda x: _xp.where(x > 0, x, 1.0), lambda x: np.where(x > 0, x, 1.0)),
    "where, both numbers": (lambda x: x * _xp.where(True, 2.0, 3.0), lambda x: 2 * x),
    "1 - b^t": (lambda x: x * _xp.one_minus_power(0.5, 2), lambda x: 0.75 * x),
}
each_function = pytest.mark.parametrize(("function", "expected"), UNARY.values(), ids=UNARY.keys())


@each_function
@each_array
def test_is_numpys_and_keeps_float32(array, function, expected):
    result = function(array(POINTS))
    assert str(result.dtype).endswith("float32")
    np.testing.assert_allclose(np.asarray(result), expected(POINTS), rtol=1e-6)


@each_function
def test_python_numbers_stay_python_numbers(function, expected):
    for x in POINTS.tolist():
        result = function(x)
        assert type(result) in (int, float)
        assert result == pytest.approx(expected(np.array([x])).item() if x else expected(np.zeros(1)).item())


@each_function
def test_symbols_stand_for_numbers(function, expected):
    symbol = sympy.Symbol("x", real=True)
    for x in POINTS.tolist():
        result = sympy.sympify(function(symbol)).subs(symbol, x)
        assert float(result) == pytest.approx(expected(np.array([x])).item())


def test_a_subclass_of_a_tensor_is_a_tensor():
    class Mine(torch.Tensor):
        pass

    assert isinstance(_xp.sqrt(torch.tensor([4.0]).as_subclass(Mine)), Mine)


RATES = [0.0, 1e-6, 0.3, 0.5, 0.6, 0.9, 0.99, 0.999, 0.9999, 0.99999]
TIMES = [1, 2, 3, 4, 5, 6, 10, 50, 100, 1000, 3000, 10_000, 1_000_000]


def power(b, t):
    return 1 - mpmath.mpf(b) ** t


def length(b, t):
    b = mpmath.mpf(b)
    return 2 / (1 - b) - 1 - 2 * t * b**t / (1 - b**t)


EXACT = {"one_minus_power": (_xp.one_minus_power, power), "average_length": (_xp.average_length, length)}
each_exact = pytest.mark.parametrize(("function", "exact"), EXACT.values(), ids=EXACT.keys())


def exactly(exact, rates):
    """The table over RATES and TIMES in 60 digits, rounded once."""
    with mpmath.workdps(60):
        return np.array([[float(exact(float(b), t)) for t in TIMES] for b in rates])


@each_exact
def test_python_numbers_are_exact_to_float64(function, exact):
    table = [[function(b, t) for t in TIMES] for b in RATES]
    np.testing.assert_allclose(table, exactly(exact, RATES), rtol=2e-13)


@each_exact
@each_array
@pytest.mark.parametrize(("kind", "tolerance"), [("float32", 2e-6), ("float64", 2e-13)])
def test_arrays_are_exact_to_their_precision(array, function, exact, kind, tolerance):
    """At b = 0 and near 1: there, in float32, a plain 1 - b**t is off by 1e-4, and the plain length
    is 4.23 for 5, which takes the wrong branch in RAdam."""
    rates = np.array(RATES, kind)
    with jax.enable_x64(kind == "float64"):
        b = array(rates[:, None])
        rows = np.concatenate([np.asarray(function(b, array(np.array(t, kind)))) for t in TIMES], axis=1)
        numbers = np.concatenate([np.asarray(function(b, t)) for t in TIMES], axis=1)
    assert rows.dtype == kind
    np.testing.assert_allclose(rows, exactly(exact, rates), rtol=tolerance)
    np.testing.assert_allclose(numbers, exactly(exact, rates), rtol=tolerance)


@each_exact
def test_symbols_give_the_plain_formula(function, exact):
    b, t = sympy.symbols("b t")
    assert float(function(b, t).subs({b: sympy.Rational(1, 2), t: 3})) == pytest.approx(float(exact(0.5, 3)))
    assert function(b, t).has(b**t)


def test_the_length_never_exceeds_t_in_float32():
    rates = jnp.asarray([0.9, 0.99, 0.999, 0.9999, 0.99999], jnp.float32)
    for t in range(1, 20):
        assert np.all(_xp.average_length(rates, jnp.float32(t)) <= t)

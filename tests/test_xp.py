"""The array functions of the rules: one meaning on every algebra, and no promotion of float32."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy
import torch

from ladera.base import UsageError
from ladera.rules import Blocks, _xp

POINTS = np.array([-2.5, -0.0, 0.25, 4.0], np.float32)
ARRAYS = {"numpy": np.asarray, "jax": jnp.asarray, "torch": torch.tensor}
each_array = pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())

UNARY = {
    "absolute": (_xp.absolute, np.abs),
    "sign": (_xp.sign, np.sign),
    "zeros_like": (_xp.zeros_like, np.zeros_like),
    "root of the square": (lambda x: _xp.sqrt(x * x), np.abs),
    "norm": (_xp.norm, np.linalg.norm),
    "rms": (_xp.rms, lambda x: np.sqrt(np.mean(x**2, dtype=np.float64))),
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


# Shapes, and matrices

MATRIX = np.array([[2.0, -1.0, 0.5], [0.25, 3.0, -4.0]], np.float32)
COVARIANCE = MATRIX.T @ MATRIX + np.diag(np.arange(1, 4, dtype=np.float32))


@each_array
@pytest.mark.parametrize("axis", [-1, -2])
def test_a_mean_keeps_its_axis_and_its_dtype(array, axis):
    result = _xp.mean(array(MATRIX), axis)
    assert str(result.dtype).endswith("float32")
    np.testing.assert_allclose(np.asarray(result), MATRIX.mean(axis=axis, keepdims=True), rtol=1e-6)


@each_array
def test_shapes_are_counted(array):
    assert (_xp.ndim(array(MATRIX)), _xp.size(array(MATRIX))) == (2, 6)
    assert (_xp.ndim(array(POINTS)), _xp.size(array(POINTS))) == (1, 4)


@pytest.mark.parametrize("number", [0.5, sympy.Symbol("x")], ids=["number", "symbol"])
def test_a_number_has_no_axes_and_one_element(number):
    assert (_xp.ndim(number), _xp.size(number)) == (0, 1)


@each_array
def test_blocks_have_one_size_and_one_root_mean_square(array):
    blocks = Blocks([array(MATRIX), array(POINTS)])
    together = np.concatenate([MATRIX.ravel(), POINTS])
    assert _xp.size(blocks) == 10
    assert float(_xp.rms(blocks)) == pytest.approx(np.sqrt(np.mean(together**2)), rel=1e-6)


@each_array
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_the_machine_epsilon_is_that_of_the_dtype(array, kind):
    with jax.enable_x64(kind == "float64"):
        assert _xp.machine_epsilon(array(MATRIX.astype(kind))) == np.finfo(kind).eps


@pytest.mark.parametrize("x", [0.5, sympy.Symbol("x"), np.array([sympy.Symbol("x")])])
def test_what_has_no_dtype_has_the_epsilon_of_float64(x):
    assert _xp.machine_epsilon(x) == np.finfo(float).eps


@each_array
def test_eigenvectors_come_by_descending_eigenvalues(array):
    Q = _xp.eigenvectors(array(COVARIANCE))
    assert str(Q.dtype).endswith("float32")
    Q = np.asarray(Q, np.float64)
    np.testing.assert_allclose(Q.T @ Q, np.eye(3), atol=1e-6)
    turned = Q.T @ COVARIANCE @ Q
    np.testing.assert_allclose(turned, np.diag(np.linalg.eigvalsh(COVARIANCE)[::-1]), atol=1e-5)


@each_array
def test_orthonormal_columns_span_what_they_are_made_of(array):
    Q = _xp.orthonormal(array(COVARIANCE))
    assert str(Q.dtype).endswith("float32")
    Q = np.asarray(Q, np.float64)
    np.testing.assert_allclose(Q.T @ Q, np.eye(3), atol=1e-6)
    upper = Q.T @ COVARIANCE
    np.testing.assert_allclose(np.tril(upper, -1), 0, atol=1e-5)


@each_array
def test_descending_gives_places_and_keeps_the_order_of_equals(array):
    places = _xp.descending(array(np.array([1.0, 3.0, 1.0, 7.0, 3.0], np.float32)))
    assert np.asarray(places).tolist() == [3, 1, 4, 0, 2]


@pytest.mark.parametrize("function", [_xp.eigenvectors, _xp.orthonormal, _xp.descending])
def test_axes_of_symbols_are_refused(function):
    symbols = np.array([[sympy.Symbol("a"), 0], [0, sympy.Symbol("b")]])
    with pytest.raises(UsageError, match="eigenvectors of a matrix of symbols have no formula"):
        function(symbols)
    with pytest.raises(UsageError, match="take a vector or a number as x"):
        function(sympy.Symbol("x"))


def refused(*_):
    raise AssertionError("what does not hold is not computed")


@pytest.mark.parametrize("holds", [True, np.True_, np.array(True), jnp.array(True), torch.tensor(True)])
def test_when_computes_one_side(holds):
    assert _xp.when(holds, lambda x: x + 1, refused, 1.0) == 2.0
    assert _xp.when(holds ^ True, refused, lambda x: x + 2, 1.0) == 3.0


def test_when_is_a_branch_of_a_compiled_program():
    @jax.jit
    def either(t, x):
        return _xp.when(t > 1, lambda x: 2 * x, lambda x: x - 1, x)

    x = jnp.asarray(POINTS)
    np.testing.assert_array_equal(either(jnp.float32(2), x), 2 * POINTS)
    np.testing.assert_array_equal(either(jnp.float32(1), x), POINTS - 1)
    lanes = jax.make_jaxpr(jax.vmap(either, (None, 0)))(jnp.float32(1), jnp.stack([x, x]))
    assert "cond[" in str(lanes)


def test_when_refuses_an_open_question():
    with pytest.raises(UsageError, match=r"Whether t > 1 holds is open.*take the number of a step"):
        _xp.when(sympy.Symbol("t") > 1, refused, refused)


ELEMENTWISE = {
    "absolute": _xp.absolute,
    "sign": _xp.sign,
    "sqrt": _xp.sqrt,
    "log": _xp.log,
    "zeros_like": _xp.zeros_like,
    "maximum": lambda x: _xp.maximum(x, sympy.Rational(1, 2)),
    "minimum": lambda x: _xp.minimum(sympy.Rational(1, 2), x),
    "where": lambda x: _xp.where(sympy.Symbol("t") > 1, x, -x),
}


@pytest.mark.parametrize("function", ELEMENTWISE.values(), ids=ELEMENTWISE.keys())
def test_a_matrix_of_symbols_goes_element_by_element(function):
    symbols = np.array([[sympy.Symbol(f"x{i}{j}", positive=True) for j in range(2)] for i in range(2)])
    result = function(symbols)
    assert result.shape == (2, 2)
    for found, x in zip(result.flat, symbols.flat, strict=True):
        assert found == function(x)


def test_totals_of_symbols_are_symbols():
    a, b = sympy.symbols("a b", positive=True)
    matrix = np.array([[a, b], [b, a]])
    assert _xp.total(matrix) == 2 * a + 2 * b
    assert sympy.expand(_xp.norm(matrix) ** 2) == 2 * a**2 + 2 * b**2
    assert sympy.expand(_xp.rms(matrix) ** 2 - (a**2 + b**2) / 2) == 0
    assert _xp.mean(matrix, -1).tolist() == [[(a + b) / 2], [(a + b) / 2]]

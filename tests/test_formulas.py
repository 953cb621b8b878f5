"""Formulas: what a text means, against NumPy written beside it; derivatives; the array libraries."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ladera.base import UsageError
from ladera.formulas import Formula, FormulaError, parse
from ladera.formulas.algebras import SCALARS
from ladera.formulas.expressions import symbols
from ladera.formulas.program import Program
from ladera.locale import message, translator

SETTINGS = settings(derandomize=True, database=None, deadline=None, max_examples=300)

# Text, what it means, and the variables: positive points, so that every entry is defined.
MEANINGS: list[tuple[str, Callable[..., Any], str]] = [
    ("3x^2 + 2xy + y^2", lambda x, y: 3 * x**2 + 2 * x * y + y**2, "x y"),
    ("x·cos(0.15πx)", lambda x: x * np.cos(0.15 * np.pi * x), "x"),
    ("sen(x) + ln(y)", lambda x, y: np.sin(x) + np.log(y), "x y"),
    ("(w-3)²", lambda w: (w - 3) ** 2, "w"),
    ("2|x|", lambda x: 2 * abs(x), "x"),
    ("a*exp(-b*t)", lambda a, b, t: a * np.exp(-b * t), "a b t"),
    ("-x^2", lambda x: -(x**2), "x"),
    ("2^-3x", lambda x: x / 8, "x"),
    ("2^3^2x", lambda x: 512 * x, "x"),
    ("x^2^0.5", lambda x: x ** (2**0.5), "x"),
    ("x ** 3", lambda x: x**3, "x"),
    ("x − 1 ÷ x × 2", lambda x: x - 1 / x * 2, "x"),
    ("1/2x", lambda x: x / 2, "x"),
    ("2(x+1)", lambda x: 2 * (x + 1), "x"),
    ("(x+1)(x-1)", lambda x: (x + 1) * (x - 1), "x"),
    ("x(x+1)", lambda x: x * (x + 1), "x"),
    ("x cos(x)", lambda x: x * np.cos(x), "x"),
    ("xcos(x)", lambda x: x * np.cos(x), "x"),
    ("xexp(x)", lambda x: x * np.exp(x), "x"),
    ("2πx", lambda x: 2 * np.pi * x, "x"),
    ("2pix", lambda x: 2 * np.pi * x, "x"),
    (".5x + 3.x", lambda x: 3.5 * x, "x"),
    ("1e-3x", lambda x: 1e-3 * x, "x"),
    ("2e3x", lambda x: 2000 * x, "x"),
    ("2e+3x", lambda x: 2000 * x, "x"),
    ("2ex", lambda x: 2 * np.e * x, "x"),
    ("e^x", np.exp, "x"),
    ("e2 + x", lambda e2, x: e2 + x, "e2 x"),
    ("x¹² + x⁻¹", lambda x: x**12 + 1 / x, "x"),
    ("sin²(x) + sin^2(y)", lambda x, y: np.sin(x) ** 2 + np.sin(y) ** 2, "x y"),
    ("|x-1||y|", lambda x, y: abs(x - 1) * abs(y), "x y"),
    ("|x|y|z|", lambda x, y, z: abs(x) * y * abs(z), "x y z"),
    ("|(|x| - 2)|", lambda x: abs(abs(x) - 2), "x"),
    ("√2 x + √(x + 1)", lambda x: np.sqrt(2) * x + np.sqrt(x + 1), "x"),
    ("√x^2", lambda x: np.sqrt(x) ** 2, "x"),
    ("raiz(x) + sqrt(x) + raíz(x)", lambda x: 3 * np.sqrt(x), "x"),
    ("tg(x) + arctg(x) + senh(x)", lambda x: np.tan(x) + np.arctan(x) + np.sinh(x), "x"),
    ("arcsin(x/9) + arccos(x/9)", lambda x: np.arcsin(x / 9) + np.arccos(x / 9), "x"),
    ("cosh(x) tanh(x)", lambda x: np.cosh(x) * np.tanh(x), "x"),
    ("log(x) + log10(x)", lambda x: np.log(x) + np.log10(x), "x"),
    ("sign(x - 1) + signo(x)", lambda x: np.sign(x - 1) + np.sign(x), "x"),
    ("alpha θ + λ_1", lambda alpha, lambda_1, theta: alpha * theta + lambda_1, "alpha lambda_1 theta"),
    ("x10 + 2x_2 + w_max", lambda w, x_2, x10: x10 + 2 * x_2 + w, "w_max x_2 x10"),
    ("- - x + + x + -y", lambda x, y: 2 * x - y, "x y"),
    ("2*-x", lambda x: -2 * x, "x"),
    ("x^y^2", lambda x, y: x ** (y**2), "x y"),
    ("0.1x²+2y²", lambda x, y: 0.1 * x**2 + 2 * y**2, "x y"),
    ("x - x + 2 + 0y", lambda x, y: 2 + 0 * x * y, "x y"),
]


@pytest.mark.parametrize(("text", "meaning", "variables"), MEANINGS, ids=[m[0] for m in MEANINGS])
def test_a_text_means_what_mathematics_means(text: str, meaning: Callable[..., Any], variables: str):
    formula = parse(text)
    assert set(formula.variables) == set(variables.split())
    x = np.random.default_rng(0).uniform(0.3, 2.0, (50, formula.dimension))
    columns = [x[:, formula.variables.index(name)] for name in variables.split()]
    np.testing.assert_allclose(formula.value(x), meaning(*columns), rtol=1e-13)


def test_variables_are_sorted_as_a_reader_sorts_them():
    assert parse("x10 + x2 + x1 + b + α").variables == ("alpha", "b", "x1", "x2", "x10")


@pytest.mark.parametrize(
    ("text", "variables", "value"),
    [
        ("width*height", ("width", "height"), 6.0),
        ("widthheight", ("height", "width"), 6.0),
        ("e*x", ("e", "x"), 6.0),
        ("λx", ("λ", "x"), 6.0),
        ("y", ("x", "y"), 3.0),
        ("x1 x", ("x", "x1"), 6.0),
    ],
)
def test_declared_variables_come_in_their_order(text: str, variables: tuple[str, ...], value: float):
    formula = parse(text, variables)
    assert formula.value_at(2.0, 3.0) == value
    assert parse(formula.text, formula.variables).value_at(2.0, 3.0) == value


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (("x", "x"), "declared twice"),
        (("sin",), "is a function"),
        (("pi",), "is a function or a constant"),
        (("x y",), "made of letters"),
        (("__class__",), "made of letters"),
        (("1x",), "made of letters"),
        ((3,), "made of letters"),
    ],
)
def test_a_name_that_names_no_variable(variables: Any, said: str):
    with pytest.raises(UsageError, match=said):
        parse("x", variables)


def test_no_variable_at_all():
    with pytest.raises(FormulaError, match="at least one variable"):
        parse("3", ())


def test_a_formula_is_a_text():
    with pytest.raises(UsageError, match="received 3"):
        parse(3)  # pyright: ignore[reportArgumentType]


# Text, the position counted from 0, what the sentence says.
MISTAKES = [
    ("", 0, "was expected at position 1, where the formula ends"),
    ("   ", 3, "where the formula ends"),
    ("2*", 2, "'\\(' was expected at position 3, where the formula ends"),
    ("x + * y", 4, "was expected at position 5; found '\\*'"),
    ("()x", 1, "found '\\)'"),
    ("(x + 1", 6, "The '\\(' of position 1 is not closed: '\\)' was expected at position 7"),
    ("x)", 1, "closes no parenthesis"),
    ("|x + 1", 6, "The '\\|' of position 1 is not closed"),
    ("(|x)|", 3, "'\\|' was expected at position 4; found '\\)'"),
    ("x 2", 2, "An operator such as \\+ or \\* was expected at position 3; found '2'"),
    ("1.2.3x", 3, "An operator"),
    ("0,15x", 1, "decimal is written with a point"),
    ("y = x^2", 2, "right-hand side"),
    ("x[0]", 1, "round parentheses"),
    ("sin x", 4, "The argument of 'sin' stands in parentheses"),
    ("sen", 3, "The argument of 'sen'"),
    ("sin^-1(x)", 4, "The argument of 'sin'"),
    ("foo(x)", 0, "There is no function 'foo'.*f\\*o\\*o"),
    ("x + sinn(x)", 7, "The argument of 'sin'"),
    ("senx(x)", 3, "The argument of 'sen'"),
    ("x²³^2", 3, "Two powers in a row"),
    ("x/0", 1, "divided by 0"),
    ("x/(2-2)", 1, "divided by 0"),
    ("1/(x-x)", 1, "divided by 0"),
    ("sqrt(-1)x", 0, "real number"),
    ("ln(0)x", 0, "lies within"),
    ("tan(π/2)x", 0, "real number"),
    ("(-2)^x", 4, "positive; received -2"),
    ("x^1001", 1, "within ±1000; received 1001"),
    ("((x^1000)^1000)", 9, "within ±1000"),
    ("(20x)^1000", 5, "1.8e308"),
    ("1e999x", 0, "1.8e308"),
    ("9^9^9^9x", 3, "1.8e308"),
    ("2^(10^10)x", 1, "1.8e308"),
    ("3 + 4", 0, "at least one variable"),
    ("x + $", 4, "found '\\$' at position 5"),
    ("x\x00", 1, "found 'U\\+0000'"),
]


@pytest.mark.parametrize(("text", "position", "said"), MISTAKES, ids=[repr(m[0]) for m in MISTAKES])
def test_a_mistake_is_told_with_its_place(text: str, position: int, said: str):
    with pytest.raises(FormulaError, match=said) as caught:
        parse(text)
    error = caught.value
    assert error.position == position
    line, caret = error.marked.split("\n")
    assert len(line) == len(text)
    assert caret == " " * position + "^"
    assert message(error, translator("es")).strip()
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.position, again.marked) == (str(error), error.position, error.marked)


def test_an_undeclared_name_is_told_with_the_nearest():
    with pytest.raises(FormulaError, match=r"no variable 'wdith'.*nearest name is 'width'") as caught:
        parse("2*wdith", ("width", "height"))
    assert caught.value.position == 2


# -- random formulas ---------------------------------------------------------------------------

SUM, PRODUCT, SIGNED, POWER, ATOM = range(5)
Written = tuple[str, int, Callable[[Any, Any], Any]]  # a text, how tightly it binds, its meaning
UNARY = {
    **{"sin": np.sin, "sen": np.sin, "cos": np.cos, "tanh": np.tanh, "atan": np.arctan, "exp": np.exp},
    **{"ln": np.log, "sqrt": np.sqrt, "√": np.sqrt, "abs": np.abs, "senh": np.sinh, "log10": np.log10},
}


def bracketed(part: Written, least: int) -> str:
    return part[0] if part[1] >= least else f"({part[0]})"


def binary(operator: str, spaced: bool, a: Written, b: Written) -> Written:
    gap = " " if spaced else ""
    if operator in ("+", "-"):
        shown, level = f"{bracketed(a, SUM)}{gap}{operator}{gap}{bracketed(b, PRODUCT)}", SUM
    elif operator == "^":
        shown, level = f"{bracketed(a, ATOM)}^{bracketed(b, SIGNED)}", POWER
    elif operator == "":
        shown, level = f"{bracketed(a, PRODUCT)}({b[0]})", PRODUCT
    else:
        shown, level = f"{bracketed(a, PRODUCT)}{gap}{operator}{gap}{bracketed(b, SIGNED)}", PRODUCT
    meaning = {
        "+": lambda x, y: a[2](x, y) + b[2](x, y),
        "-": lambda x, y: a[2](x, y) - b[2](x, y),
        "/": lambda x, y: a[2](x, y) / b[2](x, y),
        "^": lambda x, y: a[2](x, y) ** b[2](x, y),
    }.get(operator, lambda x, y: a[2](x, y) * b[2](x, y))
    return shown, level, meaning


def minus(a: Written) -> Written:
    return f"-{bracketed(a, POWER)}", SIGNED, lambda x, y: -a[2](x, y)


def call(name: str, a: Written) -> Written:
    return f"{name}({a[0]})", ATOM, lambda x, y: UNARY[name](a[2](x, y))


def bars(a: Written) -> Written:
    return f"(|{a[0]}|)" if "|" not in a[0] else f"abs({a[0]})", ATOM, lambda x, y: np.abs(a[2](x, y))


def constant(text: str, value: float) -> Written:
    return text, ATOM, lambda x, y: np.float64(value)


LEAVES: st.SearchStrategy[Written] = st.one_of(
    st.sampled_from([("x", ATOM, lambda x, y: x), ("y", ATOM, lambda x, y: y)]),
    st.integers(0, 9).map(lambda n: constant(str(n), n)),
    st.sampled_from(
        [constant("0.25", 0.25), constant(".7", 0.7), constant("π", np.pi), constant("(e)", np.e)]
    ),
)
FORMULAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(binary, st.sampled_from(["+", "-", "*", "·", "/", ""]), st.booleans(), inner, inner),
        st.builds(lambda a, n: binary("^", False, a, constant(str(n), n)), inner, st.integers(0, 4)),
        st.builds(lambda a: binary("^", False, a, minus(constant("2", 2))), inner),
        st.builds(lambda a: binary("^", False, call("exp", a), call("sin", a)), inner),
        st.builds(minus, inner),
        st.builds(bars, inner),
        st.builds(call, st.sampled_from(sorted(UNARY)), inner),
    ),
    max_leaves=12,
)
POINTS = np.concatenate(
    [np.random.default_rng(1).uniform(-2, 2, (20, 2)), np.random.default_rng(2).uniform(0.1, 3, (20, 2))]
)


def parsed(text: str) -> Formula:
    """The formula in x and y; texts with a constant that is refused (1/0, ln(-2)) are passed over."""
    try:
        return parse(text, ("x", "y"))
    except FormulaError as error:
        assume("constant" not in str(error) and "divided by 0" not in str(error))
        raise


def agree(found: np.ndarray, meant: np.ndarray, spread: np.ndarray) -> None:
    """Equal where the reference is finite, as well as the reference is determined there."""
    finite = np.isfinite(meant) & np.isfinite(spread) & (abs(meant) < 1e12)
    allowed = 1e-9 * (1 + abs(meant)) + 100 * spread
    assert (abs(found - meant) <= allowed)[finite].all()


@SETTINGS
@given(FORMULAS)
def test_random_formulas_mean_what_numpy_computes(written: Written):
    text, _, meaning = written
    formula = parsed(text)
    with np.errstate(all="ignore"):
        meant, *moved = (np.broadcast_to(meaning(*(s * POINTS).T), 40) for s in (1, 1 + 1e-12, 1 - 1e-12))
        spread = np.max([abs(m - meant) for m in moved], axis=0)
        agree(formula.value(POINTS), meant, spread)


@SETTINGS
@given(FORMULAS)
def test_the_canonical_text_means_the_same(written: Written):
    formula = parsed(written[0])
    again = parse(formula.text, formula.variables)
    np.testing.assert_allclose(again.value(POINTS), formula.value(POINTS), rtol=1e-9)
    assert again.text == parse(again.text, formula.variables).text
    assert formula.latex().count("{") == formula.latex().count("}")


@SETTINGS
@given(FORMULAS)
def test_one_point_and_many_agree(written: Written):
    formula = parsed(written[0])
    points = np.concatenate(
        [POINTS[::4], [[0.0, 0.0], [-0.0, 1.0], [1e200, -1e200], [np.inf, 2.0], [np.nan, 1.0]]]
    )
    for name in ("value", "gradient"):
        many = getattr(formula, name)(points)
        one = np.stack([getattr(formula, name)(point) for point in points])
        steady = abs(many) < 1e100  # sin(1e300) is what the library makes of it
        with np.errstate(all="ignore"):
            same = np.isclose(many, one, rtol=1e-6, atol=1e-9, equal_nan=True) | ~steady
        assert same[:-4].all()
        assert (np.isnan(many) == np.isnan(one)).all()
        at = formula.value_at(*points[0]) if name == "value" else formula.gradient_at(*points[0])
        np.testing.assert_array_equal(at, one[0])


@settings(SETTINGS, max_examples=25)
@given(FORMULAS)
def test_derivatives_are_those_of_jax(written: Written):
    formula = parsed(written[0])
    with jax.enable_x64(True):
        x = jnp.asarray(POINTS)
        gradient = jax.vmap(jax.grad(formula.value))(x)
        hessian = jax.vmap(jax.hessian(formula.value))(x)
        # where a branch of the automatic derivative is not finite it says nothing about the formula
        for found, meant in ((formula.gradient(POINTS), gradient), (formula.hessian(POINTS), hessian)):
            meant = np.asarray(meant)
            finite = np.isfinite(meant) & np.isfinite(found) & (abs(meant) < 1e8)
            scale = np.max(np.where(finite, abs(meant), 0), axis=tuple(range(1, meant.ndim)), keepdims=True)
            assert (abs(found - meant) <= 1e-6 * (1 + scale))[finite].all()


CALLS = (
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "exp",
    "ln",
    "log10",
    "sqrt",
    "abs",
)
RULES = (
    "x^y",
    "2^(xy)",
    "x^3 y^-2",
    "x^1.3/y",
    "(x - 2y)^5",
    "e^(-x/y)",
    "xy(x + y)(x - 1)sin(x)",
    "(x^2 + y)^x",
)


@pytest.mark.parametrize("text", [*(f"{name}(x y/2)" for name in CALLS), *RULES])
def test_derivatives_are_slopes(text: str):
    formula = parse(text, ("x", "y"))
    x, h = np.random.default_rng(4).uniform(0.3, 1.2, (20, 2)), 1e-5
    for found, function in ((formula.gradient(x), formula.value), (formula.hessian(x), formula.gradient)):
        slopes = [(function(x + step) - function(x - step)) / (2 * h) for step in h * np.eye(2)]
        np.testing.assert_allclose(found, np.stack(slopes, -1), rtol=1e-6, atol=1e-7)


# -- what a formula offers ---------------------------------------------------------------------

FORMULA = parse("x^3 y - 2x/y + |y|exp(-x^2) + √y")
EVERY = parse(" + ".join(f"{name}(x/5)" for name in CALLS) + " + sign(x) + 2^x + x^1.3 + x^(x/5) + x^-3 + π")
INSIDE = np.random.default_rng(3).uniform(0.5, 2.0, (3, 4, 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2,), (5, 2), (3, 4, 2), (0, 2)])
def test_shapes_and_dtype(shape: tuple[int, ...], dtype: type):
    x = np.resize(INSIDE, shape).astype(dtype)
    for name, last in (("value", ()), ("gradient", (2,)), ("hessian", (2, 2))):
        found = getattr(FORMULA, name)(x)
        assert (found.shape, found.dtype) == ((*shape[:-1], *last), dtype)
    for name in ("value", "gradient"):
        one = getattr(parse("3x - 2x + 7y - 7y"), name)(x)  # constant derivatives have the shape of x, too
        assert (one.shape, one.dtype) == ((*shape[:-1], *((2,) if name == "gradient" else ())), dtype)


def test_one_variable_keeps_its_axis():
    formula = parse("w^2")
    assert formula.value(np.array([3.0])) == 9.0
    assert formula.value(np.array([[1.0], [2.0]])).shape == (2,)
    assert formula.gradient(np.array([3.0])).tolist() == [6.0]
    assert formula.hessian(np.array([3.0])).tolist() == [[2.0]]


def test_lists_and_integers_become_float64():
    assert FORMULA.value([1, 4]).dtype == np.float64
    assert FORMULA.value(np.array([1, 4])) == FORMULA.value_at(1, 4)


@pytest.mark.parametrize("name", ["value", "gradient", "hessian"])
@pytest.mark.parametrize("double", [True, False])
def test_jax(name: str, double: bool):
    with jax.enable_x64(double):
        x = jnp.asarray(INSIDE, jnp.float64 if double else jnp.float32)
        method = getattr(FORMULA, name)
        for found in (method(x), jax.jit(method)(x), jax.vmap(jax.vmap(method))(x)):
            assert found.dtype == x.dtype
            np.testing.assert_allclose(found, getattr(FORMULA, name)(INSIDE), rtol=1e-11 if double else 1e-4)
        found = getattr(EVERY, name)(x[..., :1])
        assert found.dtype == x.dtype
        np.testing.assert_allclose(
            found, getattr(EVERY, name)(INSIDE[..., :1]), rtol=1e-8 if double else 1e-2
        )
        assert method(jnp.arange(1, 3)).dtype == (jnp.float64 if double else jnp.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch(dtype: torch.dtype):
    x = torch.tensor(INSIDE, dtype=dtype, requires_grad=True)
    tolerance = 1e-11 if dtype == torch.float64 else 1e-4
    for name in ("value", "gradient", "hessian"):
        found = getattr(FORMULA, name)(x)
        assert found.dtype == dtype
        np.testing.assert_allclose(found.detach().numpy(), getattr(FORMULA, name)(INSIDE), rtol=tolerance)
    (gradient,) = torch.autograd.grad(FORMULA.value(x).sum(), x)
    np.testing.assert_allclose(gradient.numpy(), FORMULA.gradient(INSIDE), rtol=tolerance)
    for name in ("value", "gradient"):
        found = getattr(EVERY, name)(x[..., :1])
        assert found.dtype == dtype
        np.testing.assert_allclose(found.detach().numpy(), getattr(EVERY, name)(INSIDE[..., :1]), rtol=1e-3)
    assert parse("x^2 + 1").value(torch.tensor([3])).dtype == torch.get_default_dtype()


def test_the_absolute_value_and_the_sign():
    formula = parse("|x|")
    assert [formula.gradient_at(x)[0] for x in (-2.0, 0.0, 2.0)] == [-1.0, 0.0, 1.0]
    assert parse("sign(x)").gradient_at(3.0) == (0.0,)
    assert formula.derivative("x").text == "sign(x)"
    assert parse("|ln(x)|").gradient_at(0.5) == (-2.0,)


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("ln(x)", -1.0, np.nan),
        ("ln(x)", 0.0, -np.inf),
        ("√x", -1.0, np.nan),
        ("1/x", 0.0, np.inf),
        ("-1/x", 0.0, -np.inf),
        ("x/x^2", 0.0, np.inf),
        ("(x - 1)/(x^2 - 1)", 1.0, np.nan),
        ("exp(x)", 1000.0, np.inf),
        ("exp(x^2)", 1e200, np.inf),
        ("x^3", -1e200, -np.inf),
        ("x^-3", -2.0, -0.125),
        ("x^7", -2.0, -128.0),
        ("x^(1/3)", -8.0, np.nan),
        ("x^0.5", -1.0, np.nan),
        ("2^x", 5000.0, np.inf),
        ("x^x", 0.0, 1.0),
        ("asin(x)", 2.0, np.nan),
        ("sinh(x)", -1000.0, -np.inf),
        ("cosh(x)", -1000.0, np.inf),
        ("tanh(x)", 1000.0, 1.0),
        ("sin(x)", np.inf, np.nan),
        ("sign(x)", np.nan, np.nan),
    ],
)
def test_the_edges_of_the_numbers(text: str, x: float, value: float):
    formula = parse(text)
    np.testing.assert_equal(formula.value_at(x), value)
    np.testing.assert_equal(formula.value(np.array([[x]]))[0], value)


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("√(xy)", (-2.0, -8.0), 4.0),
        ("(xy)^3", (-2.0, 1.0), -8.0),
        ("(x^2)^0.75 + 0y", (-4.0, 1.0), 8.0),
        ("√(x^2) + 0y", (-4.0, 1.0), 4.0),
        ("x^y", (-2.0, 3.0), -8.0),
        ("x^y", (-2.0, 0.5), np.nan),
        ("x^y", (-1e200, 3.0), -np.inf),
        ("x^y", (-1e200, 2.0), np.inf),
        ("x^y", (0.0, -1.0), np.inf),
        ("x^-y x^y", (3.0, 2.0), 1.0),
    ],
)
def test_powers_of_what_is_negative(text: str, x: tuple[float, float], value: float):
    formula = parse(text)
    np.testing.assert_allclose(formula.value_at(*x), value, rtol=1e-14)
    np.testing.assert_allclose(formula.value(np.array([x]))[0], value, rtol=1e-14)


def test_what_occurs_twice_is_computed_once():
    calls = []

    def counted(x: float) -> float:
        calls.append(x)
        return float(np.sin(x))

    algebra = SCALARS._replace(functions={**SCALARS.functions, "sin": counted})
    formula = parse("sin(x)^2 + cos(sin(x)) + 1/sin(x)")
    assert Program([formula.expr], symbols(("x",)), algebra).value([0.5]) == formula.value_at(0.5)
    assert calls == [0.5]


def test_the_derivative_of_tanh_keeps_its_digits():
    assert parse("tanh(x)").gradient_at(20.0)[0] == pytest.approx(1 / np.cosh(20.0) ** 2, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "name", "derivative"),
    [
        ("(w - 3)^2", "w", "2*(w - 3)"),
        ("3x^2 + 2xy + y^2", "x", "6*x + 2*y"),
        ("(1 - x)^2 + 100(y - x^2)^2", "y", "200*(y - x^2)"),
        ("0.15x^3", "x", "0.45*x^2"),
        ("exp(-x^2)", "x", "-2*x*exp(-x^2)"),
        ("x^y", "y", "x^y*ln(x)"),
        ("√x", "x", "1/(2*sqrt(x))"),
    ],
)
def test_derivatives_read_as_one_writes_them(text: str, name: str, derivative: str):
    assert parse(text).derivative(name).text == derivative


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("3x^2 + 2xy + y^2", "3 x^{2} + 2 x y + y^{2}"),
        ("x/2 + 1/(x y)", r"\frac{x}{2} + \frac{1}{x y}"),
        ("√(x + 1)|y|", r"\sqrt{x + 1} \left|y\right|"),
        ("exp(-x)", "e^{-x}"),
        ("2*3^x", r"2 \cdot 3^{x}"),
        ("1e-7x", r"1 \cdot 10^{-7} x"),
        ("λ_1 + x10", r"\lambda_{1} + x_{10}"),
        ("x·cos(0.15πx)", r"x \cos\left(0.15 \pi x\right)"),
        ("(x - 1)^2/(-3)", r"-\frac{\left(x - 1\right)^{2}}{3}"),
    ],
)
def test_latex(text: str, latex: str):
    assert parse(text).latex() == latex


def test_latex_of_a_word_and_of_the_gradient():
    assert parse("width^2", ("width",)).latex() == r"\mathrm{width}^{2}"
    assert parse("x^2 + xy").gradient_latex() == ("2 x + y", "x")


def test_wrong_points_are_told():
    for call, said in [
        (
            lambda: FORMULA.value([1.0, 2.0, 3.0]),
            "one coordinate per variable \\(x, y\\); received shape \\(3,\\)",
        ),
        (lambda: FORMULA.value(3.0), "received shape \\(\\)"),
        (lambda: FORMULA.value(["a", "b"]), "real numbers"),
        (lambda: FORMULA.value([1j, 2.0]), "real numbers"),
        (lambda: FORMULA.value(torch.tensor([1j, 2.0])), "real numbers"),
        (lambda: FORMULA.value_at(1.0), "one coordinate per variable \\(x, y\\); received 1"),
        (lambda: FORMULA.gradient_at(1.0, 2.0, 3.0), "received 3"),
        (lambda: FORMULA.derivative("z"), "no variable 'z'; its variables are x, y"),
    ]:
        with pytest.raises(UsageError, match=said):
            call()


def test_a_formula_is_a_value():
    FORMULA.value(INSIDE)
    again = pickle.loads(pickle.dumps(FORMULA))
    assert (again, hash(again), str(again)) == (FORMULA, hash(FORMULA), FORMULA.text)
    np.testing.assert_array_equal(again.hessian(INSIDE), FORMULA.hessian(INSIDE))
    for text in ("|ln(x)|^0.3/√2 - π^x", "e^(2x) + e - 1.5x/7 + sin(π/5)x"):
        formula = parse(text).derivative("x")
        assert pickle.loads(pickle.dumps(formula)) == formula
    with pytest.raises(AttributeError):
        FORMULA.variables = ("x",)  # pyright: ignore[reportAttributeAccessIssue]


def test_no_library_is_imported_before_it_is_needed():
    code = (
        "import sys, ladera.formulas as f; a = {'sympy', 'jax', 'torch'} & set(sys.modules);"
        "f.parse('x').value([1.0]); b = {'jax', 'torch'} & set(sys.modules); sys.exit(bool(a or b))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

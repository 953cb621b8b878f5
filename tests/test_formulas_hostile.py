"""Texts that no one means well: refused at their place or read as mathematics, never run, never long."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera.formulas import FormulaError, parse

SETTINGS = settings(derandomize=True, database=None, deadline=None, max_examples=600)

REFUSED = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "x.real",
    "x__y",
    "_x",
    "x_",
    "lambda x: x",
    "[x for x in y]",
    "{x}",
    "x; y",
    "x\ny = 3",
    "exec('x')",
    'eval("x")',
    "open(x)",
    "f'{x}'",
    "x := 3",
    "x @ y",
    "x % y",
    "x // y",
    "x & y",
    "x < y",
    "!x",
    "~x",
    "x!",
    "x'",
    "`x`",
    "\\x",
    "#x",
    "$x$",
    "x\u200by",  # zero-width space
    "x\u202ey",  # right-to-left override
    "ｘ + １",  # full-width letters and digits
    "𝐱²",
    "sin\u0301(x)",
    "х + 1",  # a Cyrillic letter that looks like x
    "٣x",  # an Arabic digit
    "½x",
    "∞x",
    "x" * 1001,
    "9^9^9^9 x",
    "x^9^9^9^9",
    "x^1e9",
    "x^-1e9",
    "2^(10^10) x",
    "(1/3)^(10^6) x^(10^6)",
    "(10^15+1)^(10^15+1)x",
    "exp(exp(exp(100)))x",
    "|exp(exp(100)) - 1|x",
    "sign(exp(exp(exp(10))))x",
    "10^400x",
    "1e400x",
    "1e99999999999999999999x",
    "9" * 400 + "x",
    "0^-1 x",
    "((((((x^9)^9)^9)^9)^9)^9)",
    "(((2x)^1000)^1000)^1000",
    "(1e200x)^2",
    "(" * 500 + "x" + ")" * 499,
    "(" * 300 + "x" + ")" * 300,
    "sin(" * 200 + "x" + ")" * 200,
    "|" * 200 + "x" + "|" * 200,
    "√" * 900 + "x",
    "x^" * 400 + "x",
    "2^-" * 300 + "x",
    "x*" * 499 + "x",
    "x+" * 499 + "x",
]


@pytest.mark.parametrize("text", REFUSED, ids=[ascii(text[:40]) for text in REFUSED])
def test_hostile_texts_are_refused_at_their_place(text: str):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert 0 <= caught.value.position <= len(text)
    assert str(caught.value)
    assert caught.value.marked.endswith("^")


HEAVY = [
    "-" * 900 + "x",
    "-x" * 140,
    "x/" * 140 + "(x+1)",
    "(" * 39 + "x" + ")" * 39,
    "sin(" * 38 + "x" + ")" * 38,
    "x^" * 38 + "x",
    "+".join(f"sin({i}x)" for i in range(45)),
    "*".join(f"sin({i}x+y)" for i in range(1, 30)),
    "exp(" * 20 + "x" + ")^2" * 20,
    "(x+y)^1000",
    "(x+1)^1000/(x+2)^1000",
    # these keep SymPy's own simplification busy for minutes
    "cosh(asin(cosh(((x + z - |x^7|^y)^(1/3))^128)))/(-(π/|cos((π + 7 + y - x)^x)|)^atan(2 - π))",
    "|tanh(exp((x/1.7 - z/y)/tanh(cos(sign((x^2)^(-sinh(π^e + tanh(z))^(π + y))))^7)^x))|^7",
]


@pytest.mark.parametrize("text", HEAVY, ids=[ascii(text[:40]) for text in HEAVY])
def test_heavy_texts_are_read_and_derived(text: str):
    formula = parse(text)
    x = np.full((3, formula.dimension), 0.7)
    assert formula.hessian(x).shape == (3, formula.dimension, formula.dimension)
    again = parse(formula.text, formula.variables) if len(formula.text) <= 1000 else formula
    np.testing.assert_allclose(again.value(x), formula.value(x), rtol=1e-9)


PIECES = st.sampled_from(
    [
        *"xyzwe0123456789.+-*/^()|√²³⁻·×÷−π_ ,=['\"θλ%",
        *("sin", "cos(", "exp(", "ln(", "sqrt(", "|x|", "(x+1)", "**", "1e9", "^^", "__", "pi", "lambda"),
        *("abs(", "sign(", "log10(", "9^9", "x^x", "tan(", "asin("),
    ]
)


def located(error: FormulaError, text: str) -> None:
    assert 0 <= error.position <= len(text)
    assert error.marked.count("\n") == 1


def read(text: str) -> None:
    """Parsing ends in a formula that can be evaluated, or in a FormulaError within the text."""
    try:
        formula = parse(text)
    except FormulaError as error:
        located(error, text)
        return
    x = np.full((2, formula.dimension), 0.7)
    assert formula.value(x).shape == (2,)
    assert formula.gradient(x).shape == x.shape
    assert formula.latex()


@SETTINGS
@given(st.text(max_size=60))
def test_any_text(text: str):
    read(text)


@SETTINGS
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_of_pieces_of_formulas(text: str):
    read(text)


@settings(SETTINGS, max_examples=200)
@given(
    st.text(max_size=30), st.lists(st.sampled_from(["x", "y", "width", "e", "λ"]), max_size=3, unique=True)
)
def test_any_text_with_declared_variables(text: str, variables: list[str]):
    try:
        assert len(parse(text, variables).variables) == len(variables)
    except FormulaError as error:
        located(error, text)


def test_nothing_is_run(monkeypatch: pytest.MonkeyPatch):
    import sympy
    from sympy.parsing import sympy_parser

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("code was evaluated")

    for place, name in [(builtins, "eval"), (sympy, "sympify"), (sympy, "lambdify")]:
        monkeypatch.setattr(place, name, never)
    for name in ("parse_expr", "eval_expr"):
        monkeypatch.setattr(sympy_parser, name, never)
    formula = parse("x^2 + sin(x)/y - |ln(y)|^0.5 + √2")
    assert formula.hessian([1.0, 2.0]).shape == (2, 2)
    assert formula.latex()

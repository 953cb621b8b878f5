"""Which names a text holds, and formulas with numbers in the place of some variables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladera.base import UsageError
from ladera.formulas import FormulaError, names_in, parse


@pytest.mark.parametrize(
    ("text", "declared", "found"),
    [
        ("a*t + b", ["t"], ("a", "t", "b")),
        ("at + b", ["t"], ("a", "t", "b")),
        ("amp*exp(-rate*x)", ["x"], ("amp", "rate", "x")),
        ("2πft + sen(ωt)", ["t"], ("f", "t", "omega")),
        ("Vmax*x/(Km + x)", ["x"], ("Vmax", "x", "Km")),
        ("x cos(x) + axcos(x)", ["x"], ("x", "a")),
        ("b1*(1 - exp(-b2*x))", [], ("b1", "b2", "x")),
        ("2e3 + 2ex + e", ["x"], ("x",)),
        ("raíz(x) + log10(k) + √w_max + |v|", ["x"], ("x", "k", "w_max", "v")),
        ("width*θ", ["width", "θ"], ("width", "theta")),
        ("3 + pi", [], ()),
        ("rate*t + decay*y", ["t", "y"], ("rate", "t", "decay", "y")),
        ("__a", [], ("a",)),
    ],
)
def test_names(text, declared, found):
    assert names_in(text, declared) == found


def test_what_may_be_meant_either_way_is_refused():
    with pytest.raises(FormulaError, match=r"'abx' \(position 5\) may be one name .* a\*b\*x") as error:
        names_in("1 + abx", ["x"])
    assert error.value.position == 4
    assert names_in("1 + abx", ["x", "abx"]) == ("abx",)


def test_a_word_where_a_function_would_stand_is_refused():
    with pytest.raises(
        FormulaError, match=r"no function 'sim' \(position 5\); the nearest is 'sin'.*sim\*\("
    ):
        names_in("a + sim(t)", ["t"])
    assert names_in("a(t + 1) + at(t)", ["t"]) == ("a", "t")
    assert names_in("sim(t)", ["t", "sim"]) == ("sim", "t")


CASES = [
    ("a*exp(-b*t) + c*t^p", {"a": 2.0, "b": -0.25, "c": -1.5, "p": 2.0}, "2*exp(0.25*t) - 1.5*t^2"),
    ("a*t + b", {"a": 0.0, "b": 1 / 3}, "0.333333"),
    ("(x - m)^2/(2s^2)", {"m": 1.0, "s": 2.0}, "(x - 1)^2/8"),
    ("a*b*x", {"a": 1.23456789}, "1.23457*b*x"),
    ("ln(a + x)/π", {"a": -1e-20}, "ln(-1e-20 + x)/pi"),
    ("a^x + |a|*x", {"a": 0.1234567}, "0.123457^x + 0.123457*x"),
    ("exp(-t/b) + a*t/b + a/b", {"a": 3.0, "b": 18.08}, "exp(-t/18.08) + 3*t/18.08 + 0.165929"),
    ("(t - m)/(2b^2) - t/(a + b)", {"a": 0.5, "b": 1.5}, "(t - m)/4.5 - t/2"),
    ("a*exp(b)*x + sin(c)", {"a": 2.5, "b": 0.5, "c": 0.5}, "4.1218*x + 0.479426"),
]


@pytest.mark.parametrize(("text", "values", "shown"), CASES)
def test_numbers_in_the_place_of_variables(text, values, shown):
    formula = parse(text, sorted({*names_in(text, list(values))}))
    fixed = formula.fixed(values, digits=6)
    assert fixed.text == shown
    assert fixed.variables == tuple(name for name in formula.variables if name not in values)
    read = parse(fixed.text, fixed.variables or ("x",))
    points = np.linspace(0.5, 2, 4 * len(read.variables)).reshape(4, -1)
    whole = [*(np.full(4, value) for value in values.values()), *points.T]
    columns = dict(zip([*values, *read.variables], whole, strict=True))
    expected = formula.value(np.stack([columns[name] for name in formula.variables], axis=-1))
    np.testing.assert_allclose(read.value(points), expected, rtol=1e-5)
    assert fixed.latex()


@given(st.floats(0.1, 10), st.floats(-10, 10), st.floats(0.1, 5))
def test_a_fixed_formula_has_the_values_of_the_whole_one(a, b, x):
    formula = parse("a*exp(-b*x/9) + sin(b + x)^2/sqrt(a) + b", ["a", "b", "x"])
    expected = formula.value_at(a, b, x)
    assert formula.fixed({"b": b, "a": a}).value_at(x) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    points = np.column_stack([np.full(3, a), np.full(3, b), [x, 2 * x, 3 * x]])
    np.testing.assert_allclose(
        formula.fixed({"b": b, "a": a}).value(points[:, 2:]), formula.value(points), rtol=1e-12, atol=1e-12
    )


def test_no_such_variable():
    with pytest.raises(UsageError, match="no variable 'q'; its variables are a, x"):
        parse("a*x", ["a", "x"]).fixed({"q": 1})

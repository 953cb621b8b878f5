"""Formulas of tables as LaTeX: structure by hand-made examples, and nothing lost of any of them."""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET

import pytest
from docs_site import mathml

from ladera import schedules
from ladera.explaining import function_named, function_names
from ladera.explaining.typeset import aligned, line, rows, set_out

FORMULAS = {name: schedules.get(name).formula for name in schedules.names()}
FORMULAS |= {name: found.formula_text() for name in function_names() if (found := function_named(name))}


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a*b/c", r"\frac{a b}{c}"),
        ("a/b*c", r"\frac{a}{b} c"),
        ("(a + b)/(c - d)", r"\frac{a + b}{c - d}"),
        ("(a)(b)/c", r"\frac{\left(a\right) \left(b\right)}{c}"),
        ("-a/b - c", r"-\frac{a}{b} - c"),
        ("1.5*2*x", r"1.5 \cdot 2 x"),
        ("2k + 1", "2 k + 1"),
        ("x^2/2", r"\frac{x^{2}}{2}"),
        ("2^(k − 1)", "2^{k - 1}"),
        ("rate^(t/s)", r"\mathrm{rate}^{t/s}"),
        ("exp(-x^2/2)", "e^{-x^{2}/2}"),
        ("cos(a/b*c)", r"\cos\left(\left(a/b\right) c\right)"),
        ("sqrt(2*π)", r"\sqrt{2 \pi}"),
        ("cos(π·t/n)/2", r"\frac{\cos\left(\pi t/n\right)}{2}"),
        ("tanh(x)^2", r"\tanh^{2}\left(x\right)"),
        ("softmax(z)_y", r"\mathrm{softmax}\left(z\right)_{y}"),
        ("x (1 - x)", r"x \left(1 - x\right)"),
        ("δ*sign(d)", r"\delta \, \mathrm{sign}\left(d\right)"),
        ("max(0, |t/P − 1|)", r"\max\left(0,\; \left|t/P - 1\right|\right)"),
        ("|a| <= |b|", r"\left|a\right| \leq \left|b\right|"),
        ("⌊t/P⌋", r"\left\lfloor \frac{t}{P}\right\rfloor"),
        ("[a > 0]/k", r"\frac{\left[a > 0\right]}{k}"),
        ("Σⱼ tⱼ ln(pⱼ)", r"\sum_{j} t_{j} \ln\left(p_{j}\right)"),
        ("exp(xᵢ)/Σⱼ exp(xⱼ)", r"\frac{e^{x_{i}}}{\sum_{j} e^{x_{j}}}"),
        ("∂L/∂zⱼ", r"\frac{\partial L}{\partial z_{j}}"),
        ("f'(x)", r"f'\left(x\right)"),
        ("f[t]", "f_{t}"),
        ("z_y + δᵢⱼ", r"z_{y} + \delta_{ij}"),
    ],
)
def test_a_formula_is_set_out(text, latex):
    assert set_out(text) == latex


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_keeps_its_letters_and_is_set_as_mathml(name):
    text = FORMULAS[name]
    html = mathml.display(aligned(text))
    shown = "".join(ET.fromstring(re.findall(r"<math.*</math>", html, re.DOTALL)[0]).itertext())
    # every left once; roots and sums are signs
    seen, atoms = set(), []
    for one in text.splitlines():
        left, _, rest = one.partition(" = ")
        atoms += [*([] if left in seen else _atoms(left)), *_atoms(rest)]
        seen.add(left)
    assert _atoms(shown) == atoms


def _atoms(text: str) -> list[str]:
    """Letters and digits in their order, indices as what they are."""
    text = re.sub(r"\btanh\(x\)\^2", "tanh2x", text.replace("sqrt", "").replace("Σ", ""))
    plain = unicodedata.normalize("NFKC", re.sub(r"\bexp\b", "e", text))
    return [sign for sign in plain if sign.isalnum()]


def test_pieces_of_one_left_side_are_cases_and_one_stands_alone():
    text = "f(x) = x   (x > 0)\nf(x) = 0   (x <= 0)\nc = 1   (d = 2)\ng = 3"
    found = rows(text)
    assert found == [
        (r"f\left(x\right)", [("x", "x > 0"), ("0", r"x \leq 0")]),
        ("c", [("1", "d = 2")]),
        ("g", [("3", "")]),
    ]
    assert line(*found[0]) == r"f\left(x\right) = \begin{cases} x & x > 0 \\ 0 & x \leq 0 \end{cases}"
    assert line(*found[1]) == r"c = 1 \qquad d = 2"
    assert aligned("c = 1\ng = 3") == "\\begin{aligned}\nc &= 1 \\\\\ng &= 3\n\\end{aligned}"


@pytest.mark.parametrize("text", ["a +", "(a", "a)", "|a", "a ? b", "max(0", "* a", "a $ b"])
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        set_out(text)
    with pytest.raises(ValueError, match="no formula"):
        rows("no sign of equality")

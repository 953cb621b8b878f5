"""The formula that is shown is the code that runs: every line of it is computed again from its text."""

from __future__ import annotations

import importlib
import math
import re

import numpy as np
import pytest
import sympy

import ladera.rules
from ladera import rules
from ladera.rules import Positive, Rule
from ladera.steps import formula, seen, substituted
from ladera.steps.formula import number_latex, number_text
from ladera.steps.names import indexed, latex_name

WRAPPERS = [importlib.import_module(f"ladera.rules.wrappers.{name}") for name in ladera.rules.wrappers()]
RULES = {name: ladera.rules.get(name)() for name in ladera.rules.names()}
RULES |= {f"adam+{cls}": getattr(module, cls)(rules.Adam()) for module in WRAPPERS for cls in module.__all__}
RULES["rmsprop-centered-momentum"] = rules.RMSprop(centered=True, momentum=0.9)
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)

# What the text of a formula means, for Python.
MEANING = {
    "sqrt": math.sqrt,
    "log": math.log,
    "expm1": math.expm1,
    "norm": abs,
    "rms": abs,
    "total": float,
    "Abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "Max": max,
    "Min": min,
    "Mod": lambda a, b: a % b,
    "where": lambda condition, a, b: a if condition else b,
    "True": True,
    "False": False,
}


def value_of(text: str) -> float:
    return float(eval(text.replace("^", "**"), {"__builtins__": {}}, MEANING))


def rounding(text: str) -> float:
    """How much the value of a text may be off because its numbers are shown in seven digits."""
    found, total = list(re.finditer(r"(?<![\w.^])\d+\.?\d*(?:e[+-]?\d+)?", text)), 0.0
    for match in found:
        moved = text[: match.start()] + repr(float(match[0]) * (1 + 1e-6)) + text[match.end() :]
        total += abs(value_of(moved) - value_of(text))
    return total


def walked(rule: Rule, steps: int):
    """(t, g, s, x) at each of some steps on f = x², from 5."""
    x = 5.0
    s = rule.init(x)
    for t in range(1, steps + 1):
        point = rule.read(s, x)
        g = 2 * point
        if rule.evaluations > 1:
            g = 2 * rule.probe(g, s, x)
        yield t, g, s, x
        s, x = rule.step(t, g, s, x)


@each_rule
def test_every_line_with_its_numbers_comes_to_its_value(rule):
    for t, g, s, x in walked(rule, 7):
        lines = substituted(rule, t, g, s, x)
        _, new = rule.step(t, g, s, x)
        assert float(lines[-1].value_text) == pytest.approx(new, rel=1e-6, abs=1e-12)
        for line in lines:
            shown = float(line.value_text)
            slack = 1e-6 * abs(shown) + 1e-12 + rounding(line.numbers_text)
            assert abs(value_of(line.numbers_text) - shown) <= slack, line


@each_rule
def test_watching_a_step_does_not_change_it(rule):
    told = []

    def see(name, value):
        told.append(name)
        return value

    twin = seen(rule, see)
    for t, g, s, x in walked(rule, 4):
        assert twin.step(t, g, s, x) == rule.step(t, g, s, x)


@each_rule
def test_formula_has_latex_and_text_for_every_line(rule):
    lines = formula(rule)
    assert lines[-1].name == "x"
    for line in lines:
        latex = line.latex()
        assert latex.count("{") == latex.count("}")
        assert len(re.findall(r"\\left\b", latex)) == len(re.findall(r"\\right\b", latex))
        assert "&" in latex
        assert "None" not in latex
        assert "self" not in line.text()


def test_adam_reads_as_in_the_paper():
    assert [line.text() for line in formula(rules.Adam())] == [
        "m = b1*m[t-1] + (1 - b1)*g",
        "v = b2*v[t-1] + (1 - b2)*g^2",
        "m_hat = m/(1 - b1^t)",
        "v_hat = v/(1 - b2^t)",
        "x = x[t-1] - lr*m_hat/(sqrt(v_hat) + eps)",
    ]
    assert formula(rules.Adam())[-1].latex() == (
        r"x_{t} &= x_{t-1} - \frac{\alpha \hat{m}_{t}}{\sqrt{\hat{v}_{t}} + \epsilon}"
    )


def test_a_step_of_adam_by_hand():
    rule = rules.Adam(lr=0.1)
    lines = substituted(rule, 1, 10.0, rule.init(5.0), 5.0)
    assert [line.value_text for line in lines] == ["1", "0.1", "10", "100", "4.9"]
    assert lines[-1].latex() == (
        r"x_{1} &= x_{0} - \frac{\alpha \hat{m}_{1}}{\sqrt{\hat{v}_{1}} + \epsilon} "
        r"= 5 - \frac{0.1 \cdot 10}{\sqrt{100} + 10^{-8}} = 4.9"
    )


def test_a_vector_stays_a_vector():
    x, g = np.array([-4.0, 3.0]), np.array([-18.0, -2.0])
    rule = rules.SGD(lr=0.1)
    [line] = substituted(rule, 1, g, rule.init(x), x, "w")
    assert line.text() == "w = w[0] - lr*g = (-4, 3) - 0.1*(-18, -2) = (-2.2, 3.2)"


def test_a_look_ahead_says_where_its_gradient_is_taken():
    first = formula(rules.Nesterov())[0]
    assert first.text() == "y = x[t-1] + momentum*v[t-1]"


def test_a_wrapper_shows_what_it_does_and_the_rule_inside():
    names = [line.name for line in formula(rules.L2(rules.Adam()))]
    assert names == ["g'", "m", "v", "m_hat", "v_hat", "x"]


class Loop(Rule):
    """A rule with what a step may hold beside plain statements."""

    lr: Positive = 0.1

    def step(self, t, g, s, x):
        a, b = g, 2 * g
        for _ in range(2):
            b += a
        if self.lr is not None:
            c = b / 4
        return s, x - self.lr * c


class Child(Loop):
    """A rule that calls the one it derives from."""

    def step(self, t, g, s, x):
        g = 3 * g
        return super().step(t, g, s, x)


def test_loops_tuples_branches_and_super_are_seen_through():
    told = []
    rule = seen(Loop(), lambda name, value: told.append((name, value)) or value)
    assert rule.step(1, 1.0, Loop().init(0.0), 0.0)[1] == pytest.approx(-0.1)
    assert told == [("a", 1.0), ("b", 2.0), ("b", 3.0), ("b", 4.0), ("c", 1.0)]
    told.clear()
    rule = seen(Child(), lambda name, value: told.append((name, value)) or value)
    assert rule.step(1, 1.0, Child().init(0.0), 0.0)[1] == pytest.approx(-0.3)
    assert told == [("g", 3.0)]


def test_a_rule_typed_at_a_prompt_has_still_its_last_line():
    space = {"Rule": Rule, "Positive": Positive, "__name__": "__main__"}
    typed = (
        "class Typed(Rule):\n    lr: Positive = 0.1\n"
        "    def step(self, t, g, s, x):\n        d = self.lr * g\n        return s, x - d"
    )
    exec(compile(typed, "<prompt>", "exec", dont_inherit=True), space)
    assert [line.text() for line in formula(space["Typed"]())] == ["x = x[t-1] - lr*g"]


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("lr", r"\alpha"),
        ("b1", r"\beta_{1}"),
        ("m_hat", r"\hat{m}"),
        ("rho_inf", r"\rho_{\infty}"),
        ("weight_decay", r"\lambda"),
        ("x", "x"),
        ("warmup", r"\mathrm{warmup}"),
        ("d_max", r"d_{\max}"),
    ],
)
def test_names_become_letters(name, latex):
    assert latex_name(name) == latex


def test_a_step_index_joins_a_subscript():
    assert indexed("x", "t") == "x_{t}"
    assert indexed(r"\rho_{\infty}", "t") == r"\rho_{\infty,t}"
    assert indexed(r"\hat{m}", "t") == r"\hat{m}_{t}"


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        (0.1, "0.1", "0.1"),
        (-2.0, "-2", r"\left(-2\right)"),
        (1e-8, "1e-8", "10^{-8}"),
        (-2.5e-9, "-2.5e-9", r"\left(-2.5 \cdot 10^{-9}\right)"),
        (4.800058123, "4.800058", "4.800058"),
        (np.array([1.0, -2.0]), "(1, -2)", r"\left(1,\, -2\right)"),
        (math.inf, "inf", r"\infty"),
    ],
)
def test_numbers_are_short(value, text, latex):
    assert number_text(value) == text
    assert number_latex(value) == latex


def test_symbols_are_left_unsimplified():
    """0.9·0 stays to be seen; SymPy itself would make it 0."""
    rule = rules.Adam(lr=0.1)
    first = substituted(rule, 1, 10.0, rule.init(5.0), 5.0)[0]
    assert first.numbers_text == "0.9*0 + (1 - 0.9)*10"
    assert re.search(r"0\.9 \\cdot 0", first.numbers)
    assert sympy.Symbol("a") + sympy.Symbol("a") == 2 * sympy.Symbol("a")  # the setting is put back

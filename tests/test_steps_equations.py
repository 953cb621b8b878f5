"""Equations as text: what they come to, and how they are written, as symbols and with numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera.steps.equations import computed, kind, names_in, sides
from ladera.steps.printer import AsText
from ladera.steps.written import Writing, letter, lines, matrix_latex, matrix_text

H = np.array([[2.0, 1.0], [1.0, 3.0]])
VALUES = {
    **{"x": np.array([1.0, 2.0]), "x_new": np.array([0.5, 2.0]), "g": np.array([-6.0, 8.0])},
    **{"p": np.array([5.2, -4.4]), "s": np.array([1.0, -1.0]), "y": np.array([2.0, 3.0])},
    **{"H": H, "J": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), "D": np.diag([2.0, 3.0])},
    **{"r": np.array([1.0, -1.0, 2.0]), "alpha": 0.5, "lambda": 0.1, "rho": -1.0, "I": np.eye(2)},
}


def right(text: str) -> str:
    return lines(text, Writing())[0].right_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("p = -inv(H) @ g", -np.linalg.solve(H, VALUES["g"])),
        ("c = y @ s", -1.0),
        ("c = s @ (H @ s)", 3.0),
        ("c = norm(g)", 10.0),
        ("A = D**2", np.diag([4.0, 9.0])),
        ("A = outer(s, y)", [[2, 3], [-2, -3]]),
        ("A = size(-H)", H),
        ("u = J.T @ r", [1 - 3 + 10, 2 - 4 + 12]),
        ("c = maximum(1/3, rho**2 - 2)", 1 / 3),
        ("c = lambda*2", 0.2),
    ],
)
def test_what_an_equation_comes_to(text, value):
    np.testing.assert_allclose(computed(sides(text)[1], VALUES), value)


def test_the_update_of_bfgs_satisfies_the_secant_equation():
    pairs = {
        "S": np.array([[0.0, 0.0], [1.0, -1.0], [0.5, 2.0]]),
        "Y": np.array([[0.0, 0.0], [3.0, 1.0], [1.0, 2]]),
    }
    learnt = computed(sides("H = bfgs(I, S, Y)")[1], {**VALUES, **pairs})
    np.testing.assert_allclose(learnt @ pairs["Y"][2], pairs["S"][2])
    np.testing.assert_allclose(learnt, learnt.T)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("H @ g", "vector"),
        ("y @ s", "number"),
        ("H @ J", "matrix"),
        ("I - rho*outer(s, y)", "matrix"),
        ("alpha*p", "vector"),
        ("-J.T @ r", "vector"),
        ("norm(H)", "number"),
        ("x_new - x", "vector"),
        ("gradient(x)", "vector"),
    ],
)
def test_names_tell_what_an_expression_is(text, what):
    assert kind(sides(f"c = {text}")[1]) == what


@pytest.mark.parametrize(
    ("text", "plain", "latex"),
    [
        ("p = -inv(H) @ g", "p = -H⁻¹ g", "p_{k} &= -H_{k}^{-1} g_{k}"),
        ("x_new = x + alpha*p", "x[k+1] = x[k] + α p", r"x_{k+1} &= x_{k} + \alpha_{k} p_{k}"),
        ("rho = 1/(y @ s)", "ρ = 1/(yᵀ s)", r"\rho_{k} &= \frac{1}{y_{k}^{\top} s_{k}}"),
        ("H = hessian(x)", "H = ∇²f(x[k])", r"H_{k} &= \nabla^2 f(x_{k})"),
        ("p = -g + beta*p_old", "p = -g + β p[k-1]", r"p_{k} &= -g_{k} + \beta_{k} p_{k-1}"),
        (
            "(J.T @ J + lambda*D**2) @ p = -J.T @ r",
            "(Jᵀ J + λ D²) p = -Jᵀ r",
            r"\left(J_{k}^{\top} J_{k} + \lambda_{k} D_{k}^{2}\right) p_{k} &= -J_{k}^{\top} r_{k}",
        ),
        (
            "A = (I - rho*outer(s, y)) @ H",
            "A = (I - ρ s yᵀ) H",
            r"A_{k} &= \left(I - \rho_{k} s_{k} y_{k}^{\top}\right) H_{k}",
        ),
    ],
)
def test_how_symbols_are_written(text, plain, latex):
    (line,) = lines(text, Writing())
    assert line.text() == plain
    assert line.latex() == latex


def test_how_numbers_are_written():
    step = Writing(("0", "1", "2"))
    (line,) = lines("p = -inv(H) @ g", step, VALUES)
    assert line.text() == "p = -H⁻¹ g = -[2, 1; 1, 3]⁻¹·(-6, 8) = (5.2, -4.4)"
    assert line.latex().endswith(
        r"= -\left(\begin{matrix} 2 & 1 \\ 1 & 3 \end{matrix}\right)^{-1} \left(\begin{matrix} -6 \\ 8 "
        r"\end{matrix}\right) = \left(\begin{matrix} 5.2 \\ -4.4 \end{matrix}\right)"
    )
    (line,) = lines("x_new = x + alpha*p", step, VALUES)
    assert line.text() == "x[2] = x[1] + α p = (1, 2) + 0.5·(5.2, -4.4) = (0.5, 2)"
    (line,) = lines("c = y @ s", step, {**VALUES, "c": -1.0})
    assert line.text() == "c = yᵀ s = (2, 3)·(1, -1) = -1"


def test_a_system_is_written_with_its_numbers_and_its_solution():
    symbols, numbers, solution = lines("(H + lambda*I) @ p = -g", Writing(("0", "1", "2")), VALUES)
    assert symbols.text() == "(H + λ I) p = -g"
    assert numbers.text() == "[2.1, 1; 1, 3.1] p = (6, -8)"
    assert solution.text() == "p = (5.2, -4.4)"


def test_in_one_variable_all_are_numbers():
    values = {"H": np.array([[2.0]]), "g": np.array([-6.0]), "p": np.array([3.0]), "x": np.array([0.0])}
    step = Writing(("-1", "0", "1"), "w", alone=True)
    assert lines("p = -inv(H) @ g", step, values)[0].text() == "p = -H⁻¹ g = -2⁻¹·(-6) = 3"
    assert lines("H = hessian(x)", step, values)[0].text() == "H = f''(w[0]) = 2"
    values |= {"y": np.array([-2.0]), "s": np.array([4.0]), "rho": -0.125}
    assert lines("rho = 1/(y @ s)", step, values)[0].text() == "ρ = 1/(yᵀ s) = 1/((-2)·4) = -0.125"


def test_what_is_too_large_is_not_written_out():
    values = {"H": np.eye(9), "g": np.ones(9), "p": -np.ones(9)}
    line = lines("p = -inv(H) @ g", Writing(), values)[0]
    assert line.text() == "p = -H⁻¹ g = (" + ", ".join(["-1"] * 9) + ")"
    assert lines("H = hessian(x)", Writing(), values)[0].text() == "H = ∇²f(x[k])"


def test_names_and_letters():
    assert names_in("x_new = x + alpha*norm(p)") == ["x_new", "x", "alpha", "p"]
    assert [letter(name) for name in ("alpha", "lambda", "Delta", "p")] == ["α", "λ", "Δ", "p"]
    assert matrix_text(H) == "[2, 1; 1, 3]"
    assert matrix_latex(np.array([[2.0]])) == "2"


# ---- brackets: what is written means what was computed ----------------------------------------------

NUMBERS = {"alpha": -2.5, "beta": 3.0, "gamma": 0.5, "lambda": -0.25, "c": 7.0}
expressions = st.recursive(
    st.sampled_from([*NUMBERS, "2"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda e: f"-({e})"),
        inner.map(lambda e: f"({e})**2"),
        inner.map(lambda e: f"maximum(1, {e})"),
    ),
    max_leaves=7,
)


@settings(max_examples=300, deadline=None)
@given(expressions)
def test_brackets_are_where_they_are_needed(text):
    node = sides(f"c = {text}")[1]
    try:
        value = computed(node, NUMBERS)
    except ZeroDivisionError:
        return
    shown = AsText(lambda name: f"{NUMBERS[name]:g}", True, False).show(node)
    read = shown.replace("·", "*").replace("²", "**2")
    # a minus in front binds less tightly than a power, in Python as in what is read
    assert eval(read, {"max": max}) == pytest.approx(value, rel=1e-12)

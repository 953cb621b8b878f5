"""Traces and races of solvers: the table, the step with its numbers, the model, and what it cost."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from typer.testing import CliRunner

import ladera
from ladera import solvers, surfaces
from ladera.base import Status, UsageError
from ladera.cli import app
from ladera.locale import translator
from ladera.solvers import Result
from ladera.solvers._equations import charge
from ladera.solvers._objective import Counts
from ladera.steps.equations import computed, sides
from ladera.tracing import check_worksheet, trace, write_worksheet

SOLVERS = solvers.names()
VALLEY = surfaces.get("rosenbrock")


@functools.cache
def way(method: str, f: str = "rosenbrock", x0: tuple[float, ...] = (-1.2, 1.0), **settings):
    return trace(f, x0, method, 200, **settings)


def run(*arguments: str) -> str:
    answer = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert answer.exit_code == 0, answer.output
    return answer.stdout


# ---- the table ---------------------------------------------------------------------------------------


def test_newton_on_a_parabola_is_one_step():
    found = way("newton", "(w-3)^2", (0.0,))
    table = found.table()
    assert list(table) == ["k", "w", "f(w)", "f'(w)", "H", "p", "alpha", "evaluations", "w_new"]
    assert table.iloc[0].tolist() == [1, 0, 9, -6, 2, 3, 1, 4, 3]
    assert found.steps == 1
    assert found.code is Result.CONVERGED
    assert found.outcome == "converged"
    assert found.message == Result.CONVERGED.message


def test_its_card_has_the_numbers_of_the_course():
    card = way("newton", "(w-3)^2", (0.0,)).card(1).splitlines()
    assert card[1:] == [
        "w[0] = 0,  f = 9",
        "g = f'(w) = -6",
        "H = f''(w[0]) = 2",
        "p = -H⁻¹ g = -2⁻¹·(-6) = 3",
        "α = 1",
        "w[1] = w[0] + α p = 0 + 1·3 = 3",
        "w[1] = 3,  f = 0",
    ]
    latex = way("newton", "(w-3)^2", (0.0,)).latex(1)
    assert r"p_{0} &= -H_{0}^{-1} g_{0} = -2^{-1} \cdot \left(-6\right) = 3 \\" in latex


def test_bfgs_finds_the_bottom_of_a_round_bowl():
    found = way("bfgs", "(x-1)^2 + (y-2)^2", (-0.7, 0.3))
    np.testing.assert_allclose(found.x[-1], [1, 2], atol=1e-12)
    assert found.values["H"].shape == (found.steps, 2, 2)
    np.testing.assert_allclose(found.inside[-1]["H_new"], np.eye(2) / 2, atol=1e-12)


def test_least_squares_show_the_surfaces_own_f():
    found = way("lm")
    names = ["Delta", "lambda", "p_x", "p_y", "ratio", "evaluations", "x_new", "y_new"]
    assert list(found.table())[6:] == names
    np.testing.assert_allclose(found.fun, [VALLEY.value(x) for x in found.x], rtol=1e-12, atol=1e-28)
    np.testing.assert_allclose(
        found.gradients, [VALLEY.gradient(x) for x in found.x[:-1]], rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(found.x[-1], [1, 1], rtol=1e-12)


@pytest.mark.parametrize("method", SOLVERS)
def test_a_row_is_a_point_that_was_accepted(method):
    found = way(method)
    np.testing.assert_array_equal(found.points, found.x[:-1])
    np.testing.assert_allclose(found.fun, [VALLEY.value(x) for x in found.x], rtol=1e-9, atol=1e-20)
    assert (np.diff(found.fun) <= 1e-12).all()
    assert (np.diff(found.evaluations) >= 1).all()
    assert found.status == Status.FINISHED
    assert found.code is not None
    assert found.code.success
    assert not found.table().isna().to_numpy().any()
    found.card(found.steps)
    found.latex(found.steps)


@pytest.mark.parametrize("method", ["newton", "lm"])
def test_it_is_the_way_that_minimize_goes(method):
    found, solved = way(method), ladera.minimize("rosenbrock", (-1.2, 1.0), method)
    np.testing.assert_allclose(found.x[-1], solved.x, rtol=1e-12)
    assert found.steps == solved.nit
    assert found.code == solved.status
    own = Counts(*(getattr(solved, name) for name in Counts._fields))
    if method != "lm":  # the look around the end is not the method's own
        own = own._replace(nhev=own.nhev - 1)
    assert found.evaluations[-1] == charge(own, 2, solvers.get(method).needs)


def test_what_a_search_rejects_is_charged():
    spent = np.diff(way("bfgs").evaluations)
    assert spent.min() == 1
    assert spent.max() > 1


def test_charges_are_in_gradients():
    counts = Counts(nit=9, nfev=5, njev=5, nhev=2, nhvp=3)
    assert charge(counts, 10) == 5 + 2 * 10 + 3 * 2
    assert charge(Counts(nfev=5, njev=3), 10, "residuals") == 5 + 3 * 10


def test_a_rule_that_was_lifted_is_traced_as_the_rule():
    found = trace("valley", (-4, 3), solvers.make("adam", lr=0.3), 5)
    assert found.code is None
    assert "m_hat_x" in found.table()


def test_fewer_steps_end_without_a_reason():
    found = trace("rosenbrock", (-1.2, 1.0), solvers.BFGS(gtol=1e-9), 3)
    assert found.steps == 3
    assert found.code is Result.RUNNING
    assert found.message == ""
    assert found.outcome == "finished"
    np.testing.assert_array_equal(found.x, way("bfgs").x[:4])


def test_another_start_and_tolerance_compile_nothing():
    from ladera.tracing.by_solver import _program

    before = _program.cache_info().misses
    trace("rosenbrock", (2.0, 2.0), "bfgs", 5, gtol=1e-3)
    assert _program.cache_info().misses == before


# ---- what is shown is what ran -----------------------------------------------------------------------

WAYS = {name: (name, {}) for name in SOLVERS}
WAYS |= {f"cg, {beta}": ("cg", {"beta": beta}) for beta in ("fletcher-reeves",)}
OF_F = {
    **{"gradient": VALLEY.gradient, "hessian": VALLEY.hessian},
    **{"residuals": VALLEY.residual_values, "jacobian": VALLEY.jacobian},
}


def off(text: str, told: dict, of_f: dict) -> float:
    """How far the sides of an equation are apart, relative to the larger one; numbers below 1e-10
    are rounding of the numbers that they were made of."""
    left, right = (computed(side, told, of_f) for side in sides(text))
    scale = max(np.max(np.abs(left)), np.max(np.abs(right)), 1e-3)
    return float(np.max(np.abs(left - right)) / scale)


def holds(found, of_f) -> set[str]:
    """Checks every equation of every step; those that were there."""
    seen = set()
    for told in found.inside:
        for equation in found.method.equations():
            if (not equation.when or told[equation.when]) and "=" in equation.text:
                assert off(equation.text, told, of_f) < 1e-8, equation
                seen.add(equation.text)
    return seen


@pytest.mark.parametrize("case", WAYS)
def test_every_equation_holds_for_the_numbers_that_ran(case):
    method, settings = WAYS[case]
    found = way(method, **settings)
    seen = holds(found, OF_F)
    assert any(text.startswith("x_new = ") for text in seen)
    assert len(seen) >= 3
    wrong = next(told for told in found.inside if np.abs(told["p"]).max() > 1e-3)
    assert off("x_new = x - p", wrong, OF_F) > 1e-4  # so that holding means something


@pytest.mark.parametrize("method", ["newton", "trust"])
def test_the_equations_of_a_saddle_hold_too(method):
    found = way(method, "bounded-saddle", (1.5, 0.0))
    surface = found.surface
    seen = holds(found, {"gradient": surface.gradient, "hessian": surface.hessian})
    assert {"newton": "H @ p = c*p", "trust": "(H + lambda*I) @ p = -g"}[method] in seen
    assert abs(found.x[-1, 1]) == pytest.approx(np.sqrt(2), rel=1e-6)


def test_newtons_direction_is_that_of_numpy():
    found = way("newton")
    for k in range(found.steps):
        if found.inside[k]["rising"]:
            p = -np.linalg.solve(VALLEY.hessian(found.x[k]), found.gradients[k])
            np.testing.assert_allclose(found.values["p"][k], p, rtol=1e-9)


def test_bfgs_learns_the_secant_equation():
    found = way("bfgs")
    for told in found.inside:
        np.testing.assert_allclose(told["H_new"] @ told["y"], told["s"], rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(told["H_new"], told["H_new"].T, atol=1e-12)


def test_a_step_of_least_squares_shows_the_system_that_it_solves():
    card = way("lm").card(2)
    assert "(Jᵀ J + λ D²) v = -Jᵀ r\n[" in card
    told = way("lm").inside[1]
    J, r = VALLEY.jacobian(way("lm").x[1]), VALLEY.residual_values(way("lm").x[1])
    matrix = J.T @ J + told["lambda"] * told["D"] ** 2
    np.testing.assert_allclose(matrix @ told["v"], -J.T @ r, rtol=1e-9)


# ---- wrong use, worksheets -------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rosenbrock", (1, 1), "newtn"), "'newton'"),
        (("3x^2 + y^2", (1, 1), "lm"), "sum of squares"),
        (("rosenbrock", (1, 1), "bfgs", 0), "from 1 to"),
    ],
)
def test_wrong_use_is_one_clear_sentence(arguments, said):
    with pytest.raises(UsageError) as error:
        trace(*arguments)
    assert said in str(error.value)


def test_hyperparameters_are_checked():
    with pytest.raises(UsageError, match="'gtol'"):
        trace("rosenbrock", (1, 1), "bfgs", 3, gtl=1e-3)
    with pytest.raises(UsageError, match="hager-zhang"):
        trace("rosenbrock", (1, 1), "cg", 3, beta="hestenes")


def test_a_variable_of_a_letters_name_is_called_x():
    card = trace("y^2 + y^4", 1.0, "bfgs", 2).card(1)
    assert "y = g[1] - g = " in card
    assert "x[1] = x[0] + α p" in card


def test_a_large_matrix_is_not_written_out():
    f = " + ".join(f"(x{i} - {i})^2" for i in range(1, 9))
    found = trace(f, [0.0] * 8, "newton", 1)
    card = found.card(1)
    with pytest.raises(UsageError, match="one or two variables"):
        found.figure(model=1)
    assert "p = -H⁻¹ g = (" in card
    assert "[" not in card.partition("H =")[2].partition("\n")[0].replace("x[0]", "")


def test_worksheets(tmp_path):
    found = way("newton", "(w-3)^2", (0.0,))
    path = write_worksheet(found, tmp_path / "sheet.csv")
    assert path.read_text(encoding="utf-8").splitlines()[1] == "1,0,,,,,,,"
    path.write_text(path.read_text(encoding="utf-8").replace("1,0,,,,,,,", "1,0,9,-6,2,3,1,5,"))
    verdicts = {m.column: m.verdict for m in check_worksheet(found, path)}
    assert verdicts["H"] == verdicts["p"] == "right"
    assert verdicts["evaluations"] == "wrong"
    assert verdicts["w_new"] == "blank"


def test_spanish_tables_and_sentences():
    found = way("newton", "(w-3)^2", (0.0,))
    assert list(found.table("es"))[-1] == "w_nuevo"
    assert found.told(translator("es")) != found.message
    assert found.card(1, "es").splitlines()[1:] == found.card(1).splitlines()[1:]
    assert found.card(1, "es").splitlines()[0] != found.card(1).splitlines()[0]

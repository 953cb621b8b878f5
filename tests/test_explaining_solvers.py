"""What is said of a solver: read off its class, checked against what it does and against who else has it."""

from __future__ import annotations

import itertools
import json

import jax
import jax.numpy as jnp
import jax.scipy.optimize
import numpy as np
import optax
import pytest
import scipy.optimize
import torch

import ladera
from ladera import rules, solvers
from ladera.base import UsageError
from ladera.explaining import explain
from ladera.explaining.captions import solver_evidence, solver_picture_words
from ladera.explaining.letters import ELSEWHERE, letters
from ladera.explaining.solver_page import markdown, overview
from ladera.locale import languages, translator
from ladera.solvers import Result
from ladera.solvers._objective import Objective, Residuals

EN = translator("en")
NAMES = solvers.names()
each = pytest.mark.parametrize("name", NAMES)


def rows(text: str, first: str) -> dict[str, list[str]]:
    """A table of a page by its first column, found by its first heading."""
    lines = text.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith(f"| {first} |"))
    shown = itertools.takewhile(lambda line: line.startswith("|"), lines[start:])
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in shown]
    return {row[0]: row[1:] for row in cells}


@each
@pytest.mark.parametrize("lang", languages())
def test_everything_there_is_to_say_is_said(name, lang):
    e = explain(name, lang)
    assert e.kind == "solver"
    assert e.name == name
    assert e.summary
    assert e.paper
    assert e.latex().startswith(r"\begin{aligned}")
    assert r"x_{k+1} &= x_{k}" in e.latex()
    assert all(h.meaning for h in e.hyperparameters)
    assert json.loads(json.dumps(e.as_dict()))["kind"] == "solver"
    assert e.code().startswith(f"class {e.title}(")
    assert str(e).startswith(f"{e.title}: ")
    assert e._repr_markdown_() == e.markdown()


@each
def test_every_letter_of_the_equations_is_explained(name):
    """But x, the identity, f itself, and quantities that an equation defines in words of its own."""
    solver = solvers.make(name)
    from ladera.steps.equations import names_in, parts

    used = {parts(n)[0] for equation in solver.equations() for n in names_in(equation.text)}
    assert used - set(letters(solver)) <= {"x", "f", "I"}


@each
def test_what_it_asks_for_is_what_it_calls(name):
    """Seen by running its steps on shapes alone, with an objective that notes what is called."""
    solver, asked = solvers.make(name), set()
    base = Residuals if solver.needs == "residuals" else Objective

    class Noted(base):
        def value_and_grad(self, x):
            asked.add("gradient")
            return super().value_and_grad(x)

        def hessian(self, x):
            asked.add("hessian")
            return super().hessian(x)

        def hvp(self, x, v):
            asked.add("products")
            return super().hvp(x, v)

        def jacobian(self, x):
            asked.update(("residuals", "jacobian"))
            return super().jacobian(x)

    def valley(x):
        r = jnp.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])
        return r if solver.needs == "residuals" else r @ r

    f = Noted(valley)
    with jax.enable_x64(True):
        x = jax.ShapeDtypeStruct((2,), jnp.float64)
        jax.eval_shape(lambda x: solver.step(f, solver.init(f, x)), x)
    assert asked == set(solver.asks)


@each
def test_codes_are_those_that_it_can_end_with(name):
    codes = explain(name).codes
    assert {Result.CONVERGED, Result.SETTLED, Result.MAX_STEPS, Result.NOT_FINITE} <= set(codes)
    assert (Result.SADDLE in codes) == (solvers.get(name).needs == "value")
    assert Result.RUNNING not in codes
    assert Result.DIVERGED not in codes  # that is how rules end


@each
def test_the_page_says_every_hyperparameter_with_its_default(name):
    e = explain(name)
    told = rows(markdown(e), "name")
    assert [k.strip("`") for k in told if k.startswith("`")] == [h.name for h in e.hyperparameters]
    for h in e.hyperparameters:
        domain, default, meaning = told[f"`{h.name}`"]
        assert default == f"`{h.default}`"
        assert meaning.replace("\\|", "|") == h.meaning
        assert domain.startswith(h.domain.partition(" or")[0] or "flag")


def test_what_is_given_is_put_where_it_belongs():
    text = markdown(explain("bfgs"), picture="PICTURE", card="CARD", evidence="EVIDENCE")
    parts = ("## Equations", "PICTURE", "CARD", "## Hyper", "## How it ends", "EVIDENCE", "## Code")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "Line search: StrongWolfe." in text
    assert "Line search" not in markdown(explain("trust"))


def test_conditions_are_told_in_words():
    said = explain("newton").formula_text().splitlines()
    assert said[0] == "H = ∇²f(x[k])"
    assert said[1] == "p = -H⁻¹ g"
    assert "B = |H|   (where a curvature of H is not positive)" in said
    assert r"\quad \text{(found by the line search)}" in explain("newton").latex()


def test_a_flag_chooses_the_equations():
    assert "β[k+1] = g[k+1]ᵀ g[k+1]/(gᵀ g)" in explain("cg", beta="fletcher-reeves").formula_text()
    assert "β[k+1] = max(g[k+1]ᵀ y/(gᵀ g), 0)" in explain("cg", beta="polak-ribiere").formula_text()


def test_the_overview_links_each_page():
    told = rows(overview([explain(name) for name in NAMES], lambda name: f"{name}.md", EN), "solver")
    assert set(told) - {"solver", "---"} == {f"[{solvers.get(n).__name__}]({n}.md)" for n in NAMES}
    assert told["[LBFGS](lbfgs.md)"][2:] == ["✓", "–"]
    assert told["[Newton](newton.md)"][2:] == ["–", "✓"]


def test_a_class_and_a_solver_are_explained_too():
    assert explain(solvers.Newton).name == "newton"
    assert explain(solvers.BFGS(gtol=1e-3)).hyperparameters[0].default == 1e-3
    assert explain("levenberg-marquardt").name == "lm"
    with pytest.raises(UsageError, match="'newton'"):
        explain("newtn")


def test_the_catalogue_has_the_rules_and_then_the_solvers():
    found = ladera.catalogue()
    assert [e.name for e in found] == [*rules.names(), *NAMES]
    assert [e.kind for e in found].count("solver") == len(NAMES)


def test_who_else_has_the_method_has_it():
    assert set(NAMES) <= set(ELSEWHERE)
    theirs = {
        "SciPy": {"minimize": scipy.optimize.minimize, "least_squares": scipy.optimize.least_squares},
        "PyTorch": {"optim": torch.optim},
        "JAX": {"scipy": jax.scipy},
        "optax": {"lbfgs": optax.lbfgs},
    }
    for places in ELSEWHERE.values():
        for place, called in places.items():
            path, _, method = called.partition("(method='")
            function = eval(path, theirs[place])
            if place == "SciPy":
                given = {} if path == "least_squares" else {"jac": lambda x: 2 * x}
                given |= {"hess": lambda x: np.array([[2.0]])} if "trust" in method else {}
                assert function(lambda x: x @ x, [1.0], method=method.rstrip("')"), **given).x is not None
            assert callable(function)


def test_the_caption_and_the_evidence_tell_what_was_measured():
    said = solver_picture_words("bfgs", "x^2", (-1.2, 1.0), [24.2, 1.0, 3e-16], [1, 3, 4], 2, EN)
    assert said == (
        "2 steps of bfgs on f = x^2 from (-1.2, 1). f falls from 24.2 to 3e-16, for 4 gradient evaluations "
        "in all. Dashed: where the quadratic model of step 2 has one value."
    )
    counts = {"nit": 3, "nfev": 4, "njev": 4, "nhev": 0, "nhvp": 0, "fun": 3e-16}
    measured = {"scipy": "1.17", "rows": [{"function": "beale", "who": "Ladera", **counts}]}
    told = solver_evidence(measured, EN)
    assert "| `beale` | Ladera | 3 | 4 | 4 | 0 | 0 | 3e-16 |" in told
    assert "SciPy 1.17" in told
    assert solver_evidence({}, EN) == ""

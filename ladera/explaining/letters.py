"""What the letters of the solvers' equations stand for, and who else has the methods."""

from __future__ import annotations

from ladera.locale import N_
from ladera.solvers import Solver
from ladera.steps.equations import names_in, parts

__all__ = ["ELSEWHERE", "letters"]

_LETTERS = {
    "g": N_("gradient of f at x"),
    "H": N_("Hessian of f at x"),
    "B": N_("the Hessian with each curvature by its size"),
    "c": N_("the least curvature"),
    "p": N_("direction of the step"),
    "alpha": N_("how far to go along it, found by the line search"),
    "beta": N_("share of the last direction that is kept"),
    "s": N_("the step that was taken"),
    "y": N_("change of the gradient along it"),
    "rho": N_("one over the curvature along s"),
    "gamma": N_("curvature along the newest step, inverted: the scale that the memory starts from"),
    "S": N_("the steps that are kept, a row each"),
    "Y": N_("the changes of the gradient that are kept, a row each"),
    "Delta": N_("radius within which the quadratic is believed"),
    "lambda": N_("damping: the larger, the shorter the step and the nearer to steepest descent"),
    "ratio": N_("what f fell by, as a share of what the quadratic promised"),
    "q": N_("the Hessian times the step"),
    "r": N_("residuals, whose squares added up are f"),
    "eta": N_("share of the gradient that is left unsolved"),
    "J": N_("Jacobian of the residuals, a row per residual"),
    "D": N_("scale of every parameter, on the diagonal"),
    "u": N_("how the residuals change, by their tangent"),
    "v": N_("step without its bend"),
    "a": N_("bend of the step: half its second derivative"),
    "h": N_("the residuals' second derivative along v, times the Jacobian"),
}
_INVERSE = N_("inverse Hessian, as far as it was learnt")
_STEP = N_("the step")
# Where a letter stands for something else.
_OWN = {
    "bfgs": {"H": _INVERSE},
    "lbfgs": {"H": _INVERSE},
    "trust": {"p": _STEP},
    "newton-cg": {"p": _STEP, "r": N_("what is left of the equation H p = -g")},
    "lm": {"p": _STEP, "c": N_("by how much a poor step shortens the next")},
}

# Who else has the method: place -> name there, checked by the tests against what is installed.
ELSEWHERE: dict[str, dict[str, str]] = {
    "newton": {},
    "trust": {"SciPy": "minimize(method='trust-exact')"},
    "newton-cg": {"SciPy": "minimize(method='trust-ncg')"},
    "bfgs": {"SciPy": "minimize(method='BFGS')", "JAX": "scipy.optimize.minimize(method='BFGS')"},
    "lbfgs": {"SciPy": "minimize(method='L-BFGS-B')", "PyTorch": "optim.LBFGS", "optax": "lbfgs"},
    "cg": {"SciPy": "minimize(method='CG')"},
    "gauss-newton": {},
    "lm": {"SciPy": "least_squares(method='lm')"},
}


def letters(solver: Solver) -> dict[str, str]:
    """Letter -> what it stands for (a template), in the order of the solver's equations."""
    known, found = _LETTERS | _OWN.get(solver.name(), {}), {}
    for equation in solver.equations():
        for name in names_in(equation.text):
            base = parts(name)[0]
            if base in known:
                found[base] = known[base]
    return found

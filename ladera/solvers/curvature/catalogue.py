"""Which solvers train networks, under which names, and how each is asked to."""

from __future__ import annotations

import hashlib
import inspect
import sys

from ladera import solvers
from ladera.base import UsageError
from ladera.solvers._solver import Solver
from ladera.solvers.curvature._curved import Curved
from ladera.solvers.curvature.gauss_newton import GeneralizedGaussNewton
from ladera.solvers.curvature.kfac import KFAC
from ladera.solvers.curvature.levenberg_marquardt import GeneralizedLevenbergMarquardt
from ladera.solvers.lifted import Lifted

__all__ = ["identity", "make", "matrices", "title"]

# What a name, or a solver for least squares, stands for where a network is trained.
_ON_NETWORKS: dict[str, type[Solver]] = {
    "gauss-newton": GeneralizedGaussNewton,
    "kfac": KFAC,
    "lm": GeneralizedLevenbergMarquardt,
    "levenberg-marquardt": GeneralizedLevenbergMarquardt,
}
_DENSE = ("newton", "trust")  # they need the Hessian itself
_TITLES = {
    "bfgs": "BFGS",
    "cg": "Conjugate gradients",
    "gauss-newton": "Gauss-Newton",
    "kfac": "K-FAC",
    "lbfgs": "L-BFGS",
    "lm": "Levenberg-Marquardt",
    "newton-cg": "Newton-CG",
}


def make(asked: str | Solver | type[Solver]) -> Solver:
    """The solver as it trains a network. Raises UsageError for one that cannot."""
    if isinstance(asked, str):
        name = asked.lower().replace("_", "-")
        if name in _ON_NETWORKS:
            return _ON_NETWORKS[name]()
        asked = solvers.get(name)
    solver = asked() if isinstance(asked, type) else asked
    if isinstance(solver, Lifted):
        raise UsageError(
            "In a comparison a rule learns from mini-batches, received the rule {rule} as a solver; give the "
            "rule itself, and a batch of all training examples for full batches.",
            rule=solver.describe(),
        )
    if isinstance(solver, Curved) or (solver.needs == "value" and solver.name() not in _DENSE):
        return solver
    if solver.name() in _ON_NETWORKS:
        twin, changed = _ON_NETWORKS[solver.name()], solver.changed()
        if unknown := sorted(changed.keys() - twin.defaults().keys()):
            raise UsageError(
                "{solver} has no {name} where it trains a network; its hyperparameters there are: {known}.",
                solver=title(solver),
                name=unknown[0],
                known=", ".join(twin.defaults()),
            )
        return twin(**changed)
    raise UsageError(
        "The solver {solver} does not train networks: it needs the Hessian itself, or residuals, of one "
        "vector; take newton-cg, lbfgs, lm or kfac.",
        solver=solver.describe(),
    )


def title(solver: Solver) -> str:
    """What a reader is told it is."""
    return _TITLES.get(_TITLED.get(solver.name(), solver.name()), solver.title())


_TITLED = {"levenberg-marquardt": "lm"}


def matrices(solver: Solver) -> int:
    """How many matrices of the size of all parameters squared it keeps at a time."""
    if isinstance(solver, Curved):
        return 3 if solver.forms_matrix else 0
    return 2 if solver.name() == "bfgs" else 0


def identity(solver: Solver) -> str:
    """What makes it the same method as another: ours by version, yours by source text."""
    cls = type(solver)
    if cls.__module__.startswith("ladera.solvers."):
        return f"{solver.name()}-{getattr(cls, 'version', 1)}"
    try:
        source = inspect.getsource(cls if cls.__module__ == "__main__" else sys.modules[cls.__module__])
    except (KeyError, OSError, TypeError):  # typed at a prompt: no text, but still its instructions
        source = repr((cls.defaults(), cls.init.__code__.co_code, cls.step.__code__.co_code))
    return f"{solver.name()}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"

"""Methods for one whole vector, first and second order: one file per solver, found by its name.

A solver joins by existing: every public file of this folder holds the class of the same name.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

from ladera.base import UsageError, unknown_name

if TYPE_CHECKING:  # for editors and type checkers; at run time a solver is imported when it is named
    from ladera.solvers._solver import Solver, State
    from ladera.solvers.bfgs import BFGS as BFGS
    from ladera.solvers.cg import CG as CG
    from ladera.solvers.curvature import KFAC as KFAC
    from ladera.solvers.gauss_newton import GaussNewton as GaussNewton
    from ladera.solvers.lbfgs import LBFGS as LBFGS
    from ladera.solvers.levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
    from ladera.solvers.lifted import Lifted as Lifted
    from ladera.solvers.newton import Newton as Newton
    from ladera.solvers.newton_cg import NewtonCG as NewtonCG
    from ladera.solvers.result import Result
    from ladera.solvers.trust import Trust as Trust

__all__ = ["Result", "Solver", "State", "get", "has", "make", "names"]

_SHORT = {"levenberg-marquardt": "lm"}  # what everybody calls it
_NO_SOLVERS = ("lifted", "result")  # a rule as a solver; how a solver ended


def names() -> list[str]:
    """Every solver known, as on the command line, in alphabetical order."""
    stems = (name.replace("_", "-") for name in _files() if name not in _NO_SOLVERS)
    return sorted(_SHORT.get(stem, stem) for stem in stems)


@functools.cache
def _files() -> tuple[str, ...]:
    """The public files, read once: a warm minimisation takes hardly longer than reading a folder."""
    found = pkgutil.iter_modules(__path__)
    return tuple(m.name for m in found if not m.ispkg and not m.name.startswith("_"))


def has(name: str) -> bool:
    """Whether a name is a solver's. JAX is not imported to tell."""
    return name.lower().replace("_", "-") in {*names(), *_SHORT}


def get(name: str) -> type[Solver]:
    """The solver class of a command-line name. Raises UsageError, with the nearest, for another."""
    known = names()
    asked = _SHORT.get(name.lower().replace("_", "-"), name.lower().replace("_", "-"))
    if asked not in known:
        raise unknown_name("solver", name, known)
    long = {short: stem for stem, short in _SHORT.items()}.get(asked, asked)
    return _class_in(importlib.import_module(f"{__name__}.{long.replace('-', '_')}"))


def make(asked: Any, **hyperparameters: Any) -> Solver:
    """The solver that is asked for: its name, its class, or a solver, some hyperparameters replaced;
    or a rule (its name, class, or itself), which is lifted to a solver.

    Raises UsageError for what is none of these, an unknown name (with the nearest), and a
    hyperparameter that is unknown or outside its domain.
    """
    from ladera import rules
    from ladera.solvers._solver import Solver
    from ladera.solvers.lifted import Lifted

    if isinstance(asked, str) and has(asked):
        asked = get(asked)
    if isinstance(asked, type) and issubclass(asked, Solver):
        return asked.create(**hyperparameters)
    if isinstance(asked, Solver):
        return asked.replace(**hyperparameters) if hyperparameters else asked
    if isinstance(asked, str) and ":" not in asked and asked.lower() not in rules.names():
        raise unknown_name("solver", asked, [*names(), *rules.names()])
    if not isinstance(asked, (str, type, rules.Rule)):
        raise UsageError("A method is a name, a solver or a rule, received {received!r}.", received=asked)
    own = {name: hyperparameters.pop(name) for name in Lifted.OWN if name in hyperparameters}
    return Lifted(rule=rules.make(asked, **hyperparameters), **own)


def _class_in(module: Any) -> type[Solver]:
    from ladera.solvers._solver import Solver

    return next(
        c
        for c in vars(module).values()
        if inspect.isclass(c) and issubclass(c, Solver) and c.__module__ == module.__name__
    )


def __getattr__(name: str) -> Any:
    if name in ("Solver", "State"):
        return getattr(importlib.import_module(f"{__name__}._solver"), name)
    if name == "Result":
        return importlib.import_module(f"{__name__}.result").Result
    if name == "KFAC":  # of networks alone: it has no name among the methods
        return importlib.import_module(f"{__name__}.curvature").KFAC
    if not name.startswith("_"):
        for module in _files():
            if module.replace("_", "") == name.lower():
                return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

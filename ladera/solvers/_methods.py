"""A method by any of its names: an update rule, or a solver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ladera import rules, solvers
from ladera.base import unknown_name
from ladera.hyperparameters import Hyperparameters
from ladera.rules import Rule

if TYPE_CHECKING:
    from ladera.solvers import Solver

__all__ = ["method_of"]


def method_of(asked: Any, **hyperparameters: Any) -> Rule | Solver:
    """The rule or the solver that is asked for: a name, "file.py:Rule", a rule, a solver, or its class;
    of a rule that was lifted to a solver the rule.

    JAX, on which solvers are written, is imported for a solver only. Raises UsageError for an unknown
    name, with the nearest one, and as `rules.make` and `solvers.make` do.
    """
    if isinstance(asked, str):
        asked = asked.strip()
        if ":" not in asked and asked.lower() not in rules.names() and not solvers.has(asked):
            raise unknown_name("solver", asked, [*rules.names(), *solvers.names()])
    kind = asked if isinstance(asked, type) else type(asked)
    is_solver = issubclass(kind, Hyperparameters) and not issubclass(kind, Rule)
    if is_solver or (isinstance(asked, str) and solvers.has(asked)):
        made = solvers.make(asked, **hyperparameters)
        return made.rule if isinstance(made, solvers.Lifted) else made
    return rules.make(asked, **hyperparameters)

"""What a rule is, from its file alone: formula, hyperparameters, paper, dialects, symmetries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeGuard

from ladera import rules, schedules, solvers
from ladera.base import UsageError, unknown_name
from ladera.explaining.explained import Explained, Hyperparameter
from ladera.explaining.function import FunctionExplanation, function_named, function_names
from ladera.locale import translator
from ladera.rules import FRAMEWORKS, Rule, Wrapper
from ladera.schedules import Schedule
from ladera.solvers._methods import method_of
from ladera.steps import Line, formula
from ladera.symmetries import symmetries

if TYPE_CHECKING:
    from ladera.explaining.schedule import ScheduleExplanation
    from ladera.explaining.solver import SolverExplanation
    from ladera.solvers import Solver

__all__ = ["Explanation", "catalogue", "check_name", "explain", "explain_method", "is_schedule"]


@dataclass(frozen=True)
class Explanation(Explained):
    """A rule explained; `rule` is one with its values, as it was asked for."""

    rule: Rule
    lang: str
    kind: ClassVar[Literal["rule"]] = "rule"

    @property
    def method(self) -> Rule:
        return self.rule

    @property
    def lines(self) -> list[Line]:
        """The statements of one step, read off the code.

        Raises UsageError where the code cannot be run on symbols.
        """
        try:
            return formula(self.rule)
        except Exception as error:
            raise UsageError(
                "The formula of {rule} cannot be read off its code ({kind}: {error}); a rule uses infix "
                "operators and the functions of ladera.rules.xp alone.",
                rule=self.title,
                kind=type(error).__name__,
                error=error,
            ) from error

    @property
    def matrix_lines(self) -> list[Line]:
        """The same on a matrix, where a rule of blocks does something else there; empty where it does
        not, or where its code looks at numbers and can only be read itself."""
        if self.rule.scope != "block":
            return []
        try:
            found = formula(self.rule, matrices=True)
        except Exception:  # whatever a symbol cannot be asked
            return []
        return [] if [line.text() for line in found] == [line.text() for line in self.lines] else found

    def latex(self) -> str:
        """The formula as an `aligned` block; on a matrix where that is another."""
        return _aligned(self.matrix_lines or self.lines)

    def vector_latex(self) -> str:
        """The formula on a vector."""
        return _aligned(self.lines)

    def formula_text(self) -> str:
        return "\n".join(line.text() for line in self.matrix_lines or self.lines)

    @property
    def hyperparameters(self) -> list[Hyperparameter]:
        """Every hyperparameter, those of a rule inside first."""
        wrapped = self.rule.rule if isinstance(self.rule, Wrapper) else None
        inside = Explanation(wrapped, self.lang).hyperparameters if wrapped else []
        return inside + self._of(self.rule)

    @property
    def dialects(self) -> dict[str, dict[str, Any]]:
        """Framework -> the hyperparameters and flags in which it differs from the paper's."""
        cls = type(self.rule)
        return {name: dict(cls.dialects[name]) for name in FRAMEWORKS if name in cls.dialects}

    @property
    def symmetries(self) -> dict[str, bool]:
        """What may be done to the coordinates without changing the way, found by experiment."""
        return symmetries(self.rule)

    def as_dict(self) -> dict[str, Any]:
        of_rules = {"scope": self.rule.scope, "evaluations": self.rule.evaluations}
        return {
            "kind": self.kind,
            **super().as_dict(),
            **of_rules,
            "dialects": self.dialects,
            "symmetries": self.symmetries,
        }

    def markdown(self) -> str:
        from ladera.explaining.page import markdown

        return markdown(self)


def explain(
    method: str | Rule | Solver | Schedule | type[Rule | Solver | Schedule],
    lang: str = "en",
    **hyperparameters: Any,
) -> Explanation | SolverExplanation | ScheduleExplanation | FunctionExplanation:
    """Explain a rule: its formula read off its code, hyperparameters, paper, dialects, symmetries. Or a
    solver: its equations, hyperparameters, paper, what it asks of a function, and how it ends. Or a
    schedule: its formula, hyperparameters, paper, and a training drawn. Or an activation or a loss: its
    formula, derivative, range or stability, and a `figure()` of both.

    method: a name ("adam", "lm", "relu", "huber:0.5"), "file.py:Rule", "cosine:0.1", a rule, a solver, a
        schedule, a class, or a rule that `like` made. lang: "en" or "es". Raises UsageError for an unknown
        name or language, and for hyperparameters of an activation or a loss.
    """
    translator(lang)
    if is_schedule(method):
        from ladera.explaining.schedule import ScheduleExplanation

        return ScheduleExplanation(schedules.make(method).replace(**hyperparameters), lang)
    if isinstance(method, str) and (function := function_named(method, lang)):
        if hyperparameters:
            raise UsageError(
                "The function '{name}' has no hyperparameter '{received}'; a loss's number stands behind its "
                "name, as in huber:0.5.",
                name=function.name,
                received=next(iter(hyperparameters)),
            )
        return function
    return explain_method(method, lang, **hyperparameters)


def explain_method(method: Any, lang: str = "en", **hyperparameters: Any) -> Explanation | SolverExplanation:
    """Explain a rule or a solver, as `explain` does. Raises UsageError for an unknown name."""
    check_name(method)
    made = method_of(method, **hyperparameters)
    if isinstance(made, Rule):
        return Explanation(made, lang)
    from ladera.explaining.solver import SolverExplanation

    return SolverExplanation(made, lang)


def is_schedule(method: object) -> TypeGuard[str | Schedule | type[Schedule]]:
    """Whether it is a schedule, a class of schedules or a text that begins with the name of one."""
    if isinstance(method, str):
        return method.partition(":")[0].strip().lower() in schedules.names()
    return isinstance(method, Schedule) or (isinstance(method, type) and issubclass(method, Schedule))


def check_name(method: object) -> None:
    """Raise UsageError, with the nearest of all names, where nothing that is explained has that name."""
    if isinstance(method, str) and ":" not in method:
        name, methods = method.strip(), [*rules.names(), *solvers.names()]
        known = [*methods, *schedules.names(), *function_names()]
        if name.lower() not in known and not solvers.has(name):
            raise unknown_name("explained", name, known)


def catalogue(lang: str = "en") -> list[Explanation | SolverExplanation]:
    """Every rule, then every solver, explained, each kind in alphabetical order."""
    return [explain_method(name, lang) for name in (*rules.names(), *solvers.names())]


def _aligned(lines: list[Line]) -> str:
    before = [line for line in lines if line.left in ("y_{t}", "p_{t}")]
    at = before[-1].left if before else "x_{t-1}"
    start = [line.latex() for line in before]
    rest = [line.latex() for line in lines if line not in before]
    slope = rf"g_{{t}} &= \nabla f({at})"
    body = " \\\\\n".join([*start, slope, *rest])
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

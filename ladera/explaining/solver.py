"""What a solver is, from its file alone: equations, hyperparameters, paper, what it asks for, how it ends."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ladera.explaining.docstrings import summary
from ladera.explaining.explained import Explained
from ladera.explaining.letters import ELSEWHERE, letters
from ladera.locale import N_
from ladera.solvers import Result, Solver
from ladera.steps.formula import Line
from ladera.steps.written import Writing, lines

__all__ = ["ASKS", "SolverExplanation"]

# What a solver asks of a function, and what that is charged in evaluations of the gradient.
ASKS = {
    "gradient": N_("f and its gradient (1)"),
    "hessian": N_("its Hessian (d)"),
    "products": N_("products of the Hessian with a vector (2 each)"),
    "residuals": N_("the residuals (1)"),
    "jacobian": N_("their Jacobian (d)"),
}


@dataclass(frozen=True)
class SolverExplanation(Explained):
    """A solver explained; `solver` is one with its values, as it was asked for."""

    solver: Solver
    lang: str
    kind: ClassVar[Literal["solver"]] = "solver"

    @property
    def method(self) -> Solver:
        return self.solver

    @property
    def lines(self) -> list[tuple[Line, str]]:
        """The equations of a step that is taken, each with its condition in words, "" where it always
        holds."""
        found = []
        for equation in self.solver.equations():
            (line,) = lines(equation.text, Writing())
            if line.right or equation.said:
                found.append((line, self._translated(equation.said)))
        return found

    def latex(self) -> str:
        rows = [_row(line.latex(), said) for line, said in self.lines]
        body = " \\\\\n".join([r"g_{k} &= \nabla f(x_{k})", *rows] if "g" in self.letters else rows)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def formula_text(self) -> str:
        rows = [
            line.text().removesuffix(" = ") + (f"   ({said})" if said else "") for line, said in self.lines
        ]
        return "\n".join(rows)

    @property
    def letters(self) -> dict[str, str]:
        """What the letters of the equations stand for."""
        return {name: self._(said) for name, said in letters(self.solver).items()}

    @property
    def search(self) -> tuple[str, str, str] | None:
        """The line search: its name, what it does, and its paper; None where the method has none."""
        search = getattr(self.solver, "search", None)
        if search is None:
            return None
        said = summary(type(search))
        return type(search).__name__, self._(said), search.paper

    @property
    def asks(self) -> list[str]:
        """What it asks of a function, with what each evaluation is charged."""
        return [self._(ASKS[name]) for name in self.solver.asks]

    @property
    def codes(self) -> list[Result]:
        """How it may end, read off the code of its files and of those whose parts it is made of."""
        own = {cls.__module__ for cls in type(self.solver).__mro__ if issubclass(cls, Solver)}
        parts = {getattr(part, "__module__", "") for name in own for part in vars(sys.modules[name]).values()}
        files = own | {name for name in parts if str(name).startswith("ladera.solvers._")}
        texts = [inspect.getsource(sys.modules[name]) for name in sorted(files)]
        found = {name for text in texts for name in re.findall(r"\bResult\.([A-Z_]+)", text)}
        found |= {"MAX_STEPS", "MAX_EVALUATIONS"} | ({"SADDLE"} if self.solver.needs == "value" else set())
        return [code for code in Result if code.name in found and code != Result.RUNNING]

    @property
    def elsewhere(self) -> dict[str, str]:
        """Who else has the method -> its name there."""
        return ELSEWHERE.get(self.name, {})

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            **super().as_dict(),
            "letters": self.letters,
            "asks": list(self.solver.asks),
            "bounds": self.solver.bounded,
            "search": self.search[0] if self.search else None,
            "codes": {code.name: code.told(self._) for code in self.codes},
            "elsewhere": self.elsewhere,
        }

    def markdown(self) -> str:
        from ladera.explaining.solver_page import markdown

        return markdown(self)


def _row(latex: str, said: str) -> str:
    """A row of the block with its words; where only a name stands, they tell what it is."""
    return latex.removesuffix("= ") + (rf" \quad \text{{({said})}}" if said else "")

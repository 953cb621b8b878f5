"""What a rule is, from its file alone: formula, hyperparameters, paper, dialects, symmetries."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from ladera import rules
from ladera.base import UsageError
from ladera.explaining.docstrings import meanings, summary
from ladera.locale import Translator, translator
from ladera.rules import FRAMEWORKS, Rule, Wrapper
from ladera.steps import Line, formula
from ladera.steps.names import latex_name
from ladera.symmetries import symmetries

__all__ = ["Explanation", "Hyperparameter", "catalogue", "explain"]


@dataclass(frozen=True)
class Hyperparameter:
    """One of a rule's: its name, its letter in the formula, its domain ("" for a flag), its value."""

    name: str
    letter: str
    domain: str
    default: Any
    meaning: str


@dataclass(frozen=True)
class Explanation:
    """A rule explained; `rule` is one with its values, as it was asked for."""

    rule: Rule
    lang: str

    @property
    def name(self) -> str:
        return self.rule.label()

    @property
    def title(self) -> str:
        return type(self.rule).__name__

    @property
    def _(self) -> Translator:
        return translator(self.lang)

    @property
    def summary(self) -> str:
        """What the rule does, in a sentence."""
        said = summary(type(self.rule))
        return self._(said)

    @property
    def paper(self) -> str:
        return self.rule.paper

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
        """The formula as plain text, a line per statement."""
        return "\n".join(line.text() for line in self.matrix_lines or self.lines)

    def code(self) -> str:
        """The source text of the rule's class; "" where it was typed at a prompt."""
        try:
            return inspect.getsource(type(self.rule))
        except (OSError, TypeError):
            return ""

    @property
    def hyperparameters(self) -> list[Hyperparameter]:
        """Every hyperparameter, those of a rule inside first."""
        wrapped = self.rule.rule if isinstance(self.rule, Wrapper) else None
        inside = Explanation(wrapped, self.lang).hyperparameters if wrapped else []
        cls = type(self.rule)
        said, domains = meanings(cls), cls.domains()
        return inside + [
            Hyperparameter(
                name,
                latex_name(name) if name in domains else "",
                str(domains[name]) if name in domains else "",
                getattr(self.rule, name),
                self._translated(said.get(name, "")),
            )
            for name in cls.defaults()
        ]

    def _translated(self, text: str) -> str:
        return self._(text) if text else ""

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
        """All of it as plain data, for JSON."""
        return {
            "name": self.name,
            "class": self.title,
            "summary": self.summary,
            "paper": self.paper,
            "scope": self.rule.scope,
            "evaluations": self.rule.evaluations,
            "hyperparameters": [
                {"name": h.name, "domain": h.domain, "default": h.default, "meaning": h.meaning}
                for h in self.hyperparameters
            ],
            "dialects": self.dialects,
            "symmetries": self.symmetries,
            "latex": self.latex(),
            "text": self.formula_text(),
        }

    def markdown(self) -> str:
        """The page of the rule, as notebooks show it."""
        from ladera.explaining.page import markdown

        return markdown(self)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __str__(self) -> str:
        return f"{self.title}: {self.summary}\n\n{self.formula_text()}"


def explain(rule: str | Rule | type[Rule], lang: str = "en", **hyperparameters: Any) -> Explanation:
    """Explain a rule: its formula read off its code, hyperparameters, paper, dialects, symmetries.

    rule: a name, "file.py:Rule", a rule, its class, or a rule that `like` made. lang: "en" or "es".
    Raises UsageError for an unknown name or language.
    """
    translator(lang)
    return Explanation(rules.make(rule, **hyperparameters), lang)


def catalogue(lang: str = "en") -> list[Explanation]:
    """Every rule, explained, in alphabetical order."""
    return [explain(name, lang) for name in rules.names()]


def _aligned(lines: list[Line]) -> str:
    before = [line for line in lines if line.left in ("y_{t}", "p_{t}")]
    at = before[-1].left if before else "x_{t-1}"
    start = [line.latex() for line in before]
    rest = [line.latex() for line in lines if line not in before]
    slope = rf"g_{{t}} &= \nabla f({at})"
    body = " \\\\\n".join([*start, slope, *rest])
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

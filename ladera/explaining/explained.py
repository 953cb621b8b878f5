"""What any method says of itself, from its file alone: summary, hyperparameters, paper, code."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from ladera.explaining.docstrings import meanings, summary
from ladera.hyperparameters import Hyperparameters
from ladera.locale import Translator, translator
from ladera.steps.names import latex_name

__all__ = ["Explained", "Hyperparameter"]


@dataclass(frozen=True)
class Hyperparameter:
    """One of a method's: its name, its letter in the formula, its domain ("" for a flag), its value."""

    name: str
    letter: str
    domain: str
    default: Any
    meaning: str


class Explained:
    """A method explained in a language: `method` with its values, as it was asked for."""

    lang: str

    @property
    def method(self) -> Any:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return self.method.label()

    @property
    def title(self) -> str:
        return type(self.method).__name__

    @property
    def _(self) -> Translator:
        return translator(self.lang)

    @property
    def summary(self) -> str:
        """What the method does, in a sentence."""
        said = summary(type(self.method))
        return self._(said)

    @property
    def paper(self) -> str:
        return self.method.paper

    def latex(self) -> str:
        """The formula as an `aligned` block."""
        raise NotImplementedError

    def formula_text(self) -> str:
        """The formula as plain text, a line per statement."""
        raise NotImplementedError

    def code(self) -> str:
        """The source text of the method's class; "" where it was typed at a prompt."""
        try:
            return inspect.getsource(type(self.method))
        except (OSError, TypeError):
            return ""

    @property
    def hyperparameters(self) -> list[Hyperparameter]:
        return self._of(self.method)

    def _of(self, method: Hyperparameters) -> list[Hyperparameter]:
        """The hyperparameters of a method's own class."""
        cls = type(method)
        said, domains = meanings(cls), cls.domains()
        return [
            Hyperparameter(
                name,
                latex_name(name) if name in domains else "",
                str(domains[name]) if name in domains else "",
                getattr(method, name),
                self._translated(said.get(name, "")),
            )
            for name in cls.defaults()
        ]

    def _translated(self, text: str) -> str:
        return self._(text) if text else ""

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        return {
            "name": self.name,
            "class": self.title,
            "summary": self.summary,
            "paper": self.paper,
            "hyperparameters": [
                {"name": h.name, "domain": h.domain, "default": _plain(h.default), "meaning": h.meaning}
                for h in self.hyperparameters
            ],
            "latex": self.latex(),
            "text": self.formula_text(),
        }

    def markdown(self) -> str:
        """The page of the method, as notebooks show it."""
        raise NotImplementedError

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __str__(self) -> str:
        return f"{self.title}: {self.summary}\n\n{self.formula_text()}"


def _plain(value: Any) -> Any:
    """What JSON holds: a line search is told by its name and numbers."""
    return value if isinstance(value, (bool, int, float, str, type(None))) else repr(value)

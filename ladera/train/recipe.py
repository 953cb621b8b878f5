"""The static half of a rule or solver: what a program is compiled for, as against its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ladera.hyperparameters import Hyperparameters
from ladera.rules import Rule, Wrapper

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """The static half of a rule or solver: its class, its flags, which hyperparameters are present,
    and, of a wrapper, the same of the rule inside."""

    rule: type[Any]
    flags: tuple[tuple[str, Any], ...]
    own: tuple[str, ...]
    inside: Recipe | None = None

    @classmethod
    def of(cls, rule: Hyperparameters) -> Recipe:
        inside = cls.of(rule.rule) if isinstance(rule, Wrapper) else None
        present = [name for name in rule.domains() if getattr(rule, name) is not None]
        flags = tuple((name, getattr(rule, name)) for name in rule.defaults() if name not in present)
        return cls(type(rule), flags, tuple(present), inside)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of the numbers it takes, in their order."""
        return (*(self.inside.numbers if self.inside else ()), *self.own)

    def numbers_of(self, rule: Hyperparameters) -> list[float]:
        values = rule.numbers()
        return [float(values[name]) for name in self.numbers]

    def build(self, numbers: Sequence[Any]) -> Any:
        """The rule again, holding numbers, arrays or tracers; those too many are left."""
        at = len(self.inside.numbers) if self.inside else 0
        inside = {"rule": self.inside.build(numbers)} if self.inside else {}
        return self.rule(**inside, **dict(self.flags), **dict(zip(self.own, numbers[at:], strict=False)))

    @property
    def solves(self) -> bool:
        """Whether it is a solver's, which sees the whole training set at once."""
        return not issubclass(self.rule, Rule)

    @property
    def name(self) -> str:
        """What makes it the same algorithm as another."""
        inside = f"{self.inside.name}+" if self.inside else ""
        return inside + self.rule.fingerprint()

    @property
    def looks_ahead(self) -> bool:
        """Whether the gradient may be wanted elsewhere than at x."""
        inside = self.inside is not None and self.inside.looks_ahead
        return inside or self.rule.read not in (Rule.read, Wrapper.read)

    @property
    def evaluations(self) -> int:
        """Gradient evaluations a step costs."""
        return self.rule.evaluations + (self.inside.evaluations - 1 if self.inside else 0)

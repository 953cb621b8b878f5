"""The static half of a rule: what a program is compiled for, as against the numbers it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ladera.rules import Rule

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """The static half of a rule: its class, its flags, and which hyperparameters are present."""

    rule: type[Rule]
    flags: tuple[tuple[str, Any], ...]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, rule: Rule) -> Recipe:
        domains = type(rule).domains()
        values = rule.hyperparameters()
        present = tuple(n for n in domains if values[n] is not None)
        flags = tuple((n, v) for n, v in values.items() if n not in present)
        return cls(type(rule), flags, present)

    def numbers_of(self, rule: Rule) -> list[float]:
        return [float(getattr(rule, name)) for name in self.numbers]

    def build(self, numbers: Sequence[Any]) -> Rule:
        """The rule again, holding numbers, arrays or tracers."""
        return self.rule(**dict(self.flags), **dict(zip(self.numbers, numbers, strict=False)))

    @property
    def looks_ahead(self) -> bool:
        return self.rule.read is not Rule.read

"""What one measurement comes to: tables for people, numbers for the JSON file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.sides import Measured
from benchmarks.table import Table

__all__ = ["Section"]


@dataclass
class Section:
    name: str
    tables: list[Table]
    data: Any
    measured: Sequence[Measured] = field(default_factory=list)
    libraries: dict[str, str] = field(default_factory=dict)  # versions of what ran beside those

    @classmethod
    def skipped(cls, name: str, why: str) -> Section:
        return cls(name, [Table(name, ("skipped",), [(why,)])], {"skipped": why})

    def versions(self) -> dict[str, str]:
        """Of the libraries that the sides used."""
        of_sides = {name: text for one in self.measured for name, text in one.versions.items()}
        return self.libraries | of_sides

"""What a measurement prints: a table of texts, with notes below it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table as RichTable

__all__ = ["Table", "number"]


@dataclass
class Table:
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    markdown: bool = False  # as it stands in a README

    def show(self, console: Console) -> None:
        if self.markdown:
            console.print(self.title, style="bold", highlight=False)
            for row in (self.columns, ("---",) * len(self.columns), *self.rows):
                console.print("| " + " | ".join(row) + " |", highlight=False, markup=False, soft_wrap=True)
        else:
            console.print(self._framed())
        for note in self.notes:
            console.print(f"  {note}", highlight=False)
        console.print()

    def _framed(self) -> RichTable:
        table = RichTable(title=self.title, title_justify="left", title_style="bold")
        for at, column in enumerate(self.columns):
            table.add_column(column, justify="left" if at == 0 else "right", overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table


def number(value: float | None) -> str:
    """Three digits, or a dash."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"

"""Digits trainings a minute under all rules, everything warm, evaluation after every epoch included."""

from __future__ import annotations

from dataclasses import asdict

from benchmarks import sides
from benchmarks.problem import Asked
from benchmarks.section import Section
from benchmarks.sizes import Size
from benchmarks.table import Table, number
from benchmarks.versus import engine
from ladera import rules

__all__ = ["measure"]

_WANTED = 10_000


def measure(size: Size) -> Section:
    asked = Asked("digits", "mlp:64,64", size.digits_epochs, 32)
    spec = {"problem": asdict(asked)}
    [made] = sides.measure([engine("classic", None, size.planned)], spec, size.repeats, 2 * size.seconds)
    title = (
        f"Digits trainings a minute: {len(rules.CLASSIC)} rules, mlp:64,64, batch 32, {asked.epochs} epochs"
    )
    table = Table(
        title, ("arrangement", "a minute", "slowest round", "trained in a round", "warm-up s", "÷ wanted")
    )
    if made.best is None:
        table.rows.append((made.failure, *[""] * 5))
    else:
        table.rows.append(
            (
                made.arrangement.label,
                number(60 * made.best),
                number(60 * min(made.rates)),
                f"{made.trainings:,}",
                number(made.warm_up),
                f"{number(60 * made.best / _WANTED)} of {_WANTED:,}",
            )
        )
    table.notes.append(
        f"Best of {size.repeats} rounds; planned as a study of {size.planned:,} trainings; warm."
    )
    return Section("minute", [table], made.as_dict(), [made])

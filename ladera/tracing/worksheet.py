"""An iteration table with blanks to fill in by hand, and the correction of one that was filled in."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ladera.base import UsageError
from ladera.locale import N_, Translator, translator
from ladera.tracing.table import columns

if TYPE_CHECKING:
    from ladera.tracing.trace import Trace

__all__ = ["Mark", "check_worksheet", "write_worksheet"]

_ON_THE_WAY = 1e-3
_LARGEST_FILE = 1_000_000  # bytes: a worksheet is read whole


@dataclass(frozen=True)
class Mark:
    """What a filled-in cell is worth: "right", "wrong" or "blank"."""

    row: int  # from 1
    column: str
    given: str
    expected: float
    verdict: str

    def sentence(self, _: Translator) -> str:
        template = {"right": _RIGHT, "wrong": _WRONG, "blank": _BLANK}[self.verdict]
        return _(template).format(
            row=self.row, column=self.column, given=self.given, expected=f"{self.expected:.7g}"
        )


_RIGHT = N_("Row {row}, {column}: {given} is right.")
_WRONG = N_("Row {row}, {column}: {given} is not right; it is {expected}.")
_BLANK = N_("Row {row}, {column}: blank; it is {expected}.")


def write_worksheet(trace: Trace, path: str | Path, lang: str = "en") -> Path:
    """The table of a trace as CSV with everything blank but the row numbers and the start; the path."""
    table = columns(trace, translator(lang))
    given = {"k", *trace.surface.variables}
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        for row in range(trace.steps):
            writer.writerow(
                [
                    f"{values[row]:.10g}" if name == "k" or (row == 0 and name in given) else ""
                    for name, values in table.items()
                ]
            )
    return Path(path)


def check_worksheet(trace: Trace, path: str | Path, lang: str = "en") -> list[Mark]:
    """Every cell of a filled-in worksheet that was to be filled in, in the order of the rows.

    A number of at least two digits is right if it is the exact value rounded to its digits; and any
    number within a thousandth of the value is (who rounds on the way ends a little beside).
    Raises UsageError: no such file, other columns, too many rows, text where a number belongs.
    """
    table = columns(trace, translator(lang))
    rows = _read(Path(path), list(table), trace.steps)
    marks = []
    for k, row in enumerate(rows):
        for name, values in table.items():
            if name == "k" or (k == 0 and name in trace.surface.variables):
                continue
            marks.append(_mark(k + 1, name, row.get(name) or "", float(values[k])))
    return marks


def _read(path: Path, names: list[str], steps: int) -> list[dict[str, str]]:
    if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
        raise UsageError("There is no worksheet '{path}'; write one with --worksheet first.", path=path)
    with path.open(newline="", encoding="utf-8-sig") as file:
        text = file.read()
    separator = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    reader = csv.DictReader(text.splitlines(), delimiter=separator)
    found = [name.strip() for name in reader.fieldnames or []]
    if found != names:
        raise UsageError(
            "The worksheet '{path}' has the columns {received}; this trace has {expected}. Check it with "
            "the same function, method and language that it was written with.",
            path=path,
            received=", ".join(found) or "-",
            expected=", ".join(names),
        )
    reader.fieldnames = found
    rows = list(reader)
    if len(rows) > steps:
        raise UsageError(
            "The worksheet '{path}' has {received} rows and this trace {steps} steps; give as many --steps.",
            path=path,
            received=len(rows),
            steps=steps,
        )
    return rows


def _mark(row: int, column: str, given: str, expected: float) -> Mark:
    given = given.strip()
    if not given:
        return Mark(row, column, "", expected, "blank")
    # a decimal comma is how Spanish pupils write; the sheet itself keeps the point
    text = given.replace("−", "-").replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        raise UsageError(
            "Row {row}, {column} of the worksheet holds '{given}', which is no number.",
            row=row,
            column=column,
            given=given,
        ) from None
    return Mark(row, column, given, expected, "right" if _agrees(text, number, expected) else "wrong")


def _agrees(text: str, number: float, expected: float) -> bool:
    """Whether a number, as it was written, is the expected one rounded, or nearly so: who rounds on
    the way ends a little beside. One digit alone says too little to be taken for a rounding."""
    if not math.isfinite(number):
        return False
    mantissa, _, power = text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(power or 0)
    digits = len(mantissa.replace(".", "").lstrip("+-0"))
    rounded = digits >= 2 and abs(number - expected) <= 0.5 * 10.0**-decimals * (1 + 1e-9)
    return rounded or math.isclose(number, expected, rel_tol=_ON_THE_WAY)

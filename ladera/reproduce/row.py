"""One row of the table: what a document prints, what comes out, and the verdict that follows from both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from ladera.locale import N_, Translator

__all__ = ["Case", "Row", "Verdict", "claim", "formula", "number", "setting", "short", "unsettled"]

# agrees: the same to the rounding of float64, or a statement that holds.
# rounded: the same to the digits that both have.
# erratum: another number, or a statement that does not hold.
# open: nothing to compare with; no value is printed, or what it started from is not.
Verdict = Literal["agrees", "rounded", "erratum", "open"]

# An erratum that begins so: nobody would calculate wrongly for it, but it does not say what is so.
IMPRECISE = "Imprecise: "

# Documents print up to 17 digits of results of thousands of float64 operations.
ROUNDING = 1e-13


@dataclass(frozen=True)
class Row:
    """A checked value or statement, in the reader's language.

    source: the document's number, "000" to "004". place, what: where it stands and what it is.
    erratum: what is wrong, where the verdict is "erratum". imprecise: whether it is badly put rather
    than false.
    """

    source: str
    place: str
    what: str
    printed: str
    computed: str
    verdict: Verdict
    erratum: str | None = None
    imprecise: bool = False


@dataclass(frozen=True)
class Case:
    """A row before it is translated: templates and the fields that fill them."""

    place: str
    what: str
    printed: str
    computed: str
    verdict: Verdict
    erratum: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)

    def row(self, source: str, _: Translator) -> Row:
        place, what, printed, computed = (
            _(template).format(**self.fields)
            for template in (self.place, self.what, self.printed, self.computed)
        )
        if self.verdict != "erratum" or self.erratum is None:
            return Row(source, place, what, printed, computed, self.verdict)
        erratum, imprecise = _(self.erratum).format(**self.fields), self.erratum.startswith(IMPRECISE)
        return Row(source, place, what, printed, computed, self.verdict, erratum, imprecise)


def number(
    place: str,
    what: str,
    printed: str,
    value: float,
    erratum: str | None = None,
    *,
    digits: int | None = None,
    **fields: object,
) -> Case:
    """A printed number against the computed one.

    digits: how many digits of the printed one can be significant; all, if not given.
    """
    return Case(
        place, what, printed, _beside(printed, value), _compare(printed, value, digits), erratum, fields
    )


def setting(place: str, what: str, printed: str, value: float, erratum: str | None = None) -> Case:
    """A recommended value, or a count: nothing is rounded, so that it is the same or it is another."""
    verdict: Verdict = "agrees" if float(printed) == value else "erratum"
    return Case(place, what, printed, short(value), verdict, erratum)


def formula(
    place: str, what: str, text: str, says: float, value: float, erratum: str | None = None, **fields: object
) -> Case:
    """A printed formula, in symbols alone: what it gives as it stands, and the right value."""
    same = math.isclose(says, value, rel_tol=ROUNDING, abs_tol=ROUNDING)
    verdict: Verdict = "agrees" if same else "erratum"
    return Case(place, what, f"{text} = {short(says)}", short(value), verdict, erratum, fields)


def claim(
    place: str,
    what: str,
    printed: str,
    computed: str,
    erratum: str | None = None,
    *,
    holds: bool,
    **fields: object,
) -> Case:
    """A printed statement, and the numbers that bear it out or refute it."""
    return Case(place, what, printed, computed, "agrees" if holds else "erratum", erratum, fields)


def unsettled(place: str, what: str, printed: str, computed: str, **fields: object) -> Case:
    """What can be computed where the document prints no result, or not what its result started from."""
    return Case(place, what, printed or N_("nothing"), computed, "open", None, fields)


def short(value: float, digits: int = 7) -> str:
    """A number for a reader: so many digits at most, no trailing zeros, no minus before zero."""
    return f"{value + 0.0:.{digits}g}"


def _compare(printed: str, value: float, digits: int | None) -> Verdict:
    said = Decimal(printed)
    if math.isclose(float(said), value, rel_tol=ROUNDING, abs_tol=ROUNDING):
        return "agrees"
    last = int(said.as_tuple().exponent) if digits is None else said.adjusted() + 1 - digits
    half = 0.5 * 10.0**last
    return "rounded" if abs(float(said) - value) <= half * (1 + 1e-9) else "erratum"


def _beside(printed: str, value: float) -> str:
    """The computed number with a few digits more than are printed."""
    digits = len(Decimal(printed).as_tuple().digits)
    return repr(float(value)) if digits >= 15 else short(value, max(7, digits + 2))

"""Which names of a formula are columns, which parameters, and which column it is to give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ladera.base import UsageError, nearest, unknown_name
from ladera.fitting.columns import columns
from ladera.formulas import names_in
from ladera.formulas.names import declared_names, is_name, spelt_name

__all__ = ["names_used", "parameters_in", "sides", "spelt", "target_of"]


def parameters_in(
    formula: str, data: Any, target: str | None = None, known: Iterable[str] = ()
) -> tuple[str, ...]:
    """The parameters of a formula: the known ones, and what else is no column of the table.

    Raises UsageError where there are others than the known and the formula uses no column: a name is
    probably misspelt.
    """
    found = spelt(columns(data))
    left, right = sides(formula)
    names = declared_names(tuple(known))
    used = names_in(right, [*names, *_usable(found, names, spelt_name(target) or left)])
    others = [name for name in used if name not in (*names, *found)]
    if others and not any(name in found for name in used):
        raise UsageError(
            "A formula uses a column of the table; '{formula}' has {received}, and the columns are {known}.",
            formula=right,
            received=", ".join(used),
            known=", ".join(found),
        )
    return (*names, *others)


def _usable(found: Iterable[str], names: Iterable[str], target: str | None) -> list[str]:
    """The columns that a formula may use."""
    return [name for name in found if name not in names and name != target and is_name(name)]


def sides(formula: str) -> tuple[str | None, str]:
    """The column on the left side of "=", if there is one, and the formula on its right."""
    if not isinstance(formula, str) or formula.count("=") > 1:
        raise UsageError(
            "A formula is a text such as 'y = a*t + b'; received {received!r}.", received=formula
        )
    left, sign, right = formula.rpartition("=")
    return (spelt_name(left.strip()) if sign else None), right.strip()


def names_used(right: str, found: Mapping[str, Any], names: tuple[str, ...], target: str | None) -> list[str]:
    """The names of the formula, each of them a column or a parameter."""
    both = [name for name in names if name in found]
    if both:
        raise UsageError(
            "'{received}' is a column, and a start makes it a parameter; give the parameter another name.",
            received=both[0],
        )
    used = list(names_in(right, [*names, *_usable(found, names, target)]))
    unknown = [name for name in used if name not in names and name not in found]
    if unknown:
        raise UsageError(
            "'{received}' is neither a column nor a parameter with a start; give it one, such as "
            "{received}=1, or write a column's name (the nearest is '{nearest}'; columns: {known}).",
            received=unknown[0],
            nearest=nearest(unknown[0], found),
            known=", ".join(found),
        )
    idle = [name for name in names if name not in used]
    if idle or not names:
        raise UsageError(
            "Every parameter that has a start occurs in the formula, and there is at least one; '{formula}' "
            "has {known}, received '{received}'.",
            formula=right,
            known=", ".join(used) or "-",
            received=", ".join(idle),
        )
    return used


def target_of(target: Any, left: str | None, found: Mapping[str, Any], used: list[str], sigma: Any) -> str:
    if target is not None and left is not None and target != left:
        raise UsageError(
            "The formula's left side is the target; received '{left}' there and the target '{received}'.",
            left=left,
            received=target,
        )
    named = target if target is not None else left
    if named is not None:
        if named not in found:
            raise unknown_name("column", str(named), found)
        return str(named)
    rest = [name for name in found if name not in used and not (isinstance(sigma, str) and name == sigma)]
    if len(rest) != 1 and "y" not in rest:
        raise UsageError(
            "Which column the formula is to give is not clear; write 'NAME = ...', or name the target "
            "(columns that it does not use: {known}).",
            known=", ".join(rest) or "-",
        )
    return rest[0] if len(rest) == 1 else "y"


def spelt(found: Mapping[str, Any]) -> dict[str, Any]:
    """The columns under the names that formulas know: Greek letters spelt out."""
    return {spelt_name(name): column for name, column in found.items()}

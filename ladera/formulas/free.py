"""Which names a text holds, where some are declared and others are to be found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ladera.formulas.errors import FormulaError
from ladera.formulas.names import Name, declared_names, split
from ladera.formulas.tokens import NUMBER, RUN, no_function
from ladera.locale import N_

__all__ = ["names_in"]


def names_in(text: str, declared: Sequence[str] = ()) -> tuple[str, ...]:
    """The variables of a text, in the order in which they occur, Greek letters spelt out.

    They are the declared ones that occur, single letters, and words: amp is a name, where `parse` alone
    would read a·m·p, and so is Vmax even if x is declared. A pair is a product if half of it is known: at,
    with t declared, is a·t.

    Raises FormulaError for what may be meant either way (abx, with x declared), and for a word where a
    function would stand.
    """
    declared = declared_names(tuple(declared))
    found: dict[str, None] = {}
    position = 0
    while position < len(text):
        if match := NUMBER.match(text, position):
            position = match.end()
        elif match := RUN.match(text, position):
            for part in re.finditer("[^π]+", match.group()):
                start = match.start() + part.start()
                found.update(dict.fromkeys(_of_run(text, start, start + len(part.group()), declared)))
            position = match.end()
        else:
            position += 1
    return tuple(found)


def _of_run(text: str, start: int, end: int, declared: tuple[str, ...]) -> Iterator[str]:
    names = list(split(text, start, end, declared, more=True))
    if not names or names[-1].end < end:
        return  # no name at all: the parser says what is wrong with it
    if names[-1].kind == "function":  # x cos(...)
        end = names.pop().start
    variables = [name.name for name in names if name.kind == "variable"]
    unknown = [name for name in variables if name not in declared]
    others = len(names) - len(variables) + len(unknown)  # Euler's e, too, is a letter of a word
    if not unknown or len(names) == 1 or (len(names) == 2 and len(unknown) == 1):
        yield from variables
    elif len(unknown) == len(variables) or others > 2:
        if text[end : end + 1] == "(":
            raise no_function(text, start, end, text[start:end])
        yield from declared_names((text[start:end],))
    else:
        raise _unclear(text, start, end, names)


def _unclear(text: str, start: int, end: int, names: list[Name]) -> FormulaError:
    return FormulaError(
        N_(
            "'{received}' (position {at}) may be one name or a product; write the product with *, as in "
            "{product}, or give the name a start."
        ),
        text=text,
        at=start + 1,
        received=text[start:end],
        product="*".join(text[name.start : name.end] for name in names),
    )

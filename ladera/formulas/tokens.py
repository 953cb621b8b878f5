"""A formula's text as tokens: numbers, names, operators, powers written as superscripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ladera.base import nearest
from ladera.formulas.errors import FormulaError
from ladera.formulas.limits import MAX_LENGTH
from ladera.formulas.names import FUNCTIONS, LETTERS, Name, split
from ladera.locale import N_

__all__ = ["NUMBER", "RUN", "Token", "no_function", "tokens"]

# The number is the longest one: 2e3 is two thousand; 2e is 2 times Euler's number.
NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
RUN = re.compile(rf"[{LETTERS}][{LETTERS}0-9_]*")
_RAISED = re.compile("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_OPERATOR = re.compile(r"\*\*|[-+*/^()|√·×∙⋅÷−]")
_SAME = {"**": "^", "·": "*", "×": "*", "∙": "*", "⋅": "*", "÷": "/", "−": "-"}


class Token(NamedTuple):
    """`kind`: number, variable, constant, function, raised, end, or the operator itself.

    `value` is what is meant, `text` what was typed, `position` where, counted from 0.
    """

    kind: str
    value: str
    text: str
    position: int


def tokens(text: str, declared: Sequence[str] | None) -> list[Token]:
    """All tokens, the last of kind "end". Raises FormulaError where a character has no meaning."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            N_("A formula has at most {most} characters, received {length}; write it shorter."),
            text=text,
            at=MAX_LENGTH + 1,
            most=MAX_LENGTH,
            length=len(text),
        )
    return [*_scan(text, declared), Token("end", "", "", len(text))]


def _scan(text: str, declared: Sequence[str] | None) -> Iterator[Token]:
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
        elif match := NUMBER.match(text, position):
            yield Token("number", match.group(), match.group(), position)
            position = match.end()
        elif match := RUN.match(text, position):
            for token in _names(text, match, declared):
                yield token
                position = token.position + len(token.text)
            if position == match.start():
                raise _no_meaning(text, position)
        elif match := _RAISED.match(text, position):
            yield Token("raised", match.group().translate(_PLAIN), match.group(), position)
            position = match.end()
        elif match := _OPERATOR.match(text, position):
            kind = _SAME.get(match.group(), match.group())
            yield Token(kind, kind, match.group(), position)
            position = match.end()
        else:
            raise _no_meaning(text, position)


def _names(text: str, run: re.Match[str], declared: Sequence[str] | None) -> Iterator[Token]:
    names = list(split(text, run.start(), run.end(), declared))
    _no_call(text, names, declared)
    for kind, name, start, end in names:
        if kind == "unknown":
            raise FormulaError(
                N_(
                    "There is no variable '{received}' (position {at}); the nearest name is '{nearest}' "
                    "(variables: {known})."
                ),
                text=text,
                at=start + 1,
                received=name,
                nearest=nearest(name, [*(declared or ()), *FUNCTIONS]),
                known=", ".join(declared or ()),
            )
        yield Token(kind, name, text[start:end], start)


def _no_call(text: str, names: list[Name], declared: Sequence[str] | None) -> None:
    """Refuse a word of three letters or more that stands where a function would: foo(x) is no product."""
    if declared is not None or not names or text[names[-1].end : names[-1].end + 1] != "(":
        return
    first = len(names)
    while (
        first and names[first - 1].end - names[first - 1].start == 1 and names[first - 1].kind != "function"
    ):
        first -= 1
    if len(names) - first < 3:
        return
    start, end = names[first].start, names[-1].end
    raise no_function(text, start, end, "*".join(text[start:end]))


def no_function(text: str, start: int, end: int, product: str) -> FormulaError:
    """The error for a word that stands where a function would."""
    return FormulaError(
        N_(
            "There is no function '{received}' (position {at}); the nearest is '{nearest}', and a product "
            "is written with *, as in {product}*(...)."
        ),
        text=text,
        at=start + 1,
        received=text[start:end],
        nearest=nearest(text[start:end], FUNCTIONS),
        product=product,
    )


def _no_meaning(text: str, position: int) -> FormulaError:
    """The error for a character that no formula has, with what was probably meant."""
    found = text[position]
    shown = found if found.isprintable() else f"U+{ord(found):04X}"
    if found == ",":
        template = N_("A decimal is written with a point, as in 0.15; found ',' at position {at}.")
    elif found == "=":
        template = N_("Only the right-hand side of an equation is a formula; found '=' at position {at}.")
    elif found in "[{":
        template = N_("Only round parentheses ( ) group a formula; found '{found}' at position {at}.")
    else:
        template = N_(
            "A formula is made of numbers, names, + - * / ^ ( ) and |; found '{found}' at position {at}."
        )
    return FormulaError(template, text=text, at=position + 1, found=shown)

"""The names a formula may hold: functions, constants, Greek letters, variables.

A run of letters is split from the left, longest known name first: xcos(x) is x cos(x), xy is x y.
A variable is a single letter, Latin or Greek, with digits or a subscript if it has any (x, x1, x_1,
w_max), or whatever name was declared.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ladera.base import UsageError

__all__ = [
    "FUNCTIONS",
    "LETTERS",
    "Name",
    "declared_names",
    "is_greek",
    "is_name",
    "sort_key",
    "spelt_name",
    "split",
]

# What may be typed, and the function that is meant: English and Spanish.
FUNCTIONS = {
    **dict.fromkeys(("sin", "sen"), "sin"),
    "cos": "cos",
    **dict.fromkeys(("tan", "tg"), "tan"),
    **dict.fromkeys(("asin", "arcsin", "arcsen", "asen"), "asin"),
    **dict.fromkeys(("acos", "arccos"), "acos"),
    **dict.fromkeys(("atan", "arctan", "arctg", "atg"), "atan"),
    **dict.fromkeys(("sinh", "senh"), "sinh"),
    "cosh": "cosh",
    **dict.fromkeys(("tanh", "tgh"), "tanh"),
    "exp": "exp",
    **dict.fromkeys(("ln", "log"), "ln"),
    "log10": "log10",
    **dict.fromkeys(("sqrt", "raiz", "raíz"), "sqrt"),
    "abs": "abs",
    **dict.fromkeys(("sign", "signo", "sgn"), "sign"),
}

# Name and characters, variant shapes of a letter included; π is a constant.
_GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "εϵ", "zeta": "ζ", "eta": "η"},
    **{"theta": "θϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μµ", "nu": "ν", "xi": "ξ"},
    **{"omicron": "ο", "rho": "ρ", "sigma": "σς", "tau": "τ", "upsilon": "υ", "phi": "φϕ", "chi": "χ"},
    **{"psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ"},
    **{"Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω"},
}
_SPELLINGS = {c: name for name, shapes in _GREEK.items() for c in shapes} | {name: name for name in _GREEK}
_CONSTANTS = {"pi": "pi", "π": "pi", "e": "e"}

LETTERS = "A-Za-zíπ" + "".join(_GREEK.values())
_SUFFIX = re.compile(r"[0-9]+|_(?:[0-9]+|[A-Za-z]+)")
_DECLARED = re.compile(rf"[{LETTERS}]+(?:[0-9]+|_(?:[0-9]+|[A-Za-z]+))?")


class Name(NamedTuple):
    """One name of a run: its kind (function, constant, variable, or unknown), and where it lies."""

    kind: str
    name: str
    start: int
    end: int


def declared_names(variables: Sequence[str]) -> tuple[str, ...]:
    """The declared names, Greek letters spelt out. Raises UsageError for one that names no variable."""
    names = []
    for variable in variables:
        if not isinstance(variable, str) or not _DECLARED.fullmatch(variable):
            raise UsageError(
                "A variable's name is made of letters, then digits or a subscript if any, as in x, x1, "
                "x_1 or width; received '{received}'.",
                received=variable,
            )
        stem = variable.rstrip("0123456789") if "_" not in variable else variable.partition("_")[0]
        name = _SPELLINGS.get(stem, stem) + variable[len(stem) :]
        if name in FUNCTIONS or name in ("pi", "π"):
            raise UsageError(
                "'{received}' is a function or a constant and cannot name a variable; take another name.",
                received=variable,
            )
        if name in names:
            raise UsageError("The variable '{received}' is declared twice; name it once.", received=variable)
        names.append(name)
    return tuple(names)


def is_name(name: object) -> bool:
    """Whether it can name a variable."""
    try:
        declared_names((name,))  # pyright: ignore
    except UsageError:
        return False
    return True


def spelt_name(name: Any) -> Any:
    """A variable's name with Greek letters spelt out; what can name none as it is."""
    return declared_names((name,))[0] if is_name(name) else name


def sort_key(name: str) -> tuple[str | int, ...]:
    """Alphabetical, and x2 before x10."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", name))


def split(
    text: str, start: int, end: int, declared: Sequence[str] | None, more: bool = False
) -> Iterator[Name]:
    """The names of the run text[start:end], which begins with a letter.

    With declared variables there are no others (unless there may be `more`, which single letters are):
    what is left is one unknown name. Without, the run may end early, at a digit or underscore that
    belongs to no variable.
    """
    closed = declared is not None and not more
    known = dict.fromkeys(FUNCTIONS, "function") | dict.fromkeys(_CONSTANTS, "constant")
    spelt = {spelling: name for name in declared or () for spelling in _spellings(name)}
    position = start
    while position < end:
        found = _longest(text, position, end, spelt, known, closed)
        if found is None:
            if closed:
                yield Name("unknown", text[position:end], position, end)
            return
        yield found
        position = found.end


def _spellings(name: str) -> Iterator[str]:
    yield name
    match = re.match(r"[A-Za-z]+", name)
    stem = match.group() if match else ""
    for shape in _GREEK.get(stem, ""):
        yield shape + name[len(stem) :]


def _longest(
    text: str, start: int, end: int, spelt: dict[str, str], known: dict[str, str], closed: bool
) -> Name | None:
    """The longest name at `start`: a declared one, else a function, a constant or a single letter."""
    for spelling in sorted(spelt, key=len, reverse=True):
        stop = start + len(spelling)
        if text.startswith(spelling, start) and stop <= end and not _continues(text, stop):
            return Name("variable", spelt[spelling], start, stop)
    found = []
    for word, kind in known.items():
        if text.startswith(word, start):
            found.append(Name(kind, FUNCTIONS.get(word) or _CONSTANTS[word], start, start + len(word)))
    if not closed and (variable := _variable(text, start)) is not None:
        found.append(variable)
    # of equal length the first: a bare e is Euler's number before it is a variable
    return max(found, key=lambda name: name.end, default=None)


def _continues(text: str, stop: int) -> bool:
    """Whether a digit or a subscript follows: x declared is not the x of x1."""
    return _SUFFIX.match(text, stop) is not None


def _variable(text: str, start: int) -> Name | None:
    """A single letter or a Greek letter's name, with its digits or subscript."""
    greek = [spelling for spelling in _SPELLINGS if text.startswith(spelling, start)]
    stem = max(greek, key=len, default=text[start])
    if stem not in _SPELLINGS and stem not in string.ascii_letters:
        return None
    stop = start + len(stem)
    suffix = _SUFFIX.match(text, stop)
    name = _SPELLINGS.get(stem, stem) + (suffix.group() if suffix else "")
    return Name("variable", name, start, suffix.end() if suffix else stop)


def is_greek(name: str) -> bool:
    """Whether a name is a Greek letter's."""
    return name in _GREEK

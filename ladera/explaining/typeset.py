"""The formulas that tables hold as text, as LaTeX: those of activations, losses and schedules.

A line is "left = right", with where it holds or what its letters are in brackets behind three spaces:

    f(x) = x   (x > 0)
    L = -Σⱼ tⱼ ln(pⱼ)   (p = softmax(z))

Read by recursive descent, from what binds least to what binds most: comparisons, sums, products (a
quotient becomes a fraction), powers, names with their indices, brackets of every kind. It is for formulas
of ours: those that users type go through `ladera.formulas`, which knows what they mean.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

__all__ = ["aligned", "line", "rows", "set_out"]

_LINE = re.compile(r"(?P<left>\S+) = (?P<right>.*?)(?:   \((?P<where>.*)\))?")
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?|[A-Za-zα-ωΑ-Ω]+'?|[₀-₉ᵢⱼ]+|_[a-z]|<=|>=|\S)|$)")
_INDICES = {**{chr(ord("₀") + d): str(d) for d in range(10)}, "ᵢ": "i", "ⱼ": "j"}
_RELATIONS = {"=": "=", "<": "<", ">": ">", "<=": r"\leq", ">=": r"\geq", "≠": r"\neq"}
_CLOSING = {
    "(": (")", "(", ")"),
    "[": ("]", "[", "]"),
    "|": ("|", "|", "|"),
    "⌊": ("⌋", r"\lfloor ", r"\rfloor"),
}
_KNOWN = {"cos", "exp", "ln", "max", "min", "tanh"}  # functions that LaTeX has


def rows(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What stands on the left, in LaTeX, and its pieces: (right, where), "" where it holds everywhere.

    Raises ValueError for a text that is no such formula.
    """
    found = []
    for line in text.splitlines():
        parts = _LINE.fullmatch(line)
        if parts is None:
            raise ValueError(f"no formula: {line!r}")
        found.append((parts["left"], (parts["right"], parts["where"] or "")))
    return [
        (set_out(left), [(set_out(right), set_out(where)) for _, (right, where) in pieces])
        for left, pieces in groupby(found, key=lambda one: one[0])
    ]


def aligned(text: str) -> str:
    """All lines, as an `aligned` block."""
    body = " \\\\\n".join(line(left, pieces, "&=") for left, pieces in rows(text))
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def line(left: str, pieces: list[tuple[str, str]], sign: str = "=") -> str:
    """One of the `rows`."""
    return f"{left} {sign} {_pieces(pieces)}"


def _pieces(pieces: list[tuple[str, str]]) -> str:
    if len(pieces) > 1:
        cases = r" \\ ".join(f"{right} & {where}" for right, where in pieces)
        return rf"\begin{{cases}} {cases} \end{{cases}}"
    ((right, where),) = pieces
    return rf"{right} \qquad {where}" if where else right


def set_out(text: str) -> str:
    """A formula without a left side, as LaTeX. Raises ValueError for what is none."""
    return _Reader(text).read() if text else ""


class _Reader:
    """Reads a text from left to right, once."""

    def __init__(self, text: str):
        self._text = text
        self._tokens = [found[1] for found in _TOKEN.finditer(text) if found[1]]
        self._at = 0
        self._flat = 0  # within how many functions and exponents: there a quotient stays on its line

    @property
    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *expected: str) -> str:
        token = self._next
        if expected and token not in expected:
            raise ValueError(f"{self._text!r}: {token or 'the end'!r} where {expected[0]!r} was expected")
        self._at += 1
        return token

    def read(self) -> str:
        shown = self._list()
        if self._next:
            raise ValueError(f"{self._text!r}: {self._next!r} was not expected")
        return shown

    def _list(self) -> str:
        shown = self._comparison()
        while self._next == ",":
            self._take()
            shown += rf",\; {self._comparison()}"
        return shown

    def _comparison(self) -> str:
        shown = self._sum()
        while self._next in _RELATIONS:
            shown += f" {_RELATIONS[self._take()]} {self._sum()}"
        return shown

    def _sum(self) -> str:
        shown = ""
        if self._next in ("-", "−"):
            self._take()
            shown = "-"
        shown += self._product()
        while self._next in ("+", "-", "−"):
            sign = "+" if self._take() == "+" else "-"
            shown += f" {sign} {self._product()}"
        return shown

    def _product(self) -> str:
        factors, quotient = [self._sigma()], False
        while self._next in ("*", "·", "/") or self._begins():
            sign = self._take() if self._next in ("*", "·", "/") else "*"
            factor = self._sigma()
            if sign != "/":
                # "a/b c" would be read as a/(b c)
                before = [rf"\left({_times(factors)}\right)"] if quotient else factors
                factors, quotient = [*before, factor], False
            elif self._flat:
                factors, quotient = [f"{_times(factors)}/{factor}"], True
            else:
                factors = [rf"\frac{{{_bare(_times(factors))}}}{{{_bare(factor)}}}"]
        return _times(factors)

    def _begins(self) -> bool:
        """Whether a factor begins without a sign of multiplication before it."""
        return self._next != "" and (self._next[0].isalnum() or self._next in ("(", "[", "Σ", "⌊"))

    def _sigma(self) -> str:
        """A power, or a sum Σ over what follows it."""
        if self._next != "Σ":
            return self._power()
        self._take()
        shown = rf"\sum{self._indices()} {self._power()}"
        while self._begins():
            shown += f" {self._power()}"
        return shown

    def _power(self) -> str:
        if self._next == "∂":
            self._take()
            return rf"\partial {self._power()}"
        base, called = self._atom()
        if self._next != "^":
            return base + called
        self._take()
        return f"{base}^{{{self._raised()}}}{called}"  # tanh²(x)

    def _raised(self) -> str:
        self._flat += 1
        base, called = self._atom()
        self._flat -= 1
        return _bare(base + called)

    def _atom(self) -> tuple[str, str]:
        """What is raised, and the brackets of a function behind its name."""
        word = self._take()
        if word in _CLOSING:
            return self._bracket(word), ""
        if not word or not word[0].isalnum():
            raise ValueError(f"{self._text!r}: {word or 'the end'!r} was not expected")
        if word[0].isdigit():
            return word, ""
        if word == "f" and self._next == "[":
            self._take()
            return f"f_{{{self._inside(']')}}}", ""
        if self._next != "(" or (len(word) == 1 and word != "f"):  # "x (1 - x)" is a product
            return _name(word) + self._indices(), ""
        self._take()
        if word == "sqrt":
            return rf"\sqrt{{{self._inside(')')}}}", ""
        self._flat += 1
        inside = self._inside(")")
        self._flat -= 1
        if word == "exp":
            return f"e^{{{inside}}}", ""
        return _name(word), rf"\left({inside}\right)" + self._indices()

    def _bracket(self, opening: str) -> str:
        closing, left, right = _CLOSING[opening]
        return rf"\left{left}{self._inside(closing)}\right{right}"

    def _inside(self, closing: str) -> str:
        inside = self._list()
        self._take(closing)
        return inside

    def _indices(self) -> str:
        if self._next[:1] == "_":
            return f"_{{{self._take()[1:]}}}"
        if self._next[:1] not in _INDICES or not self._next:
            return ""
        return f"_{{{''.join(_INDICES[sign] for sign in self._take())}}}"


def _name(token: str) -> str:
    word = token.rstrip("'")
    if token != word or len(word) == 1:
        greek = unicodedata.name(word[0]).rpartition(" ")[2].lower()
        return (f"\\{greek}" if not word.isascii() else word) + "'" * (len(token) - len(word))
    return f"\\{word}" if word in _KNOWN else rf"\mathrm{{{word}}}"


def _times(factors: list[str]) -> str:
    """Factors side by side: a sign between numbers, a little space beside a word."""
    shown = factors[0]
    for factor in factors[1:]:
        if factor[0].isdigit():
            shown += rf" \cdot {factor}"
        else:
            shown += rf" \, {factor}" if r"\mathrm" in shown + factor else f" {factor}"
    return shown


def _bare(shown: str) -> str:
    """Without round brackets that hold all of it."""
    if not (shown.startswith(r"\left(") and shown.endswith(r"\right)")):
        return shown
    depth = 0
    for found in re.finditer(r"\\left|\\right", shown):
        depth += 1 if found[0] == r"\left" else -1
        if depth == 0:
            whole = found.end() == len(shown) - 1
            return shown[len(r"\left(") : -len(r"\right)")] if whole else shown
    return shown

"""LaTeX as MathML, which browsers set by themselves: no script, no font, no request."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from latex2mathml.converter import convert

__all__ = ["display", "inline"]

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ET.register_namespace("", _NAMESPACE)


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


_ROWS = {_tag(name) for name in ("math", "mrow", "mtd", "mstyle", "msqrt")}
_SIGNS = {_tag("mo"), _tag("mspace"), _tag("mtext")}


def inline(latex: str) -> str:
    """A formula within a line. Markdown's own signs are escaped."""
    math = _written(_math("inline", [*_converted(latex)]))
    return re.sub(r"[*_`|\\\[\]]", lambda sign: f"&#{ord(sign[0])};", math)


def display(latex: str, broken: bool = False) -> str:
    """A formula that stands alone; of an `aligned` block each line, set out at its sign of equality.

    broken: a line of formula = numbers = value goes on in a second one before the numbers.
    """
    body = re.fullmatch(r"\s*\\begin\{aligned\}(.*)\\end\{aligned\}\s*", latex, re.DOTALL)
    parts = [_table(_rows(body[1], broken))] if body else [*_converted(latex)]
    return f'<div class="formula">{_written(_math("block", parts))}</div>'


def _rows(body: str, broken: bool) -> list[tuple[str, str]]:
    """Left and right of each line's first & that parts no matrix."""
    rows = []
    for line in _parted(body, r"\\\\"):
        left, *rest = _parted(line, "&")
        right = "&".join(rest)
        parts = _parted(right.removeprefix("="), " = ")
        if broken and len(parts) > 2:
            rows += [(left, f"= {parts[0]}"), ("", " = ".join(["", *parts[1:]]))]
        else:
            rows.append((left, right))
    return [(left.strip(), right.strip()) for left, right in rows]


def _parted(latex: str, sign: str) -> list[str]:
    """The parts between the signs; those inside an environment stay where they are."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(rf"\\begin\{{|\\end\{{|{sign}", latex):
        depth += {"\\begin{": 1, "\\end{": -1}.get(found[0], 0)
        if depth == 0 and found[0] != "\\end{":
            parts.append(latex[start : found.start()])
            start = found.end()
    return [*parts, latex[start:]]


def _table(rows: list[tuple[str, str]]) -> ET.Element:
    table = _element("mtable", displaystyle="true")  # what stands in a table is set small otherwise
    for left, right in rows:
        row = ET.SubElement(table, _tag("mtr"))
        for side, latex in (("right", left), ("left", right)):
            ET.SubElement(row, _tag("mtd"), {"class": side}).extend(_converted(latex))
    return table


def _converted(latex: str) -> list[ET.Element]:
    """The elements of a formula, without the <math> around them."""
    if not latex:
        return []
    math = ET.fromstring(convert(_prepared(latex)))  # noqa: S314 (written by the converter)
    _mend(math)
    return list(math)


def _prepared(latex: str) -> str:
    """What the converter does not know, in words that it does."""
    latex = re.sub(r"\\operatorname\{([^}]*)\}", r"\\mathrm{\1}", latex)
    latex = latex.replace(r"\left\lVert", r"\left\|").replace(r"\right\rVert", r"\right\|")
    # a formula within words: \text{at $x$} is \text{at } x
    return re.sub(r"\\text\{([^}$]*)\$(.*?)\$([^}$]*)\}", r"\\text{\1} \2 \\text{\3}", latex)


def _mend(parent: ET.Element) -> None:
    """Everything below an element as it should be, from the innermost parts on."""
    for child in parent:
        _mend(child)
    parent[:] = _mended(list(parent))
    if parent.tag in _ROWS:
        parent[:] = _spaced(list(parent))


def _mended(children: list[ET.Element]) -> list[ET.Element]:
    """The children of an element, as the converter leaves them, as they should be."""
    mended: list[ET.Element] = []
    for child in children:
        text = (child.text or "").strip()
        sign = child.tag == _tag("mo")
        if not text and (sign or child.tag == _tag("mtext")):
            continue
        if word := _letters(child) or (text if sign and text.isalpha() and text != "mod" else ""):
            child = _word(word)  # and not a product of letters, nor a sign with space around it
        elif sign and text in ("−", "+") and _is_sign(mended):
            child.set("form", "prefix")
        elif sign and text == "^":  # the accent of an m̂: the sign of a power would stand high
            child.text = "\N{MODIFIER LETTER CIRCUMFLEX ACCENT}"
        if aligned := child.attrib.pop("columnalign", ""):
            child.set("class", aligned)
        mended.append(child)
    return mended


def _spaced(children: list[ET.Element]) -> list[ET.Element]:
    """A thin space between a word and the factor beside it."""
    spaced: list[ET.Element] = []
    for child in children:
        signs = child.tag in _SIGNS or not spaced or spaced[-1].tag in _SIGNS
        if not signs and (_is_word(child) or (_is_word(spaced[-1]) and not _is_bracket(child))):
            spaced.append(_element("mspace", width="0.167em"))
        spaced.append(child)
    return spaced


def _is_word(element: ET.Element) -> bool:
    if element.tag in (_tag("msub"), _tag("msup"), _tag("msubsup")):
        return _is_word(element[0])
    return element.tag == _tag("mi") and len(element.text or "") > 1


def _is_bracket(element: ET.Element) -> bool:
    """Whether an element is what a function is applied to."""
    first = element
    while first.tag == _tag("mrow") and len(first):
        first = first[0]
    return first.tag == _tag("mo") and first.text == "("


def _letters(row: ET.Element) -> str:
    """The word that a row of upright letters makes; "" for another element."""
    upright = all(part.tag == _tag("mi") and part.get("mathvariant") == "normal" for part in row)
    if row.tag != _tag("mrow") or len(row) < 2 or not upright:
        return ""
    return "".join(part.text or "" for part in row)


def _is_sign(before: list[ET.Element]) -> bool:
    """Whether a minus is that of a negative number: it follows nothing, a bracket or another sign."""
    return not before or (
        before[-1].tag in (_tag("mo"), _tag("mspace")) and before[-1].get("form") != "postfix"
    )


def _word(text: str) -> ET.Element:
    word = _element("mi")  # several letters stand upright by themselves
    word.text = text
    return word


def _math(display: str, parts: list[ET.Element]) -> ET.Element:
    math = _element("math", display=display)
    math.extend(parts)
    return math


def _element(name: str, **attributes: str) -> ET.Element:
    return ET.Element(_tag(name), attributes)


def _written(math: ET.Element) -> str:
    return ET.tostring(math, encoding="unicode")

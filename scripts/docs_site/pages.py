"""The generated pages of one language: a page per rule and wrapper, and the tables of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docs_site import mathml
from docs_site.evidence import Evidence
from docs_site.picture import Words, picture
from docs_site.way import CLOSE, RATES, START, Way, way
from ladera import rules
from ladera.explaining import Explanation, overview
from ladera.explaining.captions import LEGEND, card_words, evidence, picture_words
from ladera.explaining.page import markdown
from ladera.locale import Translator, translator
from ladera.rules import Rule

__all__ = ["INSIDE", "explained", "write"]

INSIDE = "adam"  # what the wrappers are shown around
_STEP = 2  # the step whose numbers are shown: the first whose state is not empty


def explained(name: str, lang: str) -> Explanation:
    """A rule, or a wrapper around Adam, explained."""
    cls: Any = rules.by_name(name)
    return Explanation(cls() if name in rules.names() else cls(rules.make(INSIDE)), lang)


def write(folder: Path, names: Iterable[str], lang: str, measured: Evidence) -> None:
    """The pages of these rules and wrappers, and the tables of all those, into `folder`."""
    _ = translator(lang)
    found = {name: explained(name, lang) for name in names}
    ways = Ways()
    for name, e in found.items():
        path = folder / _place(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_page(name, e, ways, measured), encoding="utf-8")
    plain = [e for name, e in found.items() if name in rules.names()]
    wrapping = [e for name, e in found.items() if name not in rules.names()]
    tables = {
        "rules/index.md": overview.rules(plain, lambda name: f"{name}.md", _),
        "wrappers/index.md": overview.wrappers(wrapping, lambda name: f"{name}.md", _),
        "dialects.md": overview.dialects(plain, lambda name: f"rules/{name}.md", _),
    }
    for place, text in tables.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8")


def _place(name: str) -> str:
    return f"{'rules' if name in rules.names() else 'wrappers'}/{name}.md"


class Ways:
    """The ways of the rules, each gone once."""

    def __init__(self):
        self._known: dict[Rule, Way] = {}

    def of(self, rule: Rule) -> Way:
        if rule not in self._known:
            self._known[rule] = way(rule)
        return self._known[rule]


def _page(name: str, e: Explanation, ways: Ways, measured: Evidence) -> str:
    _ = translator(e.lang)
    gone = ways.of(e.rule)
    known = measured.get(name, {"dialects": [], "rule": [], "versions": {}})
    numbers = mathml.display(gone.shown.latex(_STEP, e.lang), broken=True)
    return markdown(
        e,
        display=mathml.display,
        inline=mathml.inline,
        picture=_figure(name, e, gone, _),
        card=f"{card_words(_STEP, gone.as_neuron, _)}\n\n{numbers}",
        evidence=evidence(known["dialects"], known["rule"], known["versions"], _),
    )


def _figure(name: str, e: Explanation, gone: Way, _: Translator) -> str:
    trace, rule, alone = gone.drawn, gone.shown.method, gone.alone
    said = picture_words(
        *(rule.describe(), trace.surface.text, START, RATES, CLOSE, gone.arrives),
        *(trace.fun.tolist(), gone.as_neuron, _),
    )
    legend = {key: _(text) for key, text in LEGEND.items()}
    words = Words(
        legend["title"].format(rule=e.title),
        said,
        *(legend["way"], legend["step"].format(k=_STEP), legend["gradient"]),
        *(legend["minimum"], legend["steps"]),
        legend["other"].format(rule=type(alone.method).__name__) if alone else "",
    )
    drawn = picture(trace, words, _STEP, name, gone.alone)
    return f"<figure>{drawn}<figcaption>{said}</figcaption></figure>"

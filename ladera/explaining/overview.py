"""Tables of all rules and wrappers, in Markdown: what each is, and what the frameworks make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ladera.explaining.page import FRAMEWORK_NAMES, SCOPES, SYMMETRY_NAMES, settings, table
from ladera.locale import N_, Translator

if TYPE_CHECKING:
    from ladera.explaining.explanation import Explanation

__all__ = ["TITLES", "dialects", "rules", "wrappers"]

Link = Callable[[str], str]  # a rule's name -> where its page is

TITLES = {
    "rules": N_("Rules"),
    "wrappers": N_("Wrappers"),
    "dialects": N_("Dialects"),
    "guides": N_("Guides"),
    "overview": N_("overview"),
}


def rules(found: Iterable[Explanation], link: Link, _: Translator) -> str:
    """The page of all rules."""
    said = _(
        "Every rule, from its own file: what it is, its customary learning rate, what it acts on, and what "
        "may change without changing its way (✓), found by experiment."
    )
    return _page(_(TITLES["rules"]), said, _catalogue(found, link, _, lr=True))


def wrappers(found: Iterable[Explanation], link: Link, _: Translator) -> str:
    """The page of all wrappers."""
    said = _(
        "A wrapper is a rule made of another rule: `L2(Adam())`. It has the hyperparameters of both. The "
        "table shows each around Adam."
    )
    return _page(_(TITLES["wrappers"]), said, _catalogue(found, link, _, lr=False))


def dialects(found: Iterable[Explanation], link: Link, _: Translator) -> str:
    """The page of what each framework makes of each rule."""
    said = _(
        "The frameworks give one name to different algorithms. Each cell says in what a framework's rule "
        "differs from the paper's: “=” in nothing, “–” there is none. The page of a rule tells more."
    )
    frameworks = [name for name in FRAMEWORK_NAMES if name != "paper"]
    header = [_("rule"), *(FRAMEWORK_NAMES[name] for name in frameworks)]
    rows = ([f"[{e.title}]({link(e.name)})", *_differences(e, frameworks)] for e in found)
    return _page(_(TITLES["dialects"]), said, table(header, rows))


def _page(title: str, said: str, body: str) -> str:
    return f"# {title}\n\n{said}\n\n{body}\n"


def _catalogue(found: Iterable[Explanation], link: Link, _: Translator, lr: bool) -> str:
    header = [_("rule"), _("what it is"), *(["lr"] if lr else []), _("acts on")]
    rows = [_row(e, link, _, lr) for e in found]
    return table([*header, *map(_, SYMMETRY_NAMES.values())], rows)


def _row(e: Explanation, link: Link, _: Translator, lr: bool) -> list[str]:
    name = type(e.rule).name()
    kept = ["✓" if holds else "–" for holds in e.symmetries.values()]
    rate = [f"`{e.rule.hyperparameters()['lr']:g}`"] if lr else []
    return [f"[{e.title}]({link(name)})", e.summary, *rate, _(SCOPES[e.rule.scope]), *kept]


def _differences(e: Explanation, frameworks: list[str]) -> list[str]:
    known, changed = list(e.dialects), settings(e)
    cells = []
    for framework in frameworks:
        if framework not in known:
            cells.append("–")
            continue
        at = 1 + known.index(framework)
        differing = [f"`{n}={_short(v[at])}`" for n, v in changed.items() if v[at] != v[0]]
        cells.append("<br>".join(differing) or "=")
    return cells


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)

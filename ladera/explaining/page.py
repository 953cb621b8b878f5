"""The page of a rule in Markdown, for notebooks and for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ladera.explaining.distances import LR, STEPS, distances
from ladera.locale import N_, Translator
from ladera.rules import Wrapper

if TYPE_CHECKING:
    from ladera.explaining.explanation import Explanation

__all__ = [
    "FRAMEWORK_NAMES",
    "SCOPES",
    "SYMMETRY_NAMES",
    "domain_words",
    "markdown",
    "settings",
    "symmetry_words",
    "table",
]

FRAMEWORK_NAMES = {"paper": N_("paper"), "torch": "PyTorch", "keras": "Keras", "optax": "optax"}
SYMMETRY_NAMES = {
    "permutation": N_("order of the coordinates"),
    "sign": N_("signs of the coordinates"),
    "rotation": N_("rotation of the space"),
    "scale": N_("scale of the loss"),
    "slicing": N_("slicing into parts"),
}
SCOPES = {
    "element": N_("each weight by itself"),
    "block": N_("one array, with its shape"),
    "whole": N_("all arrays at once"),
}
_DECAYS = {"l2": "L2", "decoupled": "Decoupled"}
_NONE = "–"
_PROBE = N_(
    "g is the second of two gradients: it is taken at the point that `probe` gives in the code below."
)


def markdown(
    e: Explanation,
    display: Callable[[str], str] = lambda latex: f"$$\n{latex}\n$$",
    inline: Callable[[str], str] = lambda latex: f"${latex}$",
    picture: str = "",
    card: str = "",
    evidence: str = "",
) -> str:
    """The page: summary, formula, hyperparameters, dialects, symmetries, code.

    display, inline: how a formula is set. picture: Markdown put behind the formula. card: Markdown of
    one step with its numbers. evidence: Markdown put behind the dialects.
    """
    _ = e._
    parts = [
        f"# {e.title}",
        e.summary,
        _("Source: {paper}.").format(paper=e.paper) if e.paper else "",
        f"## {_('Formula')}",
        _around(e, _),
        display(e.latex()),
        *_on_vectors(e, display, _),
        _(_PROBE) if e.rule.evaluations == 2 else "",
        picture,
        *([f"## {_('One step with numbers')}", card] if card else []),
        f"## {_('Hyperparameters')}",
        _hyperparameters(e, inline, _),
        f"## {_('The same name elsewhere')}",
        _dialects(e, _),
        evidence,
        f"## {_('Symmetries')}",
        symmetry_words(e, _),
        f"## {_('Code')}",
        f"```python\n{e.code().strip()}\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _around(e: Explanation, _: Translator) -> str:
    if not isinstance(e.rule, Wrapper):
        return ""
    inside = type(e.rule.rule).__name__
    return _("{wrapper} goes around any rule; here it is around {rule}.").format(wrapper=e.title, rule=inside)


def _on_vectors(e: Explanation, display: Callable[[str], str], _: Translator) -> list[str]:
    """What a rule of blocks does to other arrays than matrices, or that its page shows just that."""
    if e.rule.scope != "block":
        return []
    if e.matrix_lines:
        return [_("That is on a matrix. On any other array:"), display(e.vector_latex())]
    return [_("That is on a vector; what becomes of a matrix is told by the code below.")]


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [list(header), *([_cell(cell) for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|")


def _hyperparameters(e: Explanation, inline: Callable[[str], str], _: Translator) -> str:
    header = [_("name"), _("letter"), _("domain"), _("default"), _("meaning")]
    rows = [
        [
            f"`{h.name}`",
            inline(h.letter) if h.letter else _NONE,
            domain_words(h.domain, _),
            f"`{h.default}`",
            h.meaning,
        ]
        for h in e.hyperparameters
    ]
    return table(header, rows)


def domain_words(domain: str, _: Translator) -> str:
    """A domain as a cell of a table says it."""
    interval, absent, _none = domain.partition(" or None")
    if absent:
        return _("{interval} or `None`").format(interval=interval)
    return interval or _("flag")


def _dialects(e: Explanation, _: Translator) -> str:
    """A column per framework, a row per setting in which any of them differs from the paper; then how
    far apart they go."""
    if isinstance(e.rule, Wrapper):
        return _("A wrapper has one form; what the frameworks call it is told by the code below.")
    dialects = e.dialects
    if not dialects:
        return _("No framework has this rule under any name.")
    known = list(dialects)
    differing = settings(e)
    header = [_("setting"), _(FRAMEWORK_NAMES["paper"]), *(FRAMEWORK_NAMES[name] for name in known)]
    rows = [[f"`{name}`", *(f"`{v}`" for v in values)] for name, values in differing.items()]
    said = []
    if not differing:
        names = ", ".join(FRAMEWORK_NAMES[name] for name in known)
        said.append(_("{frameworks}: the same algorithm with the same defaults.").format(frameworks=names))
    if "weight_decay" not in type(e.rule).defaults():
        decays = [_DECAYS.get(e.rule.decays.get(name, ""), "") for name in known]
        rows.append(["`weight_decay=`", _NONE, *(f"`{decay}`" if decay else _NONE for decay in decays)])
        said.append(_("`weight_decay=` does there what the wrapper named in its row does."))
    apart = distances(type(e.rule))
    rows.append([_("distance"), _NONE, *(f"{apart[name]:.2g}" for name in known)])
    said.append(
        _(
            "Distance: from the paper's point after {steps} steps along the gradient (1, 10)·x from (1, 1), "
            "on a vector, lr = {lr} for everyone and the rest as each has it."
        ).format(steps=STEPS, lr=LR)
    )
    said.append(_('`{rule}.like("{framework}")` makes one of them.').format(rule=e.title, framework=known[0]))
    return "\n\n".join([table(header, rows), " ".join(said)])


def settings(e: Explanation) -> dict[str, list[Any]]:
    """Setting in which a framework differs from the paper -> its value there, then in each framework."""
    dialects = e.dialects
    own = type(e.rule).defaults()
    names = dict.fromkeys(name for changed in dialects.values() for name in changed)
    rows = {n: [own[n], *(changed.get(n, own[n]) for changed in dialects.values())] for n in names}
    return {name: values for name, values in rows.items() if any(v != own[name] for v in values)}


def symmetry_words(e: Explanation, _: Translator) -> str:
    """What the rule acts on, and what may change without changing its way."""
    acts = _("It acts on: {what}.").format(what=_(SCOPES[e.rule.scope]))
    rows = [
        [_(SYMMETRY_NAMES[name]), _("kept") if kept else _("not kept")] for name, kept in e.symmetries.items()
    ]
    return f"{acts}\n\n{table([_('what changes'), _('its way')], rows)}"

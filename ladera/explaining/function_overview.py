"""The pages of all activations, all losses, all schedules and all initialisers, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ladera.explaining import initial_weights
from ladera.explaining.page import table
from ladera.explaining.typeset import line, rows, set_out
from ladera.locale import N_, Translator

if TYPE_CHECKING:
    from ladera.explaining.function import FunctionExplanation
    from ladera.explaining.schedule import ScheduleExplanation

__all__ = ["TITLES", "initialisers", "overview"]

TITLES = {
    "activation": N_("Activations"),
    "loss": N_("Losses"),
    "schedule": N_("Schedules"),
    "initialiser": N_("Initialisers"),
}
_LONG = re.compile(r"(\d\.\d{4})\d{2,}")  # selu's numbers would be wider than all else in a table
_SAID = {
    "activation": N_(
        "What the units of a hidden layer pass on of what they receive: `--activation`. Values and gradients "
        "are held against PyTorch; at a corner the derivative is PyTorch's."
    ),
    "loss": N_(
        "What a training makes small, from the network's raw outputs z and the targets y of an example with "
        "k outputs: `--loss`. Values and gradients are held against PyTorch."
    ),
    "schedule": N_(
        "How the learning rate, or any other hyperparameter, goes during a training: `--schedule`. Each is a "
        "factor of the hyperparameter's own value."
    ),
    "initialiser": N_(
        "How the weights of a layer are drawn before the first step, of so many inputs and units: `--init`. "
        "Biases begin at 0. Normal ones are not truncated, as in the papers and in PyTorch; Keras cuts them "
        "at two standard deviations."
    ),
}


def overview(
    found: Sequence[FunctionExplanation | ScheduleExplanation],
    link: Callable[[str], str],
    inline: Callable[[str], str],
    _: Translator,
    more: str = "",
) -> str:
    """The page of all of one kind. inline: how a formula is set within a line; more: Markdown put before
    the table."""
    header = [_("name"), _("formula"), _("what it is for"), _("source")]
    cells = ([f"[{e.name}]({link(e.name)})", _formula(e, inline), e.summary, e.paper or "–"] for e in found)
    kind = found[0].kind
    return _page(kind, more, table(header, cells), _)


def _formula(e: FunctionExplanation | ScheduleExplanation, inline: Callable[[str], str]) -> str:
    """What it is, without its derivative; of a schedule with what its letters are."""
    lines = rows(e.formula_text())
    shown = []
    for left, pieces in lines if e.kind == "schedule" else lines[:1]:
        [(right, where), *others] = pieces
        shown += [line(left, pieces)] if others else [line(left, [(right, "")]), *([where] if where else [])]
    return "<br>".join(inline(_LONG.sub(r"\1…", latex)) for latex in shown)


def initialisers(inline: Callable[[str], str], _: Translator) -> str:
    """The page of all ways to draw initial weights."""
    header = [_("name"), _("variance"), _("drawn from"), _("what it is for"), _("source")]
    cells = (
        [
            f"`{name}`",
            inline(set_out(told.variance)) if told.variance else "–",
            _(told.drawn),
            _(told.said),
            told.source or "–",
        ]
        for name, told in initial_weights.TOLD.items()
    )
    return _page("initialiser", "", table(header, cells), _)


def _page(kind: str, more: str, body: str, _: Translator) -> str:
    parts: Iterable[str] = (f"# {_(TITLES[kind])}", _(_SAID[kind]), more, body)
    return "\n\n".join(part for part in parts if part) + "\n"

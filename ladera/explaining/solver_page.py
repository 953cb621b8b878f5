"""The page of a solver in Markdown, for notebooks and for the documentation, and the page of them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ladera.explaining.page import domain_words, table
from ladera.locale import N_, Translator
from ladera.steps.names import latex_name

if TYPE_CHECKING:
    from ladera.explaining.solver import SolverExplanation

__all__ = ["TITLE", "asked", "markdown", "overview", "search_words"]

TITLE = N_("Solvers")


def markdown(
    e: SolverExplanation,
    display: Callable[[str], str] = lambda latex: f"$$\n{latex}\n$$",
    inline: Callable[[str], str] = lambda latex: f"${latex}$",
    picture: str = "",
    card: str = "",
    evidence: str = "",
) -> str:
    """The page: summary, equations, letters, hyperparameters, what it asks for, how it ends, code.

    display, inline: how a formula is set. picture: Markdown put behind the equations. card: Markdown of
    one step with its numbers. evidence: Markdown put behind who else has the method.
    """
    _ = e._
    parts = [
        f"# {e.title}",
        e.summary,
        _("Source: {paper}.").format(paper=e.paper) if e.paper else "",
        f"## {_('Equations')}",
        display(e.latex()),
        table([_("letter"), _("meaning")], [[inline(latex_name(n)), said] for n, said in e.letters.items()]),
        search_words(e, _),
        picture,
        *([f"## {_('One step with numbers')}", card] if card else []),
        f"## {_('Hyperparameters')}",
        _hyperparameters(e, _),
        f"## {_('What it asks for')}",
        asked(e, _),
        f"## {_('How it ends')}",
        table([_("code"), _("meaning")], [[f"`{code.name}`", code.told(_)] for code in e.codes]),
        f"## {_('The same method elsewhere')}",
        elsewhere(e, _),
        evidence,
        f"## {_('Code')}",
        f"```python\n{e.code().strip()}\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def search_words(e: SolverExplanation, _: Translator) -> str:
    """Its line search; "" where it has none."""
    if e.search is None:
        return ""
    return _("Line search: {name}. {what} Source: {paper}.").format(
        name=e.search[0], what=e.search[1], paper=e.search[2]
    )


def _hyperparameters(e: SolverExplanation, _: Translator) -> str:
    rows = [
        [f"`{h.name}`", domain_words(h.domain, _), f"`{h.default}`", h.meaning] for h in e.hyperparameters
    ]
    return table([_("name"), _("domain"), _("default"), _("meaning")], rows)


def asked(e: SolverExplanation, _: Translator) -> str:
    """What it evaluates, and whether it takes bounds and leaves saddles, as one paragraph."""
    said = [
        _("It evaluates {what}; in brackets what a race charges, in gradient evaluations.").format(
            what=", ".join(e.asks)
        )
    ]
    if e.solver.bounded:
        said.append(_("It takes bounds."))
    if e.solver.curved:
        said.append(_("It looks at the curvature before it says that it has converged, and leaves saddles."))
    if e.solver.needs == "residuals":
        said.append(_("It is for sums of squares: f is given by its residuals."))
    return " ".join(said)


def elsewhere(e: SolverExplanation, _: Translator) -> str:
    """Who else has the method."""
    if not e.elsewhere:
        return _("SciPy, PyTorch, JAX and optax have no method of this kind.")
    return "\n".join(f"- {place}: `{name}`" for place, name in e.elsewhere.items())


def overview(found: Iterable[SolverExplanation], link: Callable[[str], str], _: Translator) -> str:
    """The page of all solvers."""
    said = _(
        "Methods for one whole vector, for functions and fits rather than for networks trained by "
        "mini-batches. In brackets what an evaluation is charged in a race by evaluations, in those of the "
        "gradient; d is the number of variables."
    )
    header = [_("solver"), _("what it is"), _("what it asks for"), _("bounds"), _("leaves saddles")]
    rows = [[f"[{e.title}]({link(e.name)})", e.summary, ", ".join(e.asks), *_marks(e)] for e in found]
    return f"# {_(TITLE)}\n\n{said}\n\n{table(header, rows)}\n"


def _marks(e: SolverExplanation) -> list[str]:
    return ["✓" if holds else "–" for holds in (e.solver.bounded, e.solver.curved)]

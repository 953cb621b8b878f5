"""What an activation or a loss is: formula, derivative, facts, code, and a figure of both."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ladera.explaining.typeset import aligned
from ladera.locale import N_, Translator, translator
from ladera.networks import activations, losses
from ladera.networks.activations import ACTIVATIONS, Activation
from ladera.networks.losses import LOSSES, Loss, Smoothness

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["FunctionExplanation", "function_named", "function_names"]

_SMOOTHNESS = {
    Smoothness.CONVEX: N_("Convex and without corners: rules and all solvers take it."),
    Smoothness.SMOOTH: N_(
        "Without corners, but not convex: rules, lbfgs, bfgs, cg and newton-cg take it; lm, gauss-newton and "
        "kfac, which count on a curvature that is never negative, do not."
    ),
    Smoothness.CORNERS: N_("With corners, where its gradient jumps: rules take it, solvers do not."),
}


def function_names() -> tuple[str, ...]:
    """The activations, then the losses, each in alphabetical order."""
    return (*sorted(ACTIVATIONS), *sorted(LOSSES))


def function_named(text: str, lang: str = "en") -> FunctionExplanation | None:
    """The activation or the loss of that name, explained; None where it names neither.

    Raises UsageError for a loss whose number does not fit it.
    """
    if losses.is_name(text):
        return FunctionExplanation(losses.canonical(text), "loss", lang)
    if activations.is_name(text):
        return FunctionExplanation(activations.canonical(text), "activation", lang)
    return None


@dataclass(frozen=True)
class FunctionExplanation:
    """An activation or a loss explained in a language. name: with its number, "huber:0.5"."""

    name: str
    kind: Literal["activation", "loss"]
    lang: str

    @property
    def _(self) -> Translator:
        return translator(self.lang)

    @property
    def title(self) -> str:
        return self.name

    @property
    def told(self) -> Activation | Loss:
        """What its table says of it."""
        known = ACTIVATIONS if self.kind == "activation" else LOSSES
        return known[self.name.partition(":")[0]]

    @property
    def summary(self) -> str:
        """What it is for, in a sentence or two."""
        return self._(self.told.said)

    @property
    def paper(self) -> str:
        return self.told.source

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        """Formula, then derivative, a line per piece: what stands on the left, on the right, and where."""
        told = self.told
        if isinstance(told, Loss):
            rows = [("L", piece.text, piece.where) for piece in told.formula]
            return rows + [("∂L/∂zⱼ", piece.text, piece.where) for piece in told.slope]
        left, slope = ("yᵢ", "∂yᵢ/∂xⱼ") if self.name == "softmax" else ("f(x)", "f'(x)")
        rows = [(left, case.value, case.when) for case in told.cases]
        return rows + [(slope, case.slope, case.when) for case in told.cases]

    def formula_text(self) -> str:
        return "\n".join(
            f"{left} = {right}" + (f"   ({where})" if where else "") for left, right, where in self.lines
        )

    def latex(self) -> str:
        """Formula and derivative as an `aligned` block."""
        return aligned(self.formula_text())

    @property
    def facts(self) -> dict[str, str]:
        """A heading -> what it says: the range; of a loss its number, reduction, stability, curvature."""
        _, told = self._, self.told
        if isinstance(told, Activation):
            return {_("Range"): told.range}
        number = {}
        if told.number is not None:
            domain = _("{name} in {domain}, {default:g} unless it is given").format(
                name=told.number.name, domain=told.number, default=told.number.default
            )
            number = {_("Number"): domain}
        return {
            **number,
            _("Over outputs and examples"): _(told.overall),
            _("Stability"): _(told.stable),
            _("Curvature"): _(_SMOOTHNESS[told.smoothness]),
        }

    def code(self) -> str:
        """The source text of the function."""
        told = self.told
        return inspect.getsource(told.value if isinstance(told, Loss) else told.apply)

    def figure(self) -> go.Figure:
        """Value and derivative, of one input or raw output."""
        from ladera.explaining.function_figure import figure

        return figure(self)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "summary": self.summary,
            "paper": self.paper,
            "latex": self.latex(),
            "text": self.formula_text(),
            "facts": self.facts,
        }

    def markdown(
        self, display: Callable[[str], str] = lambda latex: f"$$\n{latex}\n$$", picture: str = ""
    ) -> str:
        """The page. display: how a formula is set; picture: Markdown put behind it."""
        _ = self._
        parts = [
            f"# {self.title}",
            self.summary,
            _("Source: {paper}.").format(paper=self.paper),
            f"## {_('Formula')}",
            display(self.latex()),
            picture,
            "\n".join(f"- {heading}: {said}" for heading, said in self.facts.items()),
            f"## {_('Code')}",
            f"```python\n{self.code().strip()}\n```",
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __str__(self) -> str:
        return f"{self.title}: {self.summary}\n\n{self.formula_text()}"

"""One step in full: where it stands, the slope, every statement with its numbers, where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ladera.locale import Translator
from ladera.steps.formula import number_latex, number_text

if TYPE_CHECKING:
    from ladera.tracing.trace import Trace

__all__ = ["card", "latex", "sentence"]


def card(trace: Trace, k: int, _: Translator) -> str:
    """Step k as plain text, a line per statement."""
    lines = trace.lines(k)
    letter = trace.letter
    x, g = trace.x[k - 1], trace.gradients[k - 1]
    slope = f"f'({letter})" if trace.surface.dimension == 1 else "∇f"
    head = [
        _("Step {k}: {rule} on f = {formula}").format(
            k=k, rule=type(trace.method).__name__, formula=trace.surface.text
        ),
        f"{letter}[{k - 1}] = {number_text(x)},  f = {number_text(trace.fun[k - 1])}",
        f"g = {slope} = {number_text(g)}",
    ]
    end = f"{letter}[{k}] = {number_text(trace.x[k])},  f = {number_text(trace.fun[k])}"
    return "\n".join([*head, *(line.text() for line in lines), end])


def latex(trace: Trace, k: int, _: Translator) -> str:
    """Step k as an `aligned` block."""
    lines = trace.lines(k)
    letter, surface = trace.letter, trace.surface
    x, g = trace.x[k - 1], trace.gradients[k - 1]
    slope = rf"f'({letter}_{{{k - 1}}})" if surface.dimension == 1 else rf"\nabla f({letter}_{{{k - 1}}})"
    at = number_latex(trace.points[k - 1], signed=True)
    moved = not np.array_equal(trace.points[k - 1], x)
    where = _("taken at {point}").format(point=f"${at}$")
    # a rule's g_t is the gradient of its step t, a solver's g_k the one at x_k
    index = k if trace.code is None else k - 1
    rows = [
        rf"f({','.join(surface.variables)}) &= {surface.latex()}",
        rf"{letter}_{{{k - 1}}} &= {number_latex(x, signed=True)}",
        rf"f({letter}_{{{k - 1}}}) &= {number_latex(trace.fun[k - 1], signed=True)}",
        rf"g_{{{index}}} &= {slope if not moved else chr(92) + 'nabla f'} = {number_latex(g, signed=True)}"
        + (rf" \quad \text{{{where}}}" if moved else ""),
        *(line.latex() for line in lines),
    ]
    body = " \\\\\n".join(rows)
    return "\\begin{aligned}\n" + body + "\n\\end{aligned}"


def sentence(trace: Trace, _: Translator) -> str:
    """Where it ended, in one sentence; of a solver also why."""
    if trace.ended and trace.code is None:
        return trace.told(_)
    said = _("After {steps} steps of {rule}: {letter} = {x}, f = {value}.").format(
        steps=trace.steps,
        rule=type(trace.method).__name__,
        letter=trace.letter,
        x=number_text(trace.x[-1]),
        value=number_text(trace.fun[-1]),
    )
    return f"{said} {trace.told(_)}".strip()

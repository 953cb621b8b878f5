"""What a learning-rate sweep found, in sentences and as a plot of characters."""

from __future__ import annotations

import math

import numpy as np

from ladera.analysis.words import lr_text
from ladera.finding.curve import TOLERANCE, Curve, Found
from ladera.locale import Translator

__all__ = ["edges", "plot", "prediction", "sentence", "suggestion"]

_FACTOR = 10.0  # between lowest and highest loss, from which on the loss is drawn in logarithms


def sentence(curve: Curve, found: Found, _: Translator) -> str:
    """What to take, where it diverges, what the curvature predicts."""
    if curve.best is not None and not curve.learned:
        template = _(
            "{optimizer}: no rate from {low} to {high} lowered the training loss in {steps} steps; take "
            "higher rates, or more steps."
        )
        low, high = lr_text(curve.rates[0]), lr_text(curve.rates[-1])
        return template.format(optimizer=curve.title, low=low, high=high, steps=found.steps)
    return " ".join((suggestion(curve, found, _), edges(curve, _), prediction(curve, _))).strip()


def suggestion(curve: Curve, found: Found, _: Translator) -> str:
    """The rates to take, and by what they were chosen."""
    if curve.best is None or curve.interval is None:
        return _("{optimizer} trained at none of the rates from {low} to {high}.").format(
            optimizer=curve.title, low=lr_text(curve.rates[0]), high=lr_text(curve.rates[-1])
        )
    low, high = curve.interval
    if low == high:
        template = _(
            "{optimizer}: take the learning rate {best}; no other of the {count} is within {share:.0f} % of "
            "the best in all {seeds} seeds after {steps} steps."
        )
    else:
        template = _(
            "{optimizer}: take a learning rate from {low} to {high}, the best is {best}; there the final "
            "training loss is within {share:.0f} % of the way from the start to the best, in all {seeds} "
            "seeds, after {steps} steps."
        )
    said = template.format(
        optimizer=curve.title,
        low=lr_text(low),
        high=lr_text(high),
        best=lr_text(curve.rates[curve.best]),
        count=len(curve.rates),
        share=100 * TOLERANCE,
        seeds=found.seeds,
        steps=found.steps,
    )
    if curve.best in (0, len(curve.rates) - 1):
        said += " " + _("The best rate is on the edge of the sweep; a better one may lie beyond.")
    return said


def edges(curve: Curve, _: Translator) -> str:
    """Where it was seen to diverge, and where to stop learning."""
    if curve.best is None:
        return ""
    parts = []
    if curve.edge is None:
        parts.append(_("No seed diverged, up to {high}.").format(high=lr_text(curve.rates[-1])))
    elif curve.edge[0] is not None:
        template = _(
            "Divergence begins between {below} and {above}, the lowest rate at which a seed diverged."
        )
        parts.append(template.format(below=lr_text(curve.edge[0]), above=lr_text(curve.edge[1])))
    if curve.useless is not None and (curve.edge is None or curve.useless < curve.edge[1]):
        template = _("From {lr} on a seed may gain less than half of what it gains at best.")
        parts.append(template.format(lr=lr_text(curve.useless)))
    return " ".join(parts)


def prediction(curve: Curve, _: Translator) -> str:
    """The stability limits by the curvature, or why there are none."""
    if curve.without == "rule":
        template = _("No prediction for {optimizer}: how far it steps does not follow from the curvature.")
        return template.format(optimizer=curve.title)
    if curve.without == "chance":
        return _(
            "No prediction: with dropout, or with a state that batches move (norm=batch), the loss is not of "
            "the weights alone."
        )
    if curve.curvature is None or curve.predicted is None or curve.best is None:
        return ""
    template = _(
        "Predicted by the curvature (largest eigenvalue of the Hessian, median of the seeds): unstable from "
        "{first} on where training begins (λ = {before:.3g}; a training may leave such a place), from {last} "
        "on where {best} leads (λ = {after:.3g})."
    )
    first, last = curve.predicted
    before, after = curve.curvature
    if first is None and before > 0:
        template = _(
            "Predicted by the curvature (largest eigenvalue of the Hessian, median of the seeds) and by what "
            "{optimizer} divides its steps by: unstable from {last} on where {best} leads (λ = {after:.3g})."
        )
    return template.format(
        first=lr_text(first),
        last=lr_text(last),
        before=before,
        after=after,
        best=lr_text(curve.rates[curve.best]),
        optimizer=curve.title,
    )


def plot(curve: Curve, width: int, _: Translator) -> list[str]:
    """A line per rate: the range over the seeds and the median, on one scale; ▌ marks the interval."""
    finite = curve.losses[np.isfinite(curve.losses)]
    shown = finite[finite > 0]
    if not len(shown):
        return []
    # A loss above all starts tells nothing: what is worse is drawn at the edge.
    top = min(float(shown.max()), 3 * float(curve.starts.max()))
    bottom = min(float(shown.min()), top)
    logarithmic = top > _FACTOR * bottom
    scale = math.log10 if logarithmic else float
    low, span = scale(bottom), (scale(top) - scale(bottom)) or 1.0
    room = max(width - 28, 10)

    def place(loss: float) -> int:
        inside = min(max(loss, bottom), top)
        return round((scale(inside) - low) / span * (room - 1))

    head = _("loss, logarithmic") if logarithmic else _("loss")
    lines = [f"  {'lr':>8} {_('median'):>9}  {bottom:<.3g} {head} {top:.3g}"]
    for k, rate in enumerate(curve.rates):
        cells = [" "] * room
        finite = curve.losses[k][np.isfinite(curve.losses[k])]
        if len(finite):
            first, last = place(float(finite.min())), place(float(finite.max()))
            cells[first : last + 1] = ["─"] * (last + 1 - first)
        if math.isfinite(curve.median[k]):
            cells[place(float(curve.median[k]))] = "●"
        lost = f"×{curve.diverged[k]}" if curve.diverged[k] else ""
        inside = curve.interval is not None and curve.interval[0] <= rate <= curve.interval[1]
        median = f"{curve.median[k]:.3g}" if math.isfinite(curve.median[k]) else "–"
        mark = "▌" if inside else " "
        lines.append(f"{mark} {lr_text(rate):>8} {median:>9}  {''.join(cells)} {lost}".rstrip())
    return lines

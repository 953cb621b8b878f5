"""What a figure shows, in words and from its data: the text alternative for who cannot see it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ladera.analysis.answer import Answer, Ranked
from ladera.analysis.words import lr_text, metric_name, metric_text
from ladera.locale import Translator
from ladera.report.series import Band, Convergence, Inspected, Sensitivity

__all__ = ["convergence_finding", "inspection_finding", "sensitivity_finding"]


def convergence_finding(curves: Sequence[Convergence], answer: Answer, _: Translator) -> str:
    """Who ends best and worst, and how far the best one's loss falls."""
    if not answer.fairness.may_rank:
        return _("The comparison is not fair, so these curves do not show which optimizer is better.")
    restored = answer.stop != "never"
    ends = [(c, c.final if restored else c.bands["validation_metric"].median[-1]) for c in curves]
    trained = [(curve, value) for curve, value in ends if value is not None]
    if not trained:
        return _("No reporting run has trained to the end, so there is no curve to show.")
    sign = 1 if answer.direction == "max" else -1
    trained.sort(key=lambda pair: -sign * pair[1])
    (best, top), (worst, bottom) = trained[0], trained[-1]
    metric = metric_name(answer.metric, _)
    template = _("After the last epoch {best} has the best median validation {metric}, {value} (n = {n}).")
    if restored:
        template = _("At its best epochs {best} has the best median validation {metric}, {value} (n = {n}).")
    sentences = [
        template.format(best=best.title, metric=metric, value=metric_text(top, answer.unit), n=best.seeds)
    ]
    if worst is not best:
        value = metric_text(bottom, answer.unit)
        sentences.append(_("{worst} has the worst, {value}.").format(worst=worst.title, value=value))
    loss = best.bands["validation_loss"].median
    if loss[0] is not None and loss[-1] is not None:
        sentences.append(
            _("The median validation loss of {best} goes from {first} to {last}.").format(
                best=best.title, first=f"{loss[0]:.3g}", last=f"{loss[-1]:.3g}"
            )
        )
    lost = [curve.title for curve, value in ends if value is None]
    if lost:
        sentences.append(
            _("No median at the end, since runs diverged: {names}.").format(names=", ".join(lost))
        )
    return " ".join(sentences)


def inspection_finding(curves: Sequence[Inspected], batch: int, _: Translator) -> str:
    """Who is at its limit of stability in the end, and whether a batch is short for its noise."""

    def last(name: str) -> list[tuple[str, float]]:
        ends = [(curve.title, _last(curve.bands[name])) for curve in curves]
        return [(title, value) for title, value in ends if value is not None]

    sentences = []
    if shares := last("stability"):
        beyond = [title for title, value in shares if value >= 1]
        if beyond:
            template = _("At the last look {names} stand at their limit of stability or beyond it.")
            sentences.append(template.format(names=", ".join(beyond)))
        else:
            title, value = max(shares, key=lambda pair: pair[1])
            template = _(
                "At the last look none is at its limit of stability; {name} is nearest, at {share:.2g}."
            )
            sentences.append(template.format(name=title, share=value))
    if scales := last("noise_scale"):
        low, high = min(value for _t, value in scales), max(value for _t, value in scales)
        template = _(
            "The gradient noise scale there is {low:.0f} to {high:.0f} examples; a batch has {batch}."
        )
        sentences.append(template.format(low=low, high=high, batch=batch))
        if batch < low:
            sentences.append(
                _("There noise decides the steps: a rate that falls, or averaged weights, may pay.")
            )
    return " ".join(sentences) or _("Nothing could be measured in these trainings.")


def _last(band: Band) -> float | None:
    known = [value for value in band.median if value is not None]
    return known[-1] if known else None


def sensitivity_finding(curves: Sequence[Sensitivity], answer: Answer, _: Translator) -> str:
    """Where the best one is good, who is good over the widest interval, and where training is lost."""
    if not curves:
        return _("No learning rate was tuned, so there is nothing to show.")
    sentences = []
    best = answer.ranking[0] if answer.ranking else None
    tuned = {curve.optimizer: _at_chosen(curve) for curve in curves}
    if best is not None and tuned.get(best.optimizer) is not None:
        low, high = best.lr_interval
        sentences.append(
            _(
                "{best} has its best median, {value}, at learning rate {lr} and stays within 5 % of it "
                "from {low} to {high}."
            ).format(
                best=answer.titles[best.optimizer],
                value=metric_text(tuned[best.optimizer], answer.unit),
                lr=lr_text(best.lr),
                low=lr_text(low),
                high=lr_text(high),
            )
        )
    widest = max(answer.ranking, key=_decades, default=None)
    if widest is not None and len(answer.ranking) > 1 and _decades(widest) > 0:
        sentences.append(
            _("The widest such interval is that of {name}, {decades} decades.").format(
                name=answer.titles[widest.optimizer], decades=f"{_decades(widest):.1f}"
            )
        )
    return " ".join([*sentences, _divergence(curves, _)])


def _divergence(curves: Sequence[Sensitivity], _: Translator) -> str:
    lost = sum(sum(curve.diverged) for curve in curves)
    runs = sum(sum(curve.runs) for curve in curves)
    if not lost:
        return _("None of the {runs} tuning runs diverged.").format(runs=runs)
    lowest = min(lr for curve in curves for lr, k in zip(curve.band.x, curve.diverged, strict=True) if k)
    return _("{lost} of {runs} tuning runs diverged, the first ones at learning rate {lr}.").format(
        lost=lost, runs=runs, lr=lr_text(lowest)
    )


def _at_chosen(curve: Sensitivity) -> float | None:
    return curve.band.median[curve.band.x.index(curve.chosen)] if curve.chosen in curve.band.x else None


def _decades(ranked: Ranked) -> float:
    low, high = ranked.lr_interval
    return math.log10(high / low) if 0 < low <= high < math.inf else -math.inf

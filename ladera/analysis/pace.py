"""How soon the target is reached, in sentences: in steps, or in passes over the training set where a
solver is compared, whose steps are of another kind."""

from __future__ import annotations

from ladera.analysis.answer import Answer, Ranked
from ladera.locale import Translator

__all__ = ["speed", "time_to_target"]


def time_to_target(row: Ranked, answer: Answer) -> float | None:
    """The median time of a row, in passes or in steps; None where the target is missed."""
    return row.passes_to_target if answer.full_batch else row.steps_to_target


def speed(answer: Answer, target: str, _: Translator) -> str:
    """The winner's time beside the soonest other's; "" where the winner misses the target."""
    best = answer.best
    own = time_to_target(best, answer) if best is not None else None
    if own is None:
        return ""
    times = {row.optimizer: time_to_target(row, answer) for row in answer.ranking[1:]}
    others = {name: time for name, time in times.items() if time is not None}
    soonest = min(others, key=lambda name: others[name]) if others else None
    least = others[soonest] if soonest else None
    templates = _in_passes if answer.full_batch else _in_steps
    return templates(len(answer.ranking) > 1, own, least, _).format(
        target=target,
        steps=f"{own:.0f}",
        soonest=answer.titles[soonest] if soonest else "",
        fewer=f"{least:.0f}" if least is not None else "",
        ratio=least / own if least is not None and own else 0.0,
    )


def _in_steps(rivals: bool, own: float, least: float | None, _: Translator) -> str:
    if least is None:
        if rivals:
            return _("It alone reaches {target}, in {steps} steps.")
        return _("It reaches {target} in {steps} steps.")
    if least < own:
        return _("It reaches {target} in {steps} steps; {soonest} gets there first, in {fewer}.")
    if not _clearly_sooner(own, least):
        return _("It reaches {target} in {steps} steps, no sooner than {soonest}.")
    return _("It reaches {target} in {steps} steps, {ratio:.1f}× sooner than the next ({soonest}).")


def _in_passes(rivals: bool, own: float, least: float | None, _: Translator) -> str:
    if least is None:
        if rivals:
            return _("It alone reaches {target}, in {steps} passes over the training set.")
        return _("It reaches {target} in {steps} passes over the training set.")
    if least < own:
        return _(
            "It reaches {target} in {steps} passes over the training set; {soonest} gets there first, "
            "in {fewer}."
        )
    if not _clearly_sooner(own, least):
        return _("It reaches {target} in {steps} passes over the training set, no sooner than {soonest}.")
    return _(
        "It reaches {target} in {steps} passes over the training set, {ratio:.1f}× sooner than the next "
        "({soonest})."
    )


def _clearly_sooner(own: float, least: float) -> bool:
    return own > 0 and least / own >= 1.05

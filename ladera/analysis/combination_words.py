"""The answer of a sweep in sentences, each one whole template, so it can be translated."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ladera.analysis.answer import CLEAR, TIE
from ladera.analysis.combinations import BEST, DIVERGED, OPEN, PENDING, TIES, WORSE, Combination, SweepAnswer
from ladera.analysis.thresholds import FEWEST_SEEDS
from ladera.analysis.words import lr_text, metric_name, metric_text, more_seeds, probability_text
from ladera.locale import Translator

__all__ = ["difference_text", "sentence", "verdict_name", "winner"]

_NAMED = 3  # at most so many combinations are named in a sentence


def sentence(answer: SweepAnswer, _: Translator) -> str:
    """What to use, how sure that is, by how much, and what the choice costs the number that is shown."""
    if answer.best is None:
        return _nothing(answer, _)
    parts = (
        _lead(answer, answer.best, _),
        more_seeds(answer.more_seeds, _),
        _evidence(answer, answer.best, _),
    )
    return " ".join(part for part in (*parts, _edge(answer.best, _), _selection(answer, _)) if part)


def winner(row: Combination, _: Translator) -> str:
    """The optimizer of a combination with its learning rate, if it has one."""
    if row.lr is None:
        return row.title or "–"
    return _("{optimizer} at learning rate {lr}").format(optimizer=row.title, lr=lr_text(row.lr))


def verdict_name(verdict: str, _: Translator) -> str:
    """The verdict on a combination in words."""
    return {
        BEST: _("best"),
        TIES: _("ties"),
        OPEN: _("open"),
        WORSE: _("worse"),
        DIVERGED: _("diverged"),
        PENDING: _("not finished"),
    }[verdict]


def difference_text(row: Combination, unit: str) -> str:
    """By how much it is worse than the best, with its interval: "0.012 [0.004, 0.020]"."""
    if math.isnan(row.difference):  # it is the best, or has no value
        return "–"
    low, high = (metric_text(end, unit) for end in row.difference_interval)
    return f"{metric_text(row.difference, unit)} [{low}, {high}]"


def _lead(answer: SweepAnswer, best: Combination, _: Translator) -> str:
    count, equal, undecided = len(answer.ranking), answer.of(TIES), answer.of(OPEN)
    if pending := answer.of(PENDING):
        template = _(
            "{combination} with {winner} is ahead so far, but {pending} of {count} combinations are not "
            "finished; the same command goes on where it stopped."
        )
    elif count == 1:
        template = _("Use {combination} with {winner}; no other combination was compared.")
    elif answer.grade == CLEAR:
        template = _("Use {combination} with {winner}: clearly the best of {count} combinations.")
    elif answer.grade == TIE and undecided:
        template = _(
            "Use {combination} with {winner}: of {count} combinations it ties with {equal}; whether it beats "
            "{undecided} is open."
        )
    elif answer.grade == TIE:
        template = _("Use {combination} with {winner}: of {count} combinations it ties with {equal}.")
    elif answer.seeds < FEWEST_SEEDS:
        template = _(
            "Of {count} combinations {combination} with {winner} is ahead, but {seeds} seeds are too few to "
            "be sure."
        )
    else:
        template = _(
            "Of {count} combinations {combination} with {winner} is ahead, but not surely better than "
            "{undecided}."
        )
    return template.format(
        combination=best.name,
        winner=winner(best, _),
        count=count,
        seeds=answer.seeds,
        pending=len(pending),
        equal=_names(equal, _),
        undecided=_names(undecided, _),
    )


def _names(rows: Sequence[Combination], _: Translator) -> str:
    names = "; ".join(f"({row.name})" for row in rows[:_NAMED])
    if len(rows) <= _NAMED:
        return names
    return _("{names} and {more} others").format(names=names, more=len(rows) - _NAMED)


def _evidence(answer: SweepAnswer, best: Combination, _: Translator) -> str:
    metric, unit = metric_name(answer.metric, _), answer.unit
    if answer.seeds < 2:
        template = _("Validation {metric} {value} on one seed, which gives no interval.")
        return template.format(metric=metric, value=metric_text(best.median, unit))
    template = _(
        "Median validation {metric} {value}, 95 % bootstrap interval [{low}, {high}], {seeds} seeds."
    )
    low, high = (metric_text(end, unit) for end in best.interval)
    said = template.format(
        metric=metric, value=metric_text(best.median, unit), low=low, high=high, seeds=answer.seeds
    )
    if len(answer.ranking) < 2 or answer.ranking[1].verdict == PENDING:
        return said
    rival = answer.ranking[1]
    if rival.verdict == DIVERGED:
        return f"{said} {_('Every other combination diverged.')}"
    template = _(
        "Seed by seed it is {difference} better in the mean than the next, ({rival}); "
        "P(it beats that) {probability}."
    )
    more = template.format(
        difference=difference_text(rival, unit),
        rival=rival.name,
        probability=probability_text(rival.probability_beaten_by_best),
    )
    return f"{said} {more}"


def _edge(best: Combination, _: Translator) -> str:
    if not best.edge:
        return ""
    template = _(
        "On the edge of the grid: the best learning rate of {optimizers}; a better one may lie beyond."
    )
    return template.format(optimizers=best.title)


def _selection(answer: SweepAnswer, _: Translator) -> str:
    """What choosing by the validation set does to its value, and who was measured on the test set."""
    if answer.test is None:
        return _(
            "The choice was made on the validation set, which flatters the best; the test set was not read."
        )
    if answer.tested > 1:
        template = _(
            "The choice was made on the validation set, which flatters the best; on the test set it has "
            "{metric} {test}, but that was read for {tested} combinations."
        )
    else:
        template = _(
            "The choice was made on the validation set, which flatters the best; the test set was read for "
            "it alone: {metric} {test}."
        )
    return template.format(
        metric=metric_name(answer.metric, _), test=metric_text(answer.test, answer.unit), tested=answer.tested
    )


def _nothing(answer: SweepAnswer, _: Translator) -> str:
    if answer.unlike:
        return _(
            "Not ranked: the combinations do not share data, split and metric, so their seeds are no pairs; "
            "each is a study with its own answer."
        )
    if answer.of(DIVERGED):
        return _("Nothing trained: every combination's runs diverged; try smaller learning rates.")
    return _(
        "No answer yet: no combination has finished its reporting runs; the same command goes on where it "
        "stopped."
    )

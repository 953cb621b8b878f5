"""An answer in sentences. Every sentence is one whole template, so it can be translated.

`_` is a translator: template -> template of another language (`str` leaves English). Numbers keep
the decimal point in every language.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ladera.analysis import pace
from ladera.analysis.answer import CLEAR, TIE, Answer, Fairness
from ladera.analysis.thresholds import FEWEST_SEEDS
from ladera.locale import Translator

__all__ = [
    "baseline",
    "evidence",
    "fairness_notes",
    "full_batch",
    "grade_name",
    "headline",
    "lr_text",
    "metric_name",
    "metric_text",
    "not_shown",
    "probability_text",
    "scheduled",
    "sentence",
    "speed",
    "stopped_early",
    "warnings",
]


def sentence(answer: Answer, _: Translator) -> str:
    """The answer box: what to use, how sure that is, how soon it gets there, what was not shown."""
    if answer.optimizer is None:
        return headline(answer, _)
    said = (headline, scheduled, stopped_early, evidence, baseline, speed)
    parts = [*(part(answer, _) for part in said), not_shown(_)]
    return " ".join(part for part in parts if part)


def headline(answer: Answer, _: Translator) -> str:
    """What to use, with the grade in words; or why nothing can be recommended."""
    if answer.optimizer is None:
        return _no_answer(answer, _)
    equal = [row.optimizer for row in answer.ranking if row.equal]
    undecided = [name for name in answer.ties if name not in equal]
    lead = _lead(answer, bool(undecided), _).format(
        optimizer=answer.titles[answer.optimizer],
        lr=lr_text(answer.lr),
        ties=_names(answer.ties, answer),
        equal=_names(equal, answer),
        undecided=_names(undecided, answer),
        count=len(answer.ranking),
        seeds=answer.seeds,
        pending=_names(answer.pending, answer),
    )
    return f"{lead} {more}" if (more := more_seeds(answer.more_seeds, _)) else lead


def _lead(answer: Answer, undecided: bool, _: Translator) -> str:
    """The template: of a rule with its learning rate, of a solver without."""
    if answer.pending:
        pair = (
            _(
                "{optimizer} with learning rate {lr} is ahead so far, but the study is not finished "
                "(waiting for {pending}); the same command goes on where it stopped."
            ),
            _(
                "{optimizer} is ahead so far, but the study is not finished "
                "(waiting for {pending}); the same command goes on where it stopped."
            ),
        )
    elif len(answer.ranking) == 1:
        pair = (
            _("Use {optimizer} with learning rate {lr}; no other optimizer was compared."),
            _("Use {optimizer}; no other optimizer was compared."),
        )
    elif answer.grade == CLEAR:
        pair = (
            _("Use {optimizer} with learning rate {lr}: clearly the best of {count} optimizers."),
            _("Use {optimizer}: clearly the best of {count} optimizers."),
        )
    elif answer.grade == TIE and undecided:
        pair = (
            _(
                "Use {optimizer} with learning rate {lr} (tie with {equal}; "
                "whether it beats {undecided} is open)."
            ),
            _("Use {optimizer} (tie with {equal}; whether it beats {undecided} is open)."),
        )
    elif answer.grade == TIE:
        pair = (
            _("Use {optimizer} with learning rate {lr} (tie with {equal})."),
            _("Use {optimizer} (tie with {equal})."),
        )
    elif answer.seeds < FEWEST_SEEDS:
        pair = (
            _("{optimizer} with learning rate {lr} is ahead, but {seeds} seeds are too few to be sure."),
            _("{optimizer} is ahead, but {seeds} seeds are too few to be sure."),
        )
    else:
        pair = (
            _("{optimizer} with learning rate {lr} is ahead, but not surely better than {ties}."),
            _("{optimizer} is ahead, but not surely better than {ties}."),
        )
    return pair[answer.lr is None]


def evidence(answer: Answer, _: Translator) -> str:
    """The validation metric with its interval, the seeds, and P(it beats the next); "" without."""
    if answer.optimizer is None or answer.validation is None or answer.interval is None:
        return ""
    if answer.seeds < 2:
        template = _("Validation {metric} {value} on one seed, which gives no interval.")
    elif len(answer.ranking) < 2:
        template = _(
            "Median validation {metric} {value}, 95 % bootstrap interval [{low}, {high}], {seeds} seeds."
        )
    else:
        template = _(
            "Median validation {metric} {value}, 95 % bootstrap interval [{low}, {high}], "
            "{seeds} paired seeds; P({optimizer} beats {rival}) {probability}."
        )
    rival = answer.ranking[1] if len(answer.ranking) > 1 else None
    return template.format(
        metric=metric_name(answer.metric, _),
        value=metric_text(answer.validation, answer.unit),
        low=metric_text(answer.interval[0], answer.unit),
        high=metric_text(answer.interval[1], answer.unit),
        seeds=answer.seeds,
        optimizer=answer.titles[answer.optimizer],
        rival=answer.titles[rival.optimizer] if rival else "",
        probability=probability_text(rival.probability_beaten_by_best) if rival else "",
    )


def baseline(answer: Answer, _: Translator) -> str:
    """Of windows of a series: what repeating the last value gives, and whether that is beaten."""
    if answer.naive is None or answer.validation is None:
        return ""
    if answer.validation < answer.naive:
        template = _("The naive forecast, the last value repeated, has {value}.")
    else:
        template = _("The naive forecast, the last value repeated, has {value} and is not beaten.")
    return template.format(value=metric_text(answer.naive, answer.unit))


def speed(answer: Answer, _: Translator) -> str:
    """Time to the target, beside the soonest other optimizer; "" where the winner misses it."""
    if answer.target is None:
        return ""
    return pace.speed(answer, metric_text(answer.target, answer.unit), _)


def scheduled(answer: Answer, _: Translator) -> str:
    """Which schedule the rules followed, and who followed none; "" where all stayed constant."""
    if answer.schedule == "constant":
        return ""
    if len(answer.full_batch) == len(answer.titles):
        template = _("Solvers have no learning rate: the schedule {schedule} moved nothing.")
    elif answer.full_batch:
        template = _(
            "Every rule followed the schedule {schedule}; without a learning rate, and hence without a "
            "schedule: {names}."
        )
    else:
        template = _("Every rule followed the schedule {schedule}.")
    names = ", ".join(answer.titles[name] for name in answer.full_batch)
    return template.format(schedule=answer.schedule, names=names)


def stopped_early(answer: Answer, _: Translator) -> str:
    """How many trainings stopped early, and what is measured then; "" where none might."""
    if answer.stop == "never":
        return ""
    template = _(
        "Early stopping ({stop}): {count} of {runs} reporting runs ended before their last epoch; each is "
        "measured at its best."
    )
    runs = answer.seeds * len(answer.ranking)
    return template.format(stop=answer.stop, count=answer.stopped, runs=runs)


def full_batch(answer: Answer, _: Translator) -> str:
    """What solvers were given beside the rules; "" where there are none."""
    if not answer.full_batch:
        return ""
    template = _(
        "Full batch, without a learning rate to tune: {names}; each was given as many passes over the "
        "training set as the others epochs."
    )
    if len(answer.full_batch) == len(answer.titles):
        template = _("Full batch, without a learning rate to tune: {names}.")
    return template.format(names=", ".join(answer.titles[name] for name in answer.full_batch))


def not_shown(_: Translator) -> str:
    return _("Not shown: other networks, other data, and hyperparameters other than the learning rate.")


def warnings(answer: Answer, _: Translator) -> list[str]:
    """What the reader must know beside the answer: edges, unequal budgets, diverged runs."""
    found = []
    if answer.fairness.edge:
        template = _(
            "On the edge of the grid: the best learning rate of {optimizers}; a better one may lie beyond."
        )
        found.append(template.format(optimizers=_names(answer.fairness.edge, answer)))
    if not answer.fairness.equal_budget:
        found.append(_unequal_budget(answer.fairness, answer.titles, _))
    if answer.discarded:
        template = _(
            "Diverged runs: {count}; each counts as the worst result, none is averaged in or left out."
        )
        found.append(template.format(count=answer.discarded))
    return found


def fairness_notes(answer: Answer, _: Translator) -> list[str]:
    """One sentence per rule of a fair comparison that does not hold; empty where all hold."""
    fairness, notes = answer.fairness, []
    if not fairness.paired:
        template = _(
            "Not paired: on the seeds {seeds} the optimizers did not start from the same weights and "
            "mini-batches (their first losses differ by {spread:.1e} of their size)."
        )
        notes.append(
            template.format(seeds=_list(fairness.unpaired_seeds), spread=fairness.fingerprint_spread)
        )
    if not fairness.disjoint_splits:
        notes.append(_("Not disjoint: the training, validation and test sets share rows."))
    if not fairness.disjoint_seeds:
        template = _("Not disjoint: the seeds {seeds} both chose the learning rate and are reported.")
        notes.append(template.format(seeds=_list(fairness.shared_seeds)))
    if not fairness.equal_budget:
        notes.append(_unequal_budget(fairness, answer.titles, _))
    return notes


def _no_answer(answer: Answer, _: Translator) -> str:
    if not answer.fairness.may_rank:
        refusal = _("Not ranked, because the comparison is not fair.")
        return " ".join([refusal, *fairness_notes(answer, _)])
    if not answer.ranking:
        return _(
            "No answer yet: no optimizer has finished its reporting runs; "
            "the same command goes on where it stopped."
        )
    if answer.largest_trained_lr is None:
        return _("Nothing trained: every run diverged; try smaller learning rates.")
    template = _("Nothing trained; the largest learning rate that did not diverge was {lr}.")
    return template.format(lr=lr_text(answer.largest_trained_lr))


def more_seeds(count: int | None, _: Translator) -> str:
    """How many more seeds would decide, "" where that cannot be said."""
    if count is None:
        return ""
    if count == 1:
        return _("About one more seed would decide.")
    return _("About {more} more seeds would decide.").format(more=count)


def _unequal_budget(fairness: Fairness, titles: dict[str, str], _: Translator) -> str:
    template = _("Unequal tuning budgets, in gradient evaluations: {budgets}.")
    budgets = (f"{titles[name]} {spent}" for name, spent in fairness.tuning_evaluations.items())
    return template.format(budgets=", ".join(budgets))


def grade_name(grade: str, _: Translator) -> str:
    """The grade in words: clear, tie, not enough data."""
    return {CLEAR: _("clear"), TIE: _("tie")}.get(grade, _("not enough data"))


def metric_name(metric: str, _: Translator) -> str:
    """The metric as people write it; a name that is not known stays as it is."""
    return {"accuracy": _("accuracy"), "rmse": _("RMSE"), "mse": _("MSE")}.get(metric, metric)


def metric_text(value: float | None, unit: str) -> str:
    """Three decimals for shares, four figures for the rest; a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.3f}" if unit == "share" else f"{value:.4g}"


def lr_text(lr: float | None) -> str:
    """A learning rate as people write it: 3e-3, 0.1, 2.5e-4, 1."""
    if lr is None or not math.isfinite(lr):
        return "–"
    if 0.01 <= abs(lr) < 1000:
        return f"{lr:.3g}" if abs(lr) < 100 else f"{lr:.0f}"
    mantissa, exponent = f"{lr:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def probability_text(probability: float) -> str:
    """With its sign of relation, as "P(...) = 0.97"; never 0 or 1, which no sample can show."""
    if not math.isfinite(probability):
        return "= –"
    if probability > 0.99:
        return "> 0.99"
    return "< 0.01" if probability < 0.01 else f"= {probability:.2f}"


def _names(optimizers: Iterable[str], answer: Answer) -> str:
    """Names with their learning rate where they are ranked: "RMSprop 1e-3, Adam 3e-3"."""
    lrs = {row.optimizer: row.lr for row in answer.ranking if math.isfinite(row.lr)}
    return ", ".join(
        f"{answer.titles[name]} {lr_text(lrs[name])}" if name in lrs else answer.titles[name]
        for name in optimizers
    )


def _list(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))

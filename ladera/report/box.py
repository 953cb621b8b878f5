"""The answer box: what to use, how sure that is, and what the reader must know beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ladera.analysis.answer import CLEAR, TIE, Answer
from ladera.analysis.pace import time_to_target
from ladera.analysis.words import (
    fairness_notes,
    grade_name,
    lr_text,
    metric_name,
    metric_text,
    sentence,
    warnings,
)
from ladera.locale import Translator

__all__ = ["Box", "Fact", "answer_box"]

_TONES = {CLEAR: ("clear", "✓"), TIE: ("tie", "≈")}  # a word for the style sheet, and a symbol
_OPEN = ("open", "?")


@dataclass(frozen=True)
class Fact:
    name: str
    value: str
    detail: str
    words: bool = False  # the value is words, not a number


@dataclass(frozen=True)
class Box:
    """Text for the template. `checks`: whether each rule of a fair comparison holds, and its name."""

    tone: str
    symbol: str
    grade: str
    heading: str
    sentence: str
    facts: list[Fact]
    fair: bool
    badge: str
    checks: list[tuple[bool, str]]
    warnings: list[str]


def answer_box(answer: Answer, damaged: Sequence[Path], _: Translator) -> Box:
    tone, symbol = _TONES.get(answer.grade, _OPEN)
    fairness = answer.fairness
    checks = [
        (fairness.paired, _("paired seeds")),
        (fairness.disjoint_splits, _("disjoint training, validation and test sets")),
        (fairness.disjoint_seeds, _("tuning seeds are not reporting seeds")),
        (fairness.equal_budget, _("equal budgets")),
    ]
    fair = all(holds for holds, _name in checks)
    return Box(
        tone=tone,
        symbol=symbol,
        grade=grade_name(answer.grade, _),
        heading=_heading(answer, _),
        sentence=sentence(answer, _),
        facts=_facts(answer, _),
        fair=fair,
        badge=_("Fair comparison") if fair else _("Not a fair comparison"),
        checks=checks,
        warnings=_warnings(answer, damaged, _),
    )


def _heading(answer: Answer, _: Translator) -> str:
    if answer.optimizer is None:
        return _("No recommendation")
    if answer.lr is None:
        return answer.titles[answer.optimizer]
    return _("{optimizer}, learning rate {lr}").format(
        optimizer=answer.titles[answer.optimizer], lr=lr_text(answer.lr)
    )


def _facts(answer: Answer, _: Translator) -> list[Fact]:
    """The numbers of the sentence, one by one."""
    best = answer.best
    if best is None:
        return []
    metric, low, high = metric_name(answer.metric, _), *(answer.interval or (math.nan, math.nan))
    interval = _("95 % bootstrap interval [{low}, {high}]").format(
        low=metric_text(low, answer.unit), high=metric_text(high, answer.unit)
    )
    facts = [
        Fact(
            _("median validation {metric}").format(metric=metric),
            metric_text(answer.validation, answer.unit),
            interval,
        ),
        Fact(
            _("median test {metric}").format(metric=metric),
            metric_text(answer.test, answer.unit),
            _read(answer, _),
        ),
        Fact(_("paired seeds"), str(answer.seeds), _("none of them chose a learning rate")),
    ]
    if len(answer.ranking) > 1:
        ties = ", ".join(answer.titles[name] for name in answer.ties)
        others = _("of {count} optimizers").format(count=len(answer.ranking))
        facts += [
            Fact(_("P(best of all)"), _chance(answer.probability_best), others),
            Fact(_("not separated from it"), ties or _("none"), _("paired test, Holm-corrected"), words=True),
        ]
    if answer.target is not None:
        template = _("steps to validation {metric} {target}")
        if answer.full_batch:
            template = _("passes to validation {metric} {target}")
        name = template.format(metric=metric, target=metric_text(answer.target, answer.unit))
        time = time_to_target(best, answer)
        facts.append(
            Fact(name, "–" if time is None else f"{time:.0f}", _("median over the seeds, first touch"))
        )
    return facts


def _read(answer: Answer, _: Translator) -> str:
    """How often the test set was read."""
    if answer.test is None:
        return _("not read yet")
    if answer.tested > 1:
        return _("read for {count} choices: questions asked before were answered with it").format(
            count=answer.tested
        )
    return _("read once, for this choice only")


def _warnings(answer: Answer, damaged: Sequence[Path], _: Translator) -> list[str]:
    notes = fairness_notes(answer, _) if answer.optimizer is not None else []  # else the sentence says them
    found = list(dict.fromkeys([*notes, *warnings(answer, _)]))
    if damaged:
        template = _(
            "Damaged files, left out: {files}; asking the same comparison again trains their runs again."
        )
        found.append(template.format(files=", ".join(f"{path.parent.name}/{path.name}" for path in damaged)))
    return found


def _chance(probability: float | None) -> str:
    if probability is None or not math.isfinite(probability):
        return "–"
    return "> 0.99" if probability > 0.99 else f"{probability:.2f}"

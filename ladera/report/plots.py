"""Each figure of a study, ready to be shown: drawing, text alternative, legend, data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from ladera.analysis.answer import Answer
from ladera.analysis.frames import Frames, instruments_frame
from ladera.analysis.verdict import Evidence
from ladera.analysis.words import lr_text, metric_name
from ladera.locale import Translator
from ladera.report import figures, findings, tables
from ladera.report.series import Convergence, Scale, convergences, inspections, sensitivities
from ladera.report.style import Style, styles

__all__ = ["Entry", "Plot", "Study", "convergence", "inspection", "sensitivity"]


class Study(Protocol):
    """What a report is made from; `ladera.study.Study` is one."""

    @property
    def frames(self) -> Frames: ...
    @property
    def evidence(self) -> Evidence: ...
    def recommendation(self) -> Answer: ...
    def as_json(self, lang: str = ...) -> dict[str, Any]: ...
    def code(self, framework: str, lang: str = ...) -> str: ...


@dataclass(frozen=True)
class Entry:
    """A line of a legend."""

    name: str
    label: str
    style: Style


@dataclass(frozen=True)
class Plot:
    """A figure with its text alternative, how to read it, its legend and its data."""

    id: str
    figure: dict[str, Any]
    finding: str
    reading: str
    legend: list[Entry]
    units: list[tuple[str, str]]
    table: tables.Table


def convergence(study: Study, _: Translator) -> Plot:
    """Loss and metric over the training, train and validation."""
    answer, seen = study.recommendation(), study.evidence
    looks, scale = styles(answer.titles), _scale(answer)
    names = {"steps": _("steps"), "evaluations": _("gradient evaluations"), "seconds": _("seconds")}
    if answer.full_batch:  # a gradient of a mini-batch and one of the whole set are not to be counted alike
        names = {"passes": _("passes over the training set"), "seconds": _("seconds")}
    curves = convergences(
        answer, seen.reported, seen.curves, _steps_per_pass(study.frames) if answer.full_batch else None
    )
    known = [unit for unit in names if curves and all(unit in curve.per_x for curve in curves)]
    reading = _(
        "Line: median over the {n} reporting seeds, each optimizer at its best learning rate. "
        "Band: their range. A run that diverged counts as the worst. Training values are means over "
        "an epoch's mini-batches, each before its own step; validation values are taken after the epoch. "
        "The axes of the {metric} fit what comes after the first fifth of the steps."
    ).format(n=answer.seeds, metric=metric_name(answer.metric, _))
    if answer.full_batch:
        more = _(
            "Of {names} the training values are of the whole training set, as the validation values are, and "
            "a point is shown when its passes are paid for."
        )
        reading += " " + more.format(names=", ".join(answer.titles[name] for name in answer.full_batch))
    if answer.stop != "never":
        reading += " " + _("A run that stopped early stays at the values of its best epoch from then on.")
    return Plot(
        id="convergence",
        figure=figures.convergence(curves, looks, scale, next(iter(names.values())), _),
        finding=findings.convergence_finding(curves, answer, _),
        reading=reading,
        legend=[Entry(c.optimizer, _label(c), looks[c.optimizer]) for c in curves],
        units=[(unit, names[unit]) for unit in known] if len(known) > 1 else [],
        table=tables.convergence_table(curves, answer, _),
    )


def sensitivity(study: Study, _: Translator) -> Plot:
    """The final validation metric over the learning rates."""
    answer = study.recommendation()
    looks, scale = styles(answer.titles), _scale(answer)
    chosen = {name: choice.lr for name, choice in study.evidence.choices.items()}
    curves = sensitivities(answer, study.frames.purpose("tune"), chosen)
    return Plot(
        id="sensitivity",
        figure=figures.sensitivity(curves, looks, scale, _),
        finding=findings.sensitivity_finding(curves, answer, _),
        reading=_(
            "Line: median over the {n} tuning seeds after the last epoch. Band: the range of those that "
            "trained. Ring: the learning rate that was chosen. ×: diverged runs, bold where all seeds "
            "diverged; in the median a diverged run counts as the worst."
        ).format(n=len(study.frames.study["seeds"]["tune"])),
        legend=[Entry(c.optimizer, c.title, looks[c.optimizer]) for c in curves],
        units=[],
        table=tables.sensitivity_table(curves, answer, _),
    )


def inspection(study: Study, _: Translator) -> Plot | None:
    """Stability and gradient noise over the training; None where no training was looked into."""
    answer, frames = study.recommendation(), study.frames
    runs = frames.purpose("inspect")
    chosen = {ranked.optimizer: ranked.lr for ranked in answer.ranking}
    runs = runs[runs["lr"] == runs["optimizer"].map(chosen)]
    if not len(runs):
        return None
    found = instruments_frame(frames.store.curves(set(runs["cohort"])), runs)
    training, looks = frames.study["training"], styles(answer.titles)
    curves = inspections(answer, found, training["steps_per_epoch"])
    return Plot(
        id="inspection",
        figure=figures.inspection(curves, looks, training["batch"], _),
        finding=findings.inspection_finding(curves, training["batch"], _),
        reading=_(
            "Line: median over the reporting seeds, each optimizer at its best learning rate; band: their "
            "range. Left, the largest curvature of the training loss over the largest that the optimizer "
            "stands with its learning rate and what it has accumulated: from 1 on its steps grow from side "
            "to side, far below it something else limits the rate. Optimizers whose steps do not shrink with "
            "the gradient have no such limit. Right, the batch beyond which more examples hardly make a step "
            "better; the dotted line is the batch that was taken."
        ),
        legend=[Entry(c.optimizer, c.title, looks[c.optimizer]) for c in curves],
        units=[],
        table=tables.inspection_table(curves, _),
    )


def _label(curve: Convergence) -> str:
    return curve.title if math.isnan(curve.lr) else f"{curve.title} lr {lr_text(curve.lr)}"


def _steps_per_pass(frames: Frames) -> dict[str, float]:
    """How many of its steps each optimizer makes in one pass: half as many where a step costs two
    gradients; a solver's passes are recorded as so many steps."""
    in_epoch = frames.study["training"]["steps_per_epoch"]
    return {o["name"]: in_epoch / o["evaluations_per_step"] for o in frames.optimizers}


def _scale(answer: Answer) -> Scale:
    return Scale(answer.metric, answer.direction, answer.start)

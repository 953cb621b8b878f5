"""What it takes to do the study again: what was asked, on which data, with which versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ladera.analysis.words import lr_text
from ladera.locale import Translator

__all__ = ["Compared", "Group", "compared", "described", "record"]


@dataclass(frozen=True)
class Group:
    heading: str
    pairs: list[tuple[str, str]]


@dataclass(frozen=True)
class Compared:
    """One optimizer as it was asked for."""

    title: str
    lrs: str
    others: str


def record(asked: Mapping[str, Any], _: Translator) -> list[Group]:
    """The study file in words; a table that it lacks is left out."""
    problem, training, seeds = asked["problem"], asked["training"], asked["seeds"]
    if "naive" in problem:
        problem = {**problem, "naive": list(problem["naive"].values())}
    machine, seconds = asked.get("machine", {}), asked.get("spent", {})
    names = {  # headings of the study file's own keys
        "problem": _of_the_problem(_),
        "training": {
            "epochs": _("epochs"),
            "batch": _("batch"),
            "sampling": _("sampling"),
            "steps_per_epoch": _("steps per epoch"),
            "schedule": _("schedule"),
            "stop": _("early stopping"),
            "dtype": _("number format"),
        },
        "seeds": {"tune": _("tuning seeds"), "report": _("reporting seeds")},
        "machine": {"cpu": _("processor"), "cores": _("cores"), "platform": _("system")},
        "spent": {
            "total": _("seconds in all"),
            "compile": _("… compiling"),
            "train": _("… training"),
        },
    }
    groups = [
        Group(_("Problem"), _pairs(problem, names["problem"])),
        Group(_("Training"), _pairs(training, names["training"]) + _pairs(seeds, names["seeds"])),
        Group(_("Machine and time"), _pairs(machine, names["machine"]) + _pairs(seconds, names["spent"])),
        Group(_("Versions"), [(str(name), str(value)) for name, value in asked.get("versions", {}).items()]),
    ]
    return [group for group in groups if group.pairs]


def described(problem: Mapping[str, Any], _: Translator) -> list[tuple[str, str]]:
    """What a study file says of its data, in words: headings and values."""
    names = {
        **_of_the_problem(_),
        "split_seed": _("split seed"),
        "disjoint": _("disjoint splits"),
        "description": _("description"),
        "source": _("source"),
    }
    told = {**problem, "disjoint": _("yes") if problem["disjoint"] else _("no")}
    if "naive" in told:
        told["naive"] = list(told["naive"].values())
    return _pairs(told, names)


def _of_the_problem(_: Translator) -> dict[str, str]:
    return {
        "data": _("data"),
        "target": _("target"),
        "window": _("window"),
        "horizon": _("horizon"),
        "text": _("text"),
        "tokens": _("tokens"),
        "vocabulary": _("vocabulary"),
        "steps": _("steps of an example"),
        "task": _("task"),
        "network": _("network"),
        "activation": _("activation"),
        "init": _("initial weights"),
        "norm": _("normalisation"),
        "residual": _("residual"),
        "dropout": _("dropout"),
        "loss": _("loss"),
        "penalty": _("penalty"),
        "features": _("features"),
        "classes": _("classes"),
        "parameters": _("parameters"),
        "train": _("training rows"),
        "validation": _("validation rows"),
        "test": _("test rows"),
        "naive": _("naive forecast: validation, test"),
        "data_hash": _("data hash"),
        "split_hash": _("split hash"),
    }


def compared(asked: Mapping[str, Any]) -> list[Compared]:
    return [
        Compared(
            optimizer["class"],
            ", ".join(lr_text(lr) for lr in optimizer["lr"]) or "–",
            ", ".join(
                [f"{k} = {_text(v)}" for k, v in optimizer["hyperparameters"].items() if k != "lr"]
                + [optimizer[key] for key in ("dtype",) if key in optimizer]
            )
            or "–",
        )
        for optimizer in asked["optimizers"]
    ]


def _pairs(values: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(heading, _text(values[key])) for key, heading in names.items() if key in values]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:g}".replace("e-0", "e-") if isinstance(value, float) else str(value)

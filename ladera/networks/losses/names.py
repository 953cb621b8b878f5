"""Which text asks for which loss, and whether it fits the task."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ladera.base import UsageError, unknown_name
from ladera.networks.losses.table import LOSSES, Loss, Smoothness

__all__ = ["canonical", "curvature_root", "is_name", "loss", "outputs", "resolve", "smoothness"]

_DEFAULT = {"classification": "cross_entropy", "regression": "mse"}


def resolve(text: str, task: str, classes: int | None = None) -> str:
    """The loss's text as `canonical` writes it, with "auto" replaced by the task's customary one.

    classes: how many there are, None while that is not known. Raises UsageError for an unknown loss, a
    number that does not fit it, a loss for classes on a regression, and one for two on more classes.
    """
    if str(text).strip().lower() == "auto":
        return _DEFAULT[task]
    found = canonical(text)
    name = _name(found)
    if LOSSES[name].needs_classes and task == "regression":
        raise UsageError(
            "The loss '{loss}' needs classes as target, received numbers; take loss 'mse' or 'auto'.",
            loss=name,
        )
    if name == "binary_cross_entropy" and classes not in (None, 2):
        raise UsageError(
            "The loss 'binary_cross_entropy' needs two classes, received {classes}; take loss "
            "'cross_entropy' or 'auto'.",
            classes=classes,
        )
    return found


def canonical(text: str) -> str:
    """The loss's name in lower case with underscores, and its number behind a colon unless it is the
    default: "cross_entropy", "cross_entropy:0.1", "huber:0.5".

    Raises UsageError for an unknown name, and for a number that is none or out of its domain.
    """
    name, number = _parsed(text)
    asked = LOSSES[name].number
    if asked is None or number == asked.default:
        return name
    return f"{name}:{int(number) if number == int(number) else number!r}"


def is_name(text: str) -> bool:
    """Whether the text names a loss, whatever number it has."""
    return _name(text) in LOSSES


def loss(text: str) -> Callable[[Any, Any], Any]:
    """The function of raw outputs and targets, one number per example."""
    return _with_number(text, lambda found: found.value)


def curvature_root(text: str) -> Callable[[Any, Any], Any]:
    """The function S of raw outputs `z` [n, k] and targets, shape [n, k, k], with SᵀS the Hessian in z
    of each example's loss. Raises UsageError for a loss that has none."""
    found = LOSSES[_name(text)]
    if found.root is None:
        raise UsageError(
            "The loss '{loss}' has no curvature that is a square; take a loss such as cross_entropy, mse or "
            "huber.",
            loss=text,
        )
    return _with_number(text, lambda found: found.root)


def smoothness(text: str) -> Smoothness:
    """How smooth the loss is; "auto" stands for one that is convex."""
    return Smoothness.CONVEX if _name(text) == "auto" else LOSSES[_name(text)].smoothness


def outputs(text: str, targets: int) -> int:
    """How many raw outputs the loss reads, where the data have `targets` classes or quantities."""
    return 1 if _name(text) == "binary_cross_entropy" else targets


def _name(text: str) -> str:
    return str(text).partition(":")[0].strip().lower().replace("-", "_")


def _parsed(text: str) -> tuple[str, float]:
    """Name and number; nan where the loss takes none."""
    name, (_, colon, said) = _name(text), str(text).partition(":")
    if name not in LOSSES:
        raise unknown_name("loss", str(text), [*LOSSES, "auto"])
    asked = LOSSES[name].number
    if asked is None:
        if colon:
            raise UsageError(
                "The loss '{loss}' takes no number, received '{received}'; leave it out.",
                loss=name,
                received=text,
            )
        return name, math.nan
    if not colon:
        return name, asked.default
    try:
        number = float(said)
    except ValueError:
        number = math.nan
    if not asked.holds(number):
        raise UsageError(
            "Behind the loss '{loss}' and a colon stands its {number}, from {domain}, received '{received}'; "
            "for example {loss}:{example}.",
            loss=name,
            number=asked.name,
            domain=asked,
            received=text,
            example="0.1" if asked.below == 1 else f"{asked.default:g}",
        )
    return name, number


def _with_number(text: str, part: Callable[[Loss], Any]) -> Callable[[Any, Any], Any]:
    name, number = _parsed(text)
    function, asked = part(LOSSES[name]), LOSSES[name].number
    return function if asked is None or number == asked.default else partial(function, **{asked.name: number})

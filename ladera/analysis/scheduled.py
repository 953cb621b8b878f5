"""The winner's schedule as Python for PyTorch, Keras or optax: one function of the step, and who calls it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ladera.base import UsageError
from ladera.locale import Translator
from ladera.schedules import CONSTANT, Schedules

__all__ = ["Scheduled", "Written", "scheduled"]

_XP = {
    "torch": "import numpy as xp",
    "keras": "from keras import ops as xp",
    "optax": "import jax.numpy as xp",
}


class Written(str):
    """Python text, where a value is asked for."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Scheduled:
    """What a schedule adds to the code of an optimizer."""

    notes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # lines before the optimizer is made
    rate: Any = None  # what stands for the learning rate; None: the number itself
    after: tuple[str, ...] = ()


def scheduled(
    training: dict[str, Any], lr: float, numbers: Iterable[str], framework: str, drop_in: bool, _: Translator
) -> Scheduled:
    """For the study's training and the winner's learning rate and hyperparameters; nothing where all
    stayed constant. drop_in: the optimizer is Ladera's own, which in optax takes a number alone."""
    try:
        schedule = Schedules.of(training.get("schedule", str(CONSTANT)))
    except UsageError:  # of a newer Ladera
        return Scheduled(notes=(_missing(training["schedule"], "lr", _),))
    moving = schedule.moving(numbers)
    if not moving:
        return Scheduled()
    own = dict(schedule.pairs).get("lr")
    if own is None or (drop_in and framework == "optax"):
        return Scheduled(notes=(_missing(schedule, ", ".join(moving), _),))
    s = training["steps_per_epoch"]
    n = s * training["epochs"]
    template = _("Its learning rate followed the schedule {schedule} over {steps} steps, {each} to an epoch.")
    notes = [template.format(schedule=own, steps=n, each=s)]
    if others := [name for name in moving if name != "lr"]:
        notes.append(_missing(schedule, ", ".join(others), _))
    body = own.written(n, s)
    lines = ["def factor(t):", *(f"    {line}" for line in body)]
    uses = "\n".join(body)
    imports = ["import math"] * ("math." in uses) + [_XP[framework]] * ("xp." in uses or framework == "keras")
    if framework == "torch":
        step = "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)"
        called = _("after every mini-batch: scheduler.step()")
        return Scheduled(
            tuple(notes), ("import torch", *imports), (*lines, "", ""), None, (step, f"# {called}")
        )
    rate = Written(f"lambda t: {lr!r} * factor(t)")
    if framework == "keras":
        rate = Written("Schedule()")
        lines += [
            "",
            "",
            "class Schedule(keras.optimizers.schedules.LearningRateSchedule):",
            "    def __call__(self, step):",
            f"        return {lr!r} * factor(xp.cast(step, keras.config.floatx()))",
        ]
    return Scheduled(tuple(notes), tuple(imports), (*lines, "", ""), rate)


def _missing(schedule: object, names: str, _: Translator) -> str:
    template = _("The schedule {schedule} moved {names}, which this code leaves out.")
    return template.format(schedule=schedule, names=names)

"""The winner's schedule as Python for PyTorch, Keras or optax: one function of the step, and who calls it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ladera.base import UsageError
from ladera.locale import Translator
from ladera.schedules import CONSTANT, NEVER, Plateau, Schedules, Stop

__all__ = ["Scheduled", "Written", "scheduled", "stopping"]

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
    callbacks: tuple[str, ...] = ()  # names of what Keras is to call back


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
    if isinstance(own, Plateau):
        return _falling(schedule, own, lr, [name for name in moving if name != "lr"], framework, _)
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


def _falling(
    schedule: Schedules, own: Plateau, lr: float, others: list[str], framework: str, _: Translator
) -> Scheduled:
    """Each framework's own scheduler, which is told the validation loss after every epoch. All but
    PyTorch's count the epoch of the cut as one of the patience."""
    template = _("Its learning rate followed the schedule {schedule}, which looks at the validation loss.")
    notes = [template.format(schedule=own)]
    patience = int(own.patience) + (framework != "torch")
    shared = f"factor={own.factor!r}, patience={patience}"
    if framework == "torch":
        made = f"{shared}, min_lr={lr * own.least!r}, eps={lr * own.smallest!r}"
        after = [
            "scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(",
            f"    optimizer, {made}",
            ")",
            f"# {_('after every epoch: scheduler.step(validation_loss)')}",
        ]
    elif framework == "keras":
        notes.append(
            _(
                "Keras calls a loss better that is lower by min_delta, Ladera one that is lower by a "
                "ten-thousandth of the best."
            )
        )
        after = [
            "plateau = keras.callbacks.ReduceLROnPlateau(",
            f'    "val_loss", {shared}, min_delta={own.threshold!r}, min_lr={lr * own.least!r}',
            ")",
        ]
    else:
        after = [
            "plateau = optax.contrib.reduce_on_plateau(",
            f"    {shared}, rtol={own.threshold!r}, min_scale={own.least!r}",
            ")",
            f"# {_('at the start: fallen = plateau.init(params)')}",
            f"# {_('at every mini-batch: updates = optax.tree.scale(fallen.scale, updates)')}",
            f"# {_('after every epoch: _, fallen = plateau.update(params, fallen, value=validation_loss)')}",
        ]
    if others:
        notes.append(_missing(schedule, ", ".join(others), _))
    return Scheduled(
        tuple(notes),
        ("import torch",) if framework == "torch" else (),
        after=tuple(after),
        callbacks=("plateau",) if framework == "keras" else (),
    )


def stopping(training: dict[str, Any], framework: str, _: Translator) -> Scheduled:
    """For a study whose trainings might stop early: that they did, and who does it in Keras."""
    try:
        stop = Stop.of(training.get("stop", str(NEVER)))
    except UsageError:  # of a newer Ladera
        return Scheduled(notes=(_("Its training stopped by {stop}.").format(stop=training["stop"]),))
    if not stop.early:
        return Scheduled()
    template = _(
        "It was trained until the validation loss had not fallen by more than {minimum} for {patience} "
        "epochs, with the weights of the best epoch."
    )
    notes = (template.format(minimum=f"{stop.minimum:g}", patience=stop.patience),)
    if framework != "keras":
        return Scheduled(notes)
    made = f"min_delta={stop.minimum!r}, patience={stop.patience}, restore_best_weights=True"
    lines = ("stopping = keras.callbacks.EarlyStopping(", f'    "val_loss", {made}', ")")
    return Scheduled(notes, after=lines, callbacks=("stopping",))


def _missing(schedule: object, names: str, _: Translator) -> str:
    template = _("The schedule {schedule} moved {names}, which this code leaves out.")
    return template.format(schedule=schedule, names=names)

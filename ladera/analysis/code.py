"""The winner as a line of PyTorch, Keras or optax: tables of names, read by one interpreter.

A framework's optimizer of the same name may be another algorithm; what differs from the rule that
was measured is said in a comment of the emitted code. No comment means the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from ladera.analysis.answer import Answer, Ranked
from ladera.analysis.scheduled import Scheduled, scheduled, stopping
from ladera.analysis.words import lr_text
from ladera.base import UsageError, unknown_name
from ladera.locale import N_, Translator

__all__ = ["FRAMEWORKS", "code"]

FRAMEWORKS = ("torch", "keras", "optax")


@dataclass(frozen=True)
class Call:
    """A constructor of a framework.

    names: its argument -> our hyperparameter, or a tuple of them. fixed: arguments that make it our
    rule. note: what still differs, said always; notes: said where that hyperparameter is on; covered:
    hyperparameters that the note or `fixed` speaks for.
    """

    constructor: str
    names: dict[str, str | tuple[str, ...]]
    fixed: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    covered: tuple[str, ...] = ()


_SHIFTED = N_(
    "{framework} writes Nesterov's look-ahead point as the weights: the same path, seen from there. "
    "The weights at the end differ by momentum times the last displacement."
)
_LR_OUTSIDE = N_(
    "{framework} keeps the momentum without the learning rate: "
    "the same only while the learning rate is constant."
)
_EPS_INSIDE = N_(
    "{framework} adds eps inside the root, sqrt(v + eps), Ladera outside, sqrt(v) + eps: "
    "the same eps acts much more strongly here."
)
_EPS_HAT = N_(
    "{framework} adds eps before the bias correction: "
    "it acts more strongly in the first steps than in Ladera."
)
_RADAM_TORCH = N_(
    "{framework} rectifies the step where rho > 5, the paper where rho > 4, "
    "and adds eps before the bias correction."
)
_RADAM_OPTAX = N_(
    "{framework} rectifies where rho >= threshold, the paper where rho > threshold; in float32 the two can "
    "part for b2 near 1."
)
_LBFGS = N_(
    "Full batch: call its step with a closure over the whole training set, in float64. "
    "{framework} has a line search of its own: the same method, not the same numbers."
)

_ADAM = {"b1": "b1", "b2": "b2", "eps": "eps"}
_BETAS = {"betas": ("b1", "b2"), "eps": "eps"}
_BETA_1_2 = {"beta_1": "b1", "beta_2": "b2", "epsilon": "eps"}

_CALLS: dict[str, dict[str, Call]] = {
    "torch": {
        "sgd": Call("torch.optim.SGD", {"lr": "lr"}),
        "momentum": Call("torch.optim.SGD", {"lr": "lr", "momentum": "momentum"}, note=_LR_OUTSIDE),
        "nesterov": Call(
            "torch.optim.SGD", {"lr": "lr", "momentum": "momentum"}, {"nesterov": True}, note=_SHIFTED
        ),
        "adagrad": Call("torch.optim.Adagrad", {"lr": "lr", "eps": "eps"}),
        "adadelta": Call("torch.optim.Adadelta", {"lr": "lr", "rho": "rho", "eps": "eps"}),
        "rmsprop": Call(
            "torch.optim.RMSprop",
            {"lr": "lr", "alpha": "decay", "eps": "eps", "momentum": "momentum", "centered": "centered"},
            notes={"momentum": _LR_OUTSIDE},
        ),
        "adam": Call("torch.optim.Adam", {"lr": "lr", **_BETAS}),
        "adamw": Call("torch.optim.AdamW", {"lr": "lr", **_BETAS, "weight_decay": "weight_decay"}),
        "radam": Call("torch.optim.RAdam", {"lr": "lr", **_BETAS}, note=_RADAM_TORCH),
        "lbfgs": Call(
            "torch.optim.LBFGS",
            {"history_size": "history", "tolerance_grad": "gtol"},
            {"line_search_fn": "strong_wolfe"},
            note=_LBFGS,
            covered=("search",),
        ),
    },
    "keras": {
        "sgd": Call("keras.optimizers.SGD", {"learning_rate": "lr"}),
        "momentum": Call("keras.optimizers.SGD", {"learning_rate": "lr", "momentum": "momentum"}),
        "nesterov": Call(
            "keras.optimizers.SGD",
            {"learning_rate": "lr", "momentum": "momentum"},
            {"nesterov": True},
            note=_SHIFTED,
        ),
        "adagrad": Call(
            "keras.optimizers.Adagrad",
            {"learning_rate": "lr", "epsilon": "eps"},
            {"initial_accumulator_value": 0.0},
            note=_EPS_INSIDE,
        ),
        "adadelta": Call(
            "keras.optimizers.Adadelta", {"learning_rate": "lr", "rho": "rho", "epsilon": "eps"}
        ),
        "rmsprop": Call(
            "keras.optimizers.RMSprop",
            {
                "learning_rate": "lr",
                "rho": "decay",
                "epsilon": "eps",
                "momentum": "momentum",
                "centered": "centered",
            },
            note=_EPS_INSIDE,
        ),
        "adam": Call("keras.optimizers.Adam", {"learning_rate": "lr", **_BETA_1_2}, note=_EPS_HAT),
        "adamw": Call(
            "keras.optimizers.AdamW",
            {"learning_rate": "lr", **_BETA_1_2, "weight_decay": "weight_decay"},
            note=_EPS_HAT,
        ),
    },
    "optax": {
        "sgd": Call("optax.sgd", {"learning_rate": "lr"}),
        "momentum": Call("optax.sgd", {"learning_rate": "lr", "momentum": "momentum"}, note=_LR_OUTSIDE),
        "nesterov": Call(
            "optax.sgd", {"learning_rate": "lr", "momentum": "momentum"}, {"nesterov": True}, note=_SHIFTED
        ),
        "adagrad": Call(
            "optax.adagrad",
            {"learning_rate": "lr", "eps": "eps"},
            {"initial_accumulator_value": 0.0},
            note=_EPS_INSIDE,
        ),
        "adadelta": Call("optax.adadelta", {"learning_rate": "lr", "rho": "rho", "eps": "eps"}),
        "rmsprop": Call(
            "optax.rmsprop",
            {
                "learning_rate": "lr",
                "decay": "decay",
                "eps": "eps",
                "momentum": "momentum",
                "centered": "centered",
            },
            {"eps_in_sqrt": False},
        ),
        "adam": Call("optax.adam", {"learning_rate": "lr", **_ADAM}),
        "adamw": Call("optax.adamw", {"learning_rate": "lr", **_ADAM, "weight_decay": "weight_decay"}),
        "radam": Call(
            "optax.radam", {"learning_rate": "lr", **_ADAM, "threshold": "rho_min"}, note=_RADAM_OPTAX
        ),
        "lbfgs": Call("optax.lbfgs", {"memory_size": "history"}, note=_LBFGS, covered=("search", "gtol")),
    },
}
_TITLES = {"torch": "PyTorch", "keras": "Keras", "optax": "optax"}
_DROP_INS = {
    "torch": "ladera.torch.optimizer(model.parameters(), {rule})",
    "optax": "ladera.optax.transformation({rule})",
}
_FIRST = {"torch": ("model.parameters()",), "keras": (), "optax": ()}


def code(answer: Answer, study: dict[str, Any], framework: str, _: Translator = str) -> str:
    """Python that constructs the recommended optimizer; for torch, a `model` is taken for granted.

    framework: "torch", "keras" or "optax"; study: what `Store.read_study` gives. A rule of ours that
    PyTorch or optax does not have comes as Ladera's drop-in. Raises UsageError: no such framework, no
    recommendation, or an optimizer that can be had in neither way.
    """
    if framework not in FRAMEWORKS:
        raise unknown_name("framework", framework, FRAMEWORKS)
    best = answer.best
    if best is None:
        raise UsageError(
            "The study recommends no optimizer, so there is no code for it: {reason}", reason=answer
        )
    calls, title = _CALLS[framework], answer.titles[best.optimizer]
    asked = next((o for o in study.get("optimizers", ()) if o["name"] == best.optimizer), {})
    known, drop_in = asked.get("ours", True) and best.optimizer in calls, _DROP_INS.get(framework)
    if not known and asked.get("full_batch"):
        raise UsageError(
            "{framework} has no optimizer like {optimizer}, which sees the whole training set at once; the "
            "nearest is L-BFGS, which PyTorch and optax have.",
            framework=_TITLES[framework],
            optimizer=title,
        )
    if not known and not (drop_in and "rule" in asked):
        raise UsageError(
            "{framework} has no optimizer like {optimizer} (code is known for: {known}); "
            "take the rule itself through ladera.torch.optimizer or ladera.optax.transformation.",
            framework=_TITLES[framework],
            optimizer=title,
            known=", ".join(sorted(calls)),
        )
    training = study["training"]
    template = _("{optimizer} with learning rate {lr}, measured with batch {batch} over {epochs} epochs.")
    if training["batch"] == study["problem"].get("train"):
        template = _(
            "{optimizer} with learning rate {lr}, measured with the whole training set as one batch over "
            "{epochs} epochs."
        )
    if asked.get("full_batch"):
        template = _("{optimizer}, measured on the whole training set in {epochs} passes over it.")
    head = template.format(
        optimizer=title, lr=lr_text(best.lr), batch=training["batch"], epochs=training["epochs"]
    )
    moved = Scheduled()
    if not asked.get("full_batch"):
        present = ["lr", *(name for name, value in best.hyperparameters.items() if value is not None)]
        moved = scheduled(training, best.lr, dict.fromkeys(present), framework, not known, _)
    ends = Scheduled() if asked.get("full_batch") else stopping(training, framework, _)
    if known:
        call = calls[best.optimizer]
        notes = _notes(call, best.hyperparameters, framework, _)
        expression = _expression(call, best, framework, best.lr if moved.rate is None else moved.rate)
    else:
        notes = [
            _("{framework} has no such optimizer: this is the rule that was measured.").format(
                framework=_TITLES[framework]
            )
        ]
        expression = (drop_in or "").format(rule=asked["rule"].format(lr=repr(best.lr)))
    wrapped = [
        f"# {line}" for comment in [head, *moved.notes, *ends.notes, *notes] for line in wrap(comment, 88)
    ]
    imports = dict.fromkeys([f"import {framework if known else 'ladera'}", *moved.imports])
    imports = sorted(imports, key=lambda line: line != "import math")
    space = ["", ""] if moved.before else [""]
    lines = [
        *wrapped,
        *imports,
        *space,
        *moved.before,
        f"optimizer = {expression}",
        *moved.after,
        *ends.after,
    ]
    if callbacks := ", ".join([*moved.callbacks, *ends.callbacks]):
        lines.append(f"# model.fit(..., callbacks=[{callbacks}])")
    return "\n".join(lines) + "\n"


def _expression(call: Call, best: Ranked, framework: str, lr: Any) -> str:
    """The call with the values, and what stands for the learning rate; a hyperparameter that is off
    (None, False) is left out."""
    values = {**best.hyperparameters, "lr": lr}
    arguments = list(_FIRST[framework])
    for argument, names in call.names.items():
        if isinstance(names, tuple):
            arguments.append(f"{argument}=({', '.join(repr(values[name]) for name in names)})")
        elif values.get(names) is not None and values[names] is not False:
            arguments.append(f"{argument}={values[names]!r}")
    arguments += [f"{argument}={value!r}" for argument, value in call.fixed.items()]
    return f"{call.constructor}({', '.join(arguments)})"


def _notes(call: Call, values: dict[str, Any], framework: str, _: Translator) -> list[str]:
    """What differs from the rule that was measured, one line each."""
    title = _TITLES[framework]
    templates = [call.note, *(note for name, note in call.notes.items() if values.get(name))]
    found = [_(template).format(framework=title) for template in templates if template]
    used = {name for names in call.names.values() for name in ([names] if isinstance(names, str) else names)}
    used |= {*call.covered}
    template = _("{framework} has no {name} here; the measured rule had {name} = {value}.")
    return found + [
        template.format(framework=title, name=name, value=value)
        for name, value in values.items()
        if name not in used and name != "lr" and value not in (None, False)
    ]

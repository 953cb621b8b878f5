"""The judges of L2."""

from __future__ import annotations

from types import SimpleNamespace

import optax
from frameworks import Optax, Torch
from rule_cases import Case, Dialect

from ladera.rules import SGD, Adam, Momentum, Nesterov

HEAVY = {"rule": lambda t: Momentum(lr=0.2 / (1 + t / 10), momentum=0.7, lr_outside=True)}
AHEAD = {"rule": lambda t: Nesterov(lr=0.2 / (1 + t / 10), momentum=0.7, lr_outside=True)}
ADAM = {"rule": Adam(lr=0.05, b1=0.8, b2=0.95, eps=0.05)}


class Decayed(Optax):
    library = SimpleNamespace(
        sgd=lambda learning_rate, momentum, decay: optax.chain(
            optax.add_decayed_weights(decay), optax.sgd(learning_rate, momentum, nesterov=True)
        )
    )


CASES = (
    Case(
        "l2",
        Torch,
        "SGD",
        ({"rule": SGD()}, {"rule": SGD(lr=0.1), "weight_decay": 0.3}),
        lambda r, t: {"lr": r.rule.lr, "weight_decay": r.weight_decay},
    ),
    Case(
        "l2",
        Torch,
        "SGD",
        (HEAVY | {"weight_decay": 0.3},),
        lambda r, t: {"lr": r.rule.lr, "momentum": r.rule.momentum, "weight_decay": r.weight_decay},
    ),
    Case(
        "l2",
        Torch,
        "Adam",
        (ADAM, ADAM | {"weight_decay": 0.3}),
        lambda r, t: {
            "lr": r.rule.lr,
            "betas": (r.rule.b1, r.rule.b2),
            "eps": r.rule.eps,
            "weight_decay": r.weight_decay,
        },
    ),
    Case(
        "l2",
        Decayed,
        "sgd",
        (
            AHEAD | {"weight_decay": 0.3},
            {"rule": Nesterov(lr=0.1, momentum=0.7), "weight_decay": 0.3},
        ),
        lambda r, t: {"learning_rate": r.rule.lr, "momentum": r.rule.momentum, "decay": r.weight_decay},
        "their weights y are x + momentum v, our reading point",
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

SLIPS = (
    ("of x, not of where the gradient is taken", "self.read(s, x)", "x"),
    ("grows", "g + self.weight_decay", "g - self.weight_decay"),
    ("twice", "self.weight_decay *", "2 * self.weight_decay *"),
    ("half", "self.weight_decay *", "self.weight_decay / 2 *"),
    ("squared", "self.weight_decay *", "self.weight_decay**2 *"),
    ("times lr", "self.weight_decay *", "self.rule.lr * self.weight_decay *"),
    ("of the sign", "self.read(s, x)", "self.read(s, x) / abs(self.read(s, x))"),
    ("decoupled", ("g = g", "g, s, x)\n"), ("d = g", "g, s, x - self.rule.lr * (d - g))\n")),
    ("none", "g = g + self.weight_decay * self.read(s, x)", "pass"),
    ("in the place of g", "g = g + ", "g = "),
)

EQUIVALENT: dict[str, str] = {}

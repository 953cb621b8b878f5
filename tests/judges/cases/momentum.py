"""The judges of momentum."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect

DEFAULTS = {}
MOMENTUM = {"lr": 0.1, "momentum": 0.7}
DECAYING = {"lr": lambda t: 0.2 / (1 + t / 10), "momentum": 0.7}


CASES = (
    Case(
        "momentum",
        Torch,
        "SGD",
        (DEFAULTS, MOMENTUM),
        lambda r, t: {"lr": r.lr, "momentum": r.momentum},
        "v = -lr b, at constant lr",
    ),
    Case(
        "momentum",
        Optax,
        "sgd",
        (DEFAULTS, MOMENTUM),
        lambda r, t: {"learning_rate": r.lr, "momentum": r.momentum},
        "v = -lr b, at constant lr",
    ),
    Case(
        "momentum",
        Keras,
        "SGD",
        (DEFAULTS, MOMENTUM, DECAYING),
        lambda r, t: {"learning_rate": r.lr, "momentum": r.momentum},
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "SGD",
        lambda h: {"lr": h["lr"], "momentum": h["momentum"], "dampening": h["dampening"] or 0.0},
        ({}, MOMENTUM, MOMENTUM | {"dampening": 0.4}),
        weight_decay=True,
        given={"momentum": 0.9},
    ),
    Dialect(
        "keras",
        "SGD",
        lambda h: {"learning_rate": h["lr"], "momentum": h["momentum"]},
        ({}, MOMENTUM),
        weight_decay=True,
        given={"momentum": 0.9},
    ),
    Dialect(
        "optax",
        "sgd",
        lambda h: {"learning_rate": h["lr"], "momentum": h["momentum"]},
        ({}, MOMENTUM),
        given={"momentum": 0.9},
    ),
)

SLIPS = (
    ("ascends", "- self.lr * g", "+ self.lr * g"),
    ("displacement with the wrong sign", "x + v", "x - v"),
    ("momentum forgotten", "self.momentum * s.v - ", "-"),
    ("damped as a mean", "- self.lr * g", "- (1 - self.momentum) * self.lr * g"),
    ("lr outside v", ("- self.lr * g", "x + v"), ("- g", "x + self.lr * v")),
    ("lr twice", "x + v", "x + self.lr * v"),
    ("moves by the last displacement", "x + v", "x + s.v"),
    ("Nesterov's step", "x + v", "x + self.momentum * v - self.lr * g"),
    ("the displacement is not kept", "return Velocity(v)", "return s"),
    ("lr outside is inside", ("s.v + g", "self.lr * b"), ("s.v + self.lr * g", "b")),
    ("lr outside, damped as a mean", "s.v + g", "s.v + (1 - self.momentum) * g"),
    ("the first step is dampened too", "t < 2", "t < 1"),
    ("the second step is not dampened", "t < 2", "t < 3"),
    ("no dampening", "(1 - self.dampening) * g)", "g)"),
    ("dampening the other way round", "(1 - self.dampening) * g)", "self.dampening * g)"),
    (
        "looks ahead",
        "def step",
        "def read(self, s, x):\n        return x + self.momentum * s.v\n\n    def step",
    ),
)

EQUIVALENT: dict[str, str] = {}

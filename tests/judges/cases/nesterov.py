"""The judges of nesterov."""

from __future__ import annotations

from typing import Any

import numpy as np
from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect

DEFAULTS = {}
MOMENTUM = {"lr": 0.1, "momentum": 0.7}
DECAYING = {"lr": lambda t: 0.2 / (1 + t / 10), "momentum": 0.7}


def buffer(judge: Any) -> Any:
    """PyTorch's momentum; 0 before the first step."""
    return judge.optimizer.state[judge.x].get("momentum_buffer", 0 * judge.x.detach())


CASES = (
    Case(
        "nesterov",
        Torch,
        "SGD",
        (DEFAULTS, MOMENTUM),
        lambda r, t: {"lr": r.lr, "momentum": r.momentum, "nesterov": True},
        "their weights y are x + momentum v, our reading point; v = -lr b, at constant lr",
        lambda r, judge: judge.point() + r.momentum * r.lr * buffer(judge).numpy(),
    ),
    Case(
        "nesterov",
        Optax,
        "sgd",
        (DEFAULTS, MOMENTUM),
        lambda r, t: {"learning_rate": r.lr, "momentum": r.momentum, "nesterov": True},
        "their weights y are x + momentum v, our reading point; v = -lr b, at constant lr",
    ),
    Case(
        "nesterov",
        Keras,
        "SGD",
        (DEFAULTS, MOMENTUM, DECAYING),
        lambda r, t: {"learning_rate": r.lr, "momentum": r.momentum, "nesterov": True},
        "their weights y are x + momentum v, our reading point",
        lambda r, judge: judge.point() - r.momentum * np.asarray(judge.optimizer.momentums[0].value),
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "SGD",
        lambda h: {"lr": h["lr"], "momentum": h["momentum"], "nesterov": True},
        ({}, MOMENTUM),
        weight_decay=True,
        given={"momentum": 0.9, "nesterov": True},
        x=lambda r, judge: judge.point(),
    ),
    Dialect(
        "keras",
        "SGD",
        lambda h: {"learning_rate": h["lr"], "momentum": h["momentum"], "nesterov": True},
        ({}, MOMENTUM),
        weight_decay=True,
        given={"momentum": 0.9, "nesterov": True},
        x=lambda r, judge: judge.point(),
    ),
    Dialect(
        "optax",
        "sgd",
        lambda h: {"learning_rate": h["lr"], "momentum": h["momentum"], "nesterov": True},
        ({}, MOMENTUM),
        given={"momentum": 0.9, "nesterov": True},
        x=lambda r, judge: judge.point(),
    ),
)

SLIPS = (
    ("does not look ahead", " else x + self.momentum * s.v", " else x"),
    ("looks a whole displacement ahead", "else x + self.momentum * s.v", "else x + s.v"),
    ("looks back", "else x + self.momentum * s.v", "else x - self.momentum * s.v"),
    (
        "keeps the shifted point",
        ("else x + self.momentum * s.v", "x + v\n"),
        ("else x", "x + self.momentum * v - self.lr * g\n"),
    ),
    ("ascends", "- self.lr * g", "+ self.lr * g"),
    ("displacement with the wrong sign", "x + v\n", "x - v\n"),
    ("momentum forgotten", "v = self.momentum * s.v - ", "v = -"),
    ("damped as a mean", "- self.lr * g", "- (1 - self.momentum) * self.lr * g"),
    ("lr outside v", ("- self.lr * g", "x + v\n"), ("- g", "x + self.lr * v\n")),
    ("looks ahead twice", "x + v\n", "x + v + self.momentum * v\n"),
    ("shifted, looks ahead again", "x if self.shifted or", "x if"),
    ("shifted, moves by v", "x + self.momentum * v - self.lr * g", "x + v"),
    ("shifted, forgets g", "x + self.momentum * v - self.lr * g", "x + self.momentum * v"),
    ("lr outside, moves by b", "(g + self.momentum * b)", "b"),
    ("lr outside, b not the new one", "self.momentum * b)", "self.momentum * s.v)"),
    ("lr outside, damped", "* s.v + g", "* s.v + (1 - self.momentum) * g"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of Decoupled."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect

from ladera.rules import SGD, Adam, Momentum, Nesterov

ADAM = {"rule": Adam(lr=0.05, b1=0.8, b2=0.95, eps=0.05), "weight_decay": 0.3}
DECAYING = {"rule": lambda t: Adam(lr=0.2 / (1 + t / 10), eps=0.05), "weight_decay": 0.3}
DEFAULT = {"rule": Adam()}

CASES = (
    Case(
        "decoupled",
        Torch,
        "AdamW",
        (DEFAULT, ADAM, DECAYING),
        lambda r, t: {
            "lr": r.rule.lr,
            "betas": (r.rule.b1, r.rule.b2),
            "eps": r.rule.eps,
            "weight_decay": r.weight_decay,
        },
    ),
    Case(
        "decoupled",
        Optax,
        "adamw",
        (DEFAULT, ADAM, DECAYING),
        lambda r, t: {
            "learning_rate": r.rule.lr,
            "b1": r.rule.b1,
            "b2": r.rule.b2,
            "eps": r.rule.eps,
            "weight_decay": r.weight_decay,
        },
    ),
    Case(
        "decoupled",
        Keras,
        "SGD",
        ({"rule": SGD(lr=0.1), "weight_decay": 0.3},),
        lambda r, t: {"learning_rate": r.rule.lr, "weight_decay": r.weight_decay},
    ),
    Case(
        "decoupled",
        Keras,
        "SGD",
        ({"rule": lambda t: Momentum(lr=0.2 / (1 + t / 10), momentum=0.7), "weight_decay": 0.3},),
        lambda r, t: {
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "weight_decay": r.weight_decay,
        },
    ),
    Case(
        "decoupled",
        Keras,
        "SGD",
        ({"rule": lambda t: Nesterov(lr=0.2 / (1 + t / 10), momentum=0.7), "weight_decay": 0.3},),
        lambda r, t: {
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "nesterov": True,
            "weight_decay": r.weight_decay,
        },
        "their weights y are x + momentum v, our reading point",
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

SLIPS = (
    ("of x, not of where the gradient was taken", "self.read(s, x)", "x"),
    (
        "of the new x",
        ("decay = ", "return s, x - decay"),
        ("_ = ", 'return s, x - self.hyperparameters()["lr"] * self.weight_decay * x'),
    ),
    ("not times lr", 'self.hyperparameters()["lr"] * self', "self"),
    ("times lr squared", 'self.hyperparameters()["lr"] * self', 'self.hyperparameters()["lr"]**2 * self'),
    ("grows", "x - decay", "x + decay"),
    ("half", "self.weight_decay *", "self.weight_decay / 2 *"),
    ("none", "x - decay", "x"),
    ("of the first lr", 'self.hyperparameters()["lr"]', "0.2"),
    ("of the sign", "self.read(s, x)", "abs(self.read(s, x)) ** 0"),
)

EQUIVALENT: dict[str, str] = {}

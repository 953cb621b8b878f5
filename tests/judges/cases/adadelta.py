"""The judges of adadelta."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect

DEFAULTS = {}
ADADELTA = {"lr": 0.05, "rho": 0.8, "eps": 0.01}


CASES = (
    Case(
        "adadelta",
        Torch,
        "Adadelta",
        (DEFAULTS, ADADELTA),
        lambda r, t: {"lr": r.lr, "rho": r.rho, "eps": r.eps},
    ),
    Case(
        "adadelta",
        Optax,
        "adadelta",
        (DEFAULTS, ADADELTA),
        lambda r, t: {"learning_rate": r.lr, "rho": r.rho, "eps": r.eps},
    ),
    Case(
        "adadelta",
        Keras,
        "Adadelta",
        (DEFAULTS, ADADELTA),
        lambda r, t: {"learning_rate": r.lr, "rho": r.rho, "epsilon": r.eps},
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "Adadelta",
        lambda h: {"lr": h["lr"], "rho": h["rho"], "eps": h["eps"]},
        ({}, ADADELTA),
        weight_decay=True,
    ),
    Dialect(
        "keras",
        "Adadelta",
        lambda h: {"learning_rate": h["lr"], "rho": h["rho"], "epsilon": h["eps"]},
        ({}, ADADELTA),
        weight_decay=True,
    ),
    Dialect(
        "optax",
        "adadelta",
        lambda h: {"learning_rate": h["lr"], "rho": h["rho"], "eps": h["eps"]},
        ({}, ADADELTA),
        weight_decay=True,
        given={"learning_rate": 1.0},  # with its own, None, it ascends
    ),
)

SLIPS = (
    (
        "eps outside the roots",
        ("sqrt(s.dx2 + self.eps)", "sqrt(g2 + self.eps)"),
        ("(sqrt(s.dx2) + self.eps)", "(sqrt(g2) + self.eps)"),
    ),
    ("no eps below", "sqrt(g2 + self.eps)", "sqrt(g2)"),
    ("eps below only", "sqrt(s.dx2 + self.eps)", "sqrt(s.dx2 + 1e-12)"),
    ("remembers the scaled step", "* dx**2", "* (self.lr * dx)**2"),
    ("remembers the step before it steps", "-sqrt(s.dx2", "-sqrt(self.rho * s.dx2 + (1 - self.rho) * g2"),
    ("no lr", "self.lr * dx", "dx"),
    ("lr squared", "self.lr * dx", "self.lr**2 * dx"),
    ("ascends", "dx = -sqrt", "dx = sqrt"),
    ("no roots", "sqrt(", "("),
    (
        "rho the other way round",
        ("self.rho * s.", "(1 - self.rho) *"),
        ("(1 - self.rho) * s.", "self.rho *"),
    ),
    ("the mean square of before", "sqrt(g2", "sqrt(s.g2"),
    ("g not squared", "g**2", "abs(g)"),
    ("state is swapped", "MeanSquares(g2, dx2), x", "MeanSquares(dx2, g2), x"),
    ("bias corrected", "/ sqrt(g2 +", "/ sqrt(g2 / (1 - self.rho**t) +"),
)

EQUIVALENT: dict[str, str] = {}

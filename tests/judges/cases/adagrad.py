"""The judges of adagrad."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect

NO_EPS = 1e-300  # too small to tell where it is added
DEFAULTS = {}
ADAGRAD = {"lr": 0.3, "eps": 0.05}


CASES = (
    Case("adagrad", Torch, "Adagrad", (DEFAULTS, ADAGRAD), lambda r, t: {"lr": r.lr, "eps": r.eps}),
    Case(
        "adagrad",
        Optax,
        "adagrad",
        ({"eps": NO_EPS}, ADAGRAD | {"eps": NO_EPS}),
        lambda r, t: {"learning_rate": r.lr, "eps": r.eps, "initial_accumulator_value": 0.0},
        "no eps: theirs is inside the root; their sum starts at 0",
    ),
    Case(
        "adagrad",
        Keras,
        "Adagrad",
        ({"eps": NO_EPS}, ADAGRAD | {"eps": NO_EPS}),
        lambda r, t: {"learning_rate": r.lr, "epsilon": r.eps, "initial_accumulator_value": 0.0},
        "no eps: theirs is inside the root; their sum starts at 0",
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "Adagrad",
        lambda h: {"lr": h["lr"], "eps": h["eps"], "initial_accumulator_value": h["G0"]},
        ({}, ADAGRAD, ADAGRAD | {"G0": 0.2}),
        weight_decay=True,
    ),
    Dialect(
        "keras",
        "Adagrad",
        lambda h: {"learning_rate": h["lr"], "epsilon": h["eps"], "initial_accumulator_value": h["G0"]},
        ({}, ADAGRAD | {"G0": 0.0}),
        weight_decay=True,
    ),
    Dialect(
        "optax",
        "adagrad",
        lambda h: {"learning_rate": h["lr"], "eps": h["eps"], "initial_accumulator_value": h["G0"]},
        ({}, ADAGRAD | {"G0": 0.0}),
    ),
)

SLIPS = (
    ("eps inside the root", "(sqrt(G) + self.eps)", "sqrt(G + self.eps)"),
    ("eps squared inside the root", "(sqrt(G) + self.eps)", "sqrt(G + self.eps**2)"),
    ("no eps", "(sqrt(G) + self.eps)", "sqrt(G)"),
    ("no root", "sqrt(G)", "G"),
    ("no root, eps inside", "sqrt(G + self.eps)", "(G + self.eps)"),
    ("no eps inside", "sqrt(G + self.eps)", "sqrt(G)"),
    ("eps inside squared", "sqrt(G + self.eps)", "sqrt(G + self.eps**2)"),
    ("the sum never starts elsewhere", " + self.G0", ""),
    ("the sum starts at the square", "+ self.G0", "+ self.G0**2"),
    ("the sum of before, eps inside", "sqrt(G + self.eps)", "sqrt(s.G + self.eps)"),
    ("ascends, eps inside", "x - self.lr * g / sqrt(G + ", "x + self.lr * g / sqrt(G + "),
    ("the sum of before", "sqrt(G)", "sqrt(s.G)"),
    ("a mean", "sqrt(G)", "sqrt(G / t)"),
    ("an average that decays", "s.G + g**2", "0.9 * s.G + 0.1 * g**2"),
    ("sums g, not its square", "g**2", "abs(g)"),
    ("sum starts at 0.1", "+ self.G0", "+ self.G0 + 0.1"),
    ("lr squared", "self.lr *", "self.lr**2 *"),
    ("ascends", "x - self.lr", "x + self.lr"),
)

EQUIVALENT: dict[str, str] = {}

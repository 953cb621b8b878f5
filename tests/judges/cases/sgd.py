"""The judges of sgd."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect

DEFAULTS = {}
SGD = {"lr": 0.2}


CASES = (
    Case("sgd", Torch, "SGD", (DEFAULTS, SGD), lambda r, t: {"lr": r.lr}),
    Case("sgd", Optax, "sgd", (DEFAULTS, SGD), lambda r, t: {"learning_rate": r.lr}),
    Case("sgd", Keras, "SGD", (DEFAULTS, SGD), lambda r, t: {"learning_rate": r.lr}),
)

DIALECTS = (
    Dialect("torch", "SGD", lambda h: {"lr": h["lr"]}, ({}, SGD), weight_decay=True),
    Dialect("keras", "SGD", lambda h: {"learning_rate": h["lr"]}, ({}, SGD), weight_decay=True),
    Dialect("optax", "sgd", lambda h: {"learning_rate": h["lr"]}, ({}, SGD)),
)

SLIPS = (
    ("ascends", "x - self.lr", "x + self.lr"),
    ("lr squared", "self.lr * g", "self.lr**2 * g"),
    ("decays with t", "self.lr * g", "self.lr / t * g"),
    ("sign of g alone", "self.lr * g", "self.lr * g / abs(g)"),
    ("moves from the origin", "x - self.lr", "-self.lr"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of lion."""

from __future__ import annotations

from typing import Any

from frameworks import Keras, Optax
from rule_cases import Case, Dialect

DEFAULTS = {}
LION = {"lr": 0.05, "b1": 0.8, "b2": 0.95, "weight_decay": 0.3}
DECAYING = LION | {"lr": lambda t: 0.2 / (1 + t / 10)}


def optax(h: dict[str, Any]) -> dict[str, Any]:
    return {"learning_rate": h["lr"], "b1": h["b1"], "b2": h["b2"], "weight_decay": h["weight_decay"]}


def keras(h: dict[str, Any]) -> dict[str, Any]:
    decay = h["weight_decay"]
    return {"learning_rate": h["lr"], "beta_1": h["b1"], "beta_2": h["b2"], "weight_decay": decay}


CASES = (
    Case("lion", Optax, "lion", (DEFAULTS, LION, DECAYING), lambda r, t: optax(r.hyperparameters())),
    Case("lion", Keras, "Lion", (DEFAULTS, LION, DECAYING), lambda r, t: keras(r.hyperparameters())),
)

AT = {"lr": 0.05, "b1": 0.8, "b2": 0.95}
DIALECTS = (
    Dialect("keras", "Lion", keras, variants=({}, AT), weight_decay=True),
    Dialect("optax", "lion", optax, variants=({}, AT), weight_decay=True),
)

C = "sign(c)"
SLIPS = (
    ("b1 and b2 swapped", ("self.b1", "self.b2", "self.b_"), ("self.b_", "self.b1", "self.b2")),
    ("one mean for both: Signum", "sign(c)", "sign(m)"),
    ("the sign of the gradient", C, "sign(g)"),
    ("no sign", C, "c"),
    ("the mean whose sign is taken is kept", "Momentum(m)", "Momentum(c)"),
    ("m before the sign", "c = self.b1 * s.m", "c = self.b1 * (self.b2 * s.m + (1 - self.b2) * g)"),
    ("not damped", "(1 - self.b1) * g", "g"),
    ("remembered without damping", "(1 - self.b2) * g", "g"),
    ("no decay", " + self.weight_decay * x)", ")"),
    ("decay not times lr", " + self.weight_decay * x)", ") - self.weight_decay * x"),
    ("decay in the gradient", "c = self.b1", "g = g + self.weight_decay * x\n        c = self.b1"),
    ("decay inside the sign", "sign(c) + self.weight_decay * x", "sign(c + self.weight_decay * x)"),
    ("corrected", "c = self.b1 * s.m", "c = self.b1 * s.m / (1 - self.b2 ** (t - 0.999))"),
    ("lr squared", "self.lr *", "self.lr**2 *"),
    ("ascends", "x - self.lr * (sign(c)", "x - self.lr * (-sign(c)"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of adamax."""

from __future__ import annotations

from typing import Any

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect
from rule_mutants import BETAS_SWAPPED

DEFAULTS = {}
ADAMAX = {"lr": 0.05, "b1": 0.8, "b2": 0.7, "eps": 0.05}
INSIDE = ({"eps_inside": True}, ADAMAX | {"eps_inside": True})


def torch(h: dict[str, Any]) -> dict[str, Any]:
    return {"lr": h["lr"], "betas": (h["b1"], h["b2"]), "eps": h["eps"]}


def keras(h: dict[str, Any]) -> dict[str, Any]:
    return {"learning_rate": h["lr"], "beta_1": h["b1"], "beta_2": h["b2"], "epsilon": h["eps"]}


def optax(h: dict[str, Any]) -> dict[str, Any]:
    return {"learning_rate": h["lr"], "b1": h["b1"], "b2": h["b2"], "eps": h["eps"]}


CASES = (
    Case("adamax", Keras, "Adamax", (DEFAULTS, ADAMAX), lambda r, t: keras(r.hyperparameters())),
    Case("adamax", Torch, "Adamax", INSIDE, lambda r, t: torch(r.hyperparameters()), "eps_inside"),
    Case("adamax", Optax, "adamax", INSIDE, lambda r, t: optax(r.hyperparameters()), "eps_inside"),
)

DIALECTS = (
    Dialect("torch", "Adamax", torch, variants=({}, ADAMAX), weight_decay=True),
    Dialect("keras", "Adamax", keras, variants=({}, ADAMAX), weight_decay=True),
    Dialect("optax", "adamax", optax, variants=({}, ADAMAX)),
)

U = "maximum(self.b2 * s.u, absolute(g) + self.eps if self.eps_inside else absolute(g))"
SLIPS = (
    BETAS_SWAPPED,
    ("u does not decay", "maximum(self.b2 * s.u", "maximum(s.u"),
    ("u is the last gradient", U, "absolute(g)"),
    ("u is a mean", U, "self.b2 * s.u + (1 - self.b2) * absolute(g)"),
    ("u is Adam's v", U, "self.b2 * s.u + (1 - self.b2) * g**2"),
    ("u of the mean gradient", "absolute(g)", "absolute(m)"),
    ("g with its sign", "absolute(g)", "g"),
    ("u is corrected", "m_hat / (u", "m_hat * one_minus_power(self.b2, t) / (u"),
    ("no correction of m", "m / one_minus_power(self.b1, t)", "m"),
    ("eps always inside", "self.eps_inside", "True"),
    ("eps always outside", "self.eps_inside", "False"),
    ("no eps", "u + self.eps)", "u)"),
    ("u of before", "m_hat / (u", "m_hat / (s.u + 1e-300 if t > 1 else u"),
    ("state is swapped", "Moments(m, u)", "Moments(u, m)"),
    ("m not damped", "(1 - self.b1) * g", "g"),
    ("lr squared", "self.lr *", "self.lr**2 *"),
    ("ascends", "x - self.lr *", "x + self.lr *"),
)

EQUIVALENT: dict[str, str] = {}

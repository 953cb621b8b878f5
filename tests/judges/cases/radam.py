"""The judges of radam."""

from __future__ import annotations

from frameworks import Optax, Torch
from rule_cases import Case, Dialect, hat
from rule_mutants import EPS_PLACES, MOMENTS

DEFAULTS = {}
ADAM = {"lr": 0.05, "b1": 0.8, "b2": 0.95, "eps": 0.05}
RADAM = ADAM | {"rho_min": 4.0}
RADAM_5 = ADAM | {"rho_min": 5.0, "b2": 0.99}
RADAM_SHORT = ADAM | {"rho_min": 4.0, "b2": 0.5}


CASES = (
    Case(
        "radam",
        Torch,
        "RAdam",
        ({"rho_min": 5.0}, RADAM_5, RADAM_SHORT | {"rho_min": 5.0}),
        lambda r, t: {"lr": r.lr, "betas": (r.b1, r.b2), "eps": hat(r, t)},
        "rho_min 5; their eps is added before the correction: eps sqrt(1 - b2^t)",
    ),
    Case(
        "radam",
        Optax,
        "radam",
        (DEFAULTS, RADAM, RADAM_5, RADAM_SHORT),
        lambda r, t: {
            "learning_rate": r.lr,
            "b1": r.b1,
            "b2": r.b2,
            "eps": r.eps,
            "threshold": r.rho_min,
        },
        "rho_min is their threshold",
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "RAdam",
        lambda h: {"lr": h["lr"], "betas": (h["b1"], h["b2"]), "eps": h["eps"]},
        ({}, ADAM, ADAM | {"b2": 0.5}),
        weight_decay=True,
    ),
    Dialect(
        "optax",
        "radam",
        lambda h: {
            "learning_rate": h["lr"],
            "b1": h["b1"],
            "b2": h["b2"],
            "eps": h["eps"],
            "eps_root": h["eps_root"] or 0.0,
            "threshold": h["rho_min"],
        },
        ({}, ADAM, ADAM | {"b2": 0.5}, ADAM | {"eps_root": 0.02}),
    ),
)

SLIPS = (
    *MOMENTS,
    ("eps inside the root", "sqrt(v_hat) + self.eps", "sqrt(v_hat + self.eps)"),
    (
        "eps before the correction",
        "sqrt(v_hat) + self.eps",
        "(sqrt(v) + self.eps) / sqrt(one_minus_power(self.b2, t))",
    ),
    ("no eps", "sqrt(v_hat) + self.eps", "sqrt(v_hat)"),
    *EPS_PLACES,
    ("no root of v", "sqrt(v_hat)", "v_hat"),
    ("rectified from 5 on, always", "rho > self.rho_min", "rho > 5.0"),
    ("rectified from 4 on, always", "rho > self.rho_min", "rho > 4.0"),
    ("rectified by t", "rho > self.rho_min", "t > 2 * self.rho_min"),
    ("rectified the other way round", "rho > self.rho_min", "rho <= self.rho_min"),
    ("never rectified", "rho > self.rho_min", "rho > 1e9"),
    ("no r", "where(rectified, r /", "where(rectified, 1 /"),
    ("no root of r", "r = sqrt(", "r = ("),
    ("r squared times", "where(rectified, r /", "where(rectified, r**2 /"),
    ("rho of the wrong rate", "average_length(self.b2, t)", "average_length(self.b1, t)"),
    ("rho of t alone", "average_length(self.b2, t)", "1.0 * t"),
    ("rho_inf off by one", "2 / (1 - self.b2) - 1", "2 / (1 - self.b2)"),
    ("no step until rectified", "root, 1.0)", "root, 0.0)"),
    ("Adam's step until rectified", "root, 1.0)", "root, 1 / root)"),
)

EQUIVALENT: dict[str, str] = {}

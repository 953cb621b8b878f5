"""The judges of adam."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect, hat
from rule_mutants import EPS_PLACES, MOMENTS, OUTER_EPS

DEFAULTS = {}
ADAM = {"lr": 0.05, "b1": 0.8, "b2": 0.95, "eps": 0.05}


CASES = (
    Case(
        "adam",
        Torch,
        "Adam",
        (DEFAULTS, ADAM),
        lambda r, t: {"lr": r.lr, "betas": (r.b1, r.b2), "eps": r.eps},
    ),
    Case(
        "adam",
        Optax,
        "adam",
        (DEFAULTS, ADAM),
        lambda r, t: {"learning_rate": r.lr, "b1": r.b1, "b2": r.b2, "eps": r.eps},
    ),
    Case(
        "adam",
        Keras,
        "Adam",
        (DEFAULTS, ADAM),
        lambda r, t: {"learning_rate": r.lr, "beta_1": r.b1, "beta_2": r.b2, "epsilon": hat(r, t)},
        "their eps is added before the correction: eps sqrt(1 - b2^t)",
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "Adam",
        lambda h: {"lr": h["lr"], "betas": (h["b1"], h["b2"]), "eps": h["eps"]},
        ({}, ADAM),
        weight_decay=True,
    ),
    Dialect(
        "keras",
        "Adam",
        lambda h: {
            "learning_rate": h["lr"],
            "beta_1": h["b1"],
            "beta_2": h["b2"],
            "epsilon": h["eps"],
        },
        ({}, ADAM),
        weight_decay=True,
    ),
    Dialect(
        "optax",
        "adam",
        lambda h: {
            "learning_rate": h["lr"],
            "b1": h["b1"],
            "b2": h["b2"],
            "eps": h["eps"],
            "eps_root": h["eps_root"] or 0.0,
        },
        ({}, ADAM, ADAM | {"eps_root": 0.02}),
    ),
)

SLIPS = (
    *MOMENTS,
    ("eps inside the root", OUTER_EPS, "sqrt(v_hat + self.eps)"),
    (
        "eps before the correction",
        OUTER_EPS,
        "((sqrt(v) + self.eps) / sqrt(one_minus_power(self.b2, t)))",
    ),
    *EPS_PLACES,
    ("no eps", OUTER_EPS, "sqrt(v_hat)"),
    ("no root", "sqrt(v_hat)", "v_hat"),
    ("L2 decay", "m = self.b1", "g = g + 0.01 * x\n        m = self.b1"),
    (
        "AMSGrad",
        "(1 - self.b2) * g**2",
        "(1 - self.b2) * g**2\n        v = abs(v - s.v) / 2 + (v + s.v) / 2",
    ),
    ("NAdam", "m_hat = m /", "m_hat = (self.b1 * m + (1 - self.b1) * g) /"),
    ("AdaBelief", "(1 - self.b2) * g**2", "(1 - self.b2) * (g - m)**2"),
)

EQUIVALENT: dict[str, str] = {}

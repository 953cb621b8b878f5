"""The judges of adamw."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect, hat
from rule_mutants import EPS_PLACES, MOMENTS, OUTER_EPS

DEFAULTS = {}
ADAM = {"lr": 0.05, "b1": 0.8, "b2": 0.95, "eps": 0.05}
ADAMW = ADAM | {"weight_decay": 0.3}
DECAY = " + self.weight_decay * x)"


CASES = (
    Case(
        "adamw",
        Torch,
        "AdamW",
        (DEFAULTS, ADAMW),
        lambda r, t: {"lr": r.lr, "betas": (r.b1, r.b2), "eps": r.eps, "weight_decay": r.weight_decay},
    ),
    Case(
        "adamw",
        Optax,
        "adamw",
        (DEFAULTS, ADAMW),
        lambda r, t: {
            "learning_rate": r.lr,
            "b1": r.b1,
            "b2": r.b2,
            "eps": r.eps,
            "weight_decay": r.weight_decay,
        },
    ),
    Case(
        "adamw",
        Keras,
        "AdamW",
        (DEFAULTS, ADAMW),
        lambda r, t: {
            "learning_rate": r.lr,
            "beta_1": r.b1,
            "beta_2": r.b2,
            "epsilon": hat(r, t),
            "weight_decay": r.weight_decay,
        },
        "their eps is added before the correction: eps sqrt(1 - b2^t)",
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "AdamW",
        lambda h: {
            "lr": h["lr"],
            "betas": (h["b1"], h["b2"]),
            "eps": h["eps"],
            "weight_decay": h["weight_decay"],
        },
        ({}, ADAM),
        weight_decay=True,
    ),
    Dialect(
        "keras",
        "AdamW",
        lambda h: {
            "learning_rate": h["lr"],
            "beta_1": h["b1"],
            "beta_2": h["b2"],
            "epsilon": h["eps"],
            "weight_decay": h["weight_decay"],
        },
        ({}, ADAM),
        weight_decay=True,
    ),
    Dialect(
        "optax",
        "adamw",
        lambda h: {
            "learning_rate": h["lr"],
            "b1": h["b1"],
            "b2": h["b2"],
            "eps": h["eps"],
            "eps_root": h["eps_root"] or 0.0,
            "weight_decay": h["weight_decay"],
        },
        ({}, ADAM, ADAM | {"eps_root": 0.02}),
        weight_decay=True,
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
    ("no decay beside eps hat", f"eps_t){DECAY}", "eps_t))"),
    ("no eps", OUTER_EPS, "sqrt(v_hat)"),
    ("no root", "sqrt(v_hat)", "v_hat"),
    ("no decay", DECAY, ")"),
    (
        "L2 in the gradient",
        ("m = self.b1", DECAY),
        ("g = g + self.weight_decay * x\n        m = self.b1", ")"),
    ),
    ("decay not times lr", DECAY, ") - self.weight_decay * x"),
    ("decay times lr squared", DECAY, " + self.lr * self.weight_decay * x)"),
    ("grows instead of decaying", DECAY, " - self.weight_decay * x)"),
    (
        "decays the new x",
        "x - self.lr * (m_hat",
        "(1 - self.lr * self.weight_decay) * (x - self.lr * m_hat",
    ),
    ("decay is divided too", f" / {OUTER_EPS}{DECAY}", f" + self.weight_decay * x) / {OUTER_EPS}"),
    ("decay of the sign", DECAY, " + self.weight_decay * x / abs(x))"),
    ("decay halved", DECAY, " + self.weight_decay / 2 * x)"),
)

EQUIVALENT: dict[str, str] = {}

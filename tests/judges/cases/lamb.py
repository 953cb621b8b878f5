"""The judges of lamb."""

from __future__ import annotations

import numpy as np
from frameworks import Keras, Optax
from rule_cases import START, Case, Dialect
from rule_mutants import MOMENTS, OUTER_EPS

MATRIX = np.random.default_rng(0).normal(size=(3, 4))
NOTHING = np.zeros(3)  # weights whose norm is 0
DEFAULTS = {}
LAMB = {"lr": 0.02, "b1": 0.8, "b2": 0.95, "eps": 0.05, "weight_decay": 0.3}
NO_DECAY = LAMB | {"weight_decay": 0.0}


def optax_arguments(h):
    return {
        "learning_rate": h["lr"],
        "b1": h["b1"],
        "b2": h["b2"],
        "eps": h["eps"],
        "weight_decay": h["weight_decay"],
    }


def keras_arguments(h):
    return {
        "learning_rate": h["lr"],
        "beta_1": h["b1"],
        "beta_2": h["b2"],
        "epsilon": h["eps"],
        "weight_decay": h["weight_decay"],
    }


def of(arguments):
    return lambda rule, t: arguments(rule.hyperparameters())


CASES = (
    Case("lamb", Optax, "lamb", (DEFAULTS, LAMB), of(optax_arguments), start=MATRIX),
    Case("lamb", Optax, "lamb", (LAMB,), of(optax_arguments), start=(MATRIX, START, NOTHING)),
    Case(
        "lamb",
        Keras,
        "Lamb",
        ({"weight_decay": 0.0}, NO_DECAY, LAMB | {"decoupled": True}),
        of(keras_arguments),
        "no weight decay: theirs is decoupled",
        start=(MATRIX, START, NOTHING),
    ),
)

DIALECTS = (
    Dialect("optax", "lamb", optax_arguments, ({}, NO_DECAY), weight_decay=True, start=(MATRIX, NOTHING)),
    Dialect("keras", "Lamb", keras_arguments, ({}, NO_DECAY), weight_decay=True, start=(MATRIX, NOTHING)),
)

RATIO = "where(moves, norm(x), 1.0) / where(moves, norm(r), 1.0)"
SLIPS = (
    *MOMENTS,
    ("eps inside the root", OUTER_EPS, "sqrt(v_hat + self.eps)"),
    (
        "eps before the correction",
        OUTER_EPS,
        "((sqrt(v) + self.eps) / sqrt(one_minus_power(self.b2, t)))",
    ),
    ("no eps", OUTER_EPS, "sqrt(v_hat)"),
    ("no ratio", RATIO, "1.0"),
    ("ratio upside down", RATIO, "where(moves, norm(r), 1.0) / where(moves, norm(x), 1.0)"),
    ("ratio of the mean gradient", "norm(r), 1.0)", "norm(m_hat), 1.0)"),
    ("ratio of the gradient", "norm(r), 1.0)", "norm(g), 1.0)"),
    ("ratio at most 10", RATIO, f"min(10.0, {RATIO})"),
    ("ratio at most 1", RATIO, f"min(1.0, {RATIO})"),
    ("stays where the weights are 0", "where(moves, norm(x), 1.0)", "norm(x)"),
    ("decay outside the ratio", "self.lr * ratio * r", "self.lr * (ratio * r + 0.1 * self.weight_decay * x)"),
    ("no decay in the norm", "r = r + self.weight_decay * x", "pass"),
    ("L2 in the gradient", "m = self.b1", "g = g + self.weight_decay * x\n        m = self.b1"),
    ("grows instead of decaying", "r = r + self.weight_decay * x", "r = r - self.weight_decay * x"),
    ("always decoupled", "if self.decoupled:", "if True:"),
    ("never decoupled", "if self.decoupled:", "if False:"),
    ("decoupled decay not times lr", "x - self.weight_decay * self.lr * x", "x - self.weight_decay * x"),
    ("norms are sums", "norm(", "abs("),
)

EQUIVALENT: dict[str, str] = {}

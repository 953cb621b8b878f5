"""The judges of adafactor."""

from __future__ import annotations

import numpy as np
from compiled_judges import CompiledKeras, JudgedBy
from frameworks import Optax, Torch
from rule_cases import START, Case, Dialect

MATRIX = np.random.default_rng(0).normal(size=(3, 4))
STACK = np.random.default_rng(1).normal(size=(2, 3, 2))
SMALL = np.full(3, 1e-5)  # weights below eps2
SLOW = {"lr": 2e-3}
ADAFACTOR = {"lr": 0.2, "decay": 0.6, "eps2": 0.05, "d": 1.5}
TIGHT = ADAFACTOR | {"d": 1.01, "eps1": 0.1}
DECAYED = TIGHT | {"weight_decay": 0.3}


def torch_arguments(h):
    return {
        "lr": h["lr"],
        "beta2_decay": -h["decay"],
        "eps": (h["eps1"], h["eps2"]),
        "d": h["d"],
        "weight_decay": h["weight_decay"],
    }


def keras_arguments(h):
    return {
        "learning_rate": h["lr"],
        "beta_2_decay": -h["decay"],
        "epsilon_1": h["eps1"],
        "epsilon_2": h["eps2"],
        "clip_threshold": h["d"],
        "weight_decay": h["weight_decay"],
    }


def optax_arguments(h):
    """Their rate in float64: as a Python number it is rounded to float32 with t."""
    return {
        "learning_rate": h["lr"],
        "decay_rate": np.float64(h["decay"]),
        "eps": h["eps1"],
        "clipping_threshold": h["d"],
        "weight_decay_rate": h["lr"] * h["weight_decay"],
        "min_dim_size_to_factor": h["smallest"],
    }


def of(arguments):
    return lambda rule, t: arguments(rule.hyperparameters())


CASES = (
    Case(
        "adafactor",
        Torch,
        "Adafactor",
        tuple(h | {"floor": True} for h in (SLOW | {"eps1": None}, ADAFACTOR, TIGHT, DECAYED)),
        of(torch_arguments),
        "floor",
        start=(MATRIX, STACK, START, SMALL),
    ),
    Case(
        "adafactor",
        CompiledKeras,
        "Adafactor",
        (SLOW, ADAFACTOR, TIGHT, DECAYED | {"decay_first": True}),
        of(keras_arguments),
        "decay_first",
        start=(MATRIX, STACK, START, SMALL),
    ),
    Case(
        "adafactor",
        Optax,
        "adafactor",
        tuple(
            h | {"relative": False, "eps2": 1e-3} for h in (SLOW, ADAFACTOR, DECAYED, TIGHT | {"smallest": 4})
        ),
        of(optax_arguments),
        "relative off; their decay is lr weight_decay",
        start=(MATRIX, START, SMALL),
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "Adafactor",
        torch_arguments,
        ({}, ADAFACTOR, TIGHT),
        weight_decay=True,
        start=(MATRIX, START),
    ),
    JudgedBy(
        "keras",
        "Adafactor",
        keras_arguments,
        ({}, ADAFACTOR, TIGHT),
        weight_decay=True,
        start=(MATRIX, START),
        judge=CompiledKeras,
    ),
    Dialect(
        "optax",
        "adafactor",
        optax_arguments,
        ({}, {"lr": 0.005, "smallest": 3}, {"lr": 0.005, "smallest": 3, "weight_decay": 0.3}),
        given={"decay_rate": np.float64(0.8)},
        start=(MATRIX, START),
    ),
)

SLIPS = (
    ("rate of lr alone", "minimum(self.lr, 1 / sqrt(t)) if self.relative else self.lr", "self.lr"),
    ("always relative", "if self.relative else self.lr", ""),
    ("never at most lr", "minimum(self.lr, 1 / sqrt(t))", "1 / sqrt(t)"),
    ("the larger of both", "minimum(self.lr, 1 / sqrt(t))", "maximum(self.lr, 1 / sqrt(t))"),
    (
        "no least size",
        "maximum(self.eps2, rms(w if self.decay_first else x))",
        "rms(w if self.decay_first else x)",
    ),
    ("size of the new weights, always", "w if self.decay_first else x", "w"),
    ("size of the old weights, always", "w if self.decay_first else x", "x"),
    ("absolute steps", "maximum(self.eps2, rms(w if self.decay_first else x)) * rho", "rho"),
    ("size by the norm", "rms(w if", "(lambda a: (a * a).sum() ** 0.5)(w if"),
    ("no decay", "x - self.weight_decay * self.lr * x", "x"),
    ("decay not times lr", "x - self.weight_decay * self.lr * x", "x - self.weight_decay * x"),
    ("decay times rho", "w - alpha * u_hat", "x - rho * self.weight_decay * x - alpha * u_hat"),
    ("constant rate", "t**-self.decay", "1 - 0.999"),
    ("rate of the next step", "t**-self.decay", "(t + 1)**-self.decay"),
    ("eps1 added, always", "g**2 if self.floor else g**2 + eps1", "g**2 + eps1"),
    ("eps1 never added", "g**2 if self.floor else g**2 + eps1", "g**2"),
    ("never factored", "if self.factored(x):", "if False:"),
    ("factored whatever the size", " and min(x.shape[-2:]) >= self.smallest", ""),
    ("factored by the larger side", "min(x.shape[-2:])", "max(x.shape[-2:])"),
    ("factored from one more on", ">= self.smallest", "> self.smallest"),
    (
        "rows and columns swapped",
        ("late * mean(g2, -1)", "late * mean(g2, -2)"),
        ("late * mean(g2, -2)", "late * mean(g2, -1)"),
    ),
    ("mean of C below", "sqrt(R / M) * sqrt(C)", "sqrt(R) * sqrt(C)"),
    ("no floor of the mean", "maximum(mean(R, -2), eps1) if self.floor else mean(R, -2)", "mean(R, -2)"),
    ("no floor of the root", "maximum(root, eps1) if self.floor else root", "root"),
    ("no clipping", "maximum(1.0, rms(u) / self.d)", "1.0"),
    ("clipped to 1", "rms(u) / self.d", "rms(u)"),
    ("always scaled to d", "maximum(1.0, rms(u) / self.d)", "(rms(u) / self.d)"),
    ("no root", "root = sqrt(V)", "root = V"),
    ("ascends", "w - alpha * u_hat", "w + alpha * u_hat"),
)

EQUIVALENT: dict[str, str] = {}

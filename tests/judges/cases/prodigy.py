"""The judges of prodigy."""

from __future__ import annotations

import numpy as np
from compiled_judges import CompiledOptax, JudgedBy
from rule_cases import START, Case

MATRIX = np.random.default_rng(0).normal(size=(2, 3))
DEFAULTS = {}
OPTAX = {"corrected": True, "new_d": True}
PRODIGY = {"lr": 0.2, "b1": 0.8, "b2": 0.95, "eps": 0.05, "d0": 1e-3, "d_coef": 0.7}
DECAYED = PRODIGY | {"weight_decay": 0.3}
FALLING = DECAYED | {"lr": lambda t: 1 / (1 + t / 10)}


class Transcribed:
    """Algorithm 4 of the paper as it stands, all parameters in one vector. weight_decay as in AdamW."""

    def __init__(self, optimizer, x, settings):
        self.shapes = [part.shape for part in x]
        self.x = np.concatenate([part.ravel() for part in x])
        self.x0, self.m, self.v, self.s = self.x.copy(), 0 * self.x, 0 * self.x, 0 * self.x
        self.r, self.d = 0.0, settings["d0"]

    def point(self):
        cuts = np.cumsum([np.prod(shape) for shape in self.shapes])[:-1]
        parts = np.split(self.x, cuts)
        return tuple(part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True))

    def step(self, g, settings):
        g = np.concatenate([part.ravel() for part in g])
        b1, b2, gamma, d = settings["b1"], settings["b2"], settings["gamma"], self.d
        root = np.sqrt(b2)
        self.m = b1 * self.m + (1 - b1) * d * g
        self.v = b2 * self.v + (1 - b2) * d**2 * g**2
        self.r = root * self.r + (1 - root) * gamma * d**2 * np.dot(g, self.x0 - self.x)
        self.s = root * self.s + (1 - root) * gamma * d**2 * g
        self.d = max(d, settings["d_coef"] * self.r / np.abs(self.s).sum())
        decay = gamma * d * settings["decay"] * self.x
        self.x = self.x - gamma * d * self.m / (np.sqrt(self.v) + d * settings["eps"]) - decay


def optax_arguments(h):
    return {
        "learning_rate": h["lr"],
        "betas": (h["b1"], h["b2"]),
        "eps": h["eps"],
        "estim_lr0": h["d0"],
        "estim_lr_coef": h["d_coef"],
        "weight_decay": h["weight_decay"],
    }


CASES = (
    Case(
        "prodigy",
        Transcribed,
        "paper",
        (DEFAULTS, PRODIGY, DECAYED, FALLING),
        lambda r, t: {
            "gamma": r.lr,
            "b1": r.b1,
            "b2": r.b2,
            "eps": r.eps,
            "d0": r.d0,
            "d_coef": r.d_coef,
            "decay": r.weight_decay,
        },
        "the paper",
        start=(MATRIX, START),
    ),
    Case(
        "prodigy",
        CompiledOptax,
        "contrib.prodigy",
        tuple(h | OPTAX for h in (DEFAULTS, PRODIGY, DECAYED, FALLING)),
        lambda r, t: optax_arguments(r.hyperparameters()),
        "corrected, new_d",
        start=(MATRIX, START),
    ),
)

DIALECTS = (
    JudgedBy(
        "optax",
        "contrib.prodigy",
        optax_arguments,
        ({}, PRODIGY),
        weight_decay=True,
        start=(MATRIX, START),
        judge=CompiledOptax,
    ),
)

SLIPS = (
    ("d never grows", "d = maximum(s.d, d_hat)", "d = s.d"),
    ("d may fall", "d = maximum(s.d, d_hat)", "d = d_hat"),
    ("no factor of d", "self.d_coef * where", "where"),
    ("Euclidean length of s", "total(absolute(S))", "sqrt(total(S * S))"),
    ("from here to the start", "s.x0 - x", "x - s.x0"),
    ("slope at the start", "total(g * (s.x0 - x))", "total(m * (s.x0 - x))"),
    ("b2 for r and s", "b3 = sqrt(self.b2)", "b3 = self.b2"),
    ("d once in r and s", "(s.d / self.d0) ** 2", "(s.d / self.d0)"),
    ("moments without d", "(1 - self.b1) * s.d * g", "(1 - self.b1) * g"),
    ("square without d", "(s.d * g) ** 2", "g ** 2"),
    ("steps with the new d", "x - gamma * s.d * u", "x - gamma * d * u"),
    ("always corrected", "if self.corrected:", "if True:"),
    ("never corrected", "if self.corrected:", "if False:"),
    ("the new d beside eps, always", "d if self.new_d else s.d", "d"),
    ("the old d beside eps, always", "d if self.new_d else s.d", "s.d"),
    ("eps without d", "self.eps * (d if self.new_d else s.d)", "self.eps"),
    ("eps inside the root", "(sqrt(v) + eps)", "sqrt(v + eps)"),
    ("no eps", "(sqrt(v) + eps)", "sqrt(v)"),
    ("decay not times d", "self.weight_decay * x", "self.weight_decay * x / s.d"),
    ("the start is forgotten", "Estimate(m, v, r, S, d, s.x0)", "Estimate(m, v, r, S, d, x)"),
    ("ascends", "x - gamma", "x + gamma"),
)

EQUIVALENT = {
    "b3 * s.S - weight * g for b3 * s.S + weight * g": "it is -S, of which the absolute value is taken",
    "s.d * self.d0 for s.d / self.d0": "a factor of both r and S, of which the quotient is taken",
}

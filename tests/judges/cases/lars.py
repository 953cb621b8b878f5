"""The judges of lars."""

from __future__ import annotations

import numpy as np
from frameworks import Optax
from rule_cases import START, Case, Dialect

MATRIX = np.random.default_rng(0).normal(size=(3, 4))
NOTHING = np.zeros(3)  # weights whose norm is 0
DEFAULTS = {}
LARS = {"lr": 0.3, "momentum": 0.7, "weight_decay": 0.2, "trust": 0.01}
DECAYING = LARS | {"lr": lambda t: 0.3 / (1 + t / 10)}


class Transcribed:
    """Algorithm 1 of the paper, layer by layer, in plain NumPy loops; the local rate of a layer of
    zeros is 1, as in the authors' code."""

    def __init__(self, optimizer, x, settings):
        self.w = [part.copy() for part in x]
        self.v = [np.zeros(part.shape) for part in x]

    def point(self):
        return tuple(part.copy() for part in self.w)

    def step(self, g, settings):
        beta = settings["beta"]
        for k, gradient in enumerate(g):
            w = self.w[k]
            size, slope = np.linalg.norm(w), np.linalg.norm(gradient)
            local = 1.0 if size == 0 or slope == 0 else settings["eta"] * size / (slope + beta * size)
            self.v[k] = settings["m"] * self.v[k] + settings["gamma"] * local * (gradient + beta * w)
            self.w[k] = w - self.v[k]


def optax_arguments(h):
    return {
        "learning_rate": h["lr"],
        "momentum": h["momentum"],
        "weight_decay": h["weight_decay"],
        "trust_coefficient": h["trust"],
    }


CASES = (
    Case(
        "lars",
        Transcribed,
        "lars",
        (DEFAULTS, LARS, DECAYING),
        lambda r, t: {"gamma": r.lr, "m": r.momentum, "beta": r.weight_decay, "eta": r.trust},
        "the paper",
        start=(MATRIX, START, NOTHING),
    ),
    Case(
        "lars",
        Optax,
        "lars",
        ({"weight_decay": 0.0}, LARS | {"joint": True}, DECAYING | {"joint": True}),
        lambda r, t: optax_arguments(r.hyperparameters()),
        "joint",
        start=(MATRIX, START, NOTHING),
    ),
)

DIALECTS = (
    Dialect(
        "optax",
        "lars",
        optax_arguments,
        ({}, LARS | {"weight_decay": 0.0}),
        weight_decay=True,
        start=(MATRIX, NOTHING),
    ),
)

SLIPS = (
    ("no trust", "self.trust * norm(x)", "norm(x)"),
    ("trust squared", "self.trust * norm(x)", "self.trust**2 * norm(x)"),
    ("local rate upside down", "where(moves, below, 1.0)", "where(moves, 1 / below, 1.0)"),
    ("norm of the displacement", "norm(g) + self", "norm(s.v) + self"),
    ("always joint", "if self.joint", "if True"),
    ("never joint", "if self.joint", "if False"),
    ("no decay below", " + self.weight_decay * norm(x)", ""),
    ("decay not in the step", "self.lr * local * u", "self.lr * local * g"),
    ("stays where the weights are 0", "where(moves, self.trust * norm(x), 1.0)", "self.trust * norm(x)"),
    ("trusted where the weights are 0", "self.trust * norm(x), 1.0)", "self.trust * norm(x), self.trust)"),
    ("lr outside v", ("self.lr * local * u", "x - v"), ("local * u", "x - self.lr * v")),
    ("local rate outside v", ("self.lr * local * u", "x - v"), ("self.lr * u", "x - local * v")),
    ("Nesterov's step", "x - v", "x - self.momentum * v - self.lr * local * u"),
    ("momentum forgotten", "self.momentum * s.v + ", ""),
    ("ascends", "x - v", "x + v"),
    ("lr squared", "self.lr *", "self.lr**2 *"),
)

EQUIVALENT: dict[str, str] = {}

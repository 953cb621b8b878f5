"""The judges of nadam."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np
from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect
from rule_mutants import BETAS_SWAPPED, NO_CORRECTION_2, OUTER_EPS

DEFAULTS = {}
NADAM = {"lr": 0.05, "b1": 0.8, "b2": 0.95, "eps": 0.05, "momentum_decay": 0.5}
SLOW = NADAM | {"momentum_decay": 0.0}
CONSTANT = NADAM | {"momentum_decay": None}
DECAYING = NADAM | {"lr": lambda t: 0.2 / (1 + t / 10)}


class Dozat:
    """Algorithm 2 from the gradients seen, without a running state: every moment is a weighted sum."""

    def __init__(self, optimizer: str, x: Any, settings: dict[str, Any]):
        self.x, self.gradients = x.copy(), []

    def point(self) -> np.ndarray:
        return self.x

    def step(self, g: Any, settings: dict[str, Any]) -> None:
        alpha, mu, nu, eps, speed = (settings[k] for k in ("alpha", "mu", "nu", "eps", "speed"))
        self.gradients.append(g)
        t = len(self.gradients)
        mus = [mu * (1 - 0.5 * 0.96 ** (i * speed)) for i in range(1, t + 2)]  # mu_1 ... mu_(t+1)
        m = sum((1 - mus[i]) * prod(mus[i + 1 : t]) * g for i, g in enumerate(self.gradients))
        n = sum((1 - nu) * nu ** (t - 1 - i) * g**2 for i, g in enumerate(self.gradients))
        m_hat = mus[t] * m / (1 - prod(mus)) + (1 - mus[t - 1]) * g / (1 - prod(mus[:t]))
        n_hat = nu * n / (1 - nu**t)
        self.x = self.x - alpha / (np.sqrt(n_hat) + eps) * m_hat


def keras(h: dict[str, Any]) -> dict[str, Any]:
    return {"learning_rate": h["lr"], "beta_1": h["b1"], "beta_2": h["b2"], "epsilon": h["eps"]}


def optax(h: dict[str, Any]) -> dict[str, Any]:
    return {"learning_rate": h["lr"], "b1": h["b1"], "b2": h["b2"], "eps": h["eps"]}


def torch(h: dict[str, Any]) -> dict[str, Any]:
    decay = h["momentum_decay"]
    return {"lr": h["lr"], "betas": (h["b1"], h["b2"]), "eps": h["eps"], "momentum_decay": decay}


CASES = (
    Case(
        "nadam",
        Dozat,
        "Algorithm 2",
        (DEFAULTS, NADAM, SLOW, DECAYING),
        lambda r, t: {
            "alpha": r.lr * sqrt(r.b2),
            "mu": r.b1,
            "nu": r.b2,
            "eps": r.eps * sqrt(r.b2),
            "speed": r.momentum_decay,
        },
        "its lr and eps are sqrt(b2) times ours: the factor that it prints",
    ),
    Case(
        "nadam",
        Torch,
        "NAdam",
        ({"scheduled_m": False}, NADAM | {"scheduled_m": False}),
        lambda r, t: torch(r.hyperparameters()),
        "scheduled_m off",
    ),
    Case(
        "nadam",
        Optax,
        "nadam",
        ({"momentum_decay": None}, CONSTANT, CONSTANT | {"scheduled_m": False}),
        lambda r, t: optax(r.hyperparameters()),
        "momentum_decay None",
    ),
    Case(
        "nadam",
        Keras,
        "Nadam",
        (NADAM | {"momentum_decay": 1.0, "scheduled_m": False},),
        lambda r, t: keras(r.hyperparameters()),
        "momentum_decay 1, scheduled_m off",
    ),
)

AT = {k: v for k, v in NADAM.items() if k != "momentum_decay"}
DIALECTS = (
    Dialect("torch", "NAdam", torch, variants=({}, NADAM), weight_decay=True),
    Dialect("keras", "Nadam", keras, variants=({}, AT), weight_decay=True),
    Dialect("optax", "nadam", optax, variants=({}, AT)),
)

SLIPS = (
    BETAS_SWAPPED,
    NO_CORRECTION_2,
    ("Adam", "m_hat = mu_next * m / c_next + mu_bar * g / c", "m_hat = m / one_minus_power(self.b1, t)"),
    ("mu of this step for m, too", "mu_next * m /", "mu * m /"),
    ("mu of the next step for g, too", "+ mu_bar * g", "+ mu_next_bar * g"),
    ("m corrected up to this step", "m / c_next", "m / c"),
    ("g corrected up to the next step", "g / c\n", "g / c_next\n"),
    ("corrected by the power, not the product", "c = mu * s.c + mu_bar ", "c = one_minus_power(mu, t) "),
    ("the product of the next step is kept", "Moments(m, v, c)", "Moments(m, v, c_next)"),
    ("m_hat is kept", "Moments(m, v, c)", "Moments(m_hat, v, c)"),
    ("schedule of the step before", "(self.momentum_decay * t)", "(self.momentum_decay * (t - 1))"),
    ("no half", "* t) / 2", "* t)"),
    ("another base", "0.96 **", "0.9 **"),
    ("250 times as fast", "(self.momentum_decay * t)", "(250 * self.momentum_decay * t)"),
    ("m decays at b1", "if self.scheduled_m else", "if False else"),
    ("m decays at mu", "if self.scheduled_m else", "if True else"),
    ("eps inside the root", OUTER_EPS, "sqrt(v_hat + self.eps)"),
    ("no eps", OUTER_EPS, "sqrt(v_hat)"),
    ("no root", "sqrt(v_hat)", "v_hat"),
    ("g not squared", "g**2", "abs(g)"),
    ("lr squared", "self.lr *", "self.lr**2 *"),
    ("ascends", "x - self.lr *", "x + self.lr *"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of adan."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from frameworks import Optax
from rule_cases import Case, Dialect

DEFAULTS = {}
CORRECTED = {"corrected": True}
ADAN = {"lr": 0.05, "b1": 0.8, "b2": 0.7, "b3": 0.95, "eps": 0.05, "weight_decay": 0.3}
PLAIN = {k: v for k, v in ADAN.items() if k != "weight_decay"}
DECAYING = ADAN | {"lr": lambda t: 0.2 / (1 + t / 10)}


class Paper:
    """Algorithm 1 in the paper's own β, with its initial values, one weight at a time.

    corrected: the form of the authors' code instead, whose means are divided by their weights' sum.
    """

    def __init__(self, optimizer: str, x: Any, settings: dict[str, Any]):
        self.x, self.gradients = [float(value) for value in x], []

    def point(self) -> np.ndarray:
        return np.array(self.x)

    def step(self, g: Any, settings: dict[str, Any]) -> None:
        self.gradients.append([float(value) for value in g])
        self.x = [self.moved(i, theta, **settings) for i, theta in enumerate(self.x)]

    def moved(self, i, theta, eta, beta1, beta2, beta3, eps, decay, corrected, prox) -> float:
        g = [row[i] for row in self.gradients]
        change = [0.0, *(after - before for before, after in pairwise(g))]
        square = [(a + (1 - beta2) * b) ** 2 for a, b in zip(g, change, strict=True)]
        if corrected:
            m, v, n = (weighted(*pair) for pair in ((g, beta1), (change, beta2), (square, beta3)))
        else:
            m, n = started(g, beta1), started(square, beta3)
            v = started(change[1:], beta2) if len(g) > 1 else 0.0
        step = eta / (n**0.5 + eps)
        if prox:
            return (theta - step * (m + (1 - beta2) * v)) / (1 + decay * eta)
        return (1 - decay * eta) * theta - step * (m + (1 - beta2) * v)


def started(values: list[float], beta: float) -> float:
    """The mean that starts at the first value and takes up the share β of each that follows."""
    mean = values[0]
    for value in values[1:]:
        mean = (1 - beta) * mean + beta * value
    return mean


def weighted(values: list[float], beta: float) -> float:
    """The mean whose weights shrink by 1 - β a step into the past."""
    weights = [(1 - beta) ** k for k in range(len(values))]
    return sum(w * value for w, value in zip(weights, reversed(values), strict=True)) / sum(weights)


def paper(r: Any, t: int) -> dict[str, Any]:
    betas = {"beta1": 1 - r.b1, "beta2": 1 - r.b2, "beta3": 1 - r.b3}
    decay = {"decay": r.weight_decay, "corrected": r.corrected, "prox": r.proximal}
    return {"eta": r.lr, "eps": r.eps, **betas, **decay}


def optax(h: dict[str, Any]) -> dict[str, Any]:
    same = {name: h[name] for name in ("b1", "b2", "b3", "eps", "weight_decay")}
    return {"learning_rate": h["lr"], **same, "eps_root": h["eps_root"] or 0.0}


CASES = (
    Case("adan", Paper, "Algorithm 1", (ADAN, DECAYING, DEFAULTS), paper, "their β are 1 - b"),
    Case(
        "adan",
        Paper,
        "the authors' code",
        (ADAN | CORRECTED, ADAN | CORRECTED | {"proximal": False}, CORRECTED),
        paper,
        "corrected; their β are 1 - b",
    ),
    Case(
        "adan",
        Optax,
        "adan",
        (ADAN | CORRECTED | {"proximal": False, "complement": True},),
        lambda r, t: optax(r.hyperparameters()),
        "corrected, not proximal, complement; no eps_root",
    ),
)

DIALECTS = (
    Dialect("optax", "adan", optax, variants=({}, PLAIN, PLAIN | {"eps_root": 0.02}), weight_decay=True),
)

SLIPS = (
    ("b1 and b2 swapped", ("self.b1", "self.b2", "self.b_"), ("self.b_", "self.b1", "self.b2")),
    ("b2 and b3 swapped", ("self.b2", "self.b3", "self.b_"), ("self.b_", "self.b2", "self.b3")),
    ("always the complement", "if self.complement else self.b2", "if True else self.b2"),
    ("never the complement", "if self.complement else self.b2", "if False else self.b2"),
    ("Adam: no change", "(m_hat + share * v_hat)", "m_hat"),
    ("the whole change", "m_hat + share * v_hat", "m_hat + v_hat"),
    ("the change of the mean", "g - s.g)", "g - s.m)"),
    ("a change in the first step", "where(t < 2, zeros_like(g), g - s.g)", "g - s.g"),
    ("no change in the second step", "where(t < 2, zeros_like(g)", "where(t < 3, zeros_like(g)"),
    ("the square of g alone", "(g + share * d) ** 2", "g**2"),
    ("the square without its share", "(g + share * d) ** 2", "(g + d) ** 2"),
    ("not squared", "(g + share * d) ** 2", "abs(g + share * d)"),
    ("always corrected", "if self.corrected:", "if True:"),
    ("m starts at zero", "m = where(t < 2, g, m)", "m = m"),
    ("v starts at zero", "v = where(t < 3, d, v)", "v = v"),
    ("n starts at zero", "n = where(t < 2, g**2, n)", "n = n"),
    ("v starts a step early", "where(t < 3, d, v)", "where(t < 2, d, v)"),
    ("v corrected by b1", "v / one_minus_power(self.b2, t)", "v / one_minus_power(self.b1, t)"),
    ("the gradient is not kept", "Moments(m, v, n, g)", "Moments(m, v, n, s.g)"),
    ("eps inside the root", "(sqrt(n_hat) + self.eps)", "sqrt(n_hat + self.eps)"),
    ("no eps", "(sqrt(n_hat) + self.eps)", "sqrt(n_hat)"),
    ("eps_root outside", "n_hat = n_hat + self.eps_root", "n_hat = (sqrt(n_hat) + self.eps_root) ** 2"),
    ("never proximal", "if self.proximal:", "if False:"),
    ("decay of the weights before the step", "(x - self.lr * u) / (1", "-self.lr * u + x / (1"),
    ("decay without lr", "1 + self.lr * self.weight_decay", "1 + self.weight_decay"),
    ("no decay", "self.weight_decay * x)", "0 * x)"),
    ("lr squared", "self.lr * u", "self.lr**2 * u"),
    ("ascends", "x - self.lr * u", "x + self.lr * u"),
)

EQUIVALENT: dict[str, str] = {}

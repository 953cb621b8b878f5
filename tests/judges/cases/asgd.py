"""The judges of asgd."""

from __future__ import annotations

from typing import Any

import numpy as np
from frameworks import Torch
from rule_cases import Case, Dialect

DEFAULTS = {}
DECAYING = {"lr": lambda t: 0.2 / (1 + t / 10)}
FALLING = {"lr": 0.2, "lambd": 0.1, "power": 0.6}
SOON = FALLING | {"t0": 7.0}
AT_ONCE = FALLING | {"t0": 0.0}


class Mean(Torch):
    """PyTorch's descent, and the mean of the points it went through."""

    def __init__(self, optimizer: str, x: Any, settings: dict[str, Any]):
        super().__init__(optimizer, x, settings)
        self.points = [x]

    def step(self, g: Any, settings: dict[str, Any]) -> None:
        super().step(g, settings)
        self.points.append(self.point())


def mean(r: Any, judge: Any) -> np.ndarray:
    return np.mean(judge.points, axis=0)


def average(r: Any, judge: Any) -> np.ndarray:
    return judge.optimizer.state[judge.x]["ax"].numpy().copy()


def torch(h: dict[str, Any]) -> dict[str, Any]:
    return {"lr": h["lr"], "lambd": h["lambd"], "alpha": h["power"], "t0": h["t0"]}


CASES = (
    Case(
        "asgd",
        Mean,
        "SGD",
        (DEFAULTS, {"lr": 0.2}, DECAYING),
        lambda r, t: {"lr": r.lr},
        "their weights are z, and x is the mean of these",
        mean,
    ),
    Case(
        "asgd",
        Mean,
        "ASGD",
        (FALLING,),
        lambda r, t: {"lr": r.lr, "lambd": r.lambd, "alpha": r.power},
        "their weights are z, and x is the mean of these",
        mean,
    ),
    Case(
        "asgd",
        Torch,
        "ASGD",
        (SOON, AT_ONCE, SOON | {"late": True}),
        lambda r, t: torch(r.hyperparameters()),
        "their weights are z",
        average,
    ),
)

DIALECTS = (Dialect("torch", "ASGD", torch, variants=({}, SOON, AT_ONCE), weight_decay=True, x=average),)

SLIPS = (
    ("the gradient is taken at the mean", "return s.z", "return x"),
    ("the last point is the answer", "x + mu * (z - x)", "z"),
    ("the mean of the points before", "x + mu * (z - x)", "x + mu * (s.z - x)"),
    ("an average that decays", "mu = 1 / (t + 1)", "mu = 0.1"),
    ("the start is left out", "mu = 1 / (t + 1)", "mu = 1 / t"),
    ("averages a step early", "t - 1 - self.t0", "t - self.t0"),
    ("t0 ignored", "if self.t0 is None else", "if True else"),
    ("size of this step", "else self.size(t - 1)", "else self.size(t)"),
    ("never late", "eta = s.eta if self.late else", "eta = s.eta if False else"),
    ("two steps late", "self.size(t) if self.late", "self.size(t - 1) if self.late"),
    ("no decay", "(1 - self.lambd * eta) * s.z", "s.z"),
    ("decay not times the step size", "(1 - self.lambd * eta)", "(1 - self.lambd)"),
    ("constant step size", "/ (1 + self.lambd * self.lr * t) ** self.power", ""),
    ("step size falls without lr", "1 + self.lambd * self.lr * t", "1 + self.lambd * t"),
    ("ascends", "s.z - eta * g", "s.z + eta * g"),
)

EQUIVALENT: dict[str, str] = {}

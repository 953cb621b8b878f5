"""The judges of rprop."""

from __future__ import annotations

from typing import Any

import numpy as np
from frameworks import Optax, Torch
from rule_cases import Case, Dialect

DEFAULTS = {}
RPROP = {"lr": 0.05, "eta_minus": 0.4, "eta_plus": 1.3, "step_min": 1e-3, "step_max": 0.3}
HIGH = RPROP | {"lr": 0.9}  # outside the bounds
LOW = RPROP | {"lr": 1e-4}
STAYS = {"backtracks": False}
LATE = {"late": True}


class Paper:
    """Section II as it is printed: one weight after the other, with its three cases."""

    def __init__(self, optimizer: str, x: Any, settings: dict[str, Any]):
        self.w = [float(value) for value in x]
        self.size = [settings["first"]] * len(self.w)
        self.slope, self.change = [0.0] * len(self.w), [0.0] * len(self.w)

    def point(self) -> np.ndarray:
        return np.array(self.w)

    def step(self, g: Any, settings: dict[str, Any]) -> None:
        for i, slope in enumerate(g):
            self.one(i, float(slope), **settings)
            self.w[i] += self.change[i]

    def one(self, i, slope, first, minus, plus, smallest, largest) -> None:
        if self.slope[i] * slope < 0:
            self.size[i] = max(self.size[i] * minus, smallest)
            self.change[i], self.slope[i] = -self.change[i], 0.0
            return
        if self.slope[i] * slope > 0:
            self.size[i] = min(self.size[i] * plus, largest)
        self.change[i] = -float(np.sign(slope)) * self.size[i]
        self.slope[i] = slope


def paper(r: Any, t: int) -> dict[str, Any]:
    names = {"first": r.lr, "minus": r.eta_minus, "plus": r.eta_plus}
    return names | {"smallest": r.step_min, "largest": r.step_max}


def torch(h: dict[str, Any]) -> dict[str, Any]:
    etas, sizes = (h["eta_minus"], h["eta_plus"]), (h["step_min"], h["step_max"])
    return {"lr": h["lr"], "etas": etas, "step_sizes": sizes}


def optax(h: dict[str, Any]) -> dict[str, Any]:
    bounds = {"min_step_size": h["step_min"], "max_step_size": h["step_max"]}
    return {"learning_rate": h["lr"], "eta_minus": h["eta_minus"], "eta_plus": h["eta_plus"]} | bounds


CASES = (
    Case("rprop", Paper, "section II", (DEFAULTS, RPROP), paper),
    Case(
        "rprop",
        Torch,
        "Rprop",
        (STAYS, RPROP | STAYS),
        lambda r, t: torch(r.hyperparameters()),
        "does not backtrack",
    ),
    Case(
        "rprop",
        Optax,
        "rprop",
        (STAYS | LATE, RPROP | STAYS | LATE),
        lambda r, t: optax(r.hyperparameters()),
        "does not backtrack, late",
    ),
)

DIALECTS = (
    Dialect("torch", "Rprop", torch, variants=({}, RPROP, HIGH, LOW)),
    Dialect("optax", "rprop", optax, variants=({}, RPROP, HIGH, LOW)),
)

SLIPS = (
    (
        "etas swapped",
        ("eta_plus * s", "eta_minus * s", "eta_ * s"),
        ("eta_ * s", "eta_plus * s", "eta_minus * s"),
    ),
    ("never taken back", "if self.backtracks else", "if False else"),
    ("always taken back", "if self.backtracks else", "if True else"),
    ("taken back by the new size", "back = s.d * s.Delta", "back = s.d * Delta"),
    ("steps on where the sign has changed", "where(turn < 0, back, dx)", "dx"),
    ("punished twice", "where(turn < 0, zeros_like(x), d)", "d"),
    (
        "no upper bound",
        "minimum(maximum(Delta, self.step_min), self.step_max)",
        "maximum(Delta, self.step_min)",
    ),
    (
        "no lower bound",
        "minimum(maximum(Delta, self.step_min), self.step_max)",
        "minimum(Delta, self.step_max)",
    ),
    ("lr always within the bounds", "if self.bounds_lr else", "if True else"),
    ("lr never within the bounds", "if self.bounds_lr else", "if False else"),
    ("grows at the first step, too", "where(turn > 0, grown", "where(turn > -0.5, grown"),
    ("shrinks at the first step, too", "where(turn < 0, shrunk", "where(turn < 0.5, shrunk"),
    (
        "one size for all",
        ("where(turn > 0, grown, s.Delta)", "where(turn < 0, shrunk, Delta)"),
        ("s.Delta", "s.Delta"),
    ),
    ("grows alone", "where(turn < 0, shrunk, Delta)", "Delta"),
    ("shrinks alone", "where(turn > 0, grown, s.Delta)", "s.Delta"),
    ("the step of the gradient's size", "else d * Delta", "else g * Delta"),
    ("the size of before", "else d * Delta", "else d * s.Delta"),
    ("never late", "if self.late else", "if False else"),
    ("late with the new size", "s.d * s.Delta if self.late", "s.d * Delta if self.late"),
    ("ascends", "dx = -(", "dx = ("),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of signsgd."""

from __future__ import annotations

from typing import Any

from frameworks import Optax
from rule_cases import Case, Dialect

DEFAULTS = {}
SIGNUM = {"lr": 0.05, "momentum": 0.8}
DECAYING = {"lr": lambda t: 0.2 / (1 + t / 10), "momentum": 0.9}


def plain(h: dict[str, Any]) -> dict[str, Any]:
    return {"learning_rate": h["lr"]}


def signum(h: dict[str, Any]) -> dict[str, Any]:
    return {"learning_rate": h["lr"], "beta": h["momentum"]}


CASES = (
    Case("signsgd", Optax, "sign_sgd", (DEFAULTS, {"lr": 0.05}), lambda r, t: plain(r.hyperparameters())),
    Case("signsgd", Optax, "signum", (SIGNUM, DECAYING), lambda r, t: signum(r.hyperparameters())),
)

DIALECTS = (
    Dialect("optax", "sign_sgd", plain, variants=({}, {"lr": 0.05})),
    Dialect("optax", "signum", signum, variants=(SIGNUM, {"momentum": 0.9})),
)

SLIPS = (
    ("no sign: SGD", "sign(g)", "g"),
    ("no sign of the mean", "sign(m)", "m"),
    ("the sign of the gradient, with momentum, too", "sign(m)", "sign(g)"),
    ("the mean of the signs", "(1 - self.momentum) * g", "(1 - self.momentum) * sign(g)"),
    ("the mean of before", "sign(m)", "sign(s.m)"),
    ("momentum forgotten", "m = self.momentum * s.m", "m = 0 * s.m"),
    ("lr squared", "self.lr *", "self.lr**2 *"),
    ("ascends", "x - self.lr", "x + self.lr"),
    ("ascends with momentum", "x - self.lr * sign(m)", "x + self.lr * sign(m)"),
)

NOT_ZERO = "a sign that is not 0 is its own inverse, and no judge's gradient is 0"
EQUIVALENT = {
    "1 + self.momentum for 1 - self.momentum": "a positive factor of g and of all before leaves the sign",
    "self.lr / sign(g) for self.lr * sign(g)": NOT_ZERO,
    "self.lr / sign(m) for self.lr * sign(m)": NOT_ZERO,
}

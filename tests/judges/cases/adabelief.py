"""The judges of adabelief."""

from __future__ import annotations

from typing import Any

from frameworks import Optax
from rule_cases import Case, Dialect
from rule_mutants import MOMENTS, OUTER_EPS

DEFAULTS = {}
ADABELIEF = {"lr": 0.05, "b1": 0.8, "b2": 0.95, "eps": 0.05, "eps_root": 0.02}
DECAYING = ADABELIEF | {"lr": lambda t: 0.2 / (1 + t / 10)}


def optax(h: dict[str, Any]) -> dict[str, Any]:
    names = {"lr": "learning_rate", "b1": "b1", "b2": "b2", "eps": "eps", "eps_root": "eps_root"}
    return {theirs: h[ours] for ours, theirs in names.items()}


CASES = (
    Case(
        "adabelief",
        Optax,
        "adabelief",
        (DEFAULTS, ADABELIEF, DECAYING),
        lambda r, t: optax(r.hyperparameters()),
    ),
)

DIALECTS = (Dialect("optax", "adabelief", optax, variants=({}, ADABELIEF)),)

SQUARE = "(g - m) ** 2"
SHARED = [slip for slip in MOMENTS if "g**2" not in slip[1]]
SLIPS = (
    *SHARED,
    ("Adam", SQUARE, "g**2"),
    ("the surprise of the m of before", SQUARE, "(g - s.m) ** 2"),
    ("the surprise of the corrected m", SQUARE, "(g - m / one_minus_power(self.b1, t)) ** 2"),
    ("the surprise not squared", SQUARE, "abs(g - m)"),
    ("v not damped", f"(1 - self.b2) * {SQUARE}", SQUARE),
    ("eps_root is not kept", ("+ self.eps_root\n", "sqrt(v_hat)"), ("\n", "sqrt(v_hat + self.eps_root)")),
    ("eps_root damped", "+ self.eps_root", "+ (1 - self.b2) * self.eps_root"),
    ("eps for both", "+ self.eps_root", "+ self.eps"),
    ("no eps in v", "+ self.eps_root", ""),
    ("no eps outside", OUTER_EPS, "sqrt(v_hat)"),
    ("no root", "sqrt(v_hat)", "v_hat"),
)

EQUIVALENT: dict[str, str] = {}

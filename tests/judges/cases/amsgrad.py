"""The judges of amsgrad."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect
from rule_mutants import BETAS_SWAPPED

DEFAULTS = {}
AMSGRAD = {"lr": 0.05, "b1": 0.8, "b2": 0.7, "eps": 0.05}
MEAN_V = AMSGRAD | {"max_of_corrected": True}  # m as it is, the maximum of the corrected v


CASES = (
    Case(
        "amsgrad",
        Optax,
        "amsgrad",
        (DEFAULTS, AMSGRAD, MEAN_V),
        lambda r, t: {
            "learning_rate": r.lr,
            "b1": r.b1,
            "b2": r.b2,
            "eps": r.eps,
            "bias_correction_mu": False,
            "bias_correction_nu": r.max_of_corrected,
        },
        "bias_correction_mu off, bias_correction_nu off unless max_of_corrected",
    ),
    Case(
        "amsgrad",
        Torch,
        "Adam",
        ({"corrected": True}, AMSGRAD | {"corrected": True}),
        lambda r, t: {"lr": r.lr, "betas": (r.b1, r.b2), "eps": r.eps, "amsgrad": True},
        "corrected",
    ),
    Case(
        "amsgrad",
        Keras,
        "Adam",
        ({"corrected": True, "eps_hat": True}, AMSGRAD | {"corrected": True, "eps_hat": True}),
        lambda r, t: {
            "learning_rate": r.lr,
            "beta_1": r.b1,
            "beta_2": r.b2,
            "epsilon": r.eps,
            "amsgrad": True,
        },
        "corrected, eps_hat",
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "Adam",
        lambda h: {"lr": h["lr"], "betas": (h["b1"], h["b2"]), "eps": h["eps"], "amsgrad": True},
        variants=({}, AMSGRAD),
        weight_decay=True,
        given={"amsgrad": True},
    ),
    Dialect(
        "keras",
        "Adam",
        lambda h: {
            "learning_rate": h["lr"],
            "beta_1": h["b1"],
            "beta_2": h["b2"],
            "epsilon": h["eps"],
            "amsgrad": True,
        },
        variants=({}, AMSGRAD),
        weight_decay=True,
        given={"amsgrad": True},
    ),
    Dialect(
        "optax",
        "amsgrad",
        lambda h: {"learning_rate": h["lr"], "b1": h["b1"], "b2": h["b2"], "eps": h["eps"]},
        variants=({}, AMSGRAD),
    ),
)

ROOT = "(sqrt(v_hat) + self.eps)"
SLIPS = (
    BETAS_SWAPPED,
    ("Adam: no maximum", "maximum(s.v_hat, v /", "(v /"),
    ("the maximum of before", "maximum(s.v_hat, v /", "maximum(s.v_hat, s.v /"),
    ("the maximum takes the place of v", "Moments(m, v, v_hat)", "Moments(m, v_hat, v_hat)"),
    ("the maximum is not kept", "Moments(m, v, v_hat)", "Moments(m, v, v)"),
    ("state is swapped", "Moments(m, v, v_hat)", "Moments(m, v_hat, v)"),
    ("a minimum", "import maximum,", "import minimum as maximum,"),
    ("corrected as in Adam, always", "if not self.corrected:", "if False:"),
    ("never corrected", "if not self.corrected:", "if True:"),
    ("corrected before, always", "if self.max_of_corrected else v)", "if True else v)"),
    ("corrected after, always", "u = v_hat if self.max_of_corrected else", "u ="),
    (
        "corrected twice",
        "m_hat = m / one_minus_power(self.b1, t)",
        "m_hat = m / one_minus_power(self.b1, t)**2",
    ),
    ("v corrected by b1", "v_hat / one_minus_power(self.b2, t)", "v_hat / one_minus_power(self.b1, t)"),
    ("eps inside the root", "(sqrt(u) + self.eps)", "sqrt(u + self.eps)"),
    ("eps inside the root of the paper", ROOT, "sqrt(v_hat + self.eps)"),
    ("no eps", ROOT, "sqrt(v_hat)"),
    ("eps_hat forgotten", "if self.eps_hat:", "if False:"),
    ("no root", "sqrt(v_hat)", "v_hat"),
    ("g not squared", "g**2", "abs(g)"),
    ("lr squared", "self.lr *", "self.lr**2 *"),
    ("ascends", "x - self.lr *", "x + self.lr *"),
)

EQUIVALENT: dict[str, str] = {}

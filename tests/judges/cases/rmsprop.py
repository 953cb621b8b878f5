"""The judges of rmsprop."""

from __future__ import annotations

from frameworks import Keras, Optax, Torch
from rule_cases import Case, Dialect

NO_EPS = 1e-300  # too small to tell where it is added
DEFAULTS = {}
RMSPROP = {"lr": 0.01, "decay": 0.8, "eps": 0.2}
CENTERED = RMSPROP | {"centered": True}
RMSPROP_MOMENTUM = CENTERED | {"momentum": 0.6}
RMSPROP_DECAYING = RMSPROP | {"momentum": 0.6, "lr": lambda t: 0.05 / (1 + t / 10)}


CASES = (
    Case(
        "rmsprop",
        Torch,
        "RMSprop",
        (DEFAULTS, RMSPROP, CENTERED, RMSPROP_MOMENTUM),
        lambda r, t: {
            "lr": r.lr,
            "alpha": r.decay,
            "eps": r.eps,
            "momentum": r.momentum or 0.0,
            "centered": r.centered,
        },
        "their buffer is -u/lr, at constant lr",
    ),
    Case(
        "rmsprop",
        Optax,
        "rmsprop",
        (DEFAULTS, RMSPROP, CENTERED, RMSPROP_MOMENTUM, RMSPROP_DECAYING),
        lambda r, t: {
            "learning_rate": r.lr,
            "decay": r.decay,
            "eps": r.eps,
            "eps_in_sqrt": False,
            "momentum": r.momentum,
            "centered": r.centered,
        },
        "eps_in_sqrt off",
    ),
    Case(
        "rmsprop",
        Keras,
        "RMSprop",
        tuple(h | {"eps": NO_EPS} for h in (RMSPROP, CENTERED, RMSPROP_MOMENTUM, RMSPROP_DECAYING)),
        lambda r, t: {
            "learning_rate": r.lr,
            "rho": r.decay,
            "epsilon": r.eps,
            "momentum": r.momentum or 0.0,
            "centered": r.centered,
        },
        "no eps: theirs is inside the root",
    ),
)

DIALECTS = (
    Dialect(
        "torch",
        "RMSprop",
        lambda h: {
            "lr": h["lr"],
            "alpha": h["decay"],
            "eps": h["eps"],
            "momentum": h["momentum"] or 0.0,
            "centered": h["centered"],
        },
        ({}, RMSPROP, RMSPROP | {"momentum": 0.6}, RMSPROP_MOMENTUM),
        weight_decay=True,
    ),
    Dialect(
        "keras",
        "RMSprop",
        lambda h: {
            "learning_rate": h["lr"],
            "rho": h["decay"],
            "epsilon": h["eps"],
            "momentum": h["momentum"] or 0.0,
            "centered": h["centered"],
        },
        ({}, RMSPROP, RMSPROP_MOMENTUM),
        weight_decay=True,
    ),
    Dialect(
        "optax",
        "rmsprop",
        lambda h: {
            "learning_rate": h["lr"],
            "decay": h["decay"],
            "eps": h["eps"],
            "momentum": h["momentum"],
            "centered": h["centered"],
        },
        ({}, RMSPROP, RMSPROP_MOMENTUM),
    ),
)

SLIPS = (
    ("eps inside the root", "else sqrt(variance) + self.eps", "else sqrt(variance + self.eps)"),
    ("no eps", "else sqrt(variance) + self.eps", "else sqrt(variance)"),
    ("no eps inside", "sqrt(variance + self.eps) if", "sqrt(variance) if"),
    ("no root, eps inside", "sqrt(variance + self.eps) if", "(variance + self.eps) if"),
    ("eps squared inside", "variance + self.eps)", "variance + self.eps**2)"),
    ("no root", "sqrt(variance)", "variance"),
    (
        "decay the other way round",
        "self.decay * s.v + (1 - self.decay)",
        "(1 - self.decay) * s.v + self.decay",
    ),
    ("not damped", "(1 - self.decay) * g**2", "g**2"),
    ("bias corrected", "sqrt(variance)", "sqrt(variance / (1 - self.decay**t))"),
    ("the average of before", "variance = None, v", "variance = None, s.v"),
    ("average starts at 1", "v=zeros_like(x)", "v=zeros_like(x) + 1"),
    ("m not squared", "v - m**2", "v - abs(m)"),
    ("m of before", "v - m**2", "v - s.m**2"),
    ("never centered", "v - m**2", "v"),
    ("m not damped", "(1 - self.decay) * g\n", "g\n"),
    ("momentum forgotten", "u = self.momentum * s.u - d", "u = -d"),
    ("momentum damped", "s.u - d", "s.u - (1 - self.momentum) * d"),
    ("lr outside u", ("s.u - d", "x + u"), ("s.u - g / root", "x + self.lr * u")),
    ("lr inside u", ("s.u - g / root", "x + self.lr * u"), ("s.u - self.lr * g / root", "x + u")),
    ("no lr outside u", "x + self.lr * u", "x + u"),
    ("lr on both sides of u", "s.u - g / root", "s.u - self.lr * g / root"),
    ("momentum forgotten, lr outside", "self.momentum * s.u - g", "-g"),
    ("u of g before it is divided, lr outside", "s.u - g / root", "s.u - g"),
    ("momentum of g before it is divided", "s.u - d", "s.u - self.lr * g"),
    ("displacement with the wrong sign", "x + u", "x - u"),
    ("lr squared", "self.lr * g", "self.lr**2 * g"),
    ("ascends", ("x - d", "s.u - d"), ("x + d", "s.u + d")),
)

EQUIVALENT = {
    "self.decay * s.m - (1 - self.decay) * g for self.decay * s.m + (1 - self.decay) * g": (
        "it is -m, and m enters as its square"
    ),
}

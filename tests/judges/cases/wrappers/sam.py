"""The judges of SAM."""

from __future__ import annotations

from types import SimpleNamespace

import optax
from frameworks import Optax
from optax.contrib import normalize
from rule_cases import START, Case, Dialect

from ladera.rules import L2, SGD, Adam, Nesterov

ADAM = Adam(lr=0.05, b1=0.8, b2=0.95, eps=0.05)
SEVERAL = (START[:4].reshape(2, 2), START[4:])


def sharpness_aware(optimizer, radius):
    return optax.contrib.sam(optimizer, optax.chain(normalize(), optax.sgd(radius)))


class Aware(Optax):
    library = SimpleNamespace(
        sgd=lambda radius, **h: sharpness_aware(optax.sgd(**h), radius),
        adam=lambda radius, **h: sharpness_aware(optax.adam(**h), radius),
        decayed=lambda radius, decay, **h: sharpness_aware(
            optax.chain(optax.add_decayed_weights(decay), optax.sgd(**h)), radius
        ),
    )


CASES = (
    Case(
        "sam",
        Aware,
        "adam",
        ({"rule": ADAM}, {"rule": ADAM, "radius": 0.4}),
        lambda r, t: {
            "radius": r.radius,
            "learning_rate": r.rule.lr,
            "b1": r.rule.b1,
            "b2": r.rule.b2,
            "eps": r.rule.eps,
        },
        start=SEVERAL,
    ),
    Case(
        "sam",
        Aware,
        "sgd",
        ({"rule": SGD(lr=0.1)}, {"rule": lambda t: SGD(lr=0.2 / (1 + t / 10)), "radius": 0.4}),
        lambda r, t: {"radius": r.radius, "learning_rate": r.rule.lr},
    ),
    Case(
        "sam",
        Aware,
        "sgd",
        ({"rule": Nesterov(lr=0.1, momentum=0.7), "radius": 0.4},),
        lambda r, t: {
            "radius": r.radius,
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "nesterov": True,
        },
        "their weights y are x + momentum v, our reading point; v = -lr b, at constant lr",
        start=SEVERAL,
    ),
    Case(
        "sam",
        Aware,
        "decayed",
        ({"rule": L2(SGD(lr=0.1), weight_decay=0.3), "radius": 0.4},),
        lambda r, t: {"radius": r.radius, "decay": 0.3, "learning_rate": 0.1},
        start=SEVERAL,
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

SLIPS = (
    ("one gradient", "evaluations = 2", "evaluations = 1"),
    ("the norm of each array", 'scope = "whole"', 'scope = "block"'),
    ("down the slope", ") + (self.radius", ") - (self.radius"),
    ("without the norm", "self.radius / where(length > 0, length, 1.0)", "self.radius"),
    ("by the norm squared", "norm(g)", "norm(g)**2"),
    ("from x, not from where the gradient was taken", "self.read(s, x) + (", "x + ("),
    ("radius squared", "(self.radius /", "(self.radius**2 /"),
    ("half the radius", "(self.radius /", "(self.radius / 2 /"),
    ("at the first point again", " + (self.radius / where(length > 0, length, 1.0)) * g", ""),
)

EQUIVALENT: dict[str, str] = {}

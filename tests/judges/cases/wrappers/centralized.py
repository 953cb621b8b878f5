"""The judges of Centralized."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import optax
from frameworks import Optax
from rule_cases import START, Case, Dialect

from ladera.rules import ClipGlobalNorm, Momentum

RULE = Momentum(lr=0.004, momentum=0.7)
# A kernel of a convolution, a matrix and a vector.
KERNEL = np.linspace(-1, 1, 24).reshape(2, 3, 4) ** 3
MATRIX = np.outer(START[:3], START[1:])
SEVERAL = (KERNEL, MATRIX, START)


class Centred(Optax):
    library = SimpleNamespace(
        sgd=lambda **h: optax.chain(optax.centralize(), optax.sgd(**h)),
        clipped=lambda norm, **h: optax.chain(
            optax.centralize(), optax.clip_by_global_norm(norm), optax.sgd(**h)
        ),
    )


def moved(x, source, destination):
    return tuple(np.moveaxis(part, source, destination) for part in x)


class OutputsLast(Centred):
    """Its weights have the output's axis first, those that are seen from outside last."""

    def __init__(self, optimizer, x, settings):
        super().__init__(optimizer, moved(x, -1, 0), settings)

    def point(self):
        return moved(super().point(), 0, -1)

    def step(self, g, settings):
        super().step(moved(g, -1, 0), settings)


def settings(rule, t):
    return {"learning_rate": RULE.lr, "momentum": RULE.momentum}


CASES = (
    Case(
        "centralized",
        Centred,
        "sgd",
        ({"rule": RULE, "outputs_first": True},),
        settings,
        "v = -lr b, at constant lr",
        start=SEVERAL,
    ),
    Case(
        "centralized",
        OutputsLast,
        "sgd",
        ({"rule": RULE},),
        settings,
        "their axes the other way round; v = -lr b, at constant lr",
        start=SEVERAL,
    ),
    Case(
        "centralized",
        OutputsLast,
        "clipped",
        ({"rule": ClipGlobalNorm(RULE, clip_global_norm=3.0)},),
        lambda r, t: settings(r, t) | {"norm": r.rule.clip_global_norm},
        "their axes the other way round; v = -lr b, at constant lr",
        start=SEVERAL,
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

SLIPS = (
    ("vectors too", "ndim(g) < 2", "ndim(g) < 1"),
    ("matrices not", "ndim(g) < 2", "ndim(g) < 3"),
    ("one axis of a kernel", "range(1, ndim(g))", "range(1, 2)"),
    ("the first axis of a kernel", "range(ndim(g) - 1)", "range(1)"),
    ("all axes", "range(ndim(g) - 1)", "range(ndim(g))"),
    ("the axes the other way round", "if self.outputs_first else", "if not self.outputs_first else"),
    ("the mean alone", "return g - mu", "return mu"),
    ("not at all", "g = by_array(self.centred, g)", "pass"),
    ("of the axes that are left", "mu = mean(mu, axis)", "mu = mean(g, axis)"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of ClipNorm."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace

import numpy as np
import optax
import torch
from frameworks import Keras, Optax, Torch
from rule_cases import START, Case, Dialect

from ladera.rules import ClipGlobalNorm, Momentum

RULE = Momentum(lr=0.1, momentum=0.7)
CLIPPED = ({"rule": RULE}, {"rule": RULE, "clip_norm": 0.6})
WHOLE = ({"rule": ClipGlobalNorm(RULE, clip_global_norm=1.1), "clip_norm": 0.9},)
SEVERAL = (START[:4].reshape(2, 2), START[4:])
EQUAL = (np.array([[0.7, -1.3], [2.1, 0.2]]), np.array([-0.6, 0.4, 1.1, -0.9]))


class Clipped(Torch):
    def __init__(self, optimizer, x, settings):
        super().__init__(optimizer, x, {k: v for k, v in settings.items() if k != "max_norm"})

    def step(self, g, settings):
        bound = settings.pop("max_norm")
        clipped = []
        for part in g:
            x = torch.zeros(part.shape, requires_grad=True)
            x.grad = torch.tensor(part)
            length = torch.nn.utils.get_total_norm([x.grad])
            torch.nn.utils.clip_grads_with_norm_(x, bound, length - 1e-6)
            clipped.append(x.grad.numpy())
        super().step(tuple(clipped), settings)


class Chained(Optax):
    library = SimpleNamespace(
        block=lambda learning_rate, momentum, rms: optax.chain(
            optax.clip_by_block_rms(rms), optax.sgd(learning_rate, momentum)
        ),
        both=lambda learning_rate, momentum, rms, norm: optax.chain(
            optax.clip_by_block_rms(rms), optax.clip_by_global_norm(norm), optax.sgd(learning_rate, momentum)
        ),
    )


CASES = (
    Case(
        "clipnorm",
        Clipped,
        "SGD",
        CLIPPED,
        lambda r, t: {"lr": r.rule.lr, "momentum": r.rule.momentum, "max_norm": r.clip_norm},
        "without the 1e-6 that they add to the norm; v = -lr b, at constant lr",
        start=SEVERAL,
    ),
    Case(
        "clipnorm",
        Keras,
        "SGD",
        CLIPPED,
        lambda r, t: {
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "clipnorm": r.clip_norm,
        },
        start=SEVERAL,
    ),
    Case(
        "clipnorm",
        Chained,
        "block",
        CLIPPED,
        lambda r, t: {
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "rms": r.clip_norm / sqrt(START.size),
        },
        "their bound is of the root mean square; v = -lr b, at constant lr",
    ),
    Case(
        "clipnorm",
        Chained,
        "both",
        WHOLE,
        lambda r, t: {
            "learning_rate": RULE.lr,
            "momentum": RULE.momentum,
            "rms": r.clip_norm / sqrt(4),
            "norm": r.rule.clip_global_norm,
        },
        "of several arrays of one size; v = -lr b, at constant lr",
        start=EQUAL,
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

SLIPS = (
    ("of all arrays", "by_array(self.clipped, g)", "self.clipped(g)"),
    ("not at all", "g = by_array(self.clipped, g)", "pass"),
    ("always to the bound", "maximum(norm(g), self.clip_norm)", "norm(g)"),
    ("lengthened, not shortened", "maximum(norm(g)", "-maximum(-norm(g)"),
    ("by the square", "norm(g)", "norm(g)**2"),
    ("by the sum", "norm(g)", "abs(g).sum()"),
    ("by the largest", "norm(g)", "abs(g).max()"),
    ("by the root mean square", "norm(g)", "(norm(g) / g.size**0.5)"),
    ("to 1", "(self.clip_norm /", "(1.0 /"),
    ("at 1", "norm(g), self.clip_norm)", "norm(g), 1.0)"),
    ("with PyTorch's 1e-6", "norm(g)", "(norm(g) + 1e-6)"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of ClipGlobalNorm."""

from __future__ import annotations

from types import SimpleNamespace

import optax
import torch
from frameworks import Keras, Optax, Torch
from rule_cases import START, Case, Dialect

from ladera.rules import Momentum

RULE = Momentum(lr=0.1, momentum=0.7)
CLIPPED = ({"rule": RULE}, {"rule": RULE, "clip_global_norm": 0.6})
SEVERAL = (START[:4].reshape(2, 2), START[4:])


class Clipped(Torch):
    def __init__(self, optimizer, x, settings):
        super().__init__(optimizer, x, {k: v for k, v in settings.items() if k != "max_norm"})

    def step(self, g, settings):
        bound = settings.pop("max_norm")
        parts = [torch.zeros(part.shape, requires_grad=True) for part in g]
        for x, part in zip(parts, g, strict=True):
            x.grad = torch.tensor(part)
        length = torch.nn.utils.get_total_norm([x.grad for x in parts])
        torch.nn.utils.clip_grads_with_norm_(parts, bound, length - 1e-6)
        super().step(tuple(x.grad.numpy() for x in parts), settings)


class Chained(Optax):
    library = SimpleNamespace(
        sgd=lambda learning_rate, momentum, norm: optax.chain(
            optax.clip_by_global_norm(norm), optax.sgd(learning_rate, momentum)
        )
    )


CASES = (
    Case(
        "clipglobalnorm",
        Clipped,
        "SGD",
        CLIPPED,
        lambda r, t: {"lr": r.rule.lr, "momentum": r.rule.momentum, "max_norm": r.clip_global_norm},
        "without the 1e-6 that they add to the norm; v = -lr b, at constant lr",
        start=SEVERAL,
    ),
    Case(
        "clipglobalnorm",
        Chained,
        "sgd",
        CLIPPED,
        lambda r, t: {
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "norm": r.clip_global_norm,
        },
        "v = -lr b, at constant lr",
        start=SEVERAL,
    ),
    Case(
        "clipglobalnorm",
        Keras,
        "SGD",
        CLIPPED,
        lambda r, t: {
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "global_clipnorm": r.clip_global_norm,
        },
        start=SEVERAL,
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

SLIPS = (
    ("of each array", 'scope = "whole"', 'scope = "block"'),
    ("always to the bound", "maximum(norm(g), self.clip_global_norm)", "norm(g)"),
    ("lengthened, not shortened", "maximum(norm(g)", "-maximum(-norm(g)"),
    ("by the square", "norm(g)", "norm(g)**2"),
    ("by the root", "norm(g)", "norm(g)**0.5"),
    ("to 1", "(self.clip_global_norm /", "(1.0 /"),
    ("at 1", "norm(g), self.clip_global_norm)", "norm(g), 1.0)"),
    ("not at all", "g * (self", "g + 0 * (self"),
    ("with PyTorch's 1e-6", "norm(g)", "(norm(g) + 1e-6)"),
)

EQUIVALENT: dict[str, str] = {}

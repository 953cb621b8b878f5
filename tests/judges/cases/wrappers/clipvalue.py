"""The judges of ClipValue."""

from __future__ import annotations

from types import SimpleNamespace

import optax
import torch
from frameworks import Keras, Optax, Torch
from rule_cases import START, Case, Dialect

from ladera.rules import Momentum

RULE = Momentum(lr=0.1, momentum=0.7)
CLIPPED = ({"rule": RULE}, {"rule": RULE, "clip_value": 0.25})
SEVERAL = (START.reshape(5, 1)[:3], START[3:])


class Clipped(Torch):
    def __init__(self, optimizer, x, settings):
        super().__init__(optimizer, x, {k: v for k, v in settings.items() if k != "clip_value"})

    def step(self, g, settings):
        bound = settings.pop("clip_value")
        gradient = torch.tensor(g)
        self.x.grad = gradient
        torch.nn.utils.clip_grad_value_(self.xs, bound)
        super().step(self.x.grad.numpy(), settings)


class Chained(Optax):
    library = SimpleNamespace(
        sgd=lambda learning_rate, momentum, bound: optax.chain(
            optax.clip(bound), optax.sgd(learning_rate, momentum)
        )
    )


CASES = (
    Case(
        "clipvalue",
        Clipped,
        "SGD",
        CLIPPED,
        lambda r, t: {"lr": r.rule.lr, "momentum": r.rule.momentum, "clip_value": r.clip_value},
        "v = -lr b, at constant lr",
    ),
    Case(
        "clipvalue",
        Chained,
        "sgd",
        CLIPPED,
        lambda r, t: {"learning_rate": r.rule.lr, "momentum": r.rule.momentum, "bound": r.clip_value},
        "v = -lr b, at constant lr",
    ),
    Case(
        "clipvalue",
        Keras,
        "SGD",
        CLIPPED,
        lambda r, t: {
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "clipvalue": r.clip_value,
        },
        start=SEVERAL,
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

BOTH = "minimum(maximum(g, -self.clip_value), self.clip_value)"
SLIPS = (
    ("from above alone", "maximum(g, -self.clip_value)", "g"),
    ("from below alone", BOTH, "maximum(g, -self.clip_value)"),
    ("at 0 from below", "maximum(g, -self.clip_value)", "maximum(g, 0.0 * g)"),
    ("not at all", BOTH, "g"),
    ("the sign", BOTH, "self.clip_value * g / abs(g)"),
    ("at 1", BOTH, "minimum(maximum(g, -1.0), 1.0)"),
    ("squared bound", BOTH, "minimum(maximum(g, -(self.clip_value**2)), self.clip_value**2)"),
    ("to the norm", BOTH, "g * minimum(1.0, self.clip_value / (g * g).sum() ** 0.5)"),
    ("what is left", BOTH, f"g - {BOTH}"),
)

EQUIVALENT: dict[str, str] = {}

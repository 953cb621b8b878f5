"""The judges of EMA."""

from __future__ import annotations

import jax
import numpy as np
import optax
import torch
from frameworks import Keras, Optax, Torch
from rule_cases import START, Case, Dialect

from ladera.rules import SGD, Adam

ADAM = Adam(lr=0.05, b1=0.8, b2=0.95, eps=0.05)
PLAIN = ({"rule": ADAM}, {"rule": ADAM, "ema_decay": 0.7})
CORRECTED = tuple(h | {"bias_correction": True} for h in PLAIN)
SLOW = ({"rule": SGD(lr=0.1), "ema_decay": 0.9, "bias_correction": True},)
SEVERAL = (START[:4].reshape(2, 2), START[4:])


class Averaged(Torch):
    """torch.optim.swa_utils.AveragedModel of the weights, from the initial ones on."""

    def __init__(self, optimizer, x, settings):
        self.decay = settings.pop("decay")
        super().__init__(optimizer, x, settings)
        average = torch.optim.swa_utils.get_ema_avg_fn(self.decay)
        self.mean = torch.optim.swa_utils.AveragedModel(self.model(), avg_fn=average)
        self.mean.n_averaged.fill_(1)  # the initial weights count as the first ones

    def model(self):
        return torch.nn.ParameterList(torch.nn.Parameter(x.detach().clone()) for x in self.xs)

    def step(self, g, settings):
        super().step(g, {k: v for k, v in settings.items() if k != "decay"})
        self.mean.update_parameters(self.model())


class Debiased(Optax):
    """optax.ema of the weights after each step."""

    def __init__(self, optimizer, x, settings):
        self.ema = optax.ema(settings.pop("decay"), debias=True)
        super().__init__(optimizer, x, settings)
        self.average = self.ema.init(self.x)

    def step(self, g, settings):
        super().step(g, {k: v for k, v in settings.items() if k != "decay"})
        self.mean, self.average = self.ema.update(self.x, self.average)


def arguments(rule):
    return {"b1": rule.b1, "b2": rule.b2, "eps": rule.eps}


def share(rule, t):
    """What is left of the average at step t where the initial weights do not count."""
    return 1 - (1 - rule.ema_decay) / (1 - rule.ema_decay**t)


CASES = (
    Case(
        "ema",
        Averaged,
        "Adam",
        PLAIN,
        lambda r, t: {
            "lr": r.rule.lr,
            "betas": (r.rule.b1, r.rule.b2),
            "eps": r.rule.eps,
            "decay": r.ema_decay,
        },
        "the initial weights count as their first ones",
        x=lambda r, judge: tuple(p.detach().numpy().copy() for p in judge.mean.module),
        start=SEVERAL,
    ),
    Case(
        "ema",
        Debiased,
        "adam",
        CORRECTED,
        lambda r, t: {"learning_rate": r.rule.lr, "decay": r.ema_decay, **arguments(r.rule)},
        x=lambda r, judge: jax.tree.map(np.asarray, judge.mean),
        start=SEVERAL,
    ),
    Case(
        "ema",
        Keras,
        "SGD",
        SLOW,
        lambda r, t: {"learning_rate": r.rule.lr, "use_ema": True, "ema_momentum": share(r, t)},
        "their decay rate follows the correction",
        x=lambda r, judge: np.asarray(judge.optimizer._model_variables_moving_average[0].value),
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

CORRECTION = "one_minus_power(self.ema_decay, t)"
SLIPS = (
    ("decay the other way round", "share = 1 - self.ema_decay", "share = self.ema_decay"),
    ("of the weights of before", "(z - s.mean)", "(s.z - s.mean)"),
    ("starts at 0", "mean=x)", "mean=0 * x)"),
    ("always corrected", "if self.bias_correction:", "if True:"),
    ("never corrected", "if self.bias_correction:", "if False:"),
    ("corrected twice", CORRECTION, f"{CORRECTION}**2"),
    ("corrected as if t were one more", CORRECTION, "one_minus_power(self.ema_decay, t + 1)"),
    ("the plain mean", "share = 1 - self.ema_decay", "share = 1 / t"),
    ("the weights", "Average(state, z, mean), mean", "Average(state, z, mean), z"),
    ("descent follows", "Average(state, z, mean), mean", "Average(state, mean, mean), mean"),
    ("no average", "share * (z - s.mean)", "(z - s.mean)"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of schedulefreesgd."""

from __future__ import annotations

import numpy as np
from frameworks import Optax
from rule_cases import Case, Dialect

SMALL = {"lr": 0.2}
SLOW = {"lr": 0.3, "b1": 0.7, "weight_decay": 0.2}
WARM = SLOW | {"warmup": 16.0, "lagged": True}
PLAIN = WARM | {"power": 0.0}
RISING = SLOW | {"lr": lambda t: 0.1 + t / 600}
FALLING = SLOW | {"lr": lambda t: 0.3 / (1 + t / 10), "power": 1.5}


class Transcribed:
    """Algorithm 1 of the paper without Adam's second moment, as it stands: y, z and x apart, and the
    weights from the list of all learning rates. Its weights are y."""

    def __init__(self, optimizer, x, settings):
        self.x, self.z, self.rates, self.b1 = x.copy(), x.copy(), [], settings["b1"]

    def point(self):
        return (1 - self.b1) * self.z + self.b1 * self.x

    def step(self, g, settings):
        t = len(self.rates) + 1
        y = self.point()
        rate = settings["gamma"] * min(1, t / settings["warmup"])
        self.rates.append(rate)
        self.z = self.z - rate * g - rate * settings["decay"] * y
        c = rate**2 / sum(r**2 for r in self.rates)
        self.x = (1 - c) * self.x + c * self.z


def optax_arguments(h):
    """Their warm-up takes its dtype from lr: float32, in which sixteenths are exact, for a Python number."""
    return {
        "learning_rate": np.float64(h["lr"]),
        "b1": h["b1"],
        "weight_decay": h["weight_decay"],
        "warmup_steps": int(h["warmup"]) or None,
        "weight_lr_power": h["power"],
    }


def average(rule, judge):
    """Their x, of their y and z."""
    return (judge.point() - (1 - rule.b1) * judge.state.z) / rule.b1


CASES = (
    Case(
        "schedulefreesgd",
        Transcribed,
        "paper",
        (SMALL | {"warmup": 1.0}, SLOW | {"warmup": 15.0}, RISING | {"warmup": 1.0}),
        lambda r, t: {"gamma": r.lr, "b1": r.b1, "warmup": r.warmup, "decay": r.weight_decay},
        "lr never falls",
        lambda r, judge: judge.x,
    ),
    Case(
        "schedulefreesgd",
        Optax,
        "contrib.schedule_free_sgd",
        (SMALL, SLOW, WARM, PLAIN, RISING, FALLING),
        lambda r, t: optax_arguments(r.hyperparameters()),
        "lagged, where there is a warm-up",
        average,
    ),
)

DIALECTS = (
    Dialect(
        "optax",
        "contrib.schedule_free_sgd",
        optax_arguments,
        ({}, SMALL, {"lr": 0.3, "b1": 0.7, "warmup": 16.0}),
        weight_decay=True,
        x=average,
    ),
)

SLIPS = (
    ("reads at x", "return (1 - self.b1) * s.z + self.b1 * x", "return x"),
    ("reads at z", "return (1 - self.b1) * s.z + self.b1 * x", "return s.z"),
    ("b1 the other way round", "(1 - self.b1) * s.z + self.b1 * x", "self.b1 * s.z + (1 - self.b1) * x"),
    ("steps from y", "z = s.z - gamma", "z = y - gamma"),
    ("steps from x", "z = s.z - gamma", "z = x - gamma"),
    ("averages the z of before", "c * z", "c * s.z"),
    ("the answer is z", "(1 - c) * x + c * z", "z"),
    ("plain mean, always", "largest**self.power", "1.0"),
    ("not squared", "largest**self.power", "largest"),
    ("weights of lr, not of the largest", "largest**self.power", "gamma**self.power"),
    ("one point more", "weight / weights", "weight / (weights + weight)"),
    ("decay of x", "self.weight_decay * y", "self.weight_decay * x"),
    ("decay of z", "self.weight_decay * y", "self.weight_decay * s.z"),
    ("no decay", "g + self.weight_decay * y", "g"),
    ("always behind", "if self.lagged:", "if True:"),
    ("never behind", "if self.lagged:", "if False:"),
    ("no warm-up", "minimum(t / maximum(self.warmup, 1.0), 1.0)", "1.0"),
    ("the warm-up goes on", "minimum(t / maximum(self.warmup, 1.0), 1.0)", "(t / maximum(self.warmup, 1.0))"),
    ("ascends", "s.z - gamma", "s.z + gamma"),
    ("z starts at 0", "z=x,", "z=0 * x,"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of schedulefreeadamw."""

from __future__ import annotations

import numpy as np
from frameworks import Keras, Optax
from rule_cases import Case, Dialect

DEFAULTS = {}
ADAM = {"lr": 0.05, "b1": 0.7, "b2": 0.95, "eps": 0.05}
DECAYED = ADAM | {"weight_decay": 0.3}
WARM = DECAYED | {"warmup": 16.0, "lagged": True}
RISING = DECAYED | {"lr": lambda t: 0.02 + t / 3000}
FALLING = DECAYED | {"lr": lambda t: 0.05 / (1 + t / 10), "power": 1.5}


class Transcribed:
    """Algorithm 1 of the paper as it stands: y, z and x apart, and the weights from the list of all
    learning rates. Its weights are y."""

    def __init__(self, optimizer, x, settings):
        self.x, self.z, self.v, self.rates, self.b1 = x.copy(), x.copy(), 0 * x, [], settings["b1"]

    def point(self):
        return (1 - self.b1) * self.z + self.b1 * self.x

    def step(self, g, settings):
        t, b2 = len(self.rates) + 1, settings["b2"]
        y = self.point()
        rate = settings["gamma"] * min(1, t / settings["warmup"])
        self.rates.append(rate)
        self.v = b2 * self.v + (1 - b2) * g * g
        direction = g / ((self.v / (1 - b2**t)) ** 0.5 + settings["eps"])
        self.z = self.z - rate * direction - rate * settings["decay"] * y
        c = rate**2 / sum(r**2 for r in self.rates)
        self.x = (1 - c) * self.x + c * self.z


def optax_arguments(h):
    """Their warm-up takes its dtype from lr: float32, in which sixteenths are exact, for a Python number."""
    return {
        "learning_rate": np.float64(h["lr"]),
        "b1": h["b1"],
        "b2": h["b2"],
        "eps": h["eps"],
        "weight_decay": h["weight_decay"],
        "warmup_steps": int(h["warmup"]) or None,
        "weight_lr_power": h["power"],
    }


def keras_arguments(h):
    return {
        "learning_rate": h["lr"],
        "beta_1": h["b1"],
        "beta_2": h["b2"],
        "epsilon": h["eps"],
        "weight_decay": h["weight_decay"],
        "warmup_steps": int(h["warmup"]),
    }


def average(rule, judge):
    """Optax's x, of its y and z."""
    return (judge.point() - (1 - rule.b1) * judge.state.z) / rule.b1


CASES = (
    Case(
        "schedulefreeadamw",
        Transcribed,
        "paper",
        (ADAM | {"warmup": 1.0}, DECAYED | {"warmup": 15.0}, RISING | {"warmup": 1.0}),
        lambda r, t: {
            "gamma": r.lr,
            "b1": r.b1,
            "b2": r.b2,
            "eps": r.eps,
            "warmup": r.warmup,
            "decay": r.weight_decay,
        },
        "lr never falls",
        lambda r, judge: judge.x,
    ),
    Case(
        "schedulefreeadamw",
        Optax,
        "contrib.schedule_free_adamw",
        (DEFAULTS, ADAM, DECAYED, WARM, RISING, FALLING),
        lambda r, t: optax_arguments(r.hyperparameters()),
        "lagged, where there is a warm-up",
        average,
    ),
    Case(
        "schedulefreeadamw",
        Keras,
        "ScheduleFreeAdamW",
        (ADAM | {"power": 0.0, "warmup": 15.0}, DECAYED | {"power": 0.0, "decays_x": True}),
        lambda r, t: keras_arguments(r.hyperparameters()),
        "power 0, decays_x",
    ),
)

DIALECTS = (
    Dialect(
        "optax",
        "contrib.schedule_free_adamw",
        optax_arguments,
        ({}, ADAM, ADAM | {"warmup": 16.0}),
        weight_decay=True,
        x=average,
    ),
    Dialect(
        "keras",
        "ScheduleFreeAdamW",
        keras_arguments,
        ({}, ADAM, ADAM | {"warmup": 15.0}),
        weight_decay=True,
    ),
)

SLIPS = (
    ("reads at x", "return (1 - self.b1) * s.z + self.b1 * x", "return x"),
    ("reads at z", "return (1 - self.b1) * s.z + self.b1 * x", "return s.z"),
    ("b1 the other way round", "(1 - self.b1) * s.z + self.b1 * x", "self.b1 * s.z + (1 - self.b1) * x"),
    ("steps from y", "z = s.z - gamma", "z = y - gamma"),
    ("steps from x", "z = s.z - gamma", "z = x - gamma"),
    ("averages the z of before", "c * z", "c * s.z"),
    ("plain mean, always", "largest**self.power", "1.0"),
    ("not squared", "largest**self.power", "largest"),
    ("weights of lr, not of the largest", "largest**self.power", "gamma**self.power"),
    ("decay of x", "self.weight_decay * gamma * y", "self.weight_decay * gamma * x"),
    ("decay of z", "self.weight_decay * gamma * y", "self.weight_decay * gamma * s.z"),
    ("decay of both", "if self.decays_x:", "if False:"),
    ("decay of x, always", "if self.decays_x:", "if True:"),
    ("decay of x not over b1", " / where(self.b1 > 0, self.b1, 1.0)", ""),
    ("no correction of v", "v / one_minus_power(self.b2, t)", "v"),
    ("eps inside the root", "(sqrt(v_hat) + self.eps)", "sqrt(v_hat + self.eps)"),
    ("no eps", "(sqrt(v_hat) + self.eps)", "sqrt(v_hat)"),
    ("no root", "sqrt(v_hat)", "v_hat"),
    ("momentum", "gamma * g /", "gamma * (0.9 * g + 0.1 * s.v) /"),
    (
        "correction in the step size",
        "gamma = minimum(t /",
        "gamma = sqrt(one_minus_power(self.b2, t)) * minimum(t /",
    ),
    ("always behind", "if self.lagged:", "if True:"),
    ("never behind", "if self.lagged:", "if False:"),
    ("no warm-up", "minimum(t / maximum(self.warmup, 1.0), 1.0)", "1.0"),
    ("ascends", "s.z - gamma", "s.z + gamma"),
    ("z starts at 0", "z=x,", "z=0 * x,"),
)

EQUIVALENT: dict[str, str] = {}

"""The judges of muon."""

from __future__ import annotations

from unittest import mock

import numpy as np
import torch
from compiled_judges import CompiledKeras, CompiledOptax, JudgedBy
from frameworks import Keras, Torch
from rule_cases import START, Case
from rule_mutants import MOMENTS

TALL = np.random.default_rng(0).normal(size=(5, 2))
WIDE = np.random.default_rng(1).normal(size=(3, 4))
DEFAULTS = {}
MUON = {"lr": 0.005, "momentum": 0.8, "b1": 0.8, "b2": 0.95, "eps": 0.05, "weight_decay": 0.3}
TORCH = {"floor": True, "outputs_first": True}
BLIND = MUON | {"nesterov": False}


class TorchInFloat64(Torch):
    """torch.optim.Muon, which goes over to bfloat16 by `Tensor.bfloat16`, in float64: a copy in the
    dtype as it is."""

    def step(self, g, settings):
        with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
            super().step(g, settings)


def torch_arguments(h):
    return {
        "lr": h["lr"],
        "momentum": h["momentum"],
        "nesterov": h["nesterov"],
        "eps": h["eps"],
        "ns_steps": h["iterations"],
        "weight_decay": h["weight_decay"],
        "adjust_lr_fn": "original" if h["rms"] is None else "match_rms_adamw",
    }


def keras_arguments(h):
    return {
        "learning_rate": h["lr"],
        "momentum": h["momentum"],
        "nesterov": h["nesterov"],
        "ns_steps": h["iterations"],
        "rms_rate": h["rms"],
        "adam_beta_1": h["b1"],
        "adam_beta_2": h["b2"],
        "epsilon": h["eps"],
        "weight_decay": h["weight_decay"],
        "adam_weight_decay": h["weight_decay"],
    }


def optax_arguments(h):
    return {
        "learning_rate": h["lr"],
        "beta": h["momentum"],
        "nesterov": h["nesterov"],
        "eps": h["eps"],
        "ns_steps": h["iterations"],
        "consistent_rms": h["rms"],
        "adam_b1": h["b1"],
        "adam_b2": h["b2"],
        "weight_decay": h["weight_decay"],
        "adam_weight_decay": h["weight_decay"],
    }


def of(arguments):
    return lambda rule, t: arguments(rule.hyperparameters())


CASES = (
    Case(
        "muon",
        TorchInFloat64,
        "Muon",
        (TORCH, MUON | TORCH | {"eps": 5.0}, BLIND | TORCH | {"rms": 0.2, "iterations": 3}),
        of(torch_arguments),
        "floor, outputs_first; rms is 0.2 or None",
        start=(TALL, WIDE),
    ),
    Case(
        "muon",
        CompiledKeras,
        "Muon",
        ({"rms": 0.2}, MUON | {"rms": 0.5, "eps": 1e-7}, BLIND | {"rms": 0.5, "eps": 1e-7}),
        of(keras_arguments),
        "eps is theirs",
        start=(TALL, WIDE),
    ),
    Case(
        "muon",
        Keras,
        "Muon",
        (DEFAULTS, MUON),
        lambda r, t: keras_arguments(r.hyperparameters()) | {"epsilon": r.eps * (1 - r.b2**t) ** 0.5},
        "their eps is added before the correction: eps sqrt(1 - b2^t)",
        start=(START,),
    ),
    Case(
        "muon",
        CompiledOptax,
        "contrib.muon",
        (BLIND | {"corrected": True}, MUON | {"corrected": True}, MUON | {"corrected": True, "rms": 0.3}),
        of(optax_arguments),
        "corrected",
        start=(TALL, WIDE, START),
    ),
)

DIALECTS = (
    JudgedBy("torch", "Muon", torch_arguments, ({}, BLIND), start=(TALL, WIDE), judge=TorchInFloat64),
    JudgedBy(
        "keras",
        "Muon",
        keras_arguments,
        ({}, MUON | {"eps": 1e-7}, BLIND | {"eps": 1e-7}),
        weight_decay=True,
        start=(TALL, WIDE, START),
        judge=CompiledKeras,
    ),
    JudgedBy(
        "optax",
        "contrib.muon",
        optax_arguments,
        ({}, MUON, BLIND),
        weight_decay=True,
        start=(TALL, WIDE, START),
        judge=CompiledOptax,
    ),
)

AHEAD = "g + self.momentum * B if self.nesterov else B"
SLIPS = (
    *(
        slip
        for slip in MOMENTS
        if slip[0] not in ("ascends", "uses g for m", "uses the last m", "corrected moments are kept")
    ),
    ("matrices ascend", "x - decay - self.lr * self.scale(x) * O", "x - decay + self.lr * self.scale(x) * O"),
    ("vectors ascend", "x - decay - self.lr * m_hat", "x - decay + self.lr * m_hat"),
    ("looks ahead along g alone", AHEAD, "g if self.nesterov else B"),
    ("looks ahead always", AHEAD, "g + self.momentum * B"),
    ("looks ahead never", AHEAD, "B"),
    ("looks ahead from the last buffer", AHEAD, "g + self.momentum * s.B if self.nesterov else B"),
    ("a mean that looks ahead along g", AHEAD, "(1 - self.momentum) * g + B if self.nesterov else B"),
    ("not orthogonalised", "newton_schulz(ahead / size, self.iterations)", "ahead / size"),
    ("five iterations, always", "range(iterations)", "range(5)"),
    ("one iteration more", "range(iterations)", "range(iterations + 1)"),
    ("cubic", "2.0315 * A @ A", "0 * A"),
    ("other coefficients", "3.4445", "3.4455"),
    ("not normalised", "ahead / size", "ahead"),
    ("normalised by the greatest", "norm(ahead) + self.eps", "abs(ahead).max() + self.eps"),
    ("floor of B itself", "self.eps / (1 - self.momentum)", "self.eps"),
    ("floor always", "if self.floor", "if True"),
    ("floor never", "if self.floor", "if False"),
    ("outputs first, always", "x.shape if self.outputs_first else x.shape[::-1]", "x.shape"),
    ("outputs first, never", "x.shape if self.outputs_first else x.shape[::-1]", "x.shape[::-1]"),
    ("not scaled", "max(1, outputs / inputs) ** 0.5", "1"),
    ("scaled down, too", "max(1, outputs / inputs)", "(outputs / inputs)"),
    ("scaled by both sides", "max(inputs, outputs) ** 0.5", "(inputs * outputs) ** 0.25"),
    (
        "the decay is scaled, too",
        "x - decay - self.lr * self.scale(x) * O",
        "x - self.scale(x) * (decay + self.lr * O)",
    ),
    ("vectors do not decay", "x - decay - self.lr * m_hat", "x - self.lr * m_hat"),
    ("matrices do not decay", "x - decay - self.lr * self.scale(x)", "x - self.lr * self.scale(x)"),
    ("corrected as of now", "one_minus_power(b, t + 1)", "one_minus_power(b, t)"),
    ("gradient corrected as of then", "g / one_minus_power(b, t)", "g / one_minus_power(b, t + 1)"),
    ("eps hat always", "if self.eps_hat", "if True"),
    ("eps hat never", "if self.eps_hat", "if False"),
    ("vectors never look ahead", "if self.corrected else m /", "if False else m /"),
)

EQUIVALENT: dict[str, str] = {}

"""Document 004, Informe técnico, the text: networks, activations, costs, penalties, dropout, rates."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ladera.locale import N_
from ladera.reproduce.by_hand import path
from ladera.reproduce.row import Case, claim, formula, short
from ladera.rules import SGD, Momentum

__all__ = ["cases"]


def cases() -> list[Case]:
    return [*_networks(), *_activations(), *_costs(), *_penalties(), *_dropout(), *_rates()]


def _dense(*widths: int) -> int:
    """Parameters of a network of dense layers."""
    return sum((n + 1) * m for n, m in pairwise(widths))


def _networks() -> list[Case]:
    return [
        claim(
            N_("architectures, perceptron"),
            N_("hidden layers of a perceptron"),
            N_("the simplest architecture, with one or more hidden layers"),
            N_("0; with hidden layers it is a multilayer perceptron"),
            N_("Imprecise: the perceptron has no hidden layer."),
            holds=False,
        ),
        claim(
            N_("forward propagation"),
            N_("parameters of 784-128-10 that belong to the input layer"),
            N_("each neuron of the input layer combines the information with weights"),
            N_("0 of {all}"),
            N_("Imprecise: the input layer only holds the values; weights begin with the next one."),
            holds=False,
            all=_dense(784, 128, 10),
        ),
    ]


def _activations() -> list[Case]:
    def leaky(z: float) -> float:
        return max(z, 0.01 * z)

    left, right = leaky(0.0) - leaky(-1.0), leaky(1.0) - leaky(0.0)
    return [
        claim(
            N_("leaky ReLU"),
            N_("its slope left and right of 0, with the usual 0.01"),
            N_("'smooth step function'"),
            N_("{left} and {right}: neither smooth nor a step"),
            N_("Imprecise: the Spanish name given (función escalonada suave) is not that of this function."),
            holds=left == right,
            left=short(left),
            right=short(right),
        ),
        claim(
            N_("activations and costs"),
            N_("slopes left and right of 0: ReLU, absolute error"),
            N_("activations must have well defined derivatives, costs must be differentiable"),
            N_("ReLU 0 and 1, absolute error −1 and 1"),
            N_("Imprecise: ReLU, leaky ReLU and MAE have a kink, and are used; almost everywhere is enough."),
            holds=max(0.0, 1.0) - 0.0 == 0.0 - max(0.0, -1.0),
        ),
    ]


def _costs() -> list[Case]:
    p = 0.9
    entropy = -p * math.log(p) - (1 - p) * math.log(1 - p)
    residuals = np.array([1.0, -1.0])
    return [
        claim(
            N_("MAE, in words"),
            N_("of the residuals 1 and −1"),
            N_("instead of squaring the differences it adds them: {sum}"),
            N_("{mean}, as the formula below it says"),
            N_("Imprecise: it averages their absolute values; plain differences cancel."),
            holds=math.isclose(float(residuals.sum()), float(np.abs(residuals).mean())),
            sum=short(float(residuals.sum())),
            mean=short(float(np.abs(residuals).mean())),
        ),
        claim(
            N_("binary cross-entropy, legend"),
            N_("log p for p = 0.9"),
            N_("'log(p) is the probability of that class'"),
            "{log}",
            N_("p is the probability; its logarithm is never positive."),
            holds=0 <= math.log(p) <= 1,
            log=short(math.log(p), 4),
        ),
        claim(
            N_("cross-entropies, in words"),
            N_("of the prediction (0.9, 0.1)"),
            N_("the entropy of the predicted distribution: {entropy}"),
            N_("{first} if the first class is right, {second} if the second is"),
            N_("It is the cross-entropy between the labels and the prediction; the labels decide."),
            holds=math.isclose(entropy, -math.log(p)),
            entropy=short(entropy, 4),
            first=short(-math.log(p), 4),
            second=short(-math.log(1 - p), 4),
        ),
    ]


def _penalties() -> list[Case]:
    w = np.array([0.5, -2.0])

    def left(strength: float) -> float:
        """|x| after ten steps on x² + strength·x² from 1, α = 0.9."""
        return abs(path(SGD(lr=0.9), lambda x: 2 * (1 + strength) * x, 1.0, 10)[-1])

    return [
        formula(
            N_("L1 regularization"),
            N_("penalty of w = (0.5, −2), λ = 1"),
            "λ Σ wᵢ²",
            float(np.sum(w**2)),
            float(np.sum(np.abs(w))),
            N_("That is L2's penalty, printed twice. L1's is λ Σ |wᵢ|, as the sentence above it says."),
        ),
        formula(
            N_("L2 regularization"),
            N_("penalty of w = (0.5, −2), λ = 1"),
            "λ Σ wᵢ²",
            float(np.sum(w**2)),
            float(w @ w),
        ),
        claim(
            N_("learning rate, regularization"),
            N_("|x| after 10 steps on x² from 1 with α = 0.9, without and with the penalty x²"),
            N_("regularization allows higher learning rates"),
            N_("{without} and {with_penalty}"),
            N_("Imprecise: the L2 penalty adds 2λ to the curvature and lowers the largest stable α."),
            holds=left(1.0) <= left(0.0),
            without=short(left(0.0), 3),
            with_penalty=short(left(1.0), 3),
        ),
    ]


def _dropout() -> list[Case]:
    rate = 0.5
    return [
        claim(
            N_("dropout, evaluation"),
            N_("mean input of the next layer: evaluation over training, rate 0.5"),
            N_("all neurons are used, and that is all"),
            "{ratio}",
            N_("Imprecise: the scaling is missing, by 1/(1 − p) in training or by 1 − p in evaluation."),
            holds=1 / (1 - rate) == 1,
            ratio=short(1 / (1 - rate)),
        ),
        claim(
            N_("dropout, layers"),
            N_("layers that dropout is applied to"),
            N_("every layer but the input"),
            N_("hidden layers, and the input at a lower rate; never the output (Srivastava et al. 2014)"),
            N_("Imprecise: an output that is dropped cannot be trained on its label."),
            holds=False,
        ),
    ]


def _rates() -> list[Case]:
    rule = Momentum(lr=0.1, momentum=0.9)
    points = path(rule, lambda _: 1.0, 0.0, 200)
    first, last = points[0] - points[1], points[199] - points[200]
    return [
        claim(
            N_("learning rate, 'momentum-based'"),
            N_("steps under a constant gradient of 1, α = 0.1, β = 0.9: first and last"),
            N_("the learning rate adapts to the gradient of the error"),
            N_("{first} and {last}: α stays 0.1, the memory adds up to α/(1 − β)"),
            N_("Imprecise: momentum keeps the rate; it is Adagrad, RMSprop and Adam that adapt it."),
            holds=False,
            first=short(first, 4),
            last=short(last, 4),
        )
    ]

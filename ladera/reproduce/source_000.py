"""Document 000, Optimización en Redes Neuronales Profundas: formulas, a bank's network, exercises."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ladera.locale import N_
from ladera.reproduce.by_hand import path
from ladera.reproduce.row import Case, claim, formula, setting, short, unsettled
from ladera.rules import SGD, Adam, RMSprop

__all__ = ["cases"]

FROM_5 = N_("first step on x² from 5, α = 0.1")
LAYERS = (20, 64, 64, 1)


def cases() -> list[Case]:
    return [*_loss(), *_rules(), *_penalty(), *_network(), *_exercise()]


def _loss() -> list[Case]:
    y, p = np.array([1.0, 0.0]), np.array([0.9, 0.2])
    as_printed = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    of_the_labels = -np.log(np.where(y == 1, p, 1 - p)).mean()
    return [
        formula(
            N_("loss function"),
            N_("binary cross-entropy of y = (1, 0), ŷ = (0.9, 0.2)"),
            "−(1/N) Σ [y log ŷ + (1 − y) log(1 − ŷ)]",
            float(as_printed),
            float(of_the_labels),
        )
    ]


def _rules() -> list[Case]:
    def gradient(x: float) -> float:
        return 2 * x

    x, a, b1, b2, eps = 5.0, 0.1, 0.9, 0.999, 1e-8
    g = gradient(x)
    m, v, r = (1 - b1) * g, (1 - b2) * g**2, (1 - 0.9) * g**2
    adam = path(Adam(lr=a), gradient, x, 1)[-1]
    return [
        formula(
            N_("table 1, SGD"),
            FROM_5,
            "w − α ∇L",
            x - a * g,
            path(SGD(lr=a), gradient, x, 1)[-1],
        ),
        formula(
            N_("table 1, RMSProp"),
            FROM_5,
            "w − α ∇L/(√r + ε)",
            x - a * g / (math.sqrt(r) + eps),
            path(RMSprop(lr=a), gradient, x, 1)[-1],
        ),
        formula(
            N_("table 1, Adam"),
            FROM_5,
            "w − α m/(√(v/(1 − β₂ᵗ)) + ε)",
            x - a * m / (math.sqrt(v / (1 - b2)) + eps),
            adam,
            N_(
                "Only v is corrected for its start at zero: the first step is a tenth of α. Algorithm 1 of "
                "the "
                "paper corrects m too."
            ),
        ),
        formula(
            N_("table 1, Adam and RMSProp"),
            N_("the square in v and r, on x² at 5"),
            "∇²L",
            2.0,
            g**2,
            N_(
                "Imprecise: ∇² is the sign of second derivatives; the square of the gradient, (∇L)², is "
                "meant."
            ),
        ),
        *(
            setting(N_("example, optimizer"), what, printed, value)
            for what, printed, value in (
                (N_("α, against Ladera's default"), "0.001", Adam().lr),
                (N_("β₁, against Ladera's default"), "0.9", Adam().b1),
                (N_("β₂, against Ladera's default"), "0.999", Adam().b2),
            )
        ),
    ]


def _penalty() -> list[Case]:
    """A penalty λ w² and a decay by the same 2 α λ w, in the first step from w = 5 with g = 10."""
    w, g, a, strength = 5.0, 10.0, 0.1, 0.1
    decayed = w - a * 2 * strength * w

    def first(rule: SGD | Adam, gradient: float, start: float) -> float:
        return path(rule, lambda _: gradient, start, 1)[-1] - w

    penalised = [first(rule, g + 2 * strength * w, w) for rule in (SGD(lr=a), Adam(lr=a))]
    decaying = [first(rule, g, decayed) for rule in (SGD(lr=a), Adam(lr=a))]
    return [
        claim(
            N_("regularization"),
            N_("L2 and weight decay"),
            N_("weight decay (L2) adds λ Σ w² to the loss"),
            N_("SGD: L2 moves w by {l2_sgd}, decay by {decay_sgd}; Adam: {l2_adam} and {decay_adam}"),
            N_(
                "Imprecise: the two are the same for SGD alone. Adam divides the penalty's gradient away "
                "(Loshchilov & Hutter 2019), and the example trains with Adam."
            ),
            holds=math.isclose(penalised[1], decaying[1]),
            l2_sgd=short(penalised[0], 4),
            decay_sgd=short(decaying[0], 4),
            l2_adam=short(penalised[1], 4),
            decay_adam=short(decaying[1], 4),
        )
    ]


def _network() -> list[Case]:
    parameters = sum((n + 1) * m for n, m in pairwise(LAYERS))
    return [
        claim(
            N_("listing, TwoLayerNet"),
            N_("layers of the network 20-64-64-1"),
            N_("2 hidden layers; 'a network of two layers'"),
            N_("{layers} layers of weights, {parameters} parameters"),
            N_("Imprecise: two hidden layers and the output make three layers of weights."),
            holds=len(LAYERS) - 1 == 2,
            layers=len(LAYERS) - 1,
            parameters=parameters,
        )
    ]


def _exercise() -> list[Case]:
    """Why exercise 4 asks for F1 and AUC: what a classifier that never says 'fraud' reaches."""
    positive = 0.05
    return [
        unsettled(
            N_("exercise 4"),
            N_("a classifier that always answers 'negative'"),
            N_("5 % of the examples are positive"),
            N_("accuracy {accuracy}, F1 {f1}"),
            accuracy=short(1 - positive),
            f1=0,
        )
    ]

"""Document 002, Función de pérdida y descenso por gradiente: costs, modes of descent, Iris."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ladera.locale import N_
from ladera.reproduce.by_hand import path, slope
from ladera.reproduce.row import Case, claim, formula, short
from ladera.rules import SGD

__all__ = ["cases"]

# The document's first table: sepal length and width, petal length and width, of ten setosas.
IRIS = (
    (5.1, 3.5, 1.4, 0.2),
    (4.9, 3.0, 1.4, 0.2),
    (4.7, 3.2, 1.3, 0.2),
    (4.6, 3.1, 1.5, 0.2),
    (5.0, 3.6, 1.4, 0.2),
    (5.4, 3.9, 1.7, 0.4),
    (4.6, 3.4, 1.4, 0.3),
    (5.0, 3.4, 1.5, 0.2),
    (4.4, 2.9, 1.4, 0.2),
    (4.9, 3.1, 1.5, 0.1),
)
MINUS = N_("The minus sign is missing: minimised as printed, the cost rewards the wrong answer.")


def cases() -> list[Case]:
    return [*_iris(), *_convexity(), *_costs(), *_updates(), *_modes()]


def _iris() -> list[Case]:
    """The rows against scikit-learn's own file, read as text: importing scikit-learn would cost a second."""
    package = importlib.util.find_spec("sklearn")
    file = Path((package and package.origin) or "").parent / "datasets" / "data" / "iris.csv"
    truth = np.loadtxt(file, delimiter=",", skiprows=1, usecols=range(4), max_rows=len(IRIS))
    same = int(np.sum(truth == np.array(IRIS)))
    return [
        claim(
            N_("learning problem, table"),
            N_("the first ten rows of Iris"),
            N_("{all} numbers"),
            N_("{same} of them are those of the data set"),
            holds=same == truth.size,
            all=truth.size,
            same=same,
        )
    ]


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _convexity() -> list[Case]:
    """A convex function is nowhere above its chord: from w = -6 to 0, with x = 1 and y = 1."""

    def above_the_chord(cost: Callable[[float], float]) -> float:
        return cost(-3.0) - (cost(-6.0) + cost(0.0)) / 2

    squared = above_the_chord(lambda w: (_sigmoid(w) - 1) ** 2)
    entropy = above_the_chord(lambda w: -math.log(_sigmoid(w)))
    return [
        claim(
            N_("cost of the perceptron"),
            N_("cost at w = −3 less the chord from −6 to 0, for x = 1, y = 1"),
            N_("with the sigmoid the MSE is not convex, the cross-entropy is"),
            N_("MSE {squared}: above the chord; cross-entropy {entropy}: below"),
            holds=squared > 0 > entropy,
            squared=short(squared, 4),
            entropy=short(entropy, 4),
        )
    ]


def _costs() -> list[Case]:
    y, f, k, p = 1, 0.9, np.array([1, 0, 0]), np.array([0.7, 0.2, 0.1])
    loss = -y * math.log(f) - (1 - y) * math.log(1 - f)
    cost = y * math.log(f) + (1 - y) * math.log(1 - f)
    classes = float(np.sum(k * np.log(p) + (1 - k) * np.log(1 - p)))
    two = 2 * math.log(f)  # k = 1, 2 with y = (1, 0), f = (0.9, 0.1): the same term twice
    return [
        formula(
            N_("loss of the perceptron"),
            "y = 1, f = 0.9",
            "−y log f − (1 − y) log(1 − f)",
            loss,
            -math.log(f),
        ),
        formula(
            N_("cost of the perceptron (logistic), J(θ)"),
            "y = 1, f = 0.9",
            "(1/m) Σ [y log f + (1 − y) log(1 − f)]",
            cost,
            -math.log(f),
            MINUS,
        ),
        formula(
            N_("cost of the network (multiclass), J(θ)"),
            "y = (1, 0, 0), f = (0.7, 0.2, 0.1)",
            "(1/m) Σ Σ [y log f + (1 − y) log(1 − f)]",
            classes,
            -math.log(0.7) - math.log(0.8) - math.log(0.9),
            MINUS,
        ),
        claim(
            N_("cost of the network (multiclass)"),
            N_("two classes: f = (0.9, 0.1), the first is right"),
            N_("a generalization of the perceptron's cost"),
            N_("{network} with two outputs, {perceptron} with one (minus sign mended)"),
            N_(
                "Imprecise: of two outputs that add up to 1 it gives twice the perceptron's cost. It is the "
                "cost of K "
                "separate sigmoids; for classes that exclude each other −Σ y log f is meant."
            ),
            holds=math.isclose(-two, -math.log(f)),
            network=short(-two, 4),
            perceptron=short(-math.log(f), 4),
        ),
    ]


def _updates() -> list[Case]:
    x = np.arange(1.0, 5.0)

    def cost(t: float) -> float:
        return float(np.mean((t * x - x) ** 2))

    def entropy(t: float) -> float:
        return -math.log(_sigmoid(t))

    f = _sigmoid(0.0)
    return [
        formula(
            N_("gradient descent, update (linear)"),
            N_("slope of the printed MSE at θ = 0; x = y = 1, 2, 3, 4"),
            "Σ (f − y) f′ x",
            float(np.sum((0 * x - x) * x)),
            slope(cost, 0.0),
            N_("The factor 2/m of the printed J = (1/m) Σ (f − y)² is missing: α would depend on m."),
        ),
        claim(
            N_("gradient descent, update (logistic)"),
            N_("slope of the cross-entropy at θ = 0; x = 1, y = 1"),
            N_("the same as for linear regression: Σ (f − y) f′ x = {says}"),
            "Σ (f − y) x = {right}",
            N_(
                "With cross-entropy the sigmoid's f′ = f (1 − f) cancels, so the update is α Σ (f − y) x. "
                "With MSE on "
                "a sigmoid it stays."
            ),
            holds=math.isclose((f - 1) * f * (1 - f), slope(entropy, 0.0, 1e-4), rel_tol=1e-6),
            says=short((f - 1) * f * (1 - f)),
            right=short(slope(entropy, 0.0, 1e-4), 5),
        ),
    ]


def _modes() -> list[Case]:
    points = path(SGD(lr=1.0), lambda x: 2 * x, 5.0, 100)
    examples, batch_steps, epochs = 100, 200, 50
    saddle = path(SGD(lr=0.1), lambda p: p * np.array([2.0, -2.0]), np.array([1.5, 0.0]), 200)[-1]
    return [
        claim(
            N_("batch gradient descent"),
            N_("where it ends: x² with α = 1, and the saddle x² − y² from (1.5, 0)"),
            N_("it is guaranteed to converge to the global minimum, or to a local one"),
            N_("x² from 5: {x99}, {x100} after 99 and 100 steps; the saddle: ({x}, {y}), no minimum"),
            N_("Only for α below 2/L, L the largest curvature; and without convexity a saddle may hold it."),
            holds=abs(points[100]) < 5,
            x99=short(points[99]),
            x100=short(points[100]),
            x=short(round(float(saddle[0]), 9)),
            y=short(float(saddle[1])),
        ),
        claim(
            N_("batch and stochastic descent"),
            N_("gradients of one example, for the 100 examples of document 003"),
            N_("batch: one gradient per iteration; stochastic: many more"),
            N_("batch, {steps} iterations: {batch}; stochastic, {epochs} epochs: {stochastic}"),
            N_(
                "Imprecise: the batch's gradient is the mean of m gradients. A pass over the data costs "
                "both the same, "
                "and the stochastic one makes m updates of it."
            ),
            holds=epochs * examples > batch_steps * examples,
            steps=batch_steps,
            epochs=epochs,
            batch=batch_steps * examples,
            stochastic=epochs * examples,
        ),
    ]

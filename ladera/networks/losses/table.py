"""The losses, as data: what computes each, which task it is for, how smooth it is, what is said of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from ladera.locale import N_
from ladera.networks.losses import curvature, values

__all__ = ["LOSSES", "Loss", "Number", "Piece", "Smoothness"]


class Smoothness(Enum):
    """What a method that uses curvature may count on."""

    CONVEX = "convex"  # once differentiable, and its Hessian, where it has one, is SᵀS
    SMOOTH = "smooth"  # twice differentiable, but its Hessian may be negative
    CORNERS = "corners"  # its gradient jumps


@dataclass(frozen=True)
class Number:
    """The number that may stand behind a loss's name and a colon: from `least` on, below `below`."""

    name: str
    default: float
    least: float
    below: float
    positive: bool = False  # then `least` itself is not allowed

    def holds(self, value: float) -> bool:
        return self.least <= value < self.below and not (self.positive and value == self.least)

    def __str__(self) -> str:
        below = "∞" if math.isinf(self.below) else f"{self.below:g}"
        return f"{'(' if self.positive else '['}{self.least:g}, {below})"


class Piece(NamedTuple):
    """A piece of a formula, and where it holds or what its letters are."""

    text: str
    where: str = ""


@dataclass(frozen=True)
class Loss:
    """A loss.

    value: of raw outputs and targets, one number per example. root: S of the Hessian SᵀS, where the
    loss is convex and differentiable. formula, slope: of one example, or of one output where the loss
    is a mean over them, and the derivative in raw output j. said, stable: what it is for, and why it
    stays finite. overall: how one number is made of k outputs.
    """

    value: Callable[..., Any]
    root: Callable[..., Any] | None
    smoothness: Smoothness
    needs_classes: bool
    formula: tuple[Piece, ...]
    slope: tuple[Piece, ...]
    said: str
    overall: str
    stable: str
    source: str
    number: Number | None = None


_ONE = N_("One number per example, a sum over its classes; what is minimised is the mean over the examples.")
_MEAN = N_("The mean over an example's outputs; what is minimised is the mean over the examples.")
_SINGLE = N_("One number per example, from its only output; what is minimised is the mean over the examples.")
_SHIFTED = N_(
    "From raw outputs: the largest is taken out before the exponential, so that the loss is finite for all "
    "finite outputs."
)
_NOTHING = N_("No exponential and no logarithm: it is finite wherever its own size is.")

LOSSES: dict[str, Loss] = {
    "binary_cross_entropy": Loss(
        values.binary_cross_entropy,
        curvature.of_binary_cross_entropy,
        Smoothness.CONVEX,
        True,
        (Piece("ln(1 + exp(-z))", "y = 1"), Piece("ln(1 + exp(z))", "y = 0")),
        (Piece("1/(1 + exp(-z)) - y"),),
        N_("For two classes: the network has one output, and sigmoid(z) is the probability of class 1."),
        _SINGLE,
        N_("From the raw output, with an exponential whose argument is never positive."),
        "Cox 1958",
    ),
    "cross_entropy": Loss(
        values.cross_entropy,
        curvature.of_cross_entropy,
        Smoothness.CONVEX,
        True,
        (Piece("-Σⱼ tⱼ ln(pⱼ)", "p = softmax(z), t = (1 - s) onehot(y) + s/k"),),
        (Piece("pⱼ - tⱼ"),),
        N_(
            "For classes: the surprise at the right one, in nats. cross_entropy:0.1 smooths the labels by "
            "s = 0.1, so that no probability is driven to 1."
        ),
        _ONE,
        _SHIFTED,
        "Bridle 1990; Szegedy et al. 2016",
        Number("smoothing", 0.0, 0.0, 1.0),
    ),
    "focal": Loss(
        values.focal,
        None,
        Smoothness.SMOOTH,
        True,
        (Piece("-(1 - p)^γ ln(p)", "p = softmax(z)_y"),),
        (
            Piece(
                "((1 - p)^γ - γ*p*(1 - p)^(γ - 1)*ln(p))*(pⱼ - tⱼ)",
                "t = onehot(y)",
            ),
        ),
        N_(
            "Cross-entropy with less weight on examples that are right already, for rare classes. "
            "focal:1 and the like choose γ, which is 2. It is not convex."
        ),
        _ONE,
        _SHIFTED,
        "Lin et al. 2017",
        Number("gamma", 2.0, 1.0, math.inf),
    ),
    "hinge": Loss(
        values.hinge,
        None,
        Smoothness.CORNERS,
        True,
        (Piece("Σⱼ max(0, 1 - z_y + zⱼ)/k", "j ≠ y"),),
        (
            Piece("[1 - z_y + zⱼ > 0]/k", "j ≠ y"),
            Piece("-Σᵢ [1 - z_y + zᵢ > 0]/k", "j = y, i ≠ y"),
        ),
        N_(
            "For classes: the right one has to lead every other by 1, and beyond that nothing is gained. It "
            "is PyTorch's multi_margin_loss."
        ),
        _ONE,
        _NOTHING,
        "Weston and Watkins 1999",
    ),
    "huber": Loss(
        values.huber,
        curvature.of_huber,
        Smoothness.CONVEX,
        False,
        (Piece("d^2/2", "|d| <= δ, d = z - y"), Piece("δ*(|d| - δ/2)", "|d| > δ")),
        (Piece("d", "|d| <= δ"), Piece("δ*sign(d)", "|d| > δ")),
        N_(
            "For numbers: squares of small errors, absolute values of large ones, so that outliers pull with "
            "a bounded force. huber:0.5 and the like choose δ, which is 1, in standard deviations of the "
            "target."
        ),
        _MEAN,
        N_("Only what is within δ is squared, so that large errors cannot overflow."),
        "Huber 1964",
        Number("delta", 1.0, 0.0, math.inf, positive=True),
    ),
    "mae": Loss(
        values.mae,
        None,
        Smoothness.CORNERS,
        False,
        (Piece("|z - y|"),),
        (Piece("sign(z - y)"),),
        N_("For numbers: the absolute error, whose best constant answer is the median. The slope at 0 is 0."),
        _MEAN,
        _NOTHING,
        "Laplace 1774",
    ),
    "mse": Loss(
        values.mse,
        curvature.of_mse,
        Smoothness.CONVEX,
        False,
        (Piece("(z - y)^2"),),
        (Piece("2*(z - y)"),),
        N_("For numbers: the squared error, whose best constant answer is the mean. Outliers pull hard."),
        _MEAN,
        _NOTHING,
        "Legendre 1805; Gauss 1809",
    ),
}

"""Adagrad: each weight's step shrinks with all the gradient that weight has seen."""

from __future__ import annotations

from typing import Any, NamedTuple

from ladera.rules._rule import Positive, Rule
from ladera.rules._xp import sqrt, zeros_like

__all__ = ["Adagrad"]


class SumOfSquares(NamedTuple):
    G: Any


class Adagrad(Rule):
    """Duchi, Hazan & Singer 2011, Adaptive subgradient methods, figure 1, diagonal form.

    lr: step size η. eps: the paper's δ, added to the root, outside (the paper leaves its value
    open; 1e-10 is PyTorch's). The sum starts at 0.
    """

    paper = "Duchi, Hazan & Singer 2011, figure 1"

    lr: Positive = 0.01
    eps: Positive = 1e-10

    def init(self, x):
        return SumOfSquares(G=zeros_like(x))

    def step(self, t, g, s, x):
        G = s.G + g**2
        return SumOfSquares(G), x - self.lr * g / (sqrt(G) + self.eps)

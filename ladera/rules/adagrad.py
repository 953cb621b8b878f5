"""Adagrad: each weight's step shrinks with all the gradient that weight has seen."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import NonNegative, Positive, Rule
from ladera.rules._xp import sqrt, zeros_like

__all__ = ["Adagrad"]


class SumOfSquares(NamedTuple):
    G: Any


class Adagrad(Rule):
    """Duchi, Hazan & Singer 2011, Adaptive subgradient methods, figure 1, diagonal form.

    Keras and optax start the sum at 0.1 and add eps inside the root, where the same eps acts much
    more strongly.

    lr: step size η. eps: the paper's δ, added to the root, outside (the paper leaves its value
    open; 1e-10 is PyTorch's). G0: where the sum starts. eps_in_root: eps is added inside the root.
    """

    paper = "Duchi, Hazan & Singer 2011, figure 1"
    dialects: ClassVar = {
        "torch": {},
        "keras": {"lr": 1e-3, "eps": 1e-7, "G0": 0.1, "eps_in_root": True},
        "optax": {"eps": 1e-7, "G0": 0.1, "eps_in_root": True},
    }

    lr: Positive = 0.01
    eps: Positive = 1e-10
    G0: NonNegative = 0.0
    eps_in_root: bool = False

    def init(self, x):
        return SumOfSquares(G=zeros_like(x) + self.G0)

    def step(self, t, g, s, x):
        G = s.G + g**2
        if self.eps_in_root:
            return SumOfSquares(G), x - self.lr * g / sqrt(G + self.eps)
        return SumOfSquares(G), x - self.lr * g / (sqrt(G) + self.eps)

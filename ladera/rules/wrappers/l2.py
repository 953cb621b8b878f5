"""L2: the gradient of a penalty on the weights is added to theirs."""

from __future__ import annotations

from ladera.rules._rule import NonNegative
from ladera.rules._wrapper import Wrapper

__all__ = ["L2"]


class L2(Wrapper):
    """Krogh & Hertz 1991, A simple weight decay can improve generalization, equation 3.

    g becomes g + weight_decay x, x being where g was taken: the gradient of ½ weight_decay |x|².
    An adaptive rule divides it as it divides g (Loshchilov & Hutter 2019); see Decoupled.

    weight_decay: λ.
    """

    paper = "Krogh & Hertz 1991, equation 3"

    weight_decay: NonNegative = 1e-4

    def step(self, t, g, s, x):
        g = g + self.weight_decay * self.read(s, x)
        return self.inside(t, g, s, x)

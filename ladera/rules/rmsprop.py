"""RMSprop: the gradient over the root of its recent mean square."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import maximum, sqrt, zeros_like

__all__ = ["RMSprop"]


class Averages(NamedTuple):
    v: Any
    m: Any  # None unless centered
    u: Any  # None without momentum; without the lr where lr_outside


class RMSprop(Rule):
    """Tieleman & Hinton 2012, lecture 6e; centered and with momentum as in Graves 2013,
    Generating sequences with recurrent neural networks, equations 38 to 45.

    Keras and optax add eps inside the root, where the same eps acts much more strongly. The buffer
    of PyTorch's momentum is without lr, which is the same only as long as lr is constant.

    lr: step size. decay: decay rate of the averages. eps: added to the root, outside (the lecture
    has none). momentum: share of the last displacement u that is kept; None keeps none.
    centered: divides by the standard deviation, the root of v - m², instead of the root mean square.
    eps_in_root: eps is added inside the root. lr_outside: u is kept without lr, which multiplies it
    when x moves.
    """

    paper = "Tieleman & Hinton 2012, lecture 6e; Graves 2013, equations 38 to 45"
    dialects: ClassVar = {
        "torch": {"lr": 0.01, "decay": 0.99, "lr_outside": True},
        "keras": {"eps": 1e-7, "eps_in_root": True},
        "optax": {"eps_in_root": True},
    }

    lr: Positive = 1e-3
    decay: Fraction = 0.9
    eps: Positive = 1e-8
    momentum: Fraction | None = None
    centered: bool = False
    eps_in_root: bool = False
    lr_outside: bool = False

    def init(self, x):
        return Averages(
            v=zeros_like(x),
            m=zeros_like(x) if self.centered else None,
            u=zeros_like(x) if self.momentum is not None else None,
        )

    def step(self, t, g, s, x):
        v = self.decay * s.v + (1 - self.decay) * g**2
        m, variance = None, v
        if self.centered:
            m = self.decay * s.m + (1 - self.decay) * g
            variance = maximum(v - m**2, 0.0)  # under a constant gradient it rounds to below 0
        root = sqrt(variance + self.eps) if self.eps_in_root else sqrt(variance) + self.eps
        if self.momentum is not None and self.lr_outside:
            u = self.momentum * s.u - g / root
            return Averages(v, m, u), x + self.lr * u
        d = self.lr * g / root
        if self.momentum is None:
            return Averages(v, m, None), x - d
        u = self.momentum * s.u - d
        return Averages(v, m, u), x + u

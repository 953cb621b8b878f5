"""Adafactor: RMSprop that keeps of each matrix's mean squares only those of its rows and columns."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._flags import check_whole
from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import machine_epsilon, maximum, mean, minimum, ndim, rms, sqrt, zeros_like

__all__ = ["Adafactor"]


class MeanSquares(NamedTuple):
    R: Any  # of a matrix: of its rows, and C of its columns
    C: Any
    V: Any  # of any other array


class Adafactor(Rule):
    """Shazeer & Stern 2018, Adafactor: adaptive learning rates with sublinear memory cost,
    Algorithms 4 (matrices) and 5 (vectors), with the hyperparameters of Algorithm 6.

    Rows and columns have means where the paper has sums, which cancel. Arrays of more axes are stacks
    of matrices. Keras has a flag relative_step, too, which changes nothing there.

    lr: the largest relative step size ρ; steps are lr, or 1/√t where that is smaller, times the root
    mean square of the weights. decay: c of the rate 1 - t^-c at which mean squares decay. eps1: added
    to g². eps2: the least root mean square of the weights that counts. d: the largest root mean
    square of a direction. weight_decay: share of the weights taken off per unit of lr; the paper has
    none. relative: whether steps are at most 1/√t. floor: eps1 is the least mean square of all rows,
    and the least root, instead, as in PyTorch; None is then the machine epsilon of the dtype.
    decay_first: the weights shrink before their size is taken, as in Keras. smallest: a matrix with
    fewer rows or columns is kept whole.
    """

    paper = "Shazeer & Stern 2018, Algorithms 4, 5 and 6"
    scope = "block"
    dialects: ClassVar = {
        "torch": {"eps1": None, "floor": True},
        "keras": {"lr": 1e-3, "decay_first": True},
        "optax": {"lr": 1.0, "relative": False, "smallest": 128},
    }

    lr: Positive = 0.01
    decay: Fraction = 0.8
    eps1: Positive | None = 1e-30
    eps2: Positive = 1e-3
    d: Positive = 1.0
    weight_decay: NonNegative = 0.0
    relative: bool = True
    floor: bool = False
    decay_first: bool = False
    smallest: int = 1

    def __post_init__(self):
        super().__post_init__()
        check_whole(self, "smallest")

    def factored(self, x):
        return ndim(x) > 1 and min(x.shape[-2:]) >= self.smallest

    def init(self, x):
        if self.factored(x):
            return MeanSquares(R=zeros_like(mean(x, -1)), C=zeros_like(mean(x, -2)), V=None)
        return MeanSquares(R=None, C=None, V=zeros_like(x))

    def step(self, t, g, s, x):
        eps1 = machine_epsilon(x) if self.eps1 is None else self.eps1
        w = x - self.weight_decay * self.lr * x
        rho = minimum(self.lr, 1 / sqrt(t)) if self.relative else self.lr
        alpha = maximum(self.eps2, rms(w if self.decay_first else x)) * rho
        late = t**-self.decay  # 1 - b2
        g2 = g**2 if self.floor else g**2 + eps1
        R = C = V = None
        if self.factored(x):
            R = (1 - late) * s.R + late * mean(g2, -1)
            C = (1 - late) * s.C + late * mean(g2, -2)
            M = maximum(mean(R, -2), eps1) if self.floor else mean(R, -2)
            root = sqrt(R / M) * sqrt(C)  # in float32 R C may be 0 where its root is not
        else:
            V = (1 - late) * s.V + late * g2
            root = sqrt(V)
        u = g / (maximum(root, eps1) if self.floor else root)
        u_hat = u / maximum(1.0, rms(u) / self.d)
        return MeanSquares(R, C, V), w - alpha * u_hat

"""Muon: the momentum of a matrix, made nearly orthogonal, so that every direction moves alike."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._flags import check_whole
from ladera.rules._rule import Fraction, NonNegative, Positive, Rule
from ladera.rules._xp import maximum, ndim, norm, one_minus_power, sqrt, zeros_like

__all__ = ["Muon"]


class Buffer(NamedTuple):
    B: Any


class Moments(NamedTuple):
    m: Any
    v: Any


class Muon(Rule):
    """Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks, Muon with
    NewtonSchulz5, and the look-ahead, the decay and the scale of the authors' code.

    It is a rule for matrices. Any other array takes Adam's step, with the same lr, as in optax and
    Keras. PyTorch orthogonalises in bfloat16, to two digits; here it is done in the dtype of x.

    lr: step size η. momentum: μ of the buffer B. b1, b2: decay rates of Adam's moments.
    eps: added to the norm of a matrix, and to Adam's root. weight_decay: share of the weights taken
    off per unit of lr. rms: the root mean square that a step of lr 1 has whatever the shape
    (Liu et al. 2025; 0.2 is like Adam's); None scales by the root of outputs / inputs, at least 1.
    nesterov: looks ahead along the buffer. floor: eps is the least norm of (1 - μ) B instead, as in
    PyTorch. corrected: momentum is a mean that is corrected for starting at 0, and Adam looks ahead,
    too, as in optax. eps_hat: Adam's eps is added before the correction, as in Keras. outputs_first:
    the rows of a matrix are outputs, as PyTorch's layers hold them, instead of inputs, as here and in
    optax. iterations: of Newton and Schulz.
    """

    paper = "Jordan et al. 2024, Muon with NewtonSchulz5"
    scope = "block"
    dialects: ClassVar = {
        "torch": {"lr": 1e-3, "weight_decay": 0.1, "floor": True, "outputs_first": True},
        "keras": {"lr": 1e-3, "weight_decay": 0.004, "rms": 0.2, "eps_hat": True},
        "optax": {"eps": 1e-8, "corrected": True},
    }
    letters: ClassVar = {"ahead": r"\tilde{B}"}

    lr: Positive = 0.02
    momentum: Fraction = 0.95
    b1: Fraction = 0.9
    b2: Fraction = 0.999
    eps: Positive = 1e-7
    weight_decay: NonNegative = 0.0
    rms: Positive | None = None
    nesterov: bool = True
    floor: bool = False
    corrected: bool = False
    eps_hat: bool = False
    outputs_first: bool = False
    iterations: int = 5

    def __post_init__(self):
        super().__post_init__()
        check_whole(self, "iterations")

    def init(self, x):
        if ndim(x) != 2:
            return Moments(m=zeros_like(x), v=zeros_like(x))
        return Buffer(B=zeros_like(x))

    def step(self, t, g, s, x):
        decay = self.weight_decay * self.lr * x
        if ndim(x) != 2:
            m = self.b1 * s.m + (1 - self.b1) * g
            v = self.b2 * s.v + (1 - self.b2) * g**2
            m_hat = self.averaged(t, g, m, self.b1) if self.corrected else m / one_minus_power(self.b1, t)
            v_hat = v / one_minus_power(self.b2, t)
            eps = self.eps / sqrt(one_minus_power(self.b2, t)) if self.eps_hat else self.eps
            return Moments(m, v), x - decay - self.lr * m_hat / (sqrt(v_hat) + eps)
        B = self.momentum * s.B + g
        ahead = g + self.momentum * B if self.nesterov else B
        if self.corrected:
            ahead = self.averaged(t, g, (1 - self.momentum) * B, self.momentum)
        size = maximum(norm(ahead), self.eps / (1 - self.momentum)) if self.floor else norm(ahead) + self.eps
        O = newton_schulz(ahead / size, self.iterations)  # noqa: E741 (the paper's letter)
        return Buffer(B), x - decay - self.lr * self.scale(x) * O

    def averaged(self, t, g, m, b):
        """The mean m of the gradients, corrected for starting at 0, one gradient ahead with nesterov."""
        if not self.nesterov:
            return m / one_minus_power(b, t)
        return b * m / one_minus_power(b, t + 1) + (1 - b) * g / one_minus_power(b, t)

    def scale(self, x):
        """What makes steps in matrices of all shapes alike."""
        outputs, inputs = x.shape if self.outputs_first else x.shape[::-1]
        if self.rms is None:
            return max(1, outputs / inputs) ** 0.5
        return self.rms * max(inputs, outputs) ** 0.5


def newton_schulz(X, iterations):
    """The orthogonal matrix nearest to X, roughly: singular values that are not tiny go to 0.65 to 1.25."""
    if X.shape[0] > X.shape[1]:
        return newton_schulz(X.T, iterations).T  # the smaller products
    for _ in range(iterations):
        A = X @ X.T
        X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
    return X

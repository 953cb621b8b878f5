"""ASGD: gradient descent whose answer is the mean of all the points it went through."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ladera.rules._rule import NonNegative, Positive, Rule
from ladera.rules._xp import maximum, total, zeros_like

__all__ = ["ASGD"]


class Iterate(NamedTuple):
    z: Any  # where descent is, and where the gradient is taken
    eta: Any  # the next step size, one number; None unless it acts late


class ASGD(Rule):
    """Polyak & Juditsky 1992, Acceleration of stochastic approximation by averaging, section 2.

    x is the mean of the iterates z, the start among them; the gradient is taken at z. PyTorch, whose
    weights are z, adds the decay and the step sizes of Bottou's averaged descent, averages only after
    a million steps, and sets each step size a step ahead, so that a new lr acts one step late.

    lr: step size, the first one where it falls. lambd: decay of z per unit of step size, and with lr
    the speed at which the step size falls; 0 keeps it. power: how fast it falls (PyTorch's alpha).
    t0: steps before the mean starts, as PyTorch counts them; None starts it at once. late: the step
    size is set a step ahead.
    """

    paper = "Polyak & Juditsky 1992, section 2"
    averages = True
    dialects: ClassVar = {"torch": {"lambd": 1e-4, "t0": 1e6, "late": True}}

    lr: Positive = 0.01
    lambd: NonNegative = 0.0
    power: NonNegative = 0.75
    t0: NonNegative | None = None
    late: bool = False

    def init(self, x):
        return Iterate(z=x, eta=zeros_like(total(x)) + self.lr if self.late else None)

    def read(self, s, x):
        return s.z

    def step(self, t, g, s, x):
        eta = s.eta if self.late else self.size(t - 1)
        z = (1 - self.lambd * eta) * s.z - eta * g
        mu = 1 / (t + 1) if self.t0 is None else 1 / maximum(1.0, t - 1 - self.t0)
        following = zeros_like(s.eta) + self.size(t) if self.late else None
        return Iterate(z, following), x + mu * (z - x)

    def size(self, t: Any) -> Any:
        """The step size after t steps."""
        return self.lr / (1 + self.lambd * self.lr * t) ** self.power

"""Decoupled: the weights shrink beside the rule's step, not through its gradient."""

from __future__ import annotations

from ladera.base import UsageError
from ladera.rules._rule import NonNegative
from ladera.rules._wrapper import Wrapper

__all__ = ["Decoupled"]


class Decoupled(Wrapper):
    """Loshchilov & Hutter 2019, Decoupled weight decay regularization, Algorithms 1 and 2.

    The decay is multiplied by lr, as in PyTorch, Keras and optax; the paper multiplies it by the
    schedule alone. It is taken off where the gradient was taken.

    weight_decay: share of the weights taken off per unit of lr.
    """

    paper = "Loshchilov & Hutter 2019, Algorithms 1 and 2"

    weight_decay: NonNegative = 0.01

    def __post_init__(self):
        super().__post_init__()
        if self.rule.hyperparameters().get("lr") is None:
            raise UsageError(
                "Decoupled multiplies the decay by the rule's lr, and {rule} has none; take L2 instead.",
                rule=self.rule.label(),
            )
        if self.rule.averages:
            raise UsageError(
                "Decoupled shrinks x, and that of {rule} is an average, which descent does not follow; put "
                "Decoupled inside, or take L2 instead.",
                rule=self.rule.label(),
            )

    def step(self, t, g, s, x):
        decay = self.hyperparameters()["lr"] * self.weight_decay * self.read(s, x)
        s, x = self.inside(t, g, s, x)
        return s, x - decay

"""ClipValue: no element of the gradient is larger than a bound."""

from __future__ import annotations

from ladera.rules._rule import Positive
from ladera.rules._wrapper import Wrapper
from ladera.rules._xp import maximum, minimum

__all__ = ["ClipValue"]


class ClipValue(Wrapper):
    """Mikolov 2012, Statistical language models based on neural networks; Goodfellow, Bengio &
    Courville 2016, Deep learning, section 10.11.1.

    Element by element, so that the direction changes too. PyTorch's clip_grad_value_, Keras's
    clipvalue, optax.clip.

    clip_value: the largest magnitude of an element.
    """

    paper = "Mikolov 2012; Goodfellow, Bengio & Courville 2016, section 10.11.1"

    clip_value: Positive = 1.0

    def step(self, t, g, s, x):
        g = minimum(maximum(g, -self.clip_value), self.clip_value)
        return self.inside(t, g, s, x)

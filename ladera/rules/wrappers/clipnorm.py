"""ClipNorm: the gradient of each array is shortened to a largest norm."""

from __future__ import annotations

from ladera.rules._rule import Positive
from ladera.rules._wrapper import Wrapper, by_array
from ladera.rules._xp import maximum, norm

__all__ = ["ClipNorm"]


class ClipNorm(Wrapper):
    """Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks,
    Algorithm 1, for one array at a time.

    Keras's clipnorm; for the norm of all arrays together see ClipGlobalNorm.

    clip_norm: the largest Euclidean norm of the gradient of an array.
    """

    paper = "Pascanu, Mikolov & Bengio 2013, Algorithm 1"
    scope = "block"

    clip_norm: Positive = 1.0

    def step(self, t, g, s, x):
        g = by_array(self.clipped, g)
        return self.inside(t, g, s, x)

    def clipped(self, g):
        return g * (self.clip_norm / maximum(norm(g), self.clip_norm))

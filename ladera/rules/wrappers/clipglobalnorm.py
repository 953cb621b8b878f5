"""ClipGlobalNorm: the gradient of all arrays together is shortened to a largest norm."""

from __future__ import annotations

from ladera.rules._rule import Positive
from ladera.rules._wrapper import Wrapper
from ladera.rules._xp import maximum, norm

__all__ = ["ClipGlobalNorm"]


class ClipGlobalNorm(Wrapper):
    """Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks,
    Algorithm 1.

    Keras's global_clipnorm, optax.clip_by_global_norm; PyTorch's clip_grad_norm_ adds 1e-6 to the
    norm, too little to tell.

    clip_global_norm: the largest Euclidean norm of the whole gradient.
    """

    paper = "Pascanu, Mikolov & Bengio 2013, Algorithm 1"
    scope = "whole"

    clip_global_norm: Positive = 1.0

    def step(self, t, g, s, x):
        g = g * (self.clip_global_norm / maximum(norm(g), self.clip_global_norm))
        return self.inside(t, g, s, x)

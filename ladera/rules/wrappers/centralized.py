"""Centralized: the gradient of each neuron's weights loses its mean."""

from __future__ import annotations

from ladera.rules._wrapper import Wrapper, by_array
from ladera.rules._xp import mean, ndim

__all__ = ["Centralized"]


class Centralized(Wrapper):
    """Yong et al. 2020, Gradient centralization: a new optimization technique for deep neural
    networks, equation 1.

    A neuron's weights are those of one index along the output axis: the last one here, as in Keras
    and Flax, whose weights are (inputs, outputs), the first one in PyTorch. Vectors, which are
    biases, stay as they are.

    outputs_first: the first axis is the output's, as in PyTorch; optax.centralize always takes it so.
    """

    paper = "Yong et al. 2020, equation 1"
    scope = "block"

    outputs_first: bool = False

    def step(self, t, g, s, x):
        g = by_array(self.centred, g)
        return self.inside(t, g, s, x)

    def centred(self, g):
        if ndim(g) < 2:
            return g
        mu = g
        for axis in range(1, ndim(g)) if self.outputs_first else range(ndim(g) - 1):
            mu = mean(mu, axis)
        return g - mu

"""Initial weights by name. Biases begin at 0.

NumPy draws them on the host from the seed's generator, in float32: they depend on the seed alone, not
on the device, nor on JAX's version. Normal ones are not truncated, as in the papers and in PyTorch
(Keras cuts them at two standard deviations).

    glorot_uniform, glorot_normal   variance 2/(inputs + units)   Glorot and Bengio 2010, equation 16
    he_uniform, he_normal           variance 2/inputs             He et al. 2015, equation 10
    lecun_uniform, lecun_normal     variance 1/inputs             LeCun et al. 1998, section 4.6
    orthogonal                      W Wᵀ = I or Wᵀ W = I          Saxe et al. 2014
    zeros                           every unit learns the same    for linear models
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ladera.base import unknown_name

__all__ = ["DEFAULT", "INITIALISERS", "canonical", "draw"]

DEFAULT = "he_normal"

_Variance = Callable[[int, int], float]  # of a layer's weights, of what a unit reads and what reads it
_Draw = Callable[[np.random.Generator, int, int, int], np.ndarray]


def _glorot(inputs: int, reached: int) -> float:
    return 2 / (inputs + reached)


def _he(inputs: int, reached: int) -> float:
    return 2 / inputs


def _lecun(inputs: int, reached: int) -> float:
    return 1 / inputs


def _normal(variance: _Variance) -> _Draw:
    def draw(rng: np.random.Generator, inputs: int, units: int, reached: int) -> np.ndarray:
        deviation = np.float32(variance(inputs, reached) ** 0.5)
        return rng.standard_normal((inputs, units), dtype=np.float32) * deviation

    return draw


def _uniform(variance: _Variance) -> _Draw:
    """Between ±√(3 variance)."""

    def draw(rng: np.random.Generator, inputs: int, units: int, reached: int) -> np.ndarray:
        end = np.float32((3 * variance(inputs, reached)) ** 0.5)
        return (2 * rng.random((inputs, units), dtype=np.float32) - 1) * end

    return draw


def _orthogonal(rng: np.random.Generator, inputs: int, units: int, reached: int) -> np.ndarray:
    """Orthonormal columns, or rows where there are fewer of them, uniform over all such matrices."""
    q, r = np.linalg.qr(rng.standard_normal((max(inputs, units), min(inputs, units))))
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # QR's own signs are not uniform (Mezzadri 2007)
    return np.ascontiguousarray(q if inputs >= units else q.T, dtype=np.float32)


def _zeros(rng: np.random.Generator, inputs: int, units: int, reached: int) -> np.ndarray:
    return np.zeros((inputs, units), np.float32)


INITIALISERS: dict[str, _Draw] = {
    "glorot_normal": _normal(_glorot),
    "glorot_uniform": _uniform(_glorot),
    "he_normal": _normal(_he),
    "he_uniform": _uniform(_he),
    "lecun_normal": _normal(_lecun),
    "lecun_uniform": _uniform(_lecun),
    "orthogonal": _orthogonal,
    "zeros": _zeros,
}


def canonical(name: str) -> str:
    """The initialiser's name as the table has it: lower case, with underscores.

    Raises UsageError, with the nearest known name, where it is unknown.
    """
    known = str(name).strip().lower().replace("-", "_")
    if known not in INITIALISERS:
        raise unknown_name("initialiser", str(name), INITIALISERS)
    return known


def draw(
    name: str, rng: np.random.Generator, inputs: int, units: int, reached: int | None = None
) -> np.ndarray:
    """A layer's weights, float32 (inputs, units). Raises UsageError for an unknown name.

    reached: how many units of the next layer an input goes to, where that is not `units`: in a
    convolution, window by window, more.
    """
    return INITIALISERS[canonical(name)](rng, inputs, units, units if reached is None else reached)

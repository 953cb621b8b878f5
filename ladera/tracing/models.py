"""The quadratic models that second-order methods go by, one for each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ladera.tracing.trace import Trace

__all__ = ["Model", "models"]


@dataclass(frozen=True, eq=False)
class Model:
    """f(x) + gᵀp + ½ pᵀ(B + C)p around x, of which `step` is a better point than p = 0.

    at, gradient, step: (d,). value: f there. matrix: B, (d, d). damping: C, (d, d), what keeps the step
    short; 0 without. radius: ‖D p‖ within which the model is believed, None without a trust region.
    scale: D, (d, d). inverse: whether the method keeps the inverse of B, and learnt it.
    """

    at: np.ndarray
    value: float
    gradient: np.ndarray
    matrix: np.ndarray
    damping: np.ndarray
    scale: np.ndarray
    step: np.ndarray
    radius: float | None = None
    inverse: bool = False

    def __call__(self, p: np.ndarray) -> np.ndarray:
        """The model's value, without damping, at steps p, (..., d)."""
        return self.value + p @ self.gradient + np.einsum("...i,ij,...j->...", p, self.matrix, p) / 2

    @property
    def lowest(self) -> np.ndarray | None:
        """The step to the model's minimum, without damping; None where it has none."""
        curvatures = np.linalg.eigvalsh(self.matrix)
        if curvatures[0] <= 1e-12 * abs(curvatures).max():
            return None
        return -np.linalg.solve(self.matrix, self.gradient)


def models(trace: Trace) -> dict[int, Model]:
    """The model of every step that has one, in the units of the surface's f."""
    found = {}
    for k in range(1, trace.steps + 1):
        told = trace.inside[k - 1]
        if not isinstance(told, dict) or not {"B", "H"} & told.keys():
            continue
        unit = 2.0 if "J" in told else 1.0  # the cost of least squares is half of the surface's f
        inverse = "B" not in told
        matrix = np.linalg.inv(told["H"]) if inverse else np.asarray(told["B"])
        scale = np.asarray(told.get("D", np.eye(len(matrix))))
        radius = told.get("Delta")
        found[k] = Model(
            at=trace.x[k - 1],
            value=float(trace.fun[k - 1]),
            gradient=trace.gradients[k - 1],
            matrix=unit * matrix,
            damping=unit * told.get("lambda", 0.0) * scale @ scale,
            scale=scale,
            step=trace.x[k] - trace.x[k - 1],
            radius=None if radius is None else float(radius),
            inverse=inverse,
        )
    return found

"""How large a learning rate a minimum bears: 2/λ, λ being the largest curvature there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ladera.hyperparameters import Hyperparameters
from ladera.locale import N_, Translator
from ladera.rules import Rule
from ladera.rules._stability import stable_below
from ladera.rules.sgd import SGD
from ladera.steps.formula import number_text
from ladera.surfaces import Surface

__all__ = ["Stability", "stability"]


@dataclass(frozen=True)
class Stability:
    """At `at`, where the largest curvature is `curvature`, steps of `lr` are stable below `limit`."""

    at: tuple[float, ...]
    curvature: float
    limit: float
    lr: float | None

    def sentence(self, _: Translator) -> str:
        template = _ALONE if self.lr is None else _STABLE if self.lr < self.limit else _UNSTABLE
        shown = {
            "at": number_text(self.at),
            "curvature": f"{self.curvature:.4g}",
            "limit": f"{self.limit:.4g}",
        }
        return _(template).format(**shown, lr=self.lr)


_ALONE = N_(
    "At {at} the largest curvature is λ = {curvature}: gradient descent is stable below 2/λ = {limit}."
)
_STABLE = N_(
    "At {at} the largest curvature is λ = {curvature}: lr = {lr} is below the stability limit {limit}."
)
_UNSTABLE = N_(
    "At {at} the largest curvature is λ = {curvature}: lr = {lr} is not below the stability limit {limit}, "
    "so the steps cannot settle there."
)


def stability(surface: Surface, x: Any, rule: Hyperparameters | None = None) -> Stability | None:
    """The limit at the known minimum nearest to `x`, or, where none is known, at `x`: for gradient
    descent, or for the method given.

    Gradient descent is stable below 2/λ, momentum μ below 2(1 + μ)/λ, Nesterov's below
    2(1 + μ)/(1 + 2μ)/λ (on a quadratic; Polyak 1964). None: no curvature there is positive, or the
    method scales its steps by what it has seen, so that no such limit exists.
    """
    if rule is not None and not isinstance(rule, Rule):
        return None
    at = np.asarray(x, float)
    if surface.minima:
        minima = np.array(surface.minima, float)
        at = minima[np.argmin(np.linalg.norm(minima - at, axis=1))]
    curvatures = np.asarray(surface.curvature(at))
    curvature = float(np.max(curvatures))
    if not np.isfinite(curvatures).all() or curvature <= 0:
        return None
    limit = stable_below(rule or SGD(), curvature)
    if limit is None:
        return None
    return Stability(tuple(at.tolist()), curvature, limit, getattr(rule, "lr", None))

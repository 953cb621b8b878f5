"""Penalties on the weights (not on biases), added to the loss that is minimised.

    l1:λ          λ Σ |w|
    l2:λ          λ Σ w²
    elastic:λ,μ   λ Σ |w| + μ Σ w²

Recorded losses are without the penalty, so that runs with different penalties compare.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ladera.base import UsageError, unknown_name

__all__ = ["Penalty", "parse"]


@dataclass(frozen=True)
class Penalty:
    l1: float = 0.0
    l2: float = 0.0

    def __str__(self) -> str:
        if self.l1 and self.l2:
            return f"elastic:{self.l1:g},{self.l2:g}"
        if self.l1:
            return f"l1:{self.l1:g}"
        return f"l2:{self.l2:g}" if self.l2 else "none"


# How many numbers each kind takes, and which fields they are.
_KINDS: dict[str, tuple[str, ...]] = {"none": (), "l1": ("l1",), "l2": ("l2",), "elastic": ("l1", "l2")}


def parse(text: str) -> Penalty:
    """The penalty of a text such as "none", "l2:1e-4" or "elastic:1e-5,1e-4".

    Raises UsageError for an unknown kind and for numbers that are missing, negative or not finite.
    """
    kind, _, numbers = text.strip().lower().partition(":")
    if kind not in _KINDS:
        raise unknown_name("penalty", kind, _KINDS)
    try:
        values = [float(n) for n in numbers.split(",") if n.strip()]
    except ValueError:
        values = [math.nan]
    if len(values) != len(_KINDS[kind]) or any(not (0 <= v < math.inf) for v in values):
        raise UsageError(
            "A penalty is none, l1:A, l2:A or elastic:A,B with numbers >= 0, received '{received}'; "
            "for example l2:1e-4.",
            received=text,
        )
    return Penalty(**dict(zip(_KINDS[kind], values, strict=True)))


def value(params: Any, l1: Any, l2: Any) -> Any:
    """λ₁ Σ|w| + λ₂ Σw² over the weight matrices of `params` (a list of layers)."""
    import jax.numpy as jnp

    weights = [layer.w for layer in params]
    return l1 * sum(jnp.abs(w).sum() for w in weights) + l2 * sum((w * w).sum() for w in weights)

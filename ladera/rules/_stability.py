"""Which learning rates are stable, where that depends on the curvature alone."""

from __future__ import annotations

from ladera.rules._rule import Rule
from ladera.rules.momentum import Momentum
from ladera.rules.nesterov import Nesterov
from ladera.rules.sgd import SGD

__all__ = ["stable_below"]


def stable_below(rule: Rule, curvature: float) -> float | None:
    """The learning rate below which `rule` is stable on a quadratic of this largest curvature λ > 0.

    Gradient descent 2/λ, momentum μ 2(1 + μ)/λ (Polyak 1964), Nesterov's 2(1 + μ)/(1 + 2μ)/λ. None: the
    rule scales its steps by what it has seen, or has wrappers, so that λ alone gives no such limit.
    """
    if isinstance(rule, SGD):
        return 2 / curvature
    if isinstance(rule, Momentum):
        kept = 1 - (rule.dampening or 0.0)  # of each gradient, from the second step on
        return 2 * (1 + rule.momentum) / (kept * curvature)
    if isinstance(rule, Nesterov):
        return 2 * (1 + rule.momentum) / ((1 + 2 * rule.momentum) * curvature)
    return None

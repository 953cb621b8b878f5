"""Which curvature is too much for a rule, found from the rule itself: no rule has a formula here.

Near a minimum the gradient is small, and what a rule does with a small gradient is linear: momenta and x
move in proportion to each other, and accumulators, which see squares or sizes alone, stay as they are. So
with z the momenta and x of one coordinate, and p where the rule wants its gradient, one step is
z ← A z + b g and p = c·z; on a parabola of curvature h the gradient is g = h p. The first h that throws z
from side to side is that at which A + h b cᵀ has the eigenvalue -1:

    h = -1 / cᵀ(1 + A)⁻¹ b

For gradient descent that is 2/lr; for momentum 2(1 + μ)/lr (Polyak 1964); for Adam, whose accumulators
divide the gradient by P, (2 + 2 b1)/((1 - b1) lr) P (Cohen et al. 2022, Adaptive gradient methods at the
edge of stability, equation 4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ladera.rules._rule import Rule
from ladera.rules._wrapper import Wrapper
from ladera.rules.wrappers.clipglobalnorm import ClipGlobalNorm
from ladera.rules.wrappers.clipnorm import ClipNorm
from ladera.rules.wrappers.clipvalue import ClipValue
from ladera.rules.wrappers.decoupled import Decoupled
from ladera.rules.wrappers.l2 import L2

__all__ = ["accumulates", "stable_below", "threshold"]

_SMALL = 1e-170  # its square is 0, so that accumulators do not see it
_COORDINATEWISE = (ClipGlobalNorm, ClipNorm, ClipValue, Decoupled, L2)  # as long as gradients are small
_ROUNDING = 1e-9


def threshold(rule: Rule, t: Any, state: Any, x: Any) -> np.ndarray | None:
    """The curvature of each coordinate above which steps from t on grow without end, an array like x.

    state: the rule's, of x, before step t; of it the accumulators count, as they stand. Each coordinate is
    taken by itself. inf where the rule does not move it. None: the rule has no such limit (its steps do
    not shrink with the gradient, or take whole arrays together, or x is an average of what descends).
    """
    parities = _parities(rule) if _is_coordinatewise(rule) else None
    if parities is None:
        return None
    size, momenta = np.shape(x), parities.count(_ODD)
    kept = [np.asarray(leaf, float) for leaf in _leaves(state)]

    def state_of(moved: Sequence[Any]) -> Any:
        rest = iter(moved)
        whole = [next(rest) if p is _ODD else leaf for p, leaf in zip(parities, kept, strict=True)]
        return _filled(state, iter(whole))

    def step(z: Sequence[Any], g: float) -> np.ndarray:
        after, new = rule.step(t, np.full(size, g), state_of(z[:-1]), z[-1])
        moved = [leaf for p, leaf in zip(parities, _leaves(after), strict=True) if p is _ODD]
        return np.stack([np.broadcast_to(leaf, size) for leaf in [*moved, new]], axis=-1)

    at_rest = [np.zeros(size)] * (momenta + 1)
    units = [[*at_rest[:k], np.full(size, _SMALL), *at_rest[k + 1 :]] for k in range(momenta + 1)]
    with np.errstate(all="ignore"):
        A = np.stack([step(unit, 0.0) for unit in units], axis=-1) / _SMALL
        b, twice = (step(at_rest, g) / _SMALL for g in (_SMALL, 2 * _SMALL))
        points = [np.broadcast_to(rule.read(state_of(z[:-1]), z[-1]), size) for z in units]
    if not np.isfinite(A).all() or not np.allclose(twice, 2 * b, rtol=_ROUNDING, atol=0.0, equal_nan=True):
        return None  # a sign of the gradient
    return _flip(A, b, np.stack(points, axis=-1) / _SMALL)


def _flip(A: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray | None:
    """[...] of A [..., n, n], b and c [..., n]; None where another eigenvalue leaves the circle first."""
    one = np.eye(A.shape[-1])
    with np.errstate(all="ignore"):
        pull = -(c * np.linalg.solve(one + A, b[..., None])[..., 0]).sum(axis=-1)
        found = np.where(pull > 0, 1 / pull, np.where(pull == 0, np.inf, np.nan))
    for k in map(tuple, np.argwhere(np.isfinite(found))[:1]):  # the others differ in scale alone
        below = A[k] + (1 - 1e-3) * found[k] * np.outer(b[k], c[k])
        if np.abs(np.linalg.eigvals(below)).max() > 1 + 1e-6:
            return None
    return found


def stable_below(rule: Rule, curvature: float) -> float | None:
    """The learning rate below which `rule` is stable on a quadratic of this largest curvature λ > 0.

    Gradient descent 2/λ, momentum μ 2(1 + μ)/λ (Polyak 1964), Nesterov's 2(1 + μ)/(1 + 2μ)/λ. None: the
    rule scales its steps by what it has seen, or not all of them alike by its learning rate, so that λ
    alone gives no such limit.
    """
    parities = _parities(rule)
    if rule.hyperparameters().get("lr") is None or parities is None or _ACCUMULATOR in parities:
        return None
    x = np.zeros(())

    def limit(lr: float, t: int) -> float:
        found = threshold(rule.replace(lr=lr), t, rule.init(x), x)
        return math.nan if found is None else float(found)

    one = limit(1.0, 2)
    alike = np.allclose([limit(1.0, 1000), 2 * limit(2.0, 2)], one, rtol=_ROUNDING, atol=0.0)
    return one / curvature if alike else None


def accumulates(rule: Rule) -> bool:
    """Whether the rule scales its steps by what it has seen."""
    return _ACCUMULATOR in (_parities(rule) or ())


def _is_coordinatewise(rule: Rule) -> bool:
    while isinstance(rule, Wrapper):
        if not isinstance(rule, _COORDINATEWISE):
            return False
        rule = rule.rule
    return rule.scope == "element" and rule.evaluations == 1 and not rule.averages


_ODD, _ACCUMULATOR, _STILL = "odd", "accumulator", "still"


def _parities(rule: Rule) -> list[str] | None:
    """What a gradient of the other sign makes of each leaf of the state: the opposite (a momentum), or the
    same (an accumulator); or no gradient moves it. None: one does something else."""
    begun = rule.init(np.zeros(()))
    with np.errstate(all="ignore"):
        pushed = [_leaves(rule.step(1, np.float64(g), begun, np.zeros(()))[0]) for g in (1.0, -1.0, 0.0)]
    found = []
    for up, down, rest in zip(*pushed, strict=True):
        if up != down and up != -down:
            return None
        found.append(_ODD if up != down else _STILL if up == rest else _ACCUMULATOR)
    return found


def _leaves(state: Any) -> Iterator[Any]:
    """The arrays of a state; its branches are tuples, and None is no leaf."""
    if isinstance(state, tuple):
        for part in state:
            yield from _leaves(part)
    elif state is not None:
        yield state


def _filled(state: Any, leaves: Iterator[Any]) -> Any:
    """The state with these leaves."""
    if isinstance(state, tuple):
        parts = [_filled(part, leaves) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
    return None if state is None else next(leaves)

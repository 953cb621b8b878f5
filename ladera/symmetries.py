"""What a rule does not notice, found by experiment: rows in another order, turned axes, a scaled loss.

A network's loss keeps its value when neurons change places, so a rule that notices their order is
judged by it; Adam's path changes when the axes are turned, that of gradient descent does not. The
experiment takes a few steps on a small problem, once as it is and once transformed, and compares.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ladera.rules import Rule

__all__ = ["SYMMETRIES", "symmetries"]

SYMMETRIES = ("permutation", "sign", "rotation", "scale", "slicing")

_SHAPE = (4, 3)
_STEPS = 16  # RAdam rectifies from the sixth on, Prodigy's estimate of the distance moves at the tenth
_TINY = 1e-16  # stands for eps -> 0
_TOLERANCE = 1e-6  # of the way gone; round-off stays below 1e-8 of it

Gradient = Callable[[int, Any], Any]  # (which evaluation, point) -> gradient


class _Problem(NamedTuple):
    """A start, and noisy gradients of a quadratic that couples all weights."""

    start: Any
    noise: Any
    curvature: Any

    def gradient(self, k: int, x: Any) -> Any:
        return self.noise[k] + (self.curvature @ x.ravel()).reshape(_SHAPE)


@dataclass(frozen=True)
class _Motion:
    """x becomes left x rightᵀ, both factors orthogonal."""

    left: Any
    right: Any

    def there(self, x: Any) -> Any:
        return self.left @ x @ self.right.T

    def back(self, x: Any) -> Any:
        return self.left.T @ x @ self.right


def symmetries(rule: Rule) -> dict[str, bool]:
    """Which transformations of the problem the rule's path goes along with.

    permutation: the rows and the columns of a matrix change places.
    sign: rows and columns are multiplied by 1 or -1.
    rotation: the matrix is multiplied by rotations from the left and from the right; a rule that
        takes each number by itself and passes, like gradient descent, knows no axes at all.
    scale: the loss is multiplied by 1024 and the path stays; hyperparameters named eps..., which
        only guard against a division by zero, are taken to 0.
    slicing: some rows and columns go their way as within the whole.

    Deterministic, in float64 on a matrix of 4 x 3, sixteen steps.
    """
    problem = _problem()
    with np.errstate(all="ignore"):  # a path that diverges is not the same as another
        moved = {name: _moves_along(rule, problem, motion) for name, motion in _motions().items()}
        return {**moved, "scale": _ignores_scale(rule, problem), "slicing": _goes_in_slices(rule, problem)}


def _path(rule: Rule, x: Any, gradient: Gradient) -> Any:
    """x before the first step and after each."""
    s = rule.init(x)
    path = [x]
    evaluation = iter(range(_STEPS * rule.evaluations))
    for t in range(1, _STEPS + 1):
        g = gradient(next(evaluation), rule.read(s, x))
        if rule.evaluations == 2:
            g = gradient(next(evaluation), rule.probe(g, s, x))
        s, x = rule.step(t, g, s, x)
        path.append(x)
    return np.array(path)


def _same(path: Any, expected: Any) -> bool:
    way = np.max(np.abs(expected - expected[0]))
    return bool(np.max(np.abs(path - expected)) <= _TOLERANCE * way)


def _moves_along(rule: Rule, problem: _Problem, motion: _Motion) -> bool:
    path = _path(rule, problem.start, problem.gradient)
    moved = _path(
        rule,
        motion.there(problem.start),
        lambda k, x: motion.there(problem.gradient(k, motion.back(x))),
    )
    return _same(moved, motion.there(path))


def _ignores_scale(rule: Rule, problem: _Problem) -> bool:
    rule = rule.replace(**{name: _TINY for name in rule.numbers() if name.startswith("eps")})
    path = _path(rule, problem.start, problem.gradient)
    scaled = _path(rule, problem.start, lambda k, x: 1024.0 * problem.gradient(k, x))
    return _same(scaled, path)


def _goes_in_slices(rule: Rule, problem: _Problem) -> bool:
    seen: list[Any] = []

    def gradient(k: int, x: Any) -> Any:
        seen.append(problem.gradient(k, x))
        return seen[-1]

    path = _path(rule, problem.start, gradient)
    rows, columns = np.ix_([2, 0], [1, 2])
    part = _path(rule, problem.start[rows, columns], lambda k, x: seen[k][rows, columns])
    return _same(part, path[:, rows, columns])


@functools.cache
def _problem() -> _Problem:
    random = np.random.default_rng(0)
    size = _SHAPE[0] * _SHAPE[1]
    factor = random.normal(size=(size, size)) / size
    return _Problem(random.normal(size=_SHAPE), random.normal(size=(2 * _STEPS, *_SHAPE)), factor @ factor.T)


@functools.cache
def _motions() -> dict[str, _Motion]:
    random = np.random.default_rng(1)

    def pair(make: Callable[[int], Any]) -> _Motion:
        return _Motion(*(make(n) for n in _SHAPE))

    return {
        "permutation": pair(lambda n: np.eye(n)[np.roll(np.arange(n), 1)]),
        "sign": pair(lambda n: np.diag((-1.0) ** np.arange(n))),
        "rotation": pair(lambda n: np.linalg.qr(random.normal(size=(n, n)))[0]),
    }

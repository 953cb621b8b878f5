"""How far apart the rules go that have one name: each framework's from the paper's, measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladera.rules import FRAMEWORKS, Rule, blocks

__all__ = ["LR", "STEPS", "distances"]

STEPS = 20
LR = 0.1  # for everyone: the defaults alone would keep them apart
_CURVATURE, _START = np.array([1.0, 10.0]), np.array([1.0, 1.0])
_ROUND_OFF = 1e-13


def distances(cls: type[Rule]) -> dict[str, float]:
    """Framework -> the Euclidean distance of its x from the paper's after 20 steps along (1, 10)·x from
    (1, 1), in float64, both at lr 0.1; 0 where it is round-off."""
    with np.errstate(all="ignore"):  # one may diverge
        own = _end(cls(), cls)
        apart = {
            name: float(np.linalg.norm(_end(cls.like(name), cls) - own))
            for name in FRAMEWORKS
            if name in cls.dialects
        }
    return {name: 0.0 if value < _ROUND_OFF else value for name, value in apart.items()}


def _end(rule: Rule, cls: type[Rule]) -> Any:
    rule = rule.replace(lr=LR) if "lr" in cls.defaults() else rule
    x = _START
    s = blocks.init(rule, x)
    for t in range(1, STEPS + 1):
        g = _CURVATURE * blocks.read(rule, s, x)
        if rule.evaluations == 2:
            g = _CURVATURE * blocks.probe(rule, g, s, x)
        s, x = blocks.step(rule, t, g, s, x)
    return x

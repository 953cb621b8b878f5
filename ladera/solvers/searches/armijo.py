"""Armijo: go back until the function has fallen enough."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp

from ladera.hyperparameters import Fraction
from ladera.solvers.searches._search import TRIALS, Search, rise

__all__ = ["Armijo"]


class _State(NamedTuple):
    alpha: Any
    done: Any
    failed: Any
    trials: Any
    phi0: Any
    slope0: Any
    last: Any  # it never takes a trial that has not fallen enough


class Armijo(Search):
    """φ(α) <= φ(0) + c1 α φ'(0): Armijo 1966; Nocedal & Wright 2006, Algorithm 3.1, the next trial where
    the parabola through what is known is lowest (section 3.5).

    c1: the share of the fall that the slope promises which must be had. shortest, longest: a new
    trial lies between these shares of the last one.
    """

    paper: ClassVar[str] = "Nocedal & Wright 2006, Algorithm 3.1"

    c1: Fraction = 1e-4
    shortest: Fraction = 0.1
    longest: Fraction = 0.5

    def start(self, phi, slope, alpha):
        no = jnp.bool_(False)
        return _State(alpha, no, no, jnp.int32(0), phi, slope, no)

    def step(self, s, phi, slope):
        risen = rise(s, phi, slope)
        promised = self.c1 * s.alpha * s.slope0
        # Without a slope (along a negative curvature, at a saddle) any fall will do.
        done = jnp.where(s.slope0 < 0, risen <= promised, risen < 0)
        bend = risen - s.alpha * s.slope0
        lowest = -s.slope0 * s.alpha**2 / (2 * bend)
        shorter = jnp.clip(lowest, self.shortest * s.alpha, self.longest * s.alpha)
        trials = s.trials + 1
        return s._replace(
            alpha=jnp.where(done, s.alpha, shorter),
            done=done,
            failed=~done & (trials >= TRIALS),
            trials=trials,
        )

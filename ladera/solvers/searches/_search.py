"""The contract of a line search, told trial by trial.

    s = search.start(phi, slope, alpha)      φ(0), φ'(0) and the first trial
    s = search.step(s, phi, slope)           told φ and φ' at s.alpha: the next trial, or the end

Written so, one program runs a thousand searches side by side, each trial costs one evaluation, and
whoever drives it may count and show every trial.
"""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ladera.hyperparameters import Hyperparameters
from ladera.solvers._rounding import change

__all__ = ["TRIALS", "Search", "narrow", "on_or_over", "pick", "rise"]

TRIALS = 60  # after so many a search ends with the best it has


class Search(Hyperparameters):
    """A line search. Its state names `alpha` (the trial), `done` (it is taken), `failed` (none is),
    `trials`, and `last`: whether the trial is the best of a search that has not found what it looks
    for, evaluated once more to be taken as it is.

    A trial where φ or φ' is not finite is taken to be too long.
    """

    paper: ClassVar[str] = ""

    def start(self, phi: Any, slope: Any, alpha: Any) -> Any:
        """The state before the first trial at `alpha` > 0; slope < 0."""
        raise NotImplementedError

    def step(self, s: Any, phi: Any, slope: Any) -> Any:
        """Told of the trial at `s.alpha`. The trial is accepted where the new state is `done`."""
        raise NotImplementedError


def rise(s: Any, phi: Any, slope: Any) -> Any:
    """φ(α) - φ(0) of the trial of a state; infinite where the trial is not finite."""
    finite = jnp.isfinite(phi) & jnp.isfinite(slope)
    return jnp.where(finite, change(s.phi0, phi, s.alpha * (s.slope0 + slope) / 2), jnp.inf)


def narrow(low: Any, high: Any) -> Any:
    """Whether an interval is too short to hold anything but a kink, or a wall."""
    return high - low <= jnp.sqrt(jnp.finfo(high.dtype).eps) * high


def on_or_over(s: Any, n: Any, accepted: Any, over: Any, best: Any, fell: Any) -> Any:
    """The state after a trial of s, n being the state that goes on. Where the search is over (nothing
    is left to try, or it took too long) the best trial, if it has fallen, is the last."""
    done = s.last | accepted
    over = over | (s.trials + 1 >= TRIALS) | ~jnp.isfinite(n.alpha)
    last = over & fell
    alpha = jnp.where(done, s.alpha, jnp.where(last, best, n.alpha))
    return n._replace(alpha=alpha, done=done, failed=~done & over & ~last, trials=s.trials + 1, last=last)


def pick(condition: Any, yes: Any, no: Any) -> Any:
    """One of two trees of arrays, by a scalar."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)

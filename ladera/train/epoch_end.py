"""What happens to a lane after each epoch: it may stop, and its learning rate may fall.

Both look at the validation loss. What they are told (`Watch`: patience, factor, ...) is data, one number
per lane; whether there is anything to look at is part of the program. Where nothing is asked the trees
here are None and the program has no trace of them.

Comparisons are made so that float32 decides as PyTorch and Keras do in float64: a difference of two
nearby losses is exact in binary (Sterbenz 1974), a product or a sum with them is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ladera.schedules import Plateau, Stop

__all__ = [
    "Best",
    "Fall",
    "Kept",
    "Watch",
    "after_epoch",
    "begin",
    "best_weights",
    "moves",
    "rated",
    "unless_all_rest",
]


class StopWatch(NamedTuple):
    patience: Any  # [lanes] epochs
    minimum: Any  # [lanes] by which a loss must be lower to be better


class PlateauWatch(NamedTuple):
    factor: Any  # [lanes]
    patience: Any  # [lanes] epochs
    least: Any  # [lanes]
    is_rate: Any  # [lanes, numbers] 1 for the number that is the learning rate, else 0


class Watch(NamedTuple):
    """What a lane is told of the ends of its epochs; None for what it is not to look at."""

    stop: StopWatch | None
    plateau: PlateauWatch | None

    @classmethod
    def of(
        cls, stop: Stop, plateau: Plateau | None, width: int, names: Sequence[str], longest: int
    ) -> Watch | None:
        """names: of the numbers of the lanes' rule; longest: how many the program holds. None: it is
        told nothing."""
        if not stop.early and plateau is None:
            return None

        def lanes(value: float) -> Any:
            return jnp.full(width, value, jnp.float32)

        watched = follows = None
        if stop.early:
            watched = StopWatch(lanes(stop.patience), lanes(_not_above(stop.minimum)))
        if plateau is not None:
            is_rate = np.zeros((width, longest), np.float32)
            is_rate[:, : len(names)] = [name == "lr" for name in names]
            factor, patience, least = map(lanes, (plateau.factor, plateau.patience, plateau.least))
            follows = PlateauWatch(factor, patience, least, jnp.asarray(is_rate))
        return cls(watched, follows)


class Best(NamedTuple):
    """A lane's best epoch so far, and whether it has stopped; epochs count from 1, and 0 is none."""

    loss: Any  # [lanes]
    epoch: Any  # [lanes] int32
    waited: Any  # [lanes] epochs without a better one
    now: Any  # int32: the epochs that were trained
    stopped: Any  # [lanes] int32: the epoch after which it stopped
    weights: Any  # tree of [lanes, ...]: after the best epoch; 0 before there is one


class Fall(NamedTuple):
    """How far a lane's learning rate has fallen."""

    loss: Any  # [lanes] the best so far, by more than the threshold
    waited: Any  # [lanes] epochs without a better one
    factor: Any  # [lanes]


class Kept(NamedTuple):
    """What goes from epoch to epoch, beside the training itself."""

    best: Best | None
    fall: Fall | None


def begin(watch: Watch | None, weights: Any) -> Kept | None:
    """Before the first epoch."""
    if watch is None:
        return None
    best = fall = None
    if watch.stop is not None:
        lanes = watch.stop.patience
        none = jnp.zeros(lanes.shape, jnp.int32)
        worst, waited = jnp.full_like(lanes, jnp.inf), jnp.zeros_like(lanes)
        best = Best(worst, none, waited, jnp.int32(0), none, jax.tree.map(jnp.zeros_like, weights))
    if watch.plateau is not None:
        lanes = watch.plateau.patience
        fall = Fall(jnp.full_like(lanes, jnp.inf), jnp.zeros_like(lanes), jnp.ones_like(lanes))
    return Kept(best, fall)


def after_epoch(watch: Watch | None, kept: Kept | None, loss: Any, weights: Any) -> Kept | None:
    """After an epoch with this validation loss [lanes] at these weights (a tree of [lanes, ...])."""
    if watch is None or kept is None:
        return None
    best, fall = kept
    if watch.stop is not None and best is not None:
        best = _better(watch.stop, best, loss, weights)
    if watch.plateau is not None and fall is not None:
        fall = _fallen(watch.plateau, fall, loss)
    return Kept(best, fall)


def _better(watch: StopWatch, best: Best, loss: Any, weights: Any) -> Best:
    """EarlyStopping of Keras, with the best weights restored."""
    now = best.now + 1
    running = best.stopped == 0
    better = running & (best.loss - loss > watch.minimum)
    taken = better | (now == 1)  # whatever its loss, the first epoch is the best so far
    waited = jnp.where(better, 0.0, best.waited + 1)
    ends = running & ~better & (now > 1) & (waited >= watch.patience)
    return Best(
        loss=jnp.where(better, loss, best.loss),
        epoch=jnp.where(taken, now, best.epoch),
        waited=waited,
        now=now,
        stopped=jnp.where(ends, now, best.stopped),
        weights=_where(taken, weights, best.weights),
    )


def _fallen(watch: PlateauWatch, fall: Fall, loss: Any) -> Fall:
    """ReduceLROnPlateau of PyTorch in its mode min, by a relative threshold."""
    gain = fall.loss - loss
    better = (gain > Plateau.threshold * fall.loss) | (jnp.isinf(fall.loss) & (loss < jnp.inf))
    waited = jnp.where(better, 0.0, fall.waited + 1)
    late = waited > watch.patience
    cut = jnp.maximum(fall.factor * watch.factor, watch.least)
    worth = fall.factor - cut > Plateau.smallest
    return Fall(
        loss=jnp.where(better, loss, fall.loss),
        waited=jnp.where(late, 0.0, waited),
        factor=jnp.where(late & worth, cut, fall.factor),
    )


def moves(kept: Kept | None, diverged: Any) -> Any:
    """Which lanes still move, bool [lanes]: neither diverged nor stopped."""
    alive = diverged == 0
    return alive if kept is None or kept.best is None else alive & (kept.best.stopped == 0)


def best_weights(kept: Kept | None, diverged: Any, weights: Any) -> Any:
    """The weights [lanes, ...] that a training is left with: of the best epoch where lanes may stop, of
    the last step where it diverged, or before the first epoch."""
    if kept is None or kept.best is None:
        return weights
    restored = (kept.best.epoch > 0) & (diverged == 0)
    return _where(restored, kept.best.weights, weights)


def _where(lanes: Any, one: Any, other: Any) -> Any:
    """Of two trees of [lanes, ...] the first in some lanes."""

    def chosen(a: Any, b: Any) -> Any:
        return jnp.where(lanes.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    return jax.tree.map(chosen, one, other)


def rated(watch: Watch | None, kept: Kept | None, numbers: Any) -> Any:
    """The lanes' numbers [lanes, numbers], the learning rate as far as it has fallen."""
    if watch is None or watch.plateau is None or kept is None or kept.fall is None:
        return numbers
    return jnp.where(watch.plateau.is_rate > 0, numbers * kept.fall.factor.reshape(-1, 1), numbers)


def unless_all_rest(epoch: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[Any, Any], tuple[Any, Any]]:
    """`epoch`, left out where lanes may stop and every one of them has, or has diverged. What it would
    have measured is then NaN."""

    def one(carry: Any, told: Any) -> tuple[Any, Any]:
        if carry.kept is None or carry.kept.best is None:
            return epoch(carry, told)
        _, measured = jax.eval_shape(epoch, carry, told)
        nothing = jax.tree.map(lambda a: jnp.full(a.shape, jnp.nan, a.dtype), measured)
        goes_on = moves(carry.kept, carry.diverged).any()
        return jax.lax.cond(goes_on, epoch, lambda carry, told: (carry, nothing), carry, told)

    return one


def _not_above(value: float) -> float:
    """The largest float32 that is not above: a float32 exceeds the one where it exceeds the other."""
    near = np.float32(value)
    return float(near if near <= value else np.nextafter(near, np.float32(-np.inf)))

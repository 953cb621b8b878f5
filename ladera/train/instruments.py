"""What an epoch's last steps tell of a training: cheap numbers by which its troubles are told apart.

All but two are of the epoch's last two steps, d′ and d, whose ends the program keeps; g is the gradient
that the rule was given for d. They cost one more gradient an epoch.

    gradient norm   ‖g‖ of every weight array; falling towards the first: it vanishes, rising: it explodes
    update ratio    ‖d‖/‖w‖ of every weight array; about 1e-3 is usual
    effective lr    ‖d‖/‖g‖ of every weight array: what an adaptive rule makes of its learning rate
    step quality    -(g₊·d)/(g·d), g₊ being the gradient of the same batch behind d: -1, the slope is as
                    before; 0, d reached the bottom; 1, it is as far up the other side; more, it climbed
    cosine          of d and d′: near -1 they go to and fro
    path ratio      the length of the way over the distance from its start, the way being reckoned from
                    these two steps of every epoch
    dead            share of a layer's units that are 0 on every example of the validation set
    saturated       share of a layer's tanh, sigmoid and recurrent units within 3 % of their ends, there
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ladera.networks.layers import Seen

__all__ = ["Instruments", "Noted", "Way", "begin", "notes", "read"]

_END = 0.97


class Way(NamedTuple):
    """What goes from epoch to epoch."""

    origin: Any  # the first parameters, a tree of [lanes, ...]
    length: Any  # [lanes] of the way so far


class Noted(NamedTuple):
    """What a pass over examples showed of each layer with an activation."""

    largest: Any  # [units] the largest |output| of each
    saturated: Any  # scalar: the share of outputs near their ends; nan where there are no ends


class Instruments(NamedTuple):
    """Of one epoch, with the lanes as first axis; of a segment, the epochs before them."""

    gradient_norm: Any  # [lanes, weight arrays]
    update_ratio: Any  # [lanes, weight arrays]
    effective_lr: Any  # [lanes, weight arrays]
    step_quality: Any  # [lanes]
    cosine: Any  # [lanes]
    path_ratio: Any  # [lanes]
    dead: Any  # [lanes, layers with an activation]
    saturated: Any  # [lanes, layers with an activation]


def begin(params: Any) -> Way:
    lanes = jax.tree.leaves(params)[0].shape[0]
    return Way(params, jnp.zeros(lanes, jnp.float32))


def notes(seen: list[Seen]) -> list[Noted]:
    """What the layers of one pass handed out, of one lane."""
    if not seen:
        return []
    # All layers' units side by side: one reduction is compiled in half the time of several.
    rows = [jnp.abs(one.x).max(axis=tuple(range(1, one.x.ndim - 1))) for one in seen]
    ends = list(accumulate(row.shape[1] for row in rows))
    largest = jnp.split(jnp.concatenate(rows, axis=1).max(axis=0), ends[:-1])
    return [Noted(top, _saturated(one)) for top, one in zip(largest, seen, strict=True)]


def _saturated(one: Seen) -> Any:
    if not one.bounded:
        return jnp.full((), jnp.nan, one.x.dtype)
    size = jnp.abs(one.x) if one.centre == 0 else jnp.abs(2 * (one.x - one.centre))
    return (size > _END).astype(one.x.dtype).mean()


def read(way: Way, ends: Any, g: Any, after: Any, steps: int, noted: list[Noted]) -> tuple[Way, Instruments]:
    """The instruments of an epoch of `steps` steps.

    ends: the parameters before d′, before d and behind it, a tree of [3, lanes, ...]. g, after: the
    gradients at d's start and at its end. noted: of the validation set.
    """
    before, between, now = _flat(ends, 2)
    last, earlier, slope, next_slope = now - between, between - before, _flat(g), _flat(after)
    # All products of these five at once: a program of one product is compiled sooner than one of many.
    five = jnp.stack([last, earlier, slope, next_slope, now - _flat(way.origin)])
    dots = jnp.einsum("alp,blp->abl", five, five)
    length, other, distance = (jnp.sqrt(dots[k, k]) for k in (0, 1, 4))
    reckoned = way.length + steps * (length + other) / 2
    squares = jnp.stack([between, last, slope]) ** 2
    lengths = jnp.sqrt(jnp.stack([squares[..., a:b].sum(axis=-1) for a, b in _spans(g)], axis=-1))
    weights, updates, gradients = lengths
    dead = [(one.largest == 0).astype(jnp.float32).mean(axis=-1) for one in noted]
    return way._replace(length=reckoned), Instruments(
        gradients,
        updates / weights,
        updates / gradients,
        -dots[3, 0] / dots[2, 0],
        dots[0, 1] / (length * other),
        reckoned / distance,
        _columns(dead, length),
        _columns([one.saturated for one in noted], length),
    )


def _columns(values: list[Any], like: Any) -> Any:
    return jnp.stack(values, axis=-1) if values else jnp.zeros((like.shape[0], 0), jnp.float32)


def _flat(tree: Any, leading: int = 1) -> Any:
    """[..., parameters] of a tree whose leaves have so many leading axes."""
    rows = [leaf.reshape(*leaf.shape[:leading], -1) for leaf in jax.tree.leaves(tree)]
    return jnp.concatenate(rows, axis=-1)


def _spans(tree: Any) -> list[tuple[int, int]]:
    """Where the weight arrays lie in `_flat(tree)`: those with at least two axes beside the lanes'."""
    leaves = jax.tree.leaves(tree)
    ends = list(accumulate(leaf[0].size for leaf in leaves))
    return [(end - leaf[0].size, end) for leaf, end in zip(leaves, ends, strict=True) if leaf.ndim > 2]

"""What holds the weights back (not shifts and scales, such as biases).

    l1:λ, l2:λ, elastic:λ,μ      λ Σ|w|,  λ Σw²,  λ Σ|w| + μ Σw²: part of the loss that is minimised
    decoupled-l1:λ               after each step w moves by lr λ towards 0, and stays there once it arrives
    decoupled-l2:λ               each step also takes lr λ w off (AdamW's weight decay)
    decoupled-elastic:λ,μ        both
    max-norm:c                   after each step a unit whose incoming weights are longer than c is cut to c

Several are joined by "+": "l2:1e-4+max-norm:3". An adaptive rule divides the gradient of a penalty as it
divides the loss's; what is decoupled acts beside the rule, on all weights alike. Recorded losses are
without the penalty, so that runs with different penalties compare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ladera.base import UsageError, unknown_name

__all__ = ["Penalty", "add_slope", "after_step", "check", "parse", "value"]


@dataclass(frozen=True)
class Penalty:
    """How strong each is; 0 where it is not asked for."""

    l1: float = 0.0
    l2: float = 0.0
    decoupled_l1: float = 0.0
    decoupled_l2: float = 0.0
    max_norm: float = 0.0

    def __str__(self) -> str:
        def pair(prefix: str, l1: float, l2: float) -> list[str]:
            if l1 and l2:
                return [f"{prefix}elastic:{l1:g},{l2:g}"]
            return [f"{prefix}l1:{l1:g}"] * bool(l1) + [f"{prefix}l2:{l2:g}"] * bool(l2)

        parts = pair("", self.l1, self.l2) + pair("decoupled-", self.decoupled_l1, self.decoupled_l2)
        return "+".join(parts + [f"max-norm:{self.max_norm:g}"] * bool(self.max_norm)) or "none"

    @property
    def numbers(self) -> tuple[float, ...]:
        """All of them, as a lane's row holds them."""
        return tuple(getattr(self, field.name) for field in fields(self))

    @property
    def in_loss(self) -> bool:
        """Whether the loss that is minimised has a part of it."""
        return bool(self.l1 or self.l2)

    @property
    def after_steps(self) -> bool:
        """Whether something happens to the weights beside a rule's step."""
        return bool(self.decoupled_l1 or self.decoupled_l2 or self.max_norm)


# Which fields the numbers of each kind are.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "l1": ("l1",),
    "l2": ("l2",),
    "elastic": ("l1", "l2"),
    "decoupled-l1": ("decoupled_l1",),
    "decoupled-l2": ("decoupled_l2",),
    "decoupled-elastic": ("decoupled_l1", "decoupled_l2"),
    "max-norm": ("max_norm",),
}


def parse(text: str) -> Penalty:
    """The penalty of a text such as "none", "l2:1e-4", "elastic:1e-5,1e-4" or "l2:1e-4+max-norm:3".

    Raises UsageError for an unknown kind, for one that is named twice, and for numbers that are missing,
    negative or not finite.
    """
    found: dict[str, float] = {}
    for part in _parts(text):
        kind, _, numbers = part.partition(":")
        kind = kind.replace("_", "-")
        if kind not in _KINDS:
            raise unknown_name("penalty", kind, _KINDS)
        try:
            values = [float(n) for n in numbers.split(",") if n.strip()]
        except ValueError:
            values = [math.nan]
        wanted = _KINDS[kind]
        wrong = any(not (0 <= v < math.inf) for v in values) or (kind == "max-norm" and values == [0])
        if len(values) != len(wanted) or wrong or found.keys() & set(wanted):
            raise UsageError(
                "A penalty is none, l1:A, l2:A or elastic:A,B, each of them decoupled- too, or max-norm:C, "
                "with numbers >= 0, joined by + and each once, received '{received}'; for example l2:1e-4.",
                received=text,
            )
        found.update(zip(wanted, values, strict=True))
    return Penalty(**found)


def _parts(text: str) -> list[str]:
    """The text cut at every + that does not belong to a number, such as 1e+2."""
    parts: list[str] = []
    for part in text.strip().lower().split("+"):
        if parts and parts[-1].endswith("e") and part[:1].isdigit():
            parts[-1] += f"+{part}"
        else:
            parts.append(part.strip())
    return parts


def check(penalty: Penalty, network: Any) -> None:
    """Raise UsageError where the network's layout does not tell what the penalty needs to know."""
    if penalty.max_norm and not network.units_last:
        raise UsageError(
            "A max-norm holds each unit's incoming weights, and of the network {network} it is not known "
            "which of a weight's axes goes over units, received penalty '{penalty}'; take decoupled-l2, or "
            "a Flax module, layers in Python or a text such as mlp:64,64.",
            network=network,
            penalty=penalty,
        )


def value(params: Any, l1: Any, l2: Any) -> Any:
    """λ₁ Σ|w| + λ₂ Σw² over the weights among `params`, a tree: what has at least two axes."""
    import jax
    import jax.numpy as jnp

    weights = [leaf for leaf in jax.tree.leaves(params) if leaf.ndim > 1]
    return l1 * sum(jnp.abs(w).sum() for w in weights) + l2 * sum((w * w).sum() for w in weights)


def add_slope(g: Any, params: Any, l1: Any, l2: Any) -> Any:
    """The gradients `g` plus those of `value`, which itself need not be computed for it; 0 where a weight
    is 0."""
    import jax
    import jax.numpy as jnp

    def added(slope: Any, w: Any) -> Any:
        return slope + l1 * jnp.sign(w) + 2 * l2 * w if w.ndim > 1 else slope

    return jax.tree.map(added, g, params)


def after_step(before: Any, after: Any, lr: Any, l1: Any, l2: Any, max_norm: Any) -> Any:
    """The parameters `after` a rule's step from `before`, held back as is asked.

    The decay is Loshchilov and Hutter's (2019, algorithm 2). The pull by l1 is the proximal step of
    lr λ |w| (Parikh and Boyd 2014, section 6.5.2), so that weights become 0 and not only small. A unit's
    incoming weights are what all axes but the last go over, a column of a matrix; max_norm 0 leaves all as
    they are (Srivastava et al. 2014, section 5.1).
    """
    import jax
    import jax.numpy as jnp

    def held(old: Any, new: Any) -> Any:
        if new.ndim < 2:
            return new
        new = new - lr * l2 * old
        new = jnp.sign(new) * jnp.maximum(jnp.abs(new) - lr * l1, 0)
        length = jnp.sqrt((new * new).sum(axis=tuple(range(new.ndim - 1)), keepdims=True))
        cut = (max_norm > 0) & (length > max_norm)
        return new * jnp.where(cut, max_norm / jnp.where(cut, length, 1), 1)

    return jax.tree.map(held, before, after)

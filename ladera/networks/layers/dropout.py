"""Dropout: units left out at random while the network trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ladera.networks.layers._layer import Layer, Pass

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Layer):
    """In training each number is 0 with the probability that the pass tells, and else larger by what is
    missing, so that the mean stays (Srivastava et al. 2014, in its inverted form)."""

    def apply(self, params: Any, state: Any, x: Any, how: Pass) -> tuple[Any, Any]:
        if not how.train or how.dropout is None:
            return x, state
        import jax.numpy as jnp

        from ladera.networks.draws import bits

        rate = jnp.asarray(how.dropout, x.dtype)
        left_out = bits(how.key, x.shape) < (rate * 2.0**32).astype(jnp.uint32)
        return jnp.where(left_out, jnp.zeros_like(x), x / (1 - rate)), state

"""The machine's own rate: a large float32 matrix product by XLA. A "training" is one product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.peers.serve import Done, Train, serve


def flops(size: int) -> int:
    """Floating-point operations of one product of two square matrices."""
    return 2 * size**3


def prepare(spec: Mapping[str, Any]) -> Train:
    import jax
    import jax.numpy as jnp
    import numpy as np

    a = jnp.asarray(np.random.default_rng(0).standard_normal((spec["size"],) * 2, dtype=np.float32))
    product = jax.jit(lambda a: a @ a)

    def train(count: int) -> Done:
        for _ in range(count):
            product(a).block_until_ready()
        return Done(count, None)

    return train


if __name__ == "__main__":
    serve(prepare, "jax")

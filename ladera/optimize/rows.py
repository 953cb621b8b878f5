"""Many rows of one problem, in blocks that stay in the cache, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

__all__ = ["in_blocks"]

_LARGEST = 128  # rows: a block ends with its slowest row, and numbers of more leave the cache


def in_blocks(solve: Callable[[Any, Any], Any], x: np.ndarray, rows: Any) -> Any:
    """The arrays that solve(x, rows) gives, with the rows in front.

    x: (n, d). rows: a tree of arrays with n in front. Blocks have one size, so that one program serves
    all; what is missing in the last is made up with the last row.
    """
    n = len(x)
    blocks = -(-n // _LARGEST)
    if blocks == 1:
        return solve(x, rows)
    size = -(-n // blocks)

    def block(k: int) -> Any:
        at = np.minimum(np.arange(k * size, (k + 1) * size), n - 1)
        return solve(x[at], jax.tree.map(lambda leaf: np.asarray(leaf)[at], rows))

    with ThreadPoolExecutor(min(_cores(), blocks)) as threads:
        found = list(threads.map(block, range(blocks)))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:n], *found)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

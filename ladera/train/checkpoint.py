"""Where a long filling of lanes stands, on disk: a crash costs seconds, not the training.

One .npz file per cohort in flight, in a folder of the study, replaced at segment edges and removed
with the cohort's last one. The arrays are the carry itself, so what is resumed ends bit for bit as
if it had never stopped. A file that cannot be read, or was written by other library versions, is
ignored: the training then starts over.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ladera.base import temporary

__all__ = ["Checkpoint"]

EVERY_SECONDS = 10.0


class Checkpoint:
    """The checkpoint of one filling. `key` says what it belongs to: another key, another training."""

    def __init__(self, folder: Path | None, name: str, key: list[Any]):
        self._path = folder / f"{name}.npz" if folder is not None else None
        self._key = json.dumps(key)
        self._last = time.monotonic()

    def load(self, like: Any) -> tuple[int, Any] | None:
        """The epoch reached and the tree of arrays, of the structure of `like`; None: start over."""
        if self._path is None:
            return None
        try:
            # NumPy leaves a damaged archive open, so the file is opened here.
            with self._path.open("rb") as archive, np.load(archive, allow_pickle=False) as file:
                if str(file["key"]) != self._key:
                    return None
                leaves = [file[f"leaf{i}"] for i in range(len(file.files) - 2)]
                return int(file["epoch"]), jax.tree.unflatten(
                    jax.tree.structure(like), map(jnp.asarray, leaves)
                )
        except Exception:  # a damaged archive raises half a dozen kinds, some of them bare RuntimeErrors
            return None

    def save(self, epoch: int, tree: Any) -> None:
        """Keep `tree` as of `epoch`, unless the last time was only just now."""
        if self._path is None or time.monotonic() - self._last < EVERY_SECONDS:
            return
        arrays: dict[str, Any] = {
            f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))
        }
        unfinished = temporary(self._path)
        try:
            self._path.parent.mkdir(exist_ok=True)
            with unfinished.open("wb") as file:
                np.savez(file, key=self._key, epoch=epoch, **arrays)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
        except OSError:  # a checkpoint is a convenience: the training goes on
            with contextlib.suppress(OSError):
                unfinished.unlink()
        self._last = time.monotonic()

    def remove(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)

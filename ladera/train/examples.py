"""The examples as files that every worker of this process reads, removed when the process ends."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ladera.problems import Prepared

__all__ = ["place"]


def place(data: Prepared) -> Path:
    """The folder with the arrays of `data`; the same data are written once a process."""
    folder = _scratch() / f"{data.data_hash}-{data.split_hash}"
    if not folder.is_dir():
        unfinished = Path(tempfile.mkdtemp(dir=_scratch()))
        for name in ("train", "validation", "test"):
            part = getattr(data, name)
            np.save(unfinished / f"x_{name}.npy", part.x, allow_pickle=False)
            np.save(unfinished / f"y_{name}.npy", part.y, allow_pickle=False)
        unfinished.rename(folder)
    return folder


@cache
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ladera-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

"""From a problem to a task: the examples become files that every worker of this process reads."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ladera.networks import losses
from ladera.problems import Prepared, Problem
from ladera.train.work import SHUFFLED, Task

__all__ = ["task"]


def task(
    problem: Problem, batch: int, epochs: int, data: Prepared | None = None, *, sampling: str = SHUFFLED
) -> Task:
    """What all trainings of `problem` share. Its examples' files are removed when the process ends.

    sampling: how batches are drawn, one of `work.SAMPLINGS`. data: other examples than the
    problem's own, prepared alike (a part of them, say).
    """
    data = data or problem.prepared()
    return Task(
        examples=_place(data),
        network=problem.fitted_network,
        shape=data.shape,
        outputs=losses.outputs(problem.resolved_loss(), data.outputs),
        loss=problem.resolved_loss(),
        classifies=data.task == "classification",
        penalty=problem.parsed_penalty,
        dropout=problem.dropout,
        target_scale=data.target_scale,
        train_size=len(data.train),
        batch=batch,
        epochs=epochs,
        sampling=sampling,
    )


def _place(data: Prepared) -> Path:
    """The folder with the arrays of `data`; the same data are written once a process."""
    folder = _scratch() / f"{data.data_hash}-{data.split_hash}"
    if not folder.is_dir():
        unfinished = Path(tempfile.mkdtemp(dir=_scratch()))
        for name in ("train", "validation", "test"):
            part = getattr(data, name)
            x = part.x.reshape(len(part), *data.shape)
            np.save(unfinished / f"x_{name}.npy", x, allow_pickle=False)
            np.save(unfinished / f"y_{name}.npy", part.y, allow_pickle=False)
        unfinished.rename(folder)
    return folder


@cache
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ladera-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

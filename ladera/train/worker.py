"""Inside a worker process: one core, one thread, no terminal.

The functions here are what the pool sends over; JAX is imported only after the process is set up.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from ladera.base import LaderaError
from ladera.train.work import Cohort, Records

__all__ = ["start", "time_segment", "train", "warm"]

_PARENT_CHECK_SECONDS = 1.0
_progress: Any = None


def start(parent: int, progress: Any) -> None:
    """Set the process up, before JAX is imported. `progress` is a queue of runs done, in parts."""
    global _progress
    _progress = progress
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    # Small matrices gain nothing from threads: one single-threaded process per core does.
    os.environ["NPROC"] = "1"
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[library] = "1"
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    """End with the parent, even when it was killed and could not say so."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)


def warm() -> None:
    """Import what training needs, while the parent reads the data."""
    from ladera.train import cohort  # noqa: F401
    from ladera.train.compiled import use_cache

    use_cache()


def train(cohort: Cohort) -> Records:
    """Raises LaderaError, naming the line, where a rule of the user's own fails."""
    warm()
    from ladera.train.cohort import train as train_cohort

    try:
        return train_cohort(cohort, _progress.put)
    except Exception as error:
        if (line := _users_line(error)) is None:
            raise
        raise LaderaError(
            "The rule {rule} failed in training, in {line}: {reason}",
            rule=type(cohort.trials[0].rule).__name__,
            line=line,
            reason=f"{type(error).__name__}: {error}",
        ) from None


def _users_line(error: Exception) -> str | None:
    """The innermost line of code that is neither ours nor a library's."""
    ours = str(Path(__file__).parents[1])
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        library = "site-packages" in frame.filename or frame.filename.startswith(
            (ours, sys.prefix, "<frozen")
        )
        if not library and frame.filename != __file__:
            return f"{frame.filename}:{frame.lineno}"
    return None


def time_segment(cohort: Cohort) -> tuple[float, float]:
    """Seconds for one lane's step at the cohort's width, and seconds spent compiling."""
    warm()
    from ladera.train.cohort import time_segment as time_cohort

    return time_cohort(cohort)

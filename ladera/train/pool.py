"""One single-threaded worker process per core, each with its own cohorts."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

import cloudpickle

# Where psutil is installed, loky takes a worker whose memory grows for one that leaks, and restarts
# it. Ours grow by the examples and by what they compile, and a restart compiles again. Read on import.
os.environ.setdefault("LOKY_MAX_MEMORY_LEAK_SIZE", str(10**15))
import loky
from loky.backend import get_context

from ladera.train import worker
from ladera.train.work import Cohort, Records

__all__ = ["Pool", "cores"]

_IDLE_SECONDS = 300  # workers outlive a study, so that the next one finds them warm
_HEARTBEAT_SECONDS = 0.1


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """The worker processes. The second pool of a process takes the first one's workers over."""

    _queue: Any = None  # one for the process: it is handed to workers when they start

    def __init__(self, workers: int | None = None):
        self.workers = workers or cores()
        if Pool._queue is None:
            Pool._queue = get_context("loky").SimpleQueue()
        with warnings.catch_warnings():
            # An error after the last pool was asked for may have left its workers importing still.
            warnings.filterwarnings("ignore", "Trying to resize an executor with running jobs")
            self._executor = loky.get_reusable_executor(
                max_workers=self.workers,
                timeout=_IDLE_SECONDS,
                initializer=worker.start,
                initargs=(os.getpid(), Pool._queue),
            )
        self._warming = [self._executor.submit(worker.warm) for _ in range(self.workers)]

    def map(self, function: Callable[[Cohort], Any], items: Sequence[Cohort]) -> list[Any]:
        """`function` of every cohort, in order. When it is left early, the workers are stopped."""
        _send_by_value(items)
        with self._stopped_early():
            return [future.result() for future in [self._executor.submit(function, one) for one in items]]

    def train(
        self,
        cohorts: Sequence[Cohort],
        done: Callable[[Records], None],
        progress: Callable[[float], None] = lambda runs: None,
    ) -> None:
        """Train all cohorts; `done` gets each one's records as soon as they are there.

        `progress` hears of parts of runs as they are done. When it is left early (Ctrl-C, an error
        in a worker), the cohorts in flight are dropped and the workers stopped.
        """
        self._drain(lambda runs: None)  # what an interrupted study left behind
        _send_by_value(cohorts)
        pending: set[Future[Records]] = {self._executor.submit(worker.train, cohort) for cohort in cohorts}
        with self._stopped_early():
            while pending:
                finished, pending = wait(pending, timeout=_HEARTBEAT_SECONDS, return_when=FIRST_COMPLETED)
                self._drain(progress)
                for future in finished:
                    done(future.result())

    @contextlib.contextmanager
    def _stopped_early(self) -> Iterator[None]:
        """Stops the workers where it is left by Ctrl-C or an error."""
        try:
            yield
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the workers at once."""
        self._executor.shutdown(wait=True, kill_workers=True)

    def _drain(self, progress: Callable[[float], None]) -> None:
        while not Pool._queue.empty():
            progress(Pool._queue.get())


def _send_by_value(cohorts: Sequence[Cohort]) -> None:
    """A rule or network of the user's own goes to the workers whole: they need not find its module."""
    names = {type(trial.rule).__module__ for cohort in cohorts for trial in cohort.trials}
    for name in names.union(*(cohort.task.network.modules() for cohort in cohorts)):
        if name != "__main__" and not name.startswith("ladera."):
            cloudpickle.register_pickle_by_value(sys.modules[name])

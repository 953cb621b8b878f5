"""How long a method's way takes: its compiled program, warm, measured."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ladera.rules import Rule

if TYPE_CHECKING:
    from ladera.tracing.trace import Trace

__all__ = ["seconds"]

_RUNS = 7  # of which the fastest tells what the method takes, the others what else went on


def seconds(trace: Trace) -> np.ndarray:
    """Seconds from the call until each point was there, (n + 1,).

    The whole way is run again in one compiled program, as `descend` and `minimize` do, compiled before
    and the fastest of seven times; the time is spread over the steps as the evaluations are.
    """
    total = min(_measured(trace) for _ in range(1 + _RUNS))  # the first one compiles
    last = trace.evaluations[-1]
    return total * trace.evaluations / last if last else np.zeros(len(trace.evaluations))


def _measured(trace: Trace) -> float:
    if isinstance(trace.method, Rule):
        from ladera.tracing.descend import descend

        began = time.perf_counter()
        descend(trace.surface, trace.x[:1], trace.method, max(trace.steps, 1))
        return time.perf_counter() - began
    from ladera.optimize import minimize

    most = max(trace.steps, 1)
    return minimize(trace.surface, trace.x[0], trace.method, maxiter=most).seconds["run"]

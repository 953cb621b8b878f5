"""The iteration table of a trace, in the form that courses write down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ladera.locale import Translator

if TYPE_CHECKING:
    from ladera.tracing.trace import Trace

__all__ = ["columns", "table"]


def columns(trace: Trace, _: Translator) -> dict[str, np.ndarray]:
    """Heading -> one number per step."""
    surface = trace.surface
    names = surface.variables
    alone = len(names) == 1
    of = f"({names[0]})" if alone else ""
    found: dict[str, np.ndarray] = {"k": np.arange(1, trace.steps + 1)}
    found |= _spread(names, trace.x[:-1])
    found[f"f{of}"] = trace.fun[:-1]
    if not np.array_equal(trace.points, trace.x[:-1]):
        found |= _spread([_("{name} of the gradient").format(name=name) for name in names], trace.points)
    found |= _spread([f"f'{of}"] if alone else [f"∂f/∂{name}" for name in names], trace.gradients)
    for statement, values in trace.values.items():
        if not _is_new_x(values, trace):
            wide = values.reshape(trace.steps, -1)
            parts = [statement] if wide.shape[1] == 1 else [f"{statement}_{name}" for name in names]
            found |= _spread(parts, wide)
    return found | _spread([_("{name}_new").format(name=name) for name in names], trace.x[1:])


def table(trace: Trace, _: Translator) -> pd.DataFrame:
    return pd.DataFrame(columns(trace, _))


def _is_new_x(values: np.ndarray, trace: Trace) -> bool:
    """A statement that is the new x itself would stand there twice."""
    return values.size == trace.x[1:].size and np.array_equal(values.reshape(trace.x[1:].shape), trace.x[1:])


def _spread(names: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: rows[:, k] for k, name in enumerate(names)}

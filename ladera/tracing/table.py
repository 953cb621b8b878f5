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
    for name, values in trace.values.items():
        if trace.code is not None or not _is_new_x(values, trace):
            found |= _parts(name, values, names)
    if trace.code is not None:  # of a rule every row costs the same
        found[_("evaluations")] = trace.evaluations[1:]
    return found | _spread([_("{name}_new").format(name=name) for name in names], trace.x[1:])


def table(trace: Trace, _: Translator) -> pd.DataFrame:
    return pd.DataFrame(columns(trace, _))


def _is_new_x(values: np.ndarray, trace: Trace) -> bool:
    """A statement that is the new x itself would stand there twice."""
    return values.size == trace.x[1:].size and np.array_equal(values.reshape(trace.x[1:].shape), trace.x[1:])


def _parts(name: str, values: np.ndarray, variables: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The columns of a number, of a vector, or of a symmetric matrix in two variables at most."""
    steps, d = len(values), len(variables)
    if values.ndim == 3 and d > 1:
        pairs = [(i, j) for i in range(d) for j in range(i, d)] if d == 2 else []
        return {f"{name}_{variables[i]}{variables[j]}": values[:, i, j] for i, j in pairs}
    wide = values.reshape(steps, -1)
    return _spread([name] if wide.shape[1] == 1 else [f"{name}_{v}" for v in variables], wide)


def _spread(names: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: rows[:, k] for k, name in enumerate(names)}

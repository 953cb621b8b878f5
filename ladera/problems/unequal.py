"""Sequences of numbers of different lengths: padded at their end, with an input that says what is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.problems import scale

__all__ = ["are", "padded", "scaled"]


def are(x: Any) -> bool:
    """Whether `x` is a list of arrays [steps, inputs] that differ in steps."""
    if not (isinstance(x, list | tuple) and x and all(isinstance(one, np.ndarray) for one in x)):
        return False
    return all(one.ndim == 2 for one in x) and len({one.shape for one in x}) > 1


def padded(x: Any) -> np.ndarray:
    """float64 [n, longest, inputs + 1]: zeros where a sequence is over, and the last input 1 where it is
    not. Raises UsageError: no numbers, another number of inputs, an empty sequence."""
    inputs = {one.shape[1] for one in x}
    if len(inputs) > 1 or 0 in inputs or any(one.dtype.kind not in "biuf" or not len(one) for one in x):
        raise UsageError(
            "Sequences are arrays of real numbers [steps, inputs] with at least one step and as many inputs "
            "each, received shapes such as {shapes}; make them alike.",
            shapes=" and ".join(map(str, sorted({one.shape for one in x})[:3])),
        )
    whole = np.zeros((len(x), max(map(len, x)), inputs.pop() + 1))
    for to, one in zip(whole, x, strict=True):
        to[: len(one), :-1] = one
        to[: len(one), -1] = 1
    return whole


def scaled(x: np.ndarray, train: np.ndarray) -> scale.Scaled:
    """Each input of `x` [n, steps, inputs + 1] on the scale of the moments of `train` that are there."""
    n, steps, _ = x.shape
    there = x[..., -1] > 0
    of_train = np.zeros(n, bool)
    of_train[train] = True
    owner = np.broadcast_to(of_train[:, None], there.shape)[there]
    names = [f"x{i}" for i in range(1, x.shape[-1])]
    found = scale.columns(x[there][:, :-1], names, np.flatnonzero(owner))
    moments = np.zeros(x.shape, np.float32)
    moments[there, :-1] = found.rows(np.arange(len(owner)))
    moments[..., -1] = there
    notes = (f"sequences of up to {steps} steps, padded at their end", *found.notes)
    return scale.Scaled(lambda rows: moments[rows].reshape(len(rows), -1), notes)

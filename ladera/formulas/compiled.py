"""Expressions evaluated at points: Python floats, NumPy arrays, JAX arrays, PyTorch tensors."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.base import UsageError
from ladera.formulas.algebras import SCALARS, Algebra, algebra, owner

if TYPE_CHECKING:
    from ladera.formulas.program import Program

__all__ = ["Compiled", "check_points"]

_FLOAT64 = np.dtype(np.float64)


class Compiled:
    """An array of expressions, of the given shape, as a function of points of shape (..., d).

    exprs: the expressions in row-major order; variables: the d names. Compiled once per library,
    when first called.
    """

    def __init__(self, exprs: Sequence[Any], variables: tuple[str, ...], shape: tuple[int, ...]):
        self._exprs = exprs
        self._variables = variables
        self._shape = shape
        self._point = (len(variables),)
        self._programs: dict[str, Program] = {}

    def __call__(self, x: Any) -> Any:
        """The values at x, of shape (..., d): shape (..., *shape), in the dtype of x.

        Raises UsageError: the last axis of x has another length, or x is not real.
        """
        if type(x) is np.ndarray and x.dtype is _FLOAT64 and x.shape == self._point:  # the fast path
            if not self._shape:
                return np.float64(self.scalars.value(x.tolist()))
            values = np.array(self.scalars.values(x.tolist()))
            return values if len(self._shape) == 1 else values.reshape(self._shape)
        library, x = _points(x, self._variables)
        program = self._program(library)
        r = [x[..., i] for i in range(len(self._variables))]
        if library == "numpy":
            with np.errstate(all="ignore"):
                return self._joined(np, program.values(r), r[0])
        module = importlib.import_module("jax.numpy" if library == "jax" else "torch")
        return self._joined(module, program.values(r), r[0])

    @functools.cached_property
    def scalars(self) -> Program:
        """The program on Python floats."""
        return self._compile(SCALARS)

    def _program(self, library: str) -> Program:
        if library not in self._programs:
            self._programs[library] = self._compile(algebra(library))
        return self._programs[library]

    def _compile(self, functions: Algebra) -> Program:
        from ladera.formulas.expressions import symbols
        from ladera.formulas.program import Program

        return Program(self._exprs, symbols(self._variables), functions)

    def _joined(self, module: Any, values: list[Any], like: Any) -> Any:
        """The values along new last axes; a constant one is as large as the others."""
        values = [module.full_like(like, v) if isinstance(v, float) else v for v in values]
        if not self._shape:
            return values[0]
        return module.stack(values, -1).reshape((*like.shape, *self._shape))


def _points(x: Any, variables: tuple[str, ...]) -> tuple[str, Any]:
    """The library of x, and x as its array of floats."""
    library = owner(type(x))
    if library == "numpy":
        x = _numpy(x)
    elif library == "torch" and not x.dtype.is_floating_point and not x.dtype.is_complex:
        x = x.to(importlib.import_module("torch").get_default_dtype())
    elif library == "jax" and x.dtype.kind in "iub":
        x = x.astype(float)
    if "complex" in str(x.dtype):
        raise UsageError("A point is made of real numbers; received dtype {dtype}.", dtype=x.dtype)
    check_points(x, variables)
    return library, x


def _numpy(x: Any) -> Any:
    """The array, of floats; numbers in a list become float64."""
    try:
        x = np.asarray(x)
        return x if x.dtype.kind in "fc" else x.astype(np.float64)
    except (TypeError, ValueError):
        raise UsageError("A point is made of real numbers; received {received!r}.", received=x) from None


def check_points(x: Any, variables: tuple[str, ...]) -> None:
    """Raises UsageError unless the last axis of x holds the variables."""
    if x.ndim == 0 or x.shape[-1] != len(variables):
        raise UsageError(
            "The last axis of a point holds one coordinate per variable ({names}); received shape {shape}.",
            names=", ".join(variables),
            shape=tuple(x.shape),
        )

"""A user's own JAX function as a surface: derivatives by automatic differentiation, in float64."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ladera.base import UsageError
from ladera.formulas import check_points

__all__ = ["Traced"]


@dataclasses.dataclass(frozen=True)
class Traced:
    """A function of one array of shape (d,), written with jax.numpy, that gives one real number.

    `value`, `gradient` and `hessian` take points of shape (..., d) as a formula does: NumPy arrays,
    computed in float64 whatever their dtype, and JAX arrays or tracers, as they are. Raises
    UsageError when it is made: JAX cannot trace the function, or it gives no real number.
    """

    function: Callable[[Any], Any]
    dimension: int

    def __post_init__(self):
        import jax
        import jax.numpy as jnp

        with jax.enable_x64(True):
            point = jax.ShapeDtypeStruct((self.dimension,), jnp.float64)
            try:
                result = jax.eval_shape(self.function, point)
            except Exception as error:
                raise UsageError(
                    "A function is written with jax.numpy and takes one array of shape ({d},); JAX cannot "
                    "trace this one ({kind}: {detail}).",
                    d=self.dimension,
                    kind=type(error).__name__,
                    detail=(str(error).splitlines() or [""])[0],
                ) from error
            shape, dtype = getattr(result, "shape", None), getattr(result, "dtype", np.dtype(object))
            if shape != () or not jnp.issubdtype(dtype, jnp.floating):
                raise UsageError(
                    "A function to be minimised gives one real number per point; this one gives {received}.",
                    received=result if shape is None else f"shape {shape} of {dtype}",
                )

    def __getstate__(self) -> dict[str, Any]:  # compiled programs stay at home
        return {"function": self.function, "dimension": self.dimension}

    @property
    def variables(self) -> tuple[str, ...]:
        """x; x, y; x, y, z; or x1, x2, ..."""
        few = tuple("xyz"[: self.dimension])
        return few if self.dimension <= 3 else tuple(f"x{i + 1}" for i in range(self.dimension))

    def value(self, x: Any) -> Any:
        """The function at x, of shape (..., d): shape (...)."""
        return self._at(x, 0)

    def gradient(self, x: Any) -> Any:
        """The gradient at x, of shape (..., d): shape (..., d)."""
        return self._at(x, 1)

    def hessian(self, x: Any) -> Any:
        """The matrix of second derivatives at x, of shape (..., d): shape (..., d, d)."""
        return self._at(x, 2)

    def value_at(self, *x: float) -> float:
        """The function at one point, its coordinates as arguments."""
        return float(self.value(np.array(x, dtype=np.float64)))

    def gradient_at(self, *x: float) -> tuple[float, ...]:
        """The gradient at one point, its coordinates as arguments."""
        return tuple(self.gradient(np.array(x, dtype=np.float64)).tolist())

    def _at(self, x: Any, order: int) -> Any:
        import jax

        if isinstance(x, jax.Array):
            check_points(x, self.variables)
            flat = self._derivatives[order](x.reshape(-1, self.dimension))
            return flat.reshape((*x.shape[:-1], *(self.dimension,) * order))
        x = np.asarray(x)
        check_points(x, self.variables)
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
        with jax.enable_x64(True):
            points = x.astype(np.float64).reshape(-1, self.dimension)
            flat = np.asarray(self._compiled[order](points))
        return flat.astype(dtype).reshape((*x.shape[:-1], *(self.dimension,) * order))[()]

    @functools.cached_property
    def _derivatives(self) -> list[Callable[[Any], Any]]:
        """The function, its gradient and its Hessian, each of points of shape (n, d)."""
        import jax
        import jax.numpy as jnp

        def value(x: Any) -> Any:
            return jnp.asarray(self.function(x), x.dtype)  # a constant may be a Python number

        return [jax.vmap(f) for f in (value, jax.grad(value), jax.hessian(value))]

    @functools.cached_property
    def _compiled(self) -> list[Callable[[Any], Any]]:
        import jax

        return [jax.jit(f) for f in self._derivatives]

"""What a solver may ask of a function of one vector. Whoever asks counts what it cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["Box", "Counts", "Objective", "Residuals"]


class Counts(NamedTuple):
    """What a row has spent: iterations, and evaluations of f (or the residuals), of the gradient (or
    the Jacobian), of the Hessian, and of its products with a vector. int32 scalars."""

    nit: Any = 0
    nfev: Any = 0
    njev: Any = 0
    nhev: Any = 0
    nhvp: Any = 0

    def plus(self, **more: Any) -> Counts:
        return self._replace(**{name: getattr(self, name) + n for name, n in more.items()})

    @classmethod
    def none(cls) -> Counts:
        return cls(*(jnp.int32(0) for _ in cls._fields))


class Box(NamedTuple):
    """Bounds of every variable, (d,) each; infinite where there are none."""

    low: Any
    high: Any

    def put(self, x: Any) -> Any:
        """The nearest point inside."""
        return jnp.clip(x, self.low, self.high)

    def free(self, x: Any, g: Any) -> Any:
        """Which variables may move against the gradient g, as 0 and 1."""
        stuck = ((x <= self.low) & (g > 0)) | ((x >= self.high) & (g < 0))
        return jnp.where(stuck, jnp.zeros_like(x), jnp.ones_like(x))


@dataclass(frozen=True)
class Objective:
    """A function of a vector x, (d,), that gives one number; derivatives by automatic differentiation."""

    function: Callable[[Any], Any]

    def value(self, x: Any) -> Any:
        return jnp.asarray(self.function(x), x.dtype)

    def value_and_grad(self, x: Any) -> tuple[Any, Any]:
        return jax.value_and_grad(self.value)(x)

    def hessian(self, x: Any) -> Any:
        """(d, d), symmetric to the last bit."""
        h = jax.jacfwd(jax.grad(self.value))(x)
        return (h + h.T) / 2

    def hvp(self, x: Any, v: Any) -> Any:
        """The Hessian at x times a vector v, (d,), without the Hessian."""
        return jax.jvp(jax.grad(self.value), (x,), (v,))[1]


@dataclass(frozen=True)
class Residuals(Objective):
    """f(x) = ½ Σ rᵢ(x)²; `function` gives the residuals r, (m,)."""

    def residuals(self, x: Any) -> Any:
        return jnp.asarray(self.function(x), x.dtype)

    def value(self, x: Any) -> Any:
        r = self.residuals(x)
        return r @ r / 2

    def jacobian(self, x: Any) -> Any:
        """dr/dx, (m, d): forwards where the variables are few, else backwards."""
        outputs = jax.eval_shape(self.residuals, x).shape[0]
        return (jax.jacfwd if x.shape[0] <= outputs else jax.jacrev)(self.residuals)(x)

    def curvature(self, x: Any, p: Any) -> Any:
        """The second derivative of the residuals along p, (m,)."""

        def slope(x: Any) -> Any:
            return jax.jvp(self.residuals, (x,), (p,))[1]

        return jax.jvp(slope, (x,), (p,))[1]

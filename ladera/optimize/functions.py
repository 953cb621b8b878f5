"""What may be minimised: a JAX function, a surface, a formula; checked once, in words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladera import surfaces
from ladera.base import UsageError
from ladera.surfaces import Surface

__all__ = ["Given", "Starts", "of_residuals", "of_values", "starts"]


@dataclass(frozen=True)
class Starts:
    """One start (d,), or n of them (n, d); float32 is kept, anything else becomes float64."""

    x: np.ndarray

    @property
    def many(self) -> bool:
        return self.x.ndim == 2

    @property
    def dimension(self) -> int:
        return self.x.shape[-1]


def starts(x0: Any) -> Starts:
    """Raises UsageError: not real numbers, no (d,) nor (n, d), or not finite."""
    try:
        x = np.atleast_1d(np.asarray(x0))
        x = x if x.dtype == np.float32 else x.astype(np.float64, casting="same_kind")
    except (TypeError, ValueError):
        raise UsageError(
            "A start is made of real numbers, (d,) for one or (n, d) for n of them; received {received!r}.",
            received=x0,
        ) from None
    if x.ndim > 2 or x.size == 0 or not np.isfinite(x).all():
        raise UsageError(
            "A start is made of finite numbers, (d,) for one or (n, d) for n of them; received {received}.",
            received=f"shape {x.shape}" if np.isfinite(x).all() else x0,
        )
    return Starts(x)


@dataclass(frozen=True)
class Given:
    """A function of x, (d,), and of whatever else is given with every call; hashable, so that a program
    is compiled for it once. `name` is how sentences call it."""

    function: Callable[..., Any]
    name: str


@dataclass(frozen=True)
class _Value:
    """A surface's value: equal for equal surfaces, so that a formula typed twice is compiled once."""

    surface: Surface

    def __call__(self, x: Any) -> Any:
        return self.surface.value(x)


@dataclass(frozen=True)
class _Residuals:
    """A surface's residuals, likewise."""

    surface: Surface

    def __call__(self, x: Any) -> Any:
        return self.surface.residual_values(x)


def of_values(f: Any, dimension: int, dtype: Any, args: tuple[Any, ...]) -> Given:
    """A function that gives one number. Raises UsageError for anything else."""
    if isinstance(f, (str, Surface)):
        surface = surfaces.of(f, dimension=dimension)
        return Given(_Value(surface), surface.name)
    given = _called(f)
    result = _shape(given, dimension, dtype, args)
    if result.shape != ():
        raise UsageError(
            "A function to be minimised gives one number per point; '{name}' gives {received}. For several "
            "whose squares are added up, take least_squares.",
            name=given.name,
            received=f"an array of shape {result.shape}",
        )
    return given


def of_residuals(f: Any, dimension: int, dtype: Any, args: tuple[Any, ...]) -> Given:
    """A function that gives the residuals, (m,). Also a surface that is a sum of squares, or the
    formulas of the residuals, as a list of texts. Raises UsageError for anything else."""
    if isinstance(f, (str, Surface)):
        surface = surfaces.of(f, dimension=dimension)
        _ = surface.residual_values(np.array(surface.start))  # refuses what is no sum of squares
        return Given(_Residuals(surface), surface.name)
    given = _formulas(tuple(f), dimension) if isinstance(f, (list, tuple)) else _called(f)
    result = _shape(given, dimension, dtype, args)
    if len(result.shape) != 1 or result.shape[0] == 0:
        raise UsageError(
            "Residuals are one array of shape (m,), one per observation; '{name}' gives {received}.",
            name=given.name,
            received=f"shape {result.shape}" if result.shape != () else "one number",
        )
    if result.shape[0] < dimension:
        raise UsageError(
            "There must be at least as many residuals as parameters, or the parameters are not "
            "determined; received {m} residuals and {d} parameters.",
            m=result.shape[0],
            d=dimension,
        )
    return given


def _called(f: Any) -> Given:
    if not callable(f):
        raise UsageError(
            "A function is given by a JAX function, a surface's name or a formula; received {received!r}.",
            received=f,
        )
    name = getattr(f, "__name__", type(f).__name__)
    try:
        hash(f)
    except TypeError:  # programs are kept by their function: this one's is compiled for this call alone
        return Given(lambda *arguments: f(*arguments), name)
    return Given(f, name)


@functools.lru_cache(maxsize=64)
def _formulas(texts: tuple[Any, ...], dimension: int) -> Given:
    """Residuals as texts, of the variables that occur in any of them."""
    import jax.numpy as jnp

    from ladera.formulas import parse

    variables = sorted({name for text in texts for name in parse(text).variables})
    if len(variables) != dimension:
        raise UsageError(
            "The residuals have {found} variables ({names}), and the start has {received}.",
            found=len(variables),
            names=", ".join(variables),
            received=dimension,
        )
    formulas = tuple(parse(text, variables) for text in texts)

    def residuals(x: Any) -> Any:
        return jnp.stack([formula.value(x) for formula in formulas])

    return Given(residuals, "; ".join(map(str, texts)))


def _shape(given: Given, dimension: int, dtype: Any, args: tuple[Any, ...]) -> Any:
    """What the function gives, without calling it on numbers."""
    import jax
    import jax.numpy as jnp

    point = jax.ShapeDtypeStruct((dimension,), dtype)
    try:
        result = jax.eval_shape(given.function, point, *args)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(
            "A function is written with jax.numpy and takes one array of shape ({d},); JAX cannot trace "
            "'{name}' ({kind}: {detail}).",
            d=dimension,
            name=given.name,
            kind=type(error).__name__,
            detail=(str(error).splitlines() or [""])[0],
        ) from error
    if not hasattr(result, "dtype"):
        raise UsageError(
            "A function gives an array of real numbers; '{name}' gives {received}.",
            name=given.name,
            received=f"a {type(result).__name__}",
        )
    if jnp.issubdtype(result.dtype, jnp.complexfloating):
        raise UsageError(
            "A function gives real numbers; '{name}' gives {received}. Take the real part, or the square "
            "of the absolute value.",
            name=given.name,
            received=f"complex ones ({result.dtype})",
        )
    return result

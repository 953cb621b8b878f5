"""Models of data: a function model(x, *parameters), or a formula whose parameters have names."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ladera.base import UsageError
from ladera.formulas import Formula, names_in, parse
from ladera.formulas.names import declared_names, is_name, sort_key, spelt_name

__all__ = ["FormulaModel", "Model", "check_shape", "formula_model", "model_of", "residuals_of"]

_USUAL = ("x", "t")  # what the one variable of a formula is called, unless the parameters are named


@dataclass(frozen=True)
class Model:
    """`function(x, *parameters)` gives what is expected at x, (m,).

    names: of the parameters, if known. spellings: of a formula, each variable and what it is called in the
    table, as pairs, if x is one.
    """

    function: Callable[..., Any]
    name: str
    names: tuple[str, ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> dict[str, str]:
        return dict(self.spellings)

    @property
    def text(self) -> bool:
        return isinstance(self.function, FormulaModel)


@dataclass(frozen=True, eq=False)
class FormulaModel:
    """A formula as a model; `x` is an array (m,), or a mapping from the variables to arrays (m,)."""

    formula: Formula
    parameters: tuple[str, ...]
    variables: tuple[str, ...]

    def __call__(self, x: Any, *parameters: Any) -> Any:
        import jax
        import jax.numpy as jnp

        like = jax.tree.leaves(x)[0]
        columns = [x[name] if isinstance(x, Mapping) else x for name in self.variables]
        spread = (jnp.broadcast_to(value, like.shape) for value in parameters)
        return self.formula.value(jnp.stack([*spread, *columns], axis=-1))


@functools.lru_cache(maxsize=256)
def formula_model(text: str, parameters: tuple[str, ...], variables: tuple[str, ...]) -> FormulaModel:
    """The model of a text: the same object for the same text, so that it is compiled once."""
    return FormulaModel(parse(text, (*parameters, *variables)), parameters, variables)


def model_of(model: Any, p0: Any, xdata: Any) -> Model:
    """The model that is meant, its parameters in the order of popt.

    Raises UsageError: neither function nor formula, a name that has no start or no place in the formula.
    """
    if isinstance(model, str):
        return _of_text(model, p0, xdata)
    if not callable(model):
        raise UsageError(
            "A model is a function model(x, a, b, ...) written with jax.numpy, or a formula such as "
            "'a*exp(-b*x)'; received {received!r}.",
            received=model,
        )
    if not isinstance(model, Hashable):
        return Model(lambda *given: model(*given), type(model).__name__, _signature(model))
    return Model(model, getattr(model, "__name__", type(model).__name__), _signature(model))


def _signature(model: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the parameters after x; none where the function does not tell them."""
    try:
        found = list(inspect.signature(model).parameters.values())[1:]
    except (TypeError, ValueError):
        return ()
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found):
        return ()
    return tuple(p.name for p in found if p.kind != p.KEYWORD_ONLY)


def _of_text(text: str, p0: Any, xdata: Any) -> Model:
    columns = {spelt_name(name): name for name in xdata} if isinstance(xdata, Mapping) else {}
    columns = {name: column for name, column in columns.items() if is_name(name)}
    named = isinstance(p0, Mapping)
    parameters = declared_names(tuple(p0)) if named else ()
    if named:
        found = names_in(text, [*parameters, *(c for c in columns if c not in parameters)])
    elif columns:
        found = names_in(text, tuple(columns))
    else:
        found = next((f for usual in _USUAL if usual in (f := names_in(text, [usual]))), names_in(text))
    others = tuple(name for name in found if name not in parameters)
    if columns or not named:
        variables = tuple(name for name in found if name in (columns or _USUAL))[: len(columns) or 1]
    else:
        variables = others[:1]
    if not named:
        parameters = tuple(sorted((name for name in found if name not in variables), key=sort_key))
    _check_names(text, parameters, variables, found)
    spellings = tuple((name, columns[name]) for name in variables if columns)
    return Model(formula_model(text, parameters, variables), text, parameters, spellings)


def _check_names(
    text: str, parameters: Sequence[str], variables: Sequence[str], found: Sequence[str]
) -> None:
    unknown = [name for name in found if name not in (*parameters, *variables)]
    if unknown:
        raise UsageError(
            "Every name of a formula is a parameter with a start or a variable; of '{text}', p0 has {known}, "
            "the variable is {variables}, and '{received}' is neither: give it a start in p0, or xdata as a "
            "mapping from names to arrays.",
            text=text,
            known=", ".join(parameters),
            variables=", ".join(variables) or "-",
            received=unknown[0],
        )
    idle = [name for name in parameters if name not in found or name in variables]
    if idle or not parameters:
        raise UsageError(
            "Every parameter of p0 occurs in the formula; '{text}' has {known}, received '{received}'.",
            text=text,
            known=", ".join(found),
            received=idle[0] if idle else "",
        )


def check_shape(model: Model, x: Any, dimension: int, expected: tuple[int, ...]) -> None:
    """Raises UsageError unless the model gives one number per observation; x: shapes and dtypes."""
    import jax

    leaves, tree = jax.tree.flatten(x)
    shape = _shape(model, tree, tuple((leaf.shape, leaf.dtype) for leaf in leaves), dimension)
    if shape == ():
        raise UsageError(
            "A model gives one number per observation; '{name}' gives a single one, whatever x is: add 0*x.",
            name=model.name,
        )
    if shape != expected:
        raise UsageError(
            "A model gives one number per observation, an array of shape {expected}; '{name}' gives "
            "{received}.",
            expected=expected,
            name=model.name,
            received=f"shape {shape}",
        )


@functools.lru_cache(maxsize=256)
def _shape(model: Model, tree: Any, leaves: tuple[Any, ...], dimension: int) -> Any:
    import jax
    import jax.numpy as jnp

    x = tree.unflatten([jax.ShapeDtypeStruct(*leaf) for leaf in leaves])
    numbers = [jax.ShapeDtypeStruct((), jnp.float64)] * dimension
    try:
        found = jax.eval_shape(model.function, x, *numbers)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(
            "A model is written with jax.numpy and takes x and {d} parameters; JAX cannot trace '{name}' "
            "({kind}: {detail}).",
            d=dimension,
            name=model.name,
            kind=type(error).__name__,
            detail=(str(error).splitlines() or [""])[0],
        ) from error
    if jnp.issubdtype(getattr(found, "dtype", jnp.float64), jnp.complexfloating):
        raise UsageError(
            "A model gives real numbers; '{name}' gives complex ones: fit its real and imaginary parts.",
            name=model.name,
        )
    return getattr(found, "shape", None)


@functools.lru_cache(maxsize=256)
def residuals_of(function: Callable[..., Any], order: tuple[str, ...]) -> Callable[..., Any]:
    """What a model misses, (m,), as a function of its parameters, (d,), and of data in this order.

    The data are called x, y, and where observations have errors sigma, (m,), or root, the (m, m) lower
    Cholesky factor of their covariance. One function per model, so that it is compiled once.
    """
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    def residuals(parameters: Any, *data: Any) -> Any:
        given = dict(zip(order, data, strict=True))
        expected = function(given["x"], *(parameters[i] for i in range(parameters.shape[0])))
        missed = jnp.asarray(expected, parameters.dtype) - given["y"]
        if "sigma" in given:
            missed = missed / given["sigma"]
        if "root" in given:
            missed = solve_triangular(given["root"], missed, lower=True)
        return missed

    return residuals

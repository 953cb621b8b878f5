"""A surface: a function to descend, what is known of it, and where to look at it."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ladera.base import UsageError, unknown_name
from ladera.formulas import Compiled, Formula, parse
from ladera.formulas.names import split
from ladera.surfaces.table import TABLE
from ladera.surfaces.traced import Traced

__all__ = ["Surface", "check_start", "get", "names", "of"]

_SIDE = 5.0  # of the window of a formula about which nothing is known
_STARTS = ((-4.0, 3.0), (4.0, 3.0), (0.5, 0.5), (-0.5, -0.5))


@dataclasses.dataclass(frozen=True)
class Surface:
    """A function of d variables and what is known of it.

    `value`, `gradient`, `hessian`: points of shape (..., d) give shapes (...), (..., d), (..., d, d),
    on NumPy, JAX and PyTorch (see `Formula`).

    function: a Formula, or a user's own function.
    minima: all points where it is lowest, in float64; empty where unknown or where there is none.
    minimum: the value there; -inf where it falls without bound; None where unknown.
    bounded: False if it falls without bound; `minima` are then the lowest points of the window.
    start: a customary starting point; of a user's formula one of a few where it is finite, if any is.
    window: (low, high) of every variable.
    residuals: m formulas r with value = Σ r², without a factor ½; empty where it is no sum of squares.
    """

    name: str
    title: str
    function: Formula | Traced
    start: tuple[float, ...]
    window: tuple[tuple[float, float], ...]
    minima: tuple[tuple[float, ...], ...] = ()
    minimum: float | None = None
    bounded: bool = True
    residuals: tuple[Formula, ...] = ()
    reference: str = ""

    def __getstate__(self) -> dict[str, Any]:  # compiled programs stay at home
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @property
    def formula(self) -> Formula | None:
        """The formula; None for a user's own function."""
        return self.function if isinstance(self.function, Formula) else None

    @property
    def text(self) -> str:
        """The formula as text; the name of a user's own function."""
        return self.formula.text if self.formula else self.name

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the d variables, in the order of a point's coordinates."""
        return self.function.variables

    @property
    def dimension(self) -> int:
        """The number d of variables."""
        return self.function.dimension

    def latex(self) -> str:
        """The formula as LaTeX; f(x) for a user's own function."""
        return self.formula.latex() if self.formula else f"f({', '.join(self.variables)})"

    # -- values ------------------------------------------------------------------------------

    def value(self, x: Any) -> Any:
        """The height at x, of shape (..., d): shape (...)."""
        return self.function.value(x)

    def gradient(self, x: Any) -> Any:
        """The gradient at x, of shape (..., d): shape (..., d)."""
        return self.function.gradient(x)

    def hessian(self, x: Any) -> Any:
        """The matrix of second derivatives at x, of shape (..., d): shape (..., d, d)."""
        return self.function.hessian(x)

    def value_at(self, *x: float) -> float:
        """The height at one point, its coordinates as arguments: under a microsecond for a formula."""
        return self.function.value_at(*x)

    def gradient_at(self, *x: float) -> tuple[float, ...]:
        """The gradient at one point, its coordinates as arguments."""
        return self.function.gradient_at(*x)

    def curvature(self, x: Any) -> np.ndarray:
        """The eigenvalues of the Hessian at NumPy points (..., d), ascending: shape (..., d).

        nan where the Hessian is not finite.
        """
        hessian = np.asarray(self.hessian(x))
        finite = np.asarray(np.isfinite(hessian).all(axis=(-2, -1)))
        eigenvalues = np.linalg.eigvalsh(np.where(finite[..., None, None], hessian, 0))
        return np.where(finite[..., None], eigenvalues, hessian.dtype.type(np.nan))

    def residual_values(self, x: Any) -> Any:
        """The residuals r at x, of shape (..., d): shape (..., m). Raises UsageError: no sum of squares."""
        return self._residuals(x)

    def jacobian(self, x: Any) -> Any:
        """The derivatives dr/dx at x, of shape (..., d): shape (..., m, d). Raises UsageError as above."""
        return self._jacobian(x)

    @functools.cached_property
    def _residuals(self) -> Compiled:
        exprs = [residual.expr for residual in self._squares()]
        return Compiled(exprs, self.variables, (len(exprs),))

    @functools.cached_property
    def _jacobian(self) -> Compiled:
        rows = [[r.derivative(name).expr for name in self.variables] for r in self._squares()]
        return Compiled([d for row in rows for d in row], self.variables, (len(rows), self.dimension))

    def _squares(self) -> tuple[Formula, ...]:
        if not self.residuals:
            raise UsageError(
                "The surface '{name}' is not known as a sum of squares; take a method that needs no "
                "residuals, or one of {known}.",
                name=self.name,
                known=", ".join(name for name, entry in TABLE.items() if entry.residuals),
            )
        return self.residuals


def names() -> tuple[str, ...]:
    """The names of all surfaces."""
    return tuple(TABLE)


@functools.cache
def get(name: str) -> Surface:
    """The surface of a name. Raises UsageError, with the nearest name, for one that is not known."""
    if name not in TABLE:
        raise unknown_name("surface", name, TABLE)
    entry = TABLE[name]
    formula = parse(entry.formula)
    return Surface(
        name=name,
        title=entry.title,
        function=formula,
        start=entry.start,
        window=entry.window,
        minima=entry.minima,
        minimum=entry.minimum,
        bounded=entry.bounded,
        residuals=tuple(parse(text, formula.variables) for text in entry.residuals),
        reference=entry.reference,
    )


def of(f: Surface | str | Callable[[Any], Any], dimension: int | None = None) -> Surface:
    """The surface that is meant: a Surface, a name, a formula's text, or a function for JAX.

    A function takes one array of shape (dimension,) and gives one real number. `dimension`, where it
    is given, must be that of the surface. Raises UsageError: misspelt name, no formula (FormulaError),
    another dimension, a function that JAX cannot trace or that gives no real number.
    """
    if isinstance(f, str):
        surface = _of_text(f)
    elif isinstance(f, Surface):
        surface = f
    elif callable(f):
        surface = _of_function(f, dimension)
    else:
        raise UsageError(
            "A surface is given by its name, a formula or a JAX function; received {received!r}.", received=f
        )
    if dimension not in (None, surface.dimension):
        raise UsageError(
            "A point of '{name}' has one coordinate per variable ({names}); received {received}.",
            name=surface.name,
            names=", ".join(surface.variables),
            received=dimension,
        )
    return surface


def _of_function(f: Callable[[Any], Any], dimension: int | None) -> Surface:
    if dimension is None or dimension < 1:
        raise UsageError("A function does not tell its number of variables; give its dimension, 1 or more.")
    function = Traced(f, dimension)
    return _unknown(getattr(f, "__name__", type(f).__name__), function)


def check_start(surface: Surface, x: Any) -> np.ndarray:
    """A starting point as a float64 array of shape (d,).

    Raises UsageError: not numbers, another length, not finite, or the surface is not finite there.
    """
    try:
        point = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError("A starting point is made of numbers; received {received!r}.", received=x) from None
    if point.shape != (surface.dimension,):
        raise UsageError(
            "A start of '{name}' has one coordinate per variable ({names}); received shape {shape}.",
            name=surface.name,
            names=", ".join(surface.variables),
            shape=point.shape,
        )
    value = float(surface.value(point)) if np.isfinite(point).all() else np.nan
    if not np.isfinite(value):
        raise UsageError(
            "A start lies where the surface is finite; '{name}' is {value} at ({point}).",
            name=surface.name,
            value=value,
            point=", ".join(f"{coordinate:g}" for coordinate in point),
        )
    return point


def _of_text(text: str) -> Surface:
    if text in TABLE:
        return get(text)
    if _looks_like_a_name(text):
        raise unknown_name("surface", text, TABLE)
    formula = parse(text)
    return _unknown(formula.text, formula)


def _unknown(name: str, function: Formula | Traced) -> Surface:
    """The surface of a user's own function."""
    starts = [tuple(pair[i % 2] for i in range(function.dimension)) for pair in _STARTS]
    start = starts[0]
    if isinstance(function, Formula):  # a function of the user's own may take long
        start = next((x for x in starts if np.isfinite(function.value_at(*x))), start)
    window = ((-_SIDE, _SIDE),) * function.dimension
    return Surface(name=name, title=name, function=function, start=start, window=window)


def _looks_like_a_name(text: str) -> bool:
    """Whether a text is a misspelt name rather than a formula: a word near a name, or no word of a formula.

    Four letters in a row that hold no function's name are hardly meant as a product.
    """
    word = text.strip().lower()
    if not re.fullmatch(r"[a-z][a-z0-9 _-]*", word) or len(word) < 4:
        return False
    if difflib.get_close_matches(re.sub("[ _]", "-", word), TABLE, n=1, cutoff=0.75):
        return True
    return word.isalpha() and all(name.end - name.start == 1 for name in split(word, 0, len(word), None))

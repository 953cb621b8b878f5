"""Surfaces against their definitions in the literature, typed here once more, and their own claims."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from scipy.ndimage import minimum_filter
from scipy.optimize import minimize

from ladera import surfaces
from ladera.base import UsageError
from ladera.formulas import FormulaError, parse
from ladera.locale import languages, translator
from ladera.surfaces import Surface, check_start, get, names, of

# Independent of the formulas: coordinates in the order of the papers.
LITERATURE: dict[str, Callable[..., Any]] = {
    "parabola": lambda x: x * x,
    "shifted-parabola": lambda w: w * w - 6 * w + 9,
    "neuron": lambda w: 0.5 * (w * 2.0 + 0.0 - 4.0) ** 2,
    "cosh": lambda x: (jnp.exp(x) + jnp.exp(-x)) / 2,
    "x-cosine": lambda x: x * jnp.cos(0.15 * jnp.pi * x),
    "sphere": lambda x, y: x * x + y * y,
    "valley": lambda x, y: 3 * x * x + 2 * x * y + y * y,
    "ellipse": lambda x, y: 0.1 * x * x + 2 * y * y,
    # ½ zᵀ R diag(1, 100) Rᵀ z, turned by 45°
    "rotated-quadratic": lambda x, y: 0.5 * (50.5 * x * x - 99 * x * y + 50.5 * y * y),
    "booth": lambda x, y: 5 * x**2 + 8 * x * y + 5 * y**2 - 34 * x - 38 * y + 74,
    "matyas": lambda x, y: 0.26 * (x**2 + y**2) - 0.48 * x * y,
    "rosenbrock": lambda x, y: 100 * (x * x - y) ** 2 + (x - 1) ** 2,
    "beale": lambda x, y: sum((c - x * (1 - y**i)) ** 2 for i, c in enumerate((1.5, 2.25, 2.625), start=1)),
    "dixon-price": lambda x, y: (x - 1) ** 2 + 2 * (2 * y**2 - x) ** 2,
    "himmelblau": lambda x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
    "styblinski-tang": lambda x, y: sum(0.5 * (v**4 - 16 * v**2 + 5 * v) for v in (x, y)),
    "three-hump-camel": lambda x, y: 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2,
    "six-hump-camel": lambda x, y: 4 * x**2 - 2.1 * x**4 + x**6 / 3 + x * y - 4 * y**2 + 4 * y**4,
    "goldstein-price": lambda x, y: (
        (1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2))
        * (30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2))
    ),
    "mccormick": lambda x, y: jnp.sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1,
    "rastrigin": lambda x, y: 10 * 2 + sum(v**2 - 10 * jnp.cos(2 * jnp.pi * v) for v in (x, y)),
    "ackley": lambda x, y: (
        -20 * jnp.exp(-0.2 * jnp.sqrt(0.5 * (x**2 + y**2)))
        - jnp.exp(0.5 * (jnp.cos(2 * jnp.pi * x) + jnp.cos(2 * jnp.pi * y)))
        + jnp.e
        + 20
    ),
    "levi-13": lambda x, y: (
        jnp.sin(3 * jnp.pi * x) ** 2
        + (x - 1) ** 2 * (1 + jnp.sin(3 * jnp.pi * y) ** 2)
        + (y - 1) ** 2 * (1 + jnp.sin(2 * jnp.pi * y) ** 2)
    ),
    "easom": lambda x, y: -jnp.cos(x) * jnp.cos(y) * jnp.exp(-((x - jnp.pi) ** 2 + (y - jnp.pi) ** 2)),
    "griewank": lambda x, y: 1 + x**2 / 4000 + y**2 / 4000 - jnp.cos(x) * jnp.cos(y / jnp.sqrt(2.0)),
    "saddle": lambda x, y: (x - y) * (x + y),
    "bounded-saddle": lambda x, y: x**2 - y**2 + y**4 / 4,
    "monkey-saddle": lambda x, y: x * (x * x - 3 * y * y),
}
every = pytest.mark.parametrize("name", names())


def points(surface: Surface, n: int = 200) -> np.ndarray:
    low, high = np.array(surface.window).T
    return np.random.default_rng(0).uniform(low, high, (n, surface.dimension))


def test_every_surface_has_its_definition():
    assert set(LITERATURE) == set(names())


@every
def test_value_gradient_and_hessian_are_those_of_the_literature(name: str):
    surface = get(name)
    x = points(surface)
    with jax.enable_x64(True):

        def defined(z: jax.Array) -> jax.Array:
            return LITERATURE[name](*z)

        meant = [
            jax.jit(jax.vmap(f))(jnp.asarray(x)) for f in (defined, jax.grad(defined), jax.hessian(defined))
        ]
    for found, expected in zip(
        (surface.value(x), surface.gradient(x), surface.hessian(x)), meant, strict=True
    ):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * scale)


@every
def test_derivatives_are_the_slopes_of_the_values(name: str):
    surface = get(name)
    x, h = points(surface), 1e-5
    for found, function in ((surface.gradient(x), surface.value), (surface.hessian(x), surface.gradient)):
        steps = h * np.eye(surface.dimension)
        slopes = [(function(x + step) - function(x - step)) / (2 * h) for step in steps]
        np.testing.assert_allclose(found, np.stack(slopes, -1), rtol=1e-5, atol=1e-6 * np.abs(found).max())


@every
def test_minima_are_where_and_as_low_as_is_said(name: str):
    surface = get(name)
    assert surface.minima or not surface.bounded
    grid = np.stack(np.meshgrid(*(np.linspace(*w, 401) for w in surface.window)), -1)
    lowest = surface.value(grid).min()
    for minimum in np.array(surface.minima):
        assert surface.value(minimum) == pytest.approx(surface.minimum, rel=1e-14, abs=1e-14)
        assert all(low < v < high for v, (low, high) in zip(minimum, surface.window, strict=True))
        gradient = surface.gradient(minimum)
        if np.isfinite(gradient).all():  # a cone has none at its tip
            assert abs(gradient).max() < 1e-13 * (1 + abs(surface.hessian(minimum)).max())
            assert (surface.curvature(minimum) > 0).all()
        ring = minimum + 1e-3 * np.random.default_rng(1).normal(size=(50, surface.dimension))
        assert (surface.value(ring) > surface.value(minimum)).all()
    assert surface.minimum is not None
    assert lowest >= surface.minimum - 1e-12
    if not surface.minima:
        assert surface.minimum == -np.inf


@pytest.mark.parametrize("name", [name for name in names() if get(name).minima])
def test_all_minima_are_listed(name: str):
    """BFGS from the lowest dips of a grid ends as low as the minimum at the listed points, and only there."""
    surface = get(name)
    low, high = np.array(surface.window).T
    grid = np.stack(np.meshgrid(*(np.linspace(*w, 301) for w in surface.window), indexing="ij"), -1)
    values = surface.value(grid)
    dips = grid[values == minimum_filter(values, 3, mode="constant", cval=np.inf)]
    lowest = dips[np.argsort(surface.value(dips))[:8]]
    ends = [
        minimize(surface.value, x, jac=surface.gradient, method="BFGS", options={"gtol": 1e-9})
        for x in lowest
    ]
    inside = [end for end in ends if (low < end.x).all() and (end.x < high).all()]
    best = np.array([end.x for end in inside if end.fun < surface.minimum + 1e-9])
    distance = np.linalg.norm(best[:, None] - np.array(surface.minima), axis=-1)
    assert distance.min(axis=1).max() < 1e-4
    assert distance.min(axis=0).max() < 1e-4


@every
def test_residuals_are_the_roots_of_the_value(name: str):
    surface = get(name)
    x = points(surface)
    if not surface.residuals:
        with pytest.raises(UsageError, match=f"'{name}' is not known as a sum of squares.*rosenbrock"):
            surface.residual_values(x)
        return
    r, J = surface.residual_values(x), surface.jacobian(x)
    m = len(surface.residuals)
    assert (r.shape, J.shape) == ((len(x), m), (len(x), m, surface.dimension))
    np.testing.assert_allclose((r**2).sum(-1), surface.value(x), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(2 * np.einsum("nmd,nm->nd", J, r), surface.gradient(x), rtol=1e-8, atol=1e-8)
    assert surface.residual_values(x[0]).shape == (m,)
    assert surface.jacobian(x[0].astype(np.float32)).dtype == np.float32


def test_the_sums_of_squares_that_are_promised():
    promised = {"rosenbrock", "beale", "booth", "himmelblau", "sphere", "parabola", "dixon-price"}
    assert promised <= {name for name in names() if get(name).residuals}


@every
def test_the_shown_text_is_the_function(name: str):
    surface = get(name)
    x = points(surface)
    assert surface.formula is not None
    again = parse(surface.text, surface.variables)
    np.testing.assert_allclose(again.value(x), surface.value(x), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(again.gradient(x), surface.gradient(x), rtol=1e-12, atol=1e-12)
    assert surface.latex()
    assert all(surface.formula.gradient_latex())


def test_a_wrong_sign_would_be_seen():
    surface = get("matyas")
    wrong = parse("0.26(x^2 + y^2) + 0.48xy")
    assert abs(wrong.value(points(surface)) - surface.value(points(surface))).max() > 1
    assert "- 0.48*x*y" in surface.text
    assert "- 0.48 x y" in surface.latex()


@every
def test_what_is_shown_of_a_surface(name: str):
    surface = get(name)
    assert surface.name == name
    assert surface.title
    assert surface.reference
    assert len(surface.window) == len(surface.start) == surface.dimension == len(surface.variables)
    assert all(low < high for low, high in surface.window)
    assert all(low <= x <= high for x, (low, high) in zip(surface.start, surface.window, strict=True))
    assert np.abs(surface.gradient(np.array(surface.start))).max() > 1e-4
    assert check_start(surface, surface.start).dtype == np.float64
    assert all(translator(language)(surface.title) for language in languages())


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes_and_libraries(name: str, dtype: str):
    surface = get(name)
    x = points(surface, 6).astype(dtype)
    tolerance = {"rtol": 1e-10, "atol": 1e-10} if dtype == "float64" else {"rtol": 2e-2, "atol": 2e-2}
    for method in (surface.value, surface.gradient, surface.hessian):
        found = method(x)
        assert found.dtype == dtype
        np.testing.assert_array_equal(method(x[0]).shape, found.shape[1:])
        other = method(torch.tensor(x))
        assert str(other.dtype) == f"torch.{dtype}"
        np.testing.assert_allclose(other.numpy(), found, **tolerance)
        with jax.enable_x64(dtype == "float64"):
            other = method(jnp.asarray(x))
            assert other.dtype == dtype
            np.testing.assert_allclose(other, found, **tolerance)


def test_one_point_as_numbers():
    surface = get("rosenbrock")
    assert surface.value_at(-1.2, 1.0) == pytest.approx(24.2)
    assert surface.gradient_at(-1.2, 1.0) == pytest.approx((-215.6, -88.0))


def test_the_lesson_of_the_saddle():
    for name in ("saddle", "bounded-saddle"):
        surface = get(name)
        assert surface.gradient_at(1.5, 0.0)[1] == 0.0
        assert surface.gradient_at(1.5, 0.001)[1] != 0.0


def test_curvature():
    np.testing.assert_allclose(get("rotated-quadratic").curvature([0.0, 0.0]), [1.0, 100.0])
    assert get("saddle").curvature(np.zeros((3, 4, 2))).tolist() == [[[-2.0, 2.0]] * 4] * 3
    undefined = of("x^2 ln(y)").curvature(np.array([[1.0, -1.0], [1.0, 1.0]], np.float32))
    assert undefined.dtype == np.float32
    assert np.isnan(undefined[0]).all()
    assert np.isfinite(undefined[1]).all()


def test_get_and_names():
    assert "rosenbrock" in names()
    with pytest.raises(UsageError, match="no surface 'rosenbrok'; the nearest name is 'rosenbrock'"):
        get("rosenbrok")


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("rosenbrok", "rosenbrock"),
        ("Rosenbrock", "rosenbrock"),
        ("six_hump_camel", "six-hump-camel"),
        ("six hump camel", "six-hump-camel"),
        ("himelblau", "himmelblau"),
        ("levi", "levi-13"),
        ("bukin", "booth|parabola|.*"),
    ],
)
def test_a_misspelt_name_is_no_formula(text: str, nearest: str):
    with pytest.raises(UsageError, match=f"no surface '{text}'; the nearest name is '({nearest})'") as caught:
        of(text)
    assert not isinstance(caught.value, FormulaError)


@pytest.mark.parametrize(
    "text", ["(w-3)^2", "3x^2 + 2xy + y^2", "xy", "x - y", "cosh(x) - x", "alpha", "xcos(x)"]
)
def test_a_formula_is_a_surface(text: str):
    surface = of(text)
    formula = parse(text)
    assert surface.text == surface.name == formula.text
    assert surface.formula == formula
    assert (surface.minima, surface.minimum) == ((), None)
    assert np.isfinite(surface.value_at(*surface.start))
    assert len(surface.window) == formula.dimension


def test_the_start_of_a_formula_lies_where_it_is_finite():
    assert of("x^2 + y^2").start == (-4.0, 3.0)
    assert of("ln(x)").start == (4.0,)
    assert of("acos(x)").start == (0.5,)
    assert of("acos(-x)√(-x)").start == (-0.5,)


def test_a_mistake_in_a_formula_keeps_its_place():
    with pytest.raises(FormulaError) as caught:
        of("x^2 + ")
    assert caught.value.position == 6


def test_what_is_no_surface():
    with pytest.raises(UsageError, match="its name, a formula or a JAX function; received 3"):
        of(3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(
        UsageError, match=r"'rosenbrock' has one coordinate per variable \(x, y\); received 3"
    ):
        of("rosenbrock", dimension=3)
    with pytest.raises(UsageError, match=r"per variable \(x\); received 2"):
        of("x^2", dimension=2)
    surface = get("booth")
    assert of(surface, dimension=2) is surface


# -- functions of the user's own ---------------------------------------------------------------


def quartic(x: jax.Array) -> jax.Array:
    return jnp.sum(x**4) + jnp.exp(x[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_jax_function_is_a_surface(dtype: str):
    surface = of(quartic, dimension=3)
    assert (surface.name, surface.variables, surface.formula) == ("quartic", ("x", "y", "z"), None)
    assert surface.latex() == "f(x, y, z)"
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(dtype)
    exact = np.asarray(x, np.float64)
    tip = np.exp(exact[..., 0])
    expected = {
        "value": (exact**4).sum(-1) + tip,
        "gradient": 4 * exact**3 + tip[..., None] * [1, 0, 0],
        "hessian": 12 * exact[..., None] ** 2 * np.eye(3) + tip[..., None, None] * np.diag([1, 0, 0]),
    }
    for name, meant in expected.items():
        method = getattr(surface, name)
        assert method(x).dtype == dtype
        np.testing.assert_allclose(method(x), meant, rtol=1e-12 if dtype == "float64" else 1e-6)
        np.testing.assert_allclose(method(x[0, 0]), meant[0, 0], rtol=1e-6)
        with jax.enable_x64(dtype == "float64"):
            for found in (
                method(jnp.asarray(x)),
                jax.jit(method)(jnp.asarray(x)),
                jax.vmap(method)(jnp.asarray(x)),
            ):
                assert found.dtype == dtype
                np.testing.assert_allclose(found, meant, rtol=1e-12 if dtype == "float64" else 1e-4)
    assert surface.value_at(1.0, 0.0, 0.0) == pytest.approx(1 + np.e)
    assert surface.gradient_at(1.0, 0.0, 0.0) == pytest.approx((4 + np.e, 0.0, 0.0))
    assert surface.curvature(np.zeros(3)).tolist() == [0.0, 0.0, 1.0]


def test_a_constant_function_and_many_variables():
    flat = of(lambda x: 3.0, dimension=5)
    assert flat.variables == ("x1", "x2", "x3", "x4", "x5")
    assert flat.gradient(np.ones(5)).tolist() == [0.0] * 5


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: x, r"one real number per point; this one gives shape \(2,\) of float64"),
        (lambda x: x[0].astype(complex), "of complex128"),
        (lambda x: jnp.argmax(x), "of int64"),
        (lambda x: None, "this one gives None"),
        (lambda x: float(x[0]), "JAX cannot trace this one"),
        (lambda x: np.sin(x)[0] if x[0] > 0 else 0.0, "JAX cannot trace this one"),
        (lambda x, y: x, "JAX cannot trace this one"),
        (lambda x: x[0] + jnp.ones(3) @ x, "JAX cannot trace this one"),
    ],
)
def test_a_function_that_is_no_surface(function: Callable[..., Any], said: str):
    with pytest.raises(UsageError, match=said):
        of(function, dimension=2)


def test_a_function_needs_its_dimension():
    for dimension in (None, 0):
        with pytest.raises(UsageError, match="give its dimension"):
            of(quartic, dimension=dimension)
    with pytest.raises(UsageError, match=r"per variable \(x, y, z\); received shape \(2,\)"):
        of(quartic, dimension=3).value(np.zeros(2))


# -- starts and pickles ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ([1.0], r"per variable \(x, y\); received shape \(1,\)"),
        ([[1.0, 2.0]], r"received shape \(1, 2\)"),
        (["a", 1.0], "is made of numbers"),
        (None, "is made of numbers|received shape"),
        ([1.0, [2.0]], "is made of numbers"),
        ([1.0, np.nan], "is nan at \\(1, nan\\)"),
        ([np.inf, 1.0], "is nan at \\(inf, 1\\)"),
        ([-1.0, 1.0], "is nan at \\(-1, 1\\)"),
        ([0.0, 1.0], "is -inf at \\(0, 1\\)"),
    ],
)
def test_a_start_that_is_none(start: Any, said: str):
    with pytest.raises(UsageError, match=said):
        check_start(of("ln(x) + y"), start)


def test_a_start_becomes_an_array():
    start = check_start(of("ln(x) + y"), (1, 2))
    assert (start.tolist(), start.dtype) == ([1.0, 2.0], np.float64)


def test_surfaces_travel_between_processes():
    for surface in (get("beale"), of("|ln(x)| + y"), of(quartic, dimension=2)):
        x = np.full(surface.dimension, 0.7)
        surface.value(x)
        if surface.residuals:
            surface.residual_values(x)
        again = pickle.loads(pickle.dumps(surface))
        assert again == surface
        np.testing.assert_array_equal(again.gradient(x), surface.gradient(x))


def test_every_public_name_is_there():
    assert set(surfaces.__all__) == {"Surface", "check_start", "get", "names", "of"}

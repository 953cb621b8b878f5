"""The generic suite: every rule is tested by existing, and no rule is named here.

A variant is a rule as it comes, or with all its flags turned, its absent data given and its optional
data taken away.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ladera.rules
from ladera.base import UsageError
from ladera.rules import Domain, Rule
from ladera.symmetries import symmetries

NAMES = ladera.rules.names()
FIXED = settings(derandomize=True, database=None, deadline=None, max_examples=50)

CURVATURE = np.array([1.0, 4.0, 0.5])
START = np.array([1.0, -2.0, 3.0])
# For rules that look at the shape, a matrix of full rank: what has one axis only has no others.
MATRIX = (np.array([[1.0, -0.5], [-2.0, 1.5], [3.0, 2.0]]), CURVATURE[:, None] * [1.0, 2.0])


def some_value(domain: Domain) -> float:
    """A number inside a domain, away from its ends."""
    return domain.low + 1.0 if np.isinf(domain.high) else (domain.low + domain.high) / 2


def turned(cls: type[Rule]) -> dict[str, Any]:
    """Every flag the other way round, every absent hyperparameter present and every optional one absent."""
    domains, defaults = cls.domains(), cls.defaults()
    flags = {k: not v for k, v in defaults.items() if isinstance(v, bool)}
    optional = {k: d for k, d in domains.items() if d.optional}
    return flags | {k: some_value(d) if defaults[k] is None else None for k, d in optional.items()}


def variants() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for name in NAMES:
        cls = ladera.rules.get(name)
        found[name] = cls()
        if turned(cls):
            found["-".join([name, *turned(cls)])] = cls(**turned(cls))
    return found


VARIANTS = variants()
each_name = pytest.mark.parametrize("name", NAMES)
each_variant = pytest.mark.parametrize("rule", VARIANTS.values(), ids=VARIANTS.keys())
ELEMENTWISE = {name: rule for name, rule in VARIANTS.items() if rule.scope == "element"}
each_elementwise = pytest.mark.parametrize("rule", ELEMENTWISE.values(), ids=ELEMENTWISE.keys())
ON_A_MATRIX = {f"{k}-matrix": (rule, *MATRIX) for k, rule in VARIANTS.items() if k not in ELEMENTWISE}
PROBLEMS = {name: (rule, START, CURVATURE) for name, rule in VARIANTS.items()} | ON_A_MATRIX
each_problem = pytest.mark.parametrize(("rule", "start", "curvature"), PROBLEMS.values(), ids=PROBLEMS.keys())


def data(rule: Rule) -> dict[str, float]:
    """The hyperparameters of a rule that are numbers."""
    return {k: getattr(rule, k) for k in rule.domains() if getattr(rule, k) is not None}


def other_data(rule: Rule) -> list[dict[str, float]]:
    """Three points of a rule's hyperparameters: as they are, further in, near the lower ends."""
    domains = rule.domains()
    further = {k: some_value(domains[k]) if domains[k].high == 1 else 1.5 * v for k, v in data(rule).items()}
    lower = {k: domains[k].low + 0.05 for k in data(rule)}
    return [data(rule), further, lower]


def descend(rule: Rule, x: Any, curvature: Any, steps: int, number=int) -> Any:
    """x after some steps on the quadratic ½ Σ a x²."""
    s = rule.init(x)
    for t in range(1, steps + 1):
        s, x = rule.step(number(t), curvature * rule.read(s, x), s, x)
    return x


def follow(rule: Rule, x: Any, gradients: Any, number=int) -> tuple[Any, Any]:
    """(state, x) after one step along each of the gradients."""
    s = rule.init(x)
    for t, g in enumerate(gradients, start=1):
        s, x = rule.step(number(t), g, s, x)
    return s, x


# What a rule is


@each_name
def test_is_found_by_its_name(name):
    cls = ladera.rules.get(name)
    assert cls.name() == name
    assert ladera.rules.get(name.upper()) is cls
    assert getattr(ladera.rules, cls.__name__) is cls
    assert cls.__doc__ is not None
    assert cls.paper


def test_every_public_name_exists():
    assert all(hasattr(ladera.rules, name) for name in ladera.rules.__all__)
    assert not hasattr(ladera.rules, "NoSuchRule")


def test_importing_the_rules_imports_no_array_library():
    code = "import sys, ladera.rules as r; [r.get(n)() for n in r.names()]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"jax", "torch", "sympy"} & set(loaded.stdout.split())


@each_name
def test_an_unknown_name_gets_the_nearest(name):
    with pytest.raises(UsageError, match=f"'{name}_'.*nearest name is '{name}'"):
        ladera.rules.get(f"{name}_")


@each_name
def test_an_unknown_hyperparameter_gets_the_nearest(name):
    cls = ladera.rules.get(name)
    for known in cls.defaults():
        with pytest.raises(UsageError, match=f"'{known}_'.*nearest name is '{known}'"):
            cls.create(**{f"{known}_": 0.5})


@each_variant
def test_says_its_hyperparameters(rule):
    assert type(rule).create(**rule.hyperparameters()) == rule
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.lr = 1.0
    assert type(rule).fingerprint() == f"{rule.name()}-{rule.version}"


# Domains


def outside(domain: Domain) -> list[Any]:
    values: list[Any] = [domain.low - 1.0, np.nan, np.inf, -np.inf, "0.1", True, [0.5], 0.5j]
    values += [domain.low] if domain.open_low else []
    values += [] if np.isinf(domain.high) else [domain.high, domain.high + 1.0]
    values += [] if domain.optional else [None]
    return [*values, np.array([some_value(domain), domain.low - 1.0])]


@each_name
def test_refuses_a_value_outside_its_domain(name):
    cls = ladera.rules.get(name)
    for hyperparameter, domain in cls.domains().items():
        for value in outside(domain):
            with pytest.raises(UsageError) as error:
                cls(**{hyperparameter: value})
            for part in (cls.__name__, hyperparameter, value, domain, cls.defaults()[hyperparameter]):
                assert str(part) in str(error.value)
            assert isinstance(error.value, ValueError)


@each_name
@FIXED
@given(number=st.floats(allow_nan=True, allow_infinity=True))
def test_takes_exactly_the_numbers_of_its_domain(name, number):
    cls = ladera.rules.get(name)
    for hyperparameter, domain in cls.domains().items():
        inside = (domain.low < number if domain.open_low else domain.low <= number) and number < domain.high
        try:
            assert getattr(cls(**{hyperparameter: number}), hyperparameter) == number
            taken = True
        except UsageError:
            taken = False
        assert taken == inside


@each_variant
def test_takes_what_has_no_number_yet(rule):
    symbols = {k: sympy.Symbol(k) for k in data(rule)}
    assert dataclasses.replace(rule, **symbols).hyperparameters() == rule.hyperparameters() | symbols


@each_variant
def test_takes_numpy_scalars_as_python_numbers(rule):
    scalars = {k: np.float64(v) for k, v in data(rule).items()}
    taken = dataclasses.replace(rule, **scalars)
    assert all(type(value) is float for value in data(taken).values())
    assert taken == rule


# What a rule computes


def close(x: Any, expected: Any, rule: Rule) -> None:
    """Every element to 1e-12; where the rule mixes them, to 1e-8 of the largest: eigenvectors, and
    differences of points that are near each other, pass round-off on enlarged."""
    if rule.scope == "element":
        np.testing.assert_allclose(x, expected, rtol=1e-12)
    else:
        np.testing.assert_allclose(x, expected, rtol=0, atol=1e-8 * np.max(np.abs(expected)))


@each_problem
def test_converges_on_a_quadratic(rule, start, curvature):
    def cost(x):
        return np.sum(curvature * x**2) / 2

    with np.errstate(over="ignore", invalid="ignore"):  # the largest learning rate may diverge
        ends = [
            cost(descend(dataclasses.replace(rule, lr=k * rule.lr), start, curvature, steps=2000))
            for k in (1, 10, 100)
        ]
    assert np.nanmin(ends) < 1e-3 * cost(start)


def symbolic_steps(rule: Rule):
    """Start, reading and step of a rule as high-precision functions, made from symbols alone."""
    hyperparameters = {k: sympy.Symbol(k, positive=True) for k in data(rule)}
    symbolic = dataclasses.replace(rule, **hyperparameters)
    leaves, shape = jax.tree.flatten(rule.init(0.0))
    state = [sympy.Symbol(f"s{i}", real=True) for i in range(len(leaves))]
    t, g, x = sympy.Symbol("t", integer=True, positive=True), *sympy.symbols("g x", real=True)
    s = jax.tree.unflatten(shape, state)
    after, new = symbolic.step(t, g, s, x)
    start = sympy.lambdify([*hyperparameters.values(), x], jax.tree.leaves(symbolic.init(x)), "mpmath")
    given = [*hyperparameters.values(), t, g, *state, x]
    step = sympy.lambdify(given, [*jax.tree.leaves(after), new], "mpmath", cse=True)
    read = sympy.lambdify(given, symbolic.read(s, x), "mpmath")
    return start, read, step


def descend_symbolically(rule: Rule, x: float, curvature: float, steps: int) -> float:
    with mpmath.workdps(40):
        start, read, step = symbolic_steps(rule)
        numbers, x = [mpmath.mpf(v) for v in data(rule).values()], mpmath.mpf(x)
        state = [mpmath.mpf(leaf) for leaf in start(*numbers, x)]
        for t in range(1, steps + 1):
            g = curvature * read(*numbers, t, 0, *state, x)
            *state, x = step(*numbers, t, g, *state, x)
        return float(x)


@each_problem
def test_is_the_same_on_every_library(rule, start, curvature):
    """NumPy, JAX and PyTorch, in float64."""
    numpy = descend(rule, start, curvature, 30)
    with jax.enable_x64(True):
        x = descend(rule, jnp.asarray(start), jnp.asarray(curvature), 30, number=jnp.float64)
        assert x.dtype == jnp.float64
        close(x, numpy, rule)
    x = descend(rule, torch.tensor(start), torch.tensor(curvature), 30)
    close(x.numpy(), numpy, rule)


@each_variant
def test_is_the_same_on_numbers_and_on_symbols(rule):
    """An array of one element as a Python number, and by SymPy's formulas in 40 digits."""
    for x, a in zip(START.tolist(), CURVATURE.tolist(), strict=True):
        [numpy] = descend(rule, np.array([x]), np.array([a]), 30)
        python = descend(rule, x, a, 30)
        assert type(python) is float
        close(python, numpy, rule)
        close(descend_symbolically(rule, x, a, 30), numpy, rule)


# Arrays of the three libraries, and how a step is counted on each.
LIBRARIES: dict[str, tuple[Any, Any]] = {
    "numpy": (lambda values, dtype: np.asarray(values).astype(jnp.dtype(dtype)), int),
    "jax": (jnp.asarray, lambda t: jnp.array(float(t))),
    "torch": (lambda values, dtype: torch.tensor(values, dtype=getattr(torch, dtype)), int),
}
each_library = pytest.mark.parametrize("library", LIBRARIES)


def float64(x: Any) -> np.ndarray:
    return x.double().numpy() if isinstance(x, torch.Tensor) else np.asarray(x).astype(np.float64)


# Largest error of x in ten steps, relative to the farthest it has been, each element by itself, or
# all together where the rule mixes them. In bfloat16 x is rounded to 2^-9 of it at every step, and a
# rule that looks at x steps from there.
ERRORS = {"float64": 1e-13, "float32": 4e-6, "bfloat16": 2 * 10 * 2.0**-9}


@each_variant
@each_library
@pytest.mark.parametrize("dtype", ERRORS)
def test_keeps_the_dtype(rule, library, dtype):
    """x stays what it is, near the path in float64; the state of 16-bit weights has 32 bits.

    From x = 0 along gradients of one sign: a rule whose arithmetic were lost would not move.
    """
    array, number = LIBRARIES[library]
    stream = np.abs(np.random.default_rng(0).normal(size=(10, 5, 4))).astype(jnp.bfloat16).astype(float)
    with jax.enable_x64(dtype == "float64"):
        exact, x = np.zeros((5, 4)), array(np.zeros((5, 4)), dtype)
        exact_s, s = rule.init(exact), rule.init(x)
        shapes = [leaf.shape for leaf in jax.tree.leaves(s)]
        far = np.abs(exact)
        for t, g in enumerate(stream, start=1):
            exact_s, exact = rule.step(t, g, exact_s, exact)
            s, x = rule.step(number(t), array(g, dtype), s, x)
            far = np.maximum(far, np.abs(exact) if rule.scope == "element" else np.max(np.abs(exact)))
            assert np.all(np.abs(float64(x) - exact) <= ERRORS[dtype] * far)
            assert x.dtype == rule.read(s, x).dtype
            assert str(x.dtype).endswith(dtype)
            leaves = jax.tree.leaves(s)
            assert [leaf.shape for leaf in leaves] == shapes
            assert {str(leaf.dtype).removeprefix("torch.") for leaf in leaves} <= {
                "float32" if dtype == "bfloat16" else dtype
            }


@each_variant
def test_a_numpy_scalar_for_the_step_promotes_nothing(rule):
    x, a = START.astype(np.float32), CURVATURE.astype(np.float32)
    for leaf in jax.tree.leaves(follow(rule, x, [a] * 3, number=np.float32)):
        assert leaf.dtype == np.float32


@each_variant
@each_library
def test_its_state_is_saved_and_read(rule, library, tmp_path):
    """The leaves go to an .npz file without pickle and come back; the run goes on bit for bit."""
    array, number = LIBRARIES[library]
    stream = [array(g, "float32") for g in np.random.default_rng(0).normal(size=(6, 3))]
    half, x = follow(rule, array(START, "float32"), stream[:3], number)
    leaves, shape = jax.tree.flatten(half)
    np.savez(tmp_path / "state.npz", *map(np.asarray, leaves))
    with np.load(tmp_path / "state.npz", allow_pickle=False) as file:
        read = [array(file[name], "float32") for name in file.files]
    ends = []
    for s in (half, jax.tree.unflatten(shape, read)):
        point = x
        for t, g in enumerate(stream[3:], start=4):
            s, point = rule.step(number(t), g, s, point)
        ends.append([np.asarray(leaf) for leaf in (*jax.tree.leaves(s), point)])
    assert all(map(np.array_equal, *ends))


@each_variant
@pytest.mark.parametrize("nearer", [1, 10], ids=["default", "rates_nearer_1"])
def test_is_accurate_in_float32(rule, nearer):
    """The first ten steps with traced hyperparameters, against float64 at the same numbers.

    From x = 0 along gradients of one sign, so that rounding x hides nothing.
    """
    rates = {k for k, domain in rule.domains().items() if domain.high == 1}
    h = {k: np.float32(1 - (1 - v) / nearer if k in rates else v) for k, v in data(rule).items()}
    stream = np.abs(np.random.default_rng(0).normal(size=(10, 50))).astype(np.float32)

    @jax.jit
    def step(h, t, g, s, x):
        return dataclasses.replace(rule, **h).step(t, g, s, x)

    exact = dataclasses.replace(rule, **h)
    x, x64 = jnp.zeros(50), np.zeros(50)
    s, s64 = rule.init(x), rule.init(x64)
    for t, g in enumerate(stream, start=1):
        s, x = step(h, jnp.float32(t), jnp.asarray(g), s, x)
        s64, x64 = exact.step(t, g.astype(np.float64), s64, x64)
        np.testing.assert_allclose(x, x64, rtol=1e-6 if t == 1 else 4e-6)


@each_problem
def test_does_not_compile_again_for_other_numbers(rule, start, curvature):
    traced = 0

    @jax.jit
    def step(h, t, g, s, x):
        nonlocal traced
        traced += 1
        return dataclasses.replace(rule, **h).step(t, g, s, x)

    x = jnp.asarray(start, jnp.float32)
    s = rule.init(x)
    for t, h in enumerate(other_data(rule), start=1):
        s, x = step(h, jnp.float32(t), curvature.astype(np.float32) * x, s, x)
    assert traced == 1


# Decay rates of 0, and gradients of 0: no logarithm, root or quotient may spoil the step.


def at_the_ends(rule: Rule) -> dict[str, np.float32]:
    """The lower end of every domain that has one."""
    domains = rule.domains()
    return {k: np.float32(v if domains[k].open_low else domains[k].low) for k, v in data(rule).items()}


def stream_with_zeros(start: np.ndarray) -> list[np.ndarray]:
    one = np.zeros_like(start)
    one.flat[0] = 2.0
    return [np.zeros_like(start), one, start, start]


@each_problem
def test_is_finite_on_the_closed_ends_of_its_domains(rule, start, curvature):
    @jax.jit
    def step(h, t, g, s, x):
        return dataclasses.replace(rule, **h).step(t, g, s, x)

    ends = at_the_ends(rule)
    x = jnp.asarray(start, jnp.float32)
    s = rule.init(x)
    for t, g in enumerate(stream_with_zeros(start), start=1):
        s, x = step(ends, jnp.float32(t), jnp.asarray(g, jnp.float32), s, x)
    numbers = follow(dataclasses.replace(rule, **ends), start, stream_with_zeros(start))
    for leaf in jax.tree.leaves([s, x, numbers]):
        assert np.all(np.isfinite(leaf))


@each_elementwise
def test_arrays_of_hyperparameters_are_finite_there_too(rule):
    columns = dataclasses.replace(rule, **{k: np.full((2, 1), v) for k, v in at_the_ends(rule).items()})
    for leaf in jax.tree.leaves(follow(columns, np.tile(START, (2, 1)), stream_with_zeros(START))):
        assert np.all(np.isfinite(leaf))


@each_elementwise
def test_arrays_of_hyperparameters_are_as_many_runs(rule):
    """By broadcasting on NumPy and PyTorch, where a rule keeps the rows apart."""
    points = other_data(rule)
    alone = [descend(dataclasses.replace(rule, **h), START, CURVATURE, 10) for h in points]
    table = {k: np.array([h[k] for h in points]) for k in data(rule)}
    rows = np.tile(START, (len(points), 1))

    columns = dataclasses.replace(rule, **{k: v[:, None] for k, v in table.items()})
    np.testing.assert_allclose(descend(columns, rows, CURVATURE, 10), alone, rtol=1e-13)

    columns = dataclasses.replace(rule, **{k: torch.tensor(v)[:, None] for k, v in table.items()})
    x = descend(columns, torch.tensor(rows), torch.tensor(CURVATURE), 10)
    np.testing.assert_allclose(x.numpy(), alone, rtol=1e-13)


@each_problem
def test_lanes_of_hyperparameters_are_as_many_runs(rule, start, curvature):
    """By vmap on JAX."""
    points = other_data(rule)
    alone = np.array([descend(dataclasses.replace(rule, **h), start, curvature, 10) for h in points])
    table = {k: np.array([h[k] for h in points]) for k in data(rule)}
    with jax.enable_x64(True):
        x, a = jnp.asarray(start), jnp.asarray(curvature)

        @jax.jit
        @jax.vmap
        def lanes(h):
            return descend(dataclasses.replace(rule, **h), x, a, 10, number=jnp.float64)

        for found, expected in zip(lanes(table), alone, strict=True):
            close(found, expected, rule)


@each_variant
def test_its_scope_is_what_it_says(rule):
    assert symmetries(rule)["slicing"] == (rule.scope == "element")


@each_elementwise
def test_a_part_goes_its_way_as_within_the_whole(rule):
    """Any elements, in any order, bit for bit; a number that all share is the same."""
    random = np.random.default_rng(0)
    x, stream = random.normal(size=(4, 3)), random.normal(size=(5, 4, 3))
    order = random.permutation(12)
    whole = jax.tree.leaves(follow(rule, x, stream))
    for part in (order, order[:5], np.arange(3)):
        pieces = jax.tree.leaves(follow(rule, x.ravel()[part], stream.reshape(5, 12)[:, part]))
        expected = [leaf.ravel()[part] if leaf.shape else leaf for leaf in whole]
        assert all(map(np.array_equal, pieces, expected))


@each_variant
def test_leaves_its_arguments_as_they_were(rule):
    x, g = START.copy(), CURVATURE.copy()
    s = rule.init(x)
    rule.step(1, g, s, x)
    assert np.array_equal(x, START)
    assert np.array_equal(g, CURVATURE)
    assert all(
        np.array_equal(a, b) for a, b in zip(jax.tree.leaves(s), jax.tree.leaves(rule.init(x)), strict=True)
    )

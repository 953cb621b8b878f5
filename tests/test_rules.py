"""The generic suite: every rule is tested by existing, and no rule is named here.

A variant is a rule as it comes, or with all its flags turned and its optional data given.
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

NAMES = ladera.rules.names()
FIXED = settings(derandomize=True, database=None, deadline=None, max_examples=50)

CURVATURE = np.array([1.0, 4.0, 0.5])
START = np.array([1.0, -2.0, 3.0])


def some_value(domain: Domain) -> float:
    """A number inside a domain, away from its ends."""
    return domain.low + 1.0 if np.isinf(domain.high) else (domain.low + domain.high) / 2


def turned(cls: type[Rule]) -> dict[str, Any]:
    """Every flag the other way round and every absent hyperparameter present."""
    domains, defaults = cls.domains(), cls.defaults()
    flags = {k: not v for k, v in defaults.items() if isinstance(v, bool)}
    return flags | {k: some_value(d) for k, d in domains.items() if defaults[k] is None}


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
    assert cls.__name__ in ladera.rules.__all__
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
    with pytest.raises(UsageError, match=f"'{name}x'.*nearest name is '{name}'"):
        ladera.rules.get(f"{name}x")


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


@each_variant
def test_converges_on_a_quadratic(rule):
    def cost(x):
        return np.sum(CURVATURE * x**2) / 2

    with np.errstate(over="ignore", invalid="ignore"):  # the largest learning rate may diverge
        ends = [
            cost(descend(dataclasses.replace(rule, lr=k * rule.lr), START, CURVATURE, steps=2000))
            for k in (1, 10, 100)
        ]
    assert np.nanmin(ends) < 1e-3 * cost(START)


def symbolic_steps(rule: Rule):
    """One step and one reading of a rule as high-precision functions, made from symbols alone."""
    hyperparameters = {k: sympy.Symbol(k, positive=True) for k in data(rule)}
    symbolic = dataclasses.replace(rule, **hyperparameters)
    leaves, shape = jax.tree.flatten(rule.init(0.0))
    state = [sympy.Symbol(f"s{i}", real=True) for i in range(len(leaves))]
    t, g, x = sympy.Symbol("t", integer=True, positive=True), *sympy.symbols("g x", real=True)
    s = jax.tree.unflatten(shape, state)
    after, new = symbolic.step(t, g, s, x)
    given = [*hyperparameters.values(), t, g, *state, x]
    step = sympy.lambdify(given, [*jax.tree.leaves(after), new], "mpmath", cse=True)
    read = sympy.lambdify(given, symbolic.read(s, x), "mpmath")
    return step, read, jax.tree.leaves(symbolic.init(x))


def descend_symbolically(rule: Rule, x: float, curvature: float, steps: int) -> float:
    with mpmath.workdps(40):
        step, read, state = symbolic_steps(rule)
        numbers = [mpmath.mpf(v) for v in data(rule).values()]
        state, x = [mpmath.mpf(int(leaf)) for leaf in state], mpmath.mpf(x)
        for t in range(1, steps + 1):
            g = curvature * read(*numbers, t, 0, *state, x)
            *state, x = step(*numbers, t, g, *state, x)
        return float(x)


@each_variant
def test_is_the_same_on_every_algebra(rule):
    """NumPy, JAX, PyTorch, Python numbers and SymPy's formulas in 40 digits."""
    steps = 30
    numpy = descend(rule, START, CURVATURE, steps)
    with jax.enable_x64(True):
        x = descend(rule, jnp.asarray(START), jnp.asarray(CURVATURE), steps, number=jnp.float64)
        assert x.dtype == jnp.float64
        np.testing.assert_allclose(x, numpy, rtol=1e-12)
    x = descend(rule, torch.tensor(START), torch.tensor(CURVATURE), steps)
    np.testing.assert_allclose(x.numpy(), numpy, rtol=1e-12)
    pairs = list(zip(START.tolist(), CURVATURE.tolist(), strict=True))
    python = [descend(rule, x, a, steps) for x, a in pairs]
    assert all(type(x) is float for x in python)
    np.testing.assert_allclose(python, numpy, rtol=1e-12)
    np.testing.assert_allclose([descend_symbolically(rule, x, a, steps) for x, a in pairs], numpy, rtol=1e-12)


@each_variant
def test_keeps_float32(rule):
    x, a = START.astype(np.float32), CURVATURE.astype(np.float32)
    states = [
        follow(rule, x, [a] * 3),
        follow(rule, x, [a] * 3, number=np.float32),
        follow(rule, jnp.asarray(x), [jnp.asarray(a)] * 3, number=jnp.float32),
        follow(rule, torch.tensor(x), [torch.tensor(a)] * 3),
    ]
    for leaf in jax.tree.leaves(states):
        assert leaf.shape == x.shape
        assert str(leaf.dtype).endswith("float32")


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


@each_variant
def test_does_not_compile_again_for_other_numbers(rule):
    traced = 0

    @jax.jit
    def step(h, t, g, s, x):
        nonlocal traced
        traced += 1
        return dataclasses.replace(rule, **h).step(t, g, s, x)

    x = jnp.asarray(START, jnp.float32)
    s = rule.init(x)
    for t, h in enumerate(other_data(rule), start=1):
        s, x = step(h, jnp.float32(t), x, s, x)
    assert traced == 1


@each_variant
def test_is_finite_on_the_closed_ends_of_its_domains(rule):
    """Decay rates of 0, and a gradient of 0: no logarithm, root or quotient may spoil the step."""
    domains = rule.domains()
    ends = {k: np.float32(v if domains[k].open_low else domains[k].low) for k, v in data(rule).items()}

    @jax.jit
    def step(h, t, g, s, x):
        return dataclasses.replace(rule, **h).step(t, g, s, x)

    stream = [np.zeros(3), np.array([2.0, 0.0, 0.0]), START, START]
    x = jnp.asarray(START, jnp.float32)
    s = rule.init(x)
    for t, g in enumerate(stream, start=1):
        s, x = step(ends, jnp.float32(t), jnp.asarray(g, jnp.float32), s, x)
    numbers = follow(dataclasses.replace(rule, **ends), START, stream)
    columns = dataclasses.replace(rule, **{k: np.full((2, 1), v) for k, v in ends.items()})
    arrays = follow(columns, np.tile(START, (2, 1)), stream)
    for leaf in jax.tree.leaves([s, x, numbers, arrays]):
        assert np.all(np.isfinite(leaf))


@each_variant
def test_arrays_of_hyperparameters_are_as_many_runs(rule):
    """By broadcasting on NumPy and PyTorch, by vmap on JAX."""
    points = other_data(rule)
    alone = [descend(dataclasses.replace(rule, **h), START, CURVATURE, 10) for h in points]
    table = {k: np.array([h[k] for h in points]) for k in data(rule)}
    rows = np.tile(START, (len(points), 1))

    columns = dataclasses.replace(rule, **{k: v[:, None] for k, v in table.items()})
    np.testing.assert_allclose(descend(columns, rows, CURVATURE, 10), alone, rtol=1e-13)

    columns = dataclasses.replace(rule, **{k: torch.tensor(v)[:, None] for k, v in table.items()})
    x = descend(columns, torch.tensor(rows), torch.tensor(CURVATURE), 10)
    np.testing.assert_allclose(x.numpy(), alone, rtol=1e-13)

    with jax.enable_x64(True):
        start, curvature = jnp.asarray(START), jnp.asarray(CURVATURE)

        @jax.jit
        @jax.vmap
        def lanes(h):
            return descend(dataclasses.replace(rule, **h), start, curvature, 10, number=jnp.float64)

        np.testing.assert_allclose(lanes(table), alone, rtol=1e-13)


@each_variant
def test_its_scope_is_what_it_says(rule):
    """`element`: a part, in any order, goes its way as within the whole, bit for bit; others do not."""
    random = np.random.default_rng(0)
    x, stream = random.normal(size=(4, 3)), random.normal(size=(5, 4, 3))
    order = random.permutation(12)
    whole = follow(rule, x, stream)
    same = True
    for part in (order, order[:5], np.arange(3)):
        pieces = follow(rule, x.ravel()[part], stream.reshape(5, 12)[:, part])
        expected = jax.tree.map(lambda leaf, part=part: leaf.ravel()[part], whole)
        same &= all(map(np.array_equal, jax.tree.leaves(pieces), jax.tree.leaves(expected)))
    assert same == (rule.scope == "element")


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

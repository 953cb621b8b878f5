"""Rules that see a tensor's shape, or all tensors at once: on matrices, on every library.

What holds for all of them names none: they are found by their scope.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
import torch

import ladera.rules
from ladera.base import UsageError
from ladera.comparison import compare
from ladera.problems import Problem
from ladera.rules import SOAP, Adafactor, Blocks, Muon, Prodigy, Rule, blocks
from ladera.rules.muon import newton_schulz

CLASSES = [cls for cls in map(ladera.rules.get, ladera.rules.names()) if cls.scope != "element"]
RULES = {cls.name(): cls() for cls in CLASSES} | {
    f"{cls.name()}-{framework}": cls.like(framework) for cls in CLASSES for framework in cls.dialects
}
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
SHAPES = {"square": (3, 3), "tall": (4, 3), "wide": (2, 3)}
each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def start(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def stream(shape: tuple[int, ...], steps: int) -> list[np.ndarray]:
    """Gradients with a direction in common, along which an estimate of the distance grows."""
    return list(0.5 + np.random.default_rng(1).normal(size=(steps, *shape)))


def follow(rule: Rule, x: Any, gradients: Any, number: Any = int) -> Any:
    """x after a step along each of the gradients."""
    s = blocks.init(rule, x)
    for t, g in enumerate(gradients, start=1):
        s, x = blocks.step(rule, number(t), g, s, x)
    return x


def close(x: Any, expected: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(x, expected, rtol=0, atol=tolerance * np.max(np.abs(expected)))


# On every library


@each_rule
@each_shape
def test_is_the_same_on_every_library(rule, shape):
    x, gradients = start(shape), stream(shape, 30)
    numpy = follow(rule, x, gradients)
    close(follow(rule, torch.tensor(x), map(torch.tensor, gradients)).numpy(), numpy, 1e-12)
    with jax.enable_x64(True):
        found = follow(rule, jnp.asarray(x), map(jnp.asarray, gradients), jnp.float64)
        assert found.dtype == jnp.float64
        close(found, numpy, 1e-12)


@each_rule
@each_shape
def test_keeps_float32_and_comes_near(rule, shape):
    """As the engine drives it: compiled, the step counted in float32, hyperparameters traced."""

    @jax.jit
    def step(h, t, g, s, x):
        return dataclasses.replace(rule, **h).step(t, g, s, x)

    h = {name: np.float32(value) for name, value in rule.numbers().items()}
    x, gradients = jnp.asarray(start(shape), jnp.float32), stream(shape, 10)
    exact = follow(dataclasses.replace(rule, **h), np.asarray(x, np.float64), gradients)
    s = dataclasses.replace(rule, **h).init(x)
    for t, g in enumerate(gradients, start=1):
        s, x = step(h, jnp.float32(t), jnp.asarray(g, jnp.float32), s, x)
    assert {leaf.dtype for leaf in jax.tree.leaves((s, x))} == {jnp.dtype("float32")}
    close(x, exact, 1e-5)


@each_rule
def test_lanes_of_one_program_are_as_many_runs(rule):
    """vmap over weights, gradients and hyperparameters, t shared, in float32 under strict promotion."""
    shape, lanes = (4, 3), 3
    x = np.random.default_rng(2).normal(size=(lanes, *shape)).astype(np.float32)
    gradients = np.random.default_rng(3).normal(size=(12, lanes, *shape)).astype(np.float32)
    numbers = {name: np.float32(value) for name, value in rule.numbers().items()}
    rates = numbers["lr"] * np.array([0.5, 1.0, 2.0], np.float32)
    table = {name: np.full(lanes, value) for name, value in numbers.items()} | {"lr": rates}

    def init(h, x):
        return dataclasses.replace(rule, **h).init(x)

    @jax.jit
    def run(table, x, gradients):
        def step(carry, row):
            t, g = row
            s, x = carry
            each = jax.vmap(
                lambda h, g, s, x: dataclasses.replace(rule, **h).step(t, g, s, x), in_axes=(0, 0, 0, 0)
            )
            return each(table, g, s, x), None

        steps = jnp.arange(1, len(gradients) + 1, dtype=jnp.float32)
        return jax.lax.scan(step, (jax.vmap(init)(table, x), x), (steps, gradients))[0][1]

    together = run(table, jnp.asarray(x), jnp.asarray(gradients))
    for k in range(lanes):
        h = {name: column[k] for name, column in table.items()}
        alone = follow(dataclasses.replace(rule, **h), x[k].astype(float), gradients[:, k].astype(float))
        close(together[k], alone, 2e-5)


# On symbols: a matrix is a NumPy array of them


def in_40_digits(x: np.ndarray) -> np.ndarray:
    """The same numbers as SymPy's, of 40 digits."""
    return np.array([sympy.Float(value, 40) for value in x.ravel()], dtype=object).reshape(x.shape)


@each_rule
def test_goes_the_same_way_in_40_digits(rule):
    x, gradients = start((2, 2)), stream((2, 2), 6)
    if isinstance(rule, SOAP):
        with pytest.raises(UsageError, match="eigenvectors of a matrix of symbols have no formula"):
            follow(rule, in_40_digits(x), map(in_40_digits, gradients))
        return
    found = follow(rule, in_40_digits(x), map(in_40_digits, gradients))
    assert found.dtype == object
    close(found.astype(float), follow(rule, x, gradients), 1e-12)


def test_a_step_of_symbols_is_a_formula():
    """Adafactor on a matrix of symbols; put in numbers, it is the step on numbers."""
    names = [["a", "b"], ["c", "d"]]
    g = np.array([[sympy.Symbol(name, positive=True) for name in row] for row in names])
    x = np.array([[sympy.Symbol(f"x_{name}", positive=True) for name in row] for row in names])
    rule = Adafactor(lr=0.5)
    _, new = rule.step(1, g, rule.init(x), x)
    numbers = {s: 0.1 * k + 0.3 for k, s in enumerate([*g.flat, *x.flat])}

    def filled(matrix):
        return np.array([[float(e.subs(numbers)) for e in row] for row in matrix])

    _, expected = rule.step(1, filled(g), rule.init(filled(x)), filled(x))
    assert new[0, 0].free_symbols == set(g.flat) | set(x.flat)
    close(filled(new), expected, 1e-14)


# What they see


@pytest.mark.parametrize("cls", CLASSES)
def test_the_shape_of_a_matrix_counts(cls):
    """But for LAMB and LARS, which see the norm alone, and Prodigy, which sees sums."""
    rule = cls()
    x, gradients = start((4, 3)), stream((4, 3), 5)
    flat = follow(rule, x.ravel(), [g.ravel() for g in gradients]).reshape(x.shape)
    same = np.allclose(flat, follow(rule, x, gradients), rtol=1e-12, atol=0)
    assert same == (rule.name() in ("lamb", "lars", "prodigy"))


@each_rule
def test_a_part_of_a_matrix_goes_another_way(rule):
    x, gradients = start((4, 3)), stream((4, 3), 30)
    part = follow(rule, x[:2], [g[:2] for g in gradients])
    assert not np.allclose(part, follow(rule, x, gradients)[:2], rtol=1e-9, atol=0)


@each_rule
def test_arrays_of_a_network_meet_only_in_a_rule_of_the_whole(rule):
    shapes = [(3, 2), (2,)]
    x = [start(shape) for shape in shapes]
    gradients = [stream(shape, 30) for shape in shapes]
    alone = [follow(rule, *one) for one in zip(x, gradients, strict=True)]
    together = follow(rule, Blocks(x), map(Blocks, zip(*gradients, strict=True)))
    same = all(map(np.array_equal, together.parts, alone))
    assert same == (rule.scope == "block")


@pytest.mark.parametrize("rule", [Prodigy(), Prodigy.like("optax", lr=0.5, d_coef=2.0)])
def test_prodigy_takes_several_arrays_as_one_vector(rule):
    """d is estimated over all of them."""
    shapes = [(3, 2), (2,), (1, 4)]
    x = [start(shape) for shape in shapes]
    gradients = list(zip(*(stream(shape, 30) for shape in shapes), strict=True))
    together = follow(rule, Blocks(x), map(Blocks, gradients))

    def vector(parts):
        return np.concatenate([part.ravel() for part in parts])

    close(vector(together.parts), follow(rule, vector(x), map(vector, gradients)), 1e-13)


# What they do


@each_rule
def test_converges_on_a_matrix_least_squares_problem(rule):
    random = np.random.default_rng(0)
    A, goal = random.normal(size=(8, 4)), random.normal(size=(4, 3))
    x = random.normal(size=(4, 3))

    def end(rule: Rule) -> float:
        s, w = rule.init(x), x
        for t in range(1, 1001):
            s, w = rule.step(t, A.T @ A @ (w - goal) / 8, s, w)
        return float(np.sum((w - goal) ** 2))

    lr = rule.numbers()["lr"]
    with np.errstate(all="ignore"):  # the largest learning rate may diverge
        ends = [end(rule.replace(lr=factor * lr, weight_decay=0.0)) for factor in (0.1, 1.0, 10.0, 100.0)]
    assert np.nanmin(ends) < 2e-3 * np.sum((x - goal) ** 2)


@pytest.mark.parametrize("name", ["lamb", "lars"])
def test_weights_that_start_at_zero_move(name):
    rule, g = ladera.rules.get(name)(), np.array([1.0, -2.0])
    _, x = rule.step(1, g, rule.init(0 * g), 0 * g)
    assert np.all(np.sign(x) == -np.sign(g))


def test_newton_schulz_takes_all_singular_values_near_one():
    for shape in SHAPES.values():
        X = start(shape)
        values = np.linalg.svd(newton_schulz(X / np.linalg.norm(X), 5), compute_uv=False)
        assert np.all((values > 0.65) & (values < 1.25))


def test_newton_schulz_keeps_the_singular_vectors():
    random = np.random.default_rng(0)
    left, right = (np.linalg.qr(random.normal(size=(n, n)))[0] for n in (4, 3))
    X = random.normal(size=(4, 3)) / 10
    close(newton_schulz(left @ X @ right, 5), left @ newton_schulz(X, 5) @ right, 1e-13)


def test_muon_scales_by_outputs_over_inputs():
    """From 0 along one gradient: the orthogonal factor times √(outputs / inputs), if that is more than 1."""
    g = start((2, 8))

    def length(rule: Rule, g: np.ndarray) -> float:
        _, x = rule.step(1, g, rule.init(0 * g), 0 * g)
        return float(np.linalg.norm(x))

    wide, tall = length(Muon(), g), length(Muon(), g.T)
    assert wide == pytest.approx(2 * tall)
    assert length(Muon(outputs_first=True), g.T) == pytest.approx(wide)
    assert length(Muon(rms=0.2), g) == pytest.approx(0.2 * 8**0.5 * tall)


def test_adafactor_survives_rows_and_columns_that_never_move_in_float32():
    """There the product of both means is 1e-60, which float32 takes for 0."""
    g = np.zeros((3, 3), np.float32)
    g[0, 0] = 1e-3
    x = follow(Adafactor(), np.ones((3, 3), np.float32), [g] * 5)
    assert np.all(np.isfinite(x))
    assert np.array_equal(x != 1, g != 0)


def test_soap_turns_its_axes_when_it_is_told_to():
    rule, x, gradients = SOAP(frequency=3), start((3, 3)), stream((3, 3), 10)
    s, axes, still = rule.init(x), [], []
    for t, g in enumerate(gradients, start=1):
        s, new = rule.step(t, g, s, x)
        axes, still, x = [*axes, s.Q_L], [*still, np.array_equal(new, x)], new
        np.testing.assert_allclose(s.Q_R.T @ s.Q_R, np.eye(3), atol=1e-12)
    assert [not np.array_equal(*pair) for pair in itertools.pairwise(axes)] == [
        t in (4, 7, 10) for t in range(2, 11)
    ]
    assert still == [True] + 9 * [False]  # the first gradient only sets the axes


@pytest.mark.parametrize(
    ("cls", "name"), [(Muon, "iterations"), (SOAP, "frequency"), (Adafactor, "smallest")]
)
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", True, None])
def test_counts_are_whole_numbers(cls, name, value):
    with pytest.raises(UsageError) as error:
        cls(**{name: value})
    for part in (cls.__name__, name, repr(value), str(cls.defaults()[name]), "whole number of at least 1"):
        assert part in str(error.value)


@pytest.mark.slow
def test_networks_are_trained_with_them(tmp_path):
    """And with the schedule-free rules, whose gradient is taken elsewhere than at their answer.

    The comparison may add rates beyond the edge, where some diverge.
    """
    names = sorted({cls.name() for cls in CLASSES} | {"schedulefreeadamw", "schedulefreesgd"})
    iris, out = Problem("iris", network="mlp:8"), tmp_path / "study"
    study = compare(iris, names, lr=[0.01, 0.1], seeds=1, epochs=2, out=out)
    runs, curves = study.runs(), study.curves()
    assert set(runs["optimizer"]) == set(names)
    asked = runs[runs["lr"].isin([0.01, 0.1])]
    assert set(asked["status"]) == {"finished"}
    losses = curves[curves["lr"].isin([0.01, 0.1])][["train_loss", "validation_loss"]]
    assert len(losses) >= 3 * 2 * len(names)
    assert np.all(np.isfinite(losses))

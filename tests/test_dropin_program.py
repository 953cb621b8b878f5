"""Rules drawn at random, written down and done on lists of tensors, against NumPy's own arithmetic."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from torch.nn import Parameter

import ladera.torch
from ladera.dropin.fused import Fused
from ladera.dropin.lazy import Lazy, Leaf
from ladera.dropin.plan import Plan
from ladera.dropin.records import Members, start
from ladera.rules import SGD, Adam, AdamW, ClipGlobalNorm, Momentum, Nesterov, RMSprop, Rule
from ladera.rules._xp import absolute, log, maximum, minimum, norm, sign, size, sqrt, where, zeros_like

FIXED = settings(derandomize=True, database=None, deadline=None, max_examples=400)

# Operations on two values so far and a number. Those of EXACT neither round small whole numbers nor halves,
# so that a jump (sign, where) is no matter of rounding.
EXACT: dict[str, Callable[[Any, Any, float], Any]] = {
    "add": lambda a, b, k: a + b,
    "subtract": lambda a, b, k: a - b,
    "multiply": lambda a, b, k: a * b,
    "square": lambda a, b, k: a**2,
    "negate": lambda a, b, k: -a,
    "times": lambda a, b, k: k * a,
    "over": lambda a, b, k: a / k,
    "plus": lambda a, b, k: a + k,
    "from": lambda a, b, k: k - a,
    "combine": lambda a, b, k: k * a + (1 - k) * b,
    "take up": lambda a, b, k: a + k * b * b,
    "absolute": lambda a, b, k: absolute(a),
    "sign": lambda a, b, k: sign(a),
    "maximum": lambda a, b, k: maximum(a, b),
    "minimum": lambda a, b, k: minimum(a, b),
    "at least": lambda a, b, k: maximum(k, a),
    "at most": lambda a, b, k: minimum(a, k),
    "where": lambda a, b, k: where(a > b, a, k),
    "where not": lambda a, b, k: where((a <= k) & (b >= 0), b, a),
    "either": lambda a, b, k: where((a < k) | (b > 1), k, b),
    "nothing": lambda a, b, k: b + zeros_like(a),
}
SMOOTH = {
    "add": EXACT["add"],
    "combine": EXACT["combine"],
    "times": EXACT["times"],
    "plus": EXACT["plus"],
    "square": EXACT["square"],
    "take up": EXACT["take up"],
    "take up a quotient": lambda a, b, k: b - k * a / (b * b + 1),
    "divide": lambda a, b, k: a / (absolute(b) + 1),
    "invert": lambda a, b, k: k / (2 + b * b),
    "root": lambda a, b, k: sqrt(a * a * k**2 + 1),
    "over a root": lambda a, b, k: a / (sqrt(k**2 * b * b) + 0.5),
    "per": lambda a, b, k: k / b,
    "cube": lambda a, b, k: (a / 4) ** 3,
    "logarithm": lambda a, b, k: log(1 + a * a),
    "shrink": lambda a, b, k: a * (k / maximum(norm(b), 1.0)),
    "mean": lambda a, b, k: a + (b.sum() / size(b)),
}
NUMBERS = [0.5, 1.0, 2.0, -1.0, 0.25, -0.5, 4.0]
EXTREME = [1e-30, 1e30, 1e-7, 1e7, -1e-9]


class Two(NamedTuple):
    a: Any
    b: Any


class Drawn(Rule):
    """Does what it was drawn to do: (operation, place of a, place of b, number) on all values so far,
    whose places are counted from the last."""

    lr: float = 1.0
    moves: tuple[Any, ...] = ()

    def init(self, x):
        return Two(a=zeros_like(x) + 1.0, b=x)

    def values(self, g, s, x):
        values = [g, x, s.a, s.b]
        for name, i, j, k in self.moves:
            a, b = values[-1 - i % len(values)], values[-1 - j % len(values)]
            values.append((EXACT | SMOOTH)[name](a, b, k))
        return values

    def step(self, t, g, s, x):
        *_, b, a, x = self.values(g, s, x)
        return Two(a, b), x


class DrawnWhole(Drawn):
    scope = "whole"


def moves(names: Any, numbers: Any = NUMBERS) -> Any:
    places = st.integers(0, 6)
    return st.lists(
        st.tuples(st.sampled_from(sorted(names)), places, places, st.sampled_from(numbers)), max_size=8
    )


def both(rule: Drawn, x: np.ndarray, g: np.ndarray) -> tuple[list[Any], list[Any], float]:
    """(x, a, b) after two steps on PyTorch and on NumPy, and the largest number on the way."""
    largest = 0.0
    s, there = rule.init(x), x
    with np.errstate(all="ignore"):
        for t in (1, 2):
            largest = max(largest, *(float(np.max(np.abs(v))) for v in rule.values(g, s, there)))
            s, there = rule.step(t, g, s, there)
    assume(largest < 1e6)
    p = Parameter(torch.tensor(x))
    optimizer = ladera.torch.optimizer([p], rule)
    for _ in (1, 2):
        p.grad = torch.tensor(g)
        optimizer.step()
    assert optimizer._known(0).plan.fused
    assert torch.equal(p.grad, torch.tensor(g))
    ours = [p.detach(), optimizer.state[p]["a"], optimizer.state[p]["b"]]
    return [v.numpy() for v in ours], [there * np.ones(x.shape), *(v * np.ones(x.shape) for v in s)], largest


X = np.array([0.0, 1.0, -2.0, 3.0, -1.0, 0.5])
G = np.array([1.0, -1.0, 0.0, 2.0, -3.0, -0.5])


@FIXED
@given(moves=moves(EXACT))
@example(moves=[])  # a and b change places
@example(moves=[("add", 0, 0, 1.0)] * 3)
def test_any_arithmetic_is_numpys(moves):
    ours, numpys, _ = both(Drawn(moves=tuple(moves)), X, G)
    for a, b in zip(ours, numpys, strict=True):
        np.testing.assert_array_equal(a, b)


@FIXED
@given(moves=moves(SMOOTH.keys() - {"per"}))
def test_any_smooth_function_is_numpys_but_for_rounding(moves):
    ours, numpys, largest = both(DrawnWhole(moves=tuple(moves)), X, G)
    for a, b in zip(ours, numpys, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13 * max(largest, 1.0))


@FIXED
@given(
    moves=moves(["times", "over", "multiply", "square", "divide", "add", "per", "plus"], EXTREME),
    scale=st.sampled_from([1e-25, 1.0, 1e25]),
)
@example(moves=[("times", 3, 0, 1e-25), ("square", 0, 0, 1.0)], scale=1e25)  # as after a clipped norm
@example(moves=[("times", 3, 0, 1e25), ("square", 0, 0, 1.0)], scale=1e-25)
@example(moves=[("times", 3, 0, 1e-25), ("divide", 3, 0, 1.0)], scale=1e25)
def test_no_factor_overflows_where_the_value_does_not(moves, scale):
    """In float32, each value on the way being representable."""
    rule = Drawn(moves=tuple(moves))
    x, g = 1 + np.abs(X), scale * (1 + np.abs(G))
    with np.errstate(all="ignore"):
        values = np.abs(np.array([v * np.ones(x.shape) for v in rule.values(g, rule.init(x), x)]))
        assume(np.all((values == 0) | ((values > 1e-35) & (values < 1e35))))
        s, expected = rule.step(1, g, rule.init(x), x)
    p = Parameter(torch.tensor(x, dtype=torch.float32))
    optimizer = ladera.torch.optimizer([p], rule)
    p.grad = torch.tensor(g, dtype=torch.float32)
    optimizer.step()
    np.testing.assert_allclose(p.detach(), expected, rtol=1e-5)
    np.testing.assert_allclose(optimizer.state[p]["a"], s.a, rtol=1e-5)


# How many passes over memory a step takes: what torch.optim's own foreach steps take, or fewer.
@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        (SGD(), 1),
        (Momentum(), 3),
        (Nesterov(), 3),
        (RMSprop(), 5),
        (Adam(), 7),
        (AdamW(), 9),
        (ClipGlobalNorm(SGD()), 1),
    ],
    ids=lambda value: value.label() if isinstance(value, Rule) else "",
)
def test_takes_no_more_passes_than_pytorch(rule, passes):
    p = Parameter(torch.ones(3))
    p.grad = torch.ones(3)
    plan = Plan.of(rule)
    engine = Fused(Members(rule, plan, [p], [p], start(rule, plan, [p], None), 1.0))
    program, _ = engine._step(3)
    assert len(program.operations) == passes


@pytest.mark.parametrize(
    "function", [bool, lambda x: x @ x, lambda x: x % 2, lambda x: x + torch.ones(2), np.sin]
)
def test_what_cannot_be_written_down_is_a_type_error(function):
    p = Parameter(torch.ones(3))
    home = Fused(Members(SGD(), Plan.of(SGD()), [p], [p], [{"step": torch.tensor(0)}], 1.0))
    with pytest.raises(TypeError):
        function(Lazy(Leaf(home)))
    with pytest.raises(TypeError):
        where(Lazy(Leaf(home)) > 0, 1.0, 0.0)
    assert operator.truediv(Lazy(Leaf(home)), 2).factor == 0.5

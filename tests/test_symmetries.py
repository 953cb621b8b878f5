"""The symmetry table against what is known of the rules, and against rules that break one symmetry each."""

from __future__ import annotations

import numpy as np
import pytest

import ladera.rules
from ladera.rules import L2, SGD, Adagrad, Adam, Decoupled, Positive, Rule
from ladera.rules._xp import absolute, norm
from ladera.symmetries import SYMMETRIES, symmetries

ALL = frozenset(SYMMETRIES)

# What fails, and why: the sources of these facts are the rules' own formulas.
AXES = {"rotation"}  # each number by itself, and not in proportion
SCALE = {"scale"}  # a step in proportion to the gradient
WHOLE = {"slicing"}  # a norm of the whole array, or its axes

BROKEN = {
    "sgd": SCALE,
    "momentum": SCALE,
    "nesterov": SCALE,
    "asgd": SCALE,
    "adagrad": AXES,
    "adadelta": AXES,
    "rmsprop": AXES,
    "adam": AXES,
    "adamw": AXES,
    "amsgrad": AXES,
    "nadam": AXES,
    "adamax": AXES,
    "adabelief": AXES,
    "adan": AXES,
    "lion": AXES,
    "signsgd": AXES,
    "rprop": AXES,
    "radam": AXES | SCALE,  # momentum until it is rectified
    "lamb": AXES | WHOLE,
    "lars": SCALE | WHOLE,  # its weight decay is beside the gradient
    "adafactor": AXES | WHOLE,
    "muon": WHOLE,
    "soap": WHOLE,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_known_of_a_rule(name):
    found = symmetries(ladera.rules.get(name)())
    assert tuple(found) == SYMMETRIES
    assert {name for name, holds in found.items() if not holds} == BROKEN[name]


@pytest.mark.parametrize("name", ladera.rules.names())
def test_a_rotation_is_more_than_a_permutation_or_a_sign(name):
    found = symmetries(ladera.rules.get(name)())
    assert found["permutation"]
    assert found["sign"]
    assert symmetries(ladera.rules.get(name)()) == found


def test_the_penalty_of_l2_does_not_scale_with_the_loss_and_decoupled_decay_need_not():
    assert symmetries(Adam())["scale"]
    assert not symmetries(L2(Adam(), 0.1))["scale"]
    assert symmetries(Decoupled(Adam(), 0.1))["scale"]
    assert symmetries(L2(SGD(), 0.1))["rotation"]


def test_a_sum_that_starts_above_zero_notices_the_scale():
    assert symmetries(Adagrad())["scale"]
    assert not symmetries(Adagrad.like("keras"))["scale"]


class Ordered(Rule):
    """The rows have step sizes of their own."""

    lr: Positive = 0.1

    def step(self, t, g, s, x):
        return s, x - self.lr * g * (1 + np.arange(g.shape[0])[:, None])


class Leaning(Rule):
    """Up is not as down."""

    lr: Positive = 0.1

    def step(self, t, g, s, x):
        return s, x - self.lr * (g + absolute(g) / 2)


class Unit(Rule):
    """The gradient's direction alone."""

    scope = "block"
    lr: Positive = 0.1

    def step(self, t, g, s, x):
        return s, x - self.lr * g / norm(g)


class Ahead(Rule):
    """Takes its gradient a step of one size, and axis by axis, ahead of x."""

    lr: Positive = 0.1

    def read(self, s, x):
        return x - self.lr * x / absolute(x)

    def step(self, t, g, s, x):
        return s, x - self.lr * g


class Twice(Rule):
    """Takes a second gradient a step ahead; the step grows with the first one."""

    evaluations = 2
    lr: Positive = 0.1

    def probe(self, g, s, x):
        return x - self.lr * absolute(g)

    def step(self, t, g, s, x):
        return s, x - self.lr * g


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        (Ordered(), {"permutation", "rotation", "scale", "slicing"}),
        (Leaning(), {"sign", "rotation", "scale"}),
        (Unit(), {"slicing"}),
        (Ahead(), {"rotation", "scale"}),
        (Twice(), {"sign", "rotation", "scale"}),
        (SGD(lr=1e200), ALL),
    ],
    ids=["ordered", "leaning", "unit", "ahead", "twice", "diverging"],
)
def test_each_symmetry_can_fail(rule, broken):
    assert {name for name, holds in symmetries(rule).items() if not holds} == broken

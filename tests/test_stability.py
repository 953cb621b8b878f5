"""The curvature that a rule stands: the books' formulas, and steps on a parabola beside the limit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladera import rules
from ladera.rules import Rule
from ladera.rules._stability import accumulates, stable_below, threshold

FRACTIONS = st.floats(0.0, 0.99)
RATES = st.floats(1e-5, 10.0)
X = np.zeros(3)


def limit(rule: Rule, t: int = 2) -> float:
    found = threshold(rule, t, rule.init(X), X)
    assert found is not None
    assert found.shape == X.shape
    assert (found == found[0]).all()
    return float(found[0])


@given(RATES, FRACTIONS, FRACTIONS)
def test_limits_are_those_of_the_books(lr, momentum, dampening):
    assert limit(rules.SGD(lr=lr)) == pytest.approx(2 / lr)
    for outside in (False, True):
        ball = rules.Momentum(lr=lr, momentum=momentum, lr_outside=outside)
        assert limit(ball) == pytest.approx(2 * (1 + momentum) / lr)
        damped = ball.replace(dampening=dampening)
        assert limit(damped) == pytest.approx(2 * (1 + momentum) / lr / (1 - dampening))
    ahead = 2 * (1 + momentum) / ((1 + 2 * momentum) * lr)
    for form in ({}, {"shifted": True}, {"lr_outside": True}):
        assert limit(rules.Nesterov(lr=lr, momentum=momentum, **form)) == pytest.approx(ahead)


@given(RATES, st.floats(0.0, 0.99), st.lists(st.floats(1e-6, 1e3), min_size=3, max_size=3))
def test_adam_is_limited_as_cohen_et_al_say(lr, b1, seen):
    rule = rules.Adam(lr=lr, b1=b1)
    v, t = np.square(seen), 10_000
    found = threshold(rule, t, type(rule.init(X))(m=np.ones(3), v=v), X)
    preconditioner = np.sqrt(rule.b2 * v / (1 - rule.b2**t)) + rule.eps
    assert found == pytest.approx((2 + 2 * b1) / ((1 - b1) * lr) * (1 - b1**t) * preconditioner)


def test_decay_is_part_of_what_a_rule_stands():
    assert limit(rules.L2(rules.SGD(lr=0.1), 3.0)) == pytest.approx(2 / 0.1 - 3)
    assert limit(rules.Decoupled(rules.SGD(lr=0.1), 3.0)) == pytest.approx(2 / 0.1 - 3)
    assert limit(rules.ClipGlobalNorm(rules.SGD(lr=0.1), 1.0)) == pytest.approx(2 / 0.1)


LIMITED = [
    *(rules.get(name)() for name in rules.names()),
    rules.RMSprop(momentum=0.5, centered=True),
    rules.L2(rules.Adam(lr=0.01), 0.1),
    rules.Decoupled(rules.Nesterov(lr=0.01), 0.1),
    rules.ClipNorm(rules.Momentum(lr=0.01, momentum=0.5)),
]
WITHOUT = {
    *("adafactor", "adan", "asgd", "lamb", "lars", "lion", "muon", "prodigy", "rprop", "schedulefreeadamw"),
    *("schedulefreesgd", "signsgd", "soap"),
}


@pytest.mark.parametrize("rule", LIMITED, ids=lambda rule: rule.label())
def test_below_its_limit_a_rule_settles_and_above_it_leaves(rule: Rule):
    """On a parabola, the accumulators held where a training brought them: no eigenvalues here."""
    one = np.zeros(1)
    state = rule.init(one)
    for t in range(1, 2001):
        state, _ = rule.step(t, np.array([math.cos(t)]), state, one)
    found = threshold(rule, 2001, state, one)
    if rule.label() in WITHOUT:
        assert found is None
        return
    assert found is not None
    near, far = (distance(rule, state, share * float(found[0])) for share in (0.99, 1.01))
    assert near < 1e-30 < far


ACCUMULATORS = {
    **dict.fromkeys(("adabelief", "adam", "adamw", "radam", "rmsprop"), ("v",)),
    "adadelta": ("g2", "dx2"),
    "adagrad": ("G",),
    "adamax": ("u",),
    "amsgrad": ("v", "v_hat"),
    "nadam": ("v", "c"),
}


def distance(rule: Rule, kept: Any, curvature: float) -> float:
    """How far from the minimum steps lead from 1e-30 beside it."""
    x, state, inside = np.array([1e-30]), rule.init(np.zeros(1)), rule
    while isinstance(inside, rules.Wrapper):
        inside = inside.rule
    held = {name: getattr(kept, name) for name in ACCUMULATORS.get(inside.name(), ())}
    for _ in range(3000):
        state = state._replace(**held)
        state, x = rule.step(2001, curvature * rule.read(state, x), state, x)
    return abs(float(x[0]))


def test_what_scales_its_steps_is_known():
    scales = {name for name in rules.names() if accumulates(rules.get(name)())}
    assert set(ACCUMULATORS) <= scales
    assert not scales & {"sgd", "momentum", "nesterov", "lion", "signsgd"}


def test_a_rate_alone_decides_only_where_nothing_is_accumulated():
    assert stable_below(rules.SGD(), 4.0) == pytest.approx(0.5)
    assert stable_below(rules.Momentum(momentum=0.5), 4.0) == pytest.approx(0.75)
    assert stable_below(rules.Nesterov(momentum=0.5), 4.0) == pytest.approx(0.375)
    assert stable_below(rules.ClipNorm(rules.SGD()), 4.0) == pytest.approx(0.5)
    for other in (rules.Adam(), rules.SignSGD(), rules.L2(rules.SGD(), 0.1), rules.EMA(rules.SGD())):
        assert stable_below(other, 4.0) is None

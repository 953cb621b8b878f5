"""Iterations worked out by hand: every number that a course shows must come out of the rules."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ladera.rules import SGD, Adam, Momentum, RMSprop


def path(rule, gradient, x, steps):
    """x after each of the steps; `gradient` may hold one function per step."""
    s, found = rule.init(x), []
    for t, slope in enumerate(itertools.islice(gradient, steps), start=1):
        s, x = rule.step(t, slope(rule.read(s, x)), s, x)
        found.append(x)
    return found


def always(slope):
    return itertools.repeat(slope)


EXAMPLES = {
    "descent on (w - 3)² from 0": (
        *(SGD(lr=0.1), always(lambda w: 2 * (w - 3)), 0.0),
        [0.6, 1.08, 1.464, 1.7712],
    ),
    "one neuron, x = 2, y = 4, squared error": (
        *(SGD(lr=0.1), always(lambda w: 2 * (2 * w - 4)), 1.0),
        [1.4, 1.64, 1.784],
    ),
    "descent on x² from 5 with lr 1 goes nowhere": (
        *(SGD(lr=1.0), always(lambda x: 2 * x), 5.0),
        [-5.0, 5.0, -5.0, 5.0],
    ),
    "Adam on x² from 5": (Adam(lr=0.1), always(lambda x: 2 * x), 5.0, [4.9, 4.800058, 4.700213]),
}


@pytest.mark.parametrize(("rule", "gradient", "start", "expected"), EXAMPLES.values(), ids=EXAMPLES)
def test_each_iteration_comes_out(rule, gradient, start, expected):
    assert path(rule, gradient, start, len(expected)) == pytest.approx(expected, abs=5e-7)


def test_one_example_at_a_time():
    """(w - y)² for the targets y = 2.5, 3, 3.5, 4 in turn, a hundred times: w leans to the last."""
    targets = itertools.cycle([lambda w, y=y: 2 * (w - y) for y in (2.5, 3.0, 3.5, 4.0)])
    assert path(SGD(lr=0.1), targets, 0.0, 400)[-1] == pytest.approx(3.387533875338753, rel=1e-15, abs=0)


RACE = {
    "descent": (SGD(lr=0.1), 38),
    "momentum": (Momentum(lr=0.1, momentum=0.5), 14),
    "RMSprop": (RMSprop(lr=0.1), 59),
    "Adam": (Adam(lr=0.3), 70),
}


@pytest.mark.parametrize(("rule", "arrival"), RACE.values(), ids=RACE)
def test_the_race_on_the_valley_ends_at_its_steps(rule, arrival):
    """3x² + 2xy + y² from (-4, 3): the first step with f below 1e-3."""
    H = np.array([[6.0, 2.0], [2.0, 2.0]])
    points = np.array(path(rule, always(lambda p: H @ p), np.array([-4.0, 3.0]), 200))
    f = np.sum(points @ H * points, axis=1) / 2
    assert np.argmax(f < 1e-3) + 1 == arrival
    if rule == RMSprop(lr=0.1):  # its step does not shrink: it circles where it arrived
        assert f[-1] == pytest.approx(1.5e-2, rel=0.05)

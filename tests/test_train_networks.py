"""The engine with every kind of network: they learn, lanes never meet, and the CPU gets matrix products."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from studies import at, cohort, same_bits, task

from ladera import rules
from ladera.problems import Problem
from ladera.train.cohort import train
from ladera.train.compiled import _program, compiled
from ladera.train.recipe import Recipe

ADAM = rules.Adam(lr=0.01)


@pytest.mark.parametrize(
    ("network", "options", "reached"),
    [
        ("cnn:8/16", {"dropout": 0.1}, 0.9),
        ("lstm:24", {}, 0.85),
        ("mlp:32,32", {"norm": "batch", "residual": True, "dropout": 0.1}, 0.9),
    ],
)
def test_it_learns_the_digits(network, options, reached):
    """An LSTM reads them row by row."""
    one = task(Problem("digits", network=network, **options), batch=32, epochs=8)
    [run] = train(cohort(one, [ADAM], [0], width=1)).runs
    assert run["validation_metric"] > reached


def test_lanes_never_meet_where_units_are_dropped_and_batches_normalised():
    one = task(Problem("iris", network="mlp:8", norm="batch", dropout=0.3))
    together = train(cohort(one, at(rules.Adam(), 0.01, 1e30, 0.01), [7, 2, 3], width=3))
    alone = train(cohort(one, at(rules.Adam(), 0.01), [7], width=3))
    assert same_bits(together.curves[0], alone.curves[0])
    assert together.runs[1]["status"] == "diverged"
    assert together.runs[0]["validation_loss"] != together.runs[2]["validation_loss"]


def test_rates_of_dropout_and_penalties_are_data():
    """Another rate is the same program; none at all is another, without a trace of it."""
    some = task(Problem("iris", network="mlp:8", dropout=0.3, penalty="max-norm:2"))
    other = dataclasses.replace(some, dropout=0.6, penalty=dataclasses.replace(some.penalty, max_norm=0.5))
    none = dataclasses.replace(some, dropout=0.0)
    one, two, three = (_program(each, (Recipe.of(ADAM),), 1) for each in (some, other, none))
    assert one == two != three
    curves = [train(cohort(each, [ADAM], [0], width=1)).curves[0]["train_loss"] for each in (some, other)]
    assert not np.array_equal(curves[0], curves[1])


def test_a_cpu_gets_matrix_products_not_convolutions():
    """XLA's own gradients of convolutions and of pooling take ten times as long there."""
    one = task(Problem("digits", network="cnn:4/8"), batch=16, epochs=1)
    executables = compiled(cohort(one, [ADAM], [0], width=1))
    for text in (executables.run.as_text(), executables.start.as_text()):
        for forbidden in (" convolution(", "select-and-scatter", "__onednn$conv"):
            assert forbidden not in text
        assert not re.search(r" reduce-window\(.*2x2", text)  # of images; XLA sums in windows of 32
    assert " dot(" in executables.run.as_text() or "__onednn$matmul" in executables.run.as_text()

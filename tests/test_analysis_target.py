"""Time to target: first touches, misses that are censored, medians that exist or do not."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ladera.analysis.target import median_time, start_metric, target_value, times_to_target


def curves(**runs: list[float]) -> pd.DataFrame:
    """Long form, ten steps between recorded epochs."""
    rows = [
        {"run": run, "epoch": epoch, "step": 10 * epoch, "validation_metric": value}
        for run, values in runs.items()
        for epoch, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def runs(*names: str) -> pd.DataFrame:
    shared = {"lr": 0.1, "seed": 0, "purpose": "report", "batch": 32, "steps": 30, "seconds": 0.6}
    return pd.DataFrame([{"run": name, "optimizer": name.rstrip("0123456789"), **shared} for name in names])


def times(seen: pd.DataFrame, asked: pd.DataFrame, target: float, direction: str = "max") -> pd.DataFrame:
    return times_to_target(seen, asked, target, direction, {"a": 1, "b": 2}).set_index("run")


def test_the_target_is_95_percent_of_the_way():
    assert target_value(0.1, 0.9, "max") == pytest.approx(0.86)
    assert target_value(100.0, 20.0, "min") == pytest.approx(24.0)


@pytest.mark.parametrize(
    ("start", "best", "direction"),
    [(None, 0.9, "max"), (0.5, 0.5, "max"), (0.5, 0.4, "max"), (1.0, 2.0, "min"), (0.5, -math.inf, "max")],
)
def test_without_progress_there_is_no_target(start, best, direction):
    assert target_value(start, best, direction) is None


def test_the_first_touch_counts_even_where_it_is_lost_again():
    found = times(curves(a=[0.1, 0.8, 0.5, 0.9], b=[0.1, 0.2, 0.3, 0.4]), runs("a", "b"), 0.8)
    assert found["steps"].tolist() == [10.0, math.inf]
    assert found["reached"].tolist() == [True, False]
    assert found.loc["a", ["examples", "evaluations", "seconds"]].tolist() == pytest.approx([320, 10, 0.2])


def test_smaller_is_better_and_two_evaluations_a_step():
    found = times(curves(b=[9.0, 5.0, 3.0, 4.0]), runs("b"), 3.5, "min")
    assert found.loc["b", ["steps", "evaluations"]].tolist() == [20.0, 40.0]


def test_a_diverged_run_misses():
    found = times(curves(a=[0.1, math.nan, math.nan, math.nan]), runs("a"), 0.05)
    assert found.loc["a", "steps"] == 0.0  # the untrained network was there
    found = times(curves(a=[0.1, math.nan, math.nan, math.nan]), runs("a"), 0.5)
    assert not found.loc["a", "reached"]


@pytest.mark.parametrize(
    ("arrivals", "middle"),
    [
        ([30.0, 10.0, 20.0], 20.0),
        ([10.0, 20.0, math.inf], 20.0),
        ([10.0, math.inf, math.inf], None),
        ([10.0, 20.0, math.inf, math.inf], 20.0),  # half of them have arrived by then
        ([10.0, math.inf, math.inf, math.inf], None),
        ([], None),
    ],
)
def test_the_median_of_censored_times(arrivals, middle):
    assert median_time(np.array(arrivals)) == middle


def test_the_start_is_the_median_of_the_untrained_networks():
    assert start_metric(curves(a1=[0.1, 1.0], a2=[0.2, 1.0], a3=[math.nan, 1.0], a4=[0.3, 1.0])) == 0.2
    assert start_metric(curves(a=[0.1]).iloc[:0]) is None

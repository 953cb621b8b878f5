"""The choice of the learning rate, its interval and its edge; best of k trials."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladera.analysis.budget import best_of
from ladera.analysis.select import choose, largest_trained_lr, lr_interval, sensitivity


def tuned(
    table: dict[float, list[float]], optimizer: str = "adam", losses: dict | None = None
) -> pd.DataFrame:
    """Tuning runs from {lr: values per seed}; nan is a diverged run."""
    return pd.DataFrame(
        {
            "optimizer": optimizer,
            "lr": lr,
            "seed": seed,
            "status": "diverged" if math.isnan(value) else "finished",
            "validation_metric": value,
            "validation_loss": (losses or {}).get(lr, 1.0),
        }
        for lr, values in table.items()
        for seed, value in enumerate(values)
    )


NO = math.nan


def test_the_best_median_is_chosen():
    choice = choose(tuned({0.001: [0.1, 0.9, 0.9], 0.01: [0.8, 0.8, 0.8], 0.1: [0.7, 0.7, 1.0]}), "max")
    assert (choice["adam"].lr, choice["adam"].edge) == (0.001, "low")


def test_a_diverged_run_is_the_worst_possible():
    table = {0.001: [0.8, 0.8, 0.8], 0.01: [0.9, NO, NO], 0.1: [NO, NO, NO]}
    assert choose(tuned(table), "max")["adam"].lr == 0.001
    assert choose(tuned(table), "min")["adam"].lr == 0.001
    rows = sensitivity(tuned(table), "max").set_index("lr")
    assert rows["diverged"].tolist() == pytest.approx([0, 2 / 3, 1])
    assert rows["median"].tolist() == [0.8, -math.inf, -math.inf]
    assert sensitivity(tuned(table), "min")["median"].tolist() == [0.8, math.inf, math.inf]


def test_ties_go_to_the_lower_loss_then_to_the_smaller_rate():
    table = {0.1: [0.9] * 3, 0.01: [0.9] * 3, 0.001: [0.9] * 3, 0.0001: [0.5] * 3}
    assert choose(tuned(table), "max")["adam"].lr == 0.001
    assert choose(tuned(table, losses={0.01: 0.5}), "max")["adam"].lr == 0.01
    assert choose(tuned({0.1: [NO], 0.01: [NO]}), "max")["adam"].lr == 0.01


@pytest.mark.parametrize(
    ("best", "edge"), [(0.001, "low"), (0.01, ""), (0.1, "high")], ids=["low", "inside", "high"]
)
def test_edges(best, edge):
    table = {lr: [0.9 if lr == best else 0.5] for lr in (0.001, 0.01, 0.1)}
    assert choose(tuned(table), "max")["adam"].edge == edge


def test_one_learning_rate_is_no_grid():
    assert choose(tuned({0.1: [0.9]}), "max")["adam"].edge == ""


def test_each_optimizer_has_its_own_choice():
    both = pd.concat([tuned({0.1: [0.9], 0.2: [0.8]}), tuned({0.1: [0.7], 0.2: [0.8]}, "sgd")])
    assert {name: choice.lr for name, choice in choose(both, "max").items()} == {"adam": 0.1, "sgd": 0.2}
    assert choose(both.iloc[:0], "max") == {}


GRIDS = st.dictionaries(
    st.sampled_from([1e-4, 1e-3, 1e-2, 1e-1, 1.0]),
    st.lists(st.one_of(st.integers(0, 9).map(float), st.just(NO)), min_size=3, max_size=3),
    min_size=1,
)


@given(GRIDS)
def test_smaller_is_better_is_the_mirror_of_larger_is_better(table):
    mirrored = {lr: [-value for value in values] for lr, values in table.items()}
    assert choose(tuned(table), "max") == choose(tuned(mirrored), "min")


@given(GRIDS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_means_nothing(table, random):
    rows = tuned(table)
    order = list(range(len(rows)))
    random.shuffle(order)
    assert choose(rows, "max") == choose(rows.iloc[order], "max")


def test_the_interval_is_what_is_within_five_percent():
    """From 0.1 to 0.9, so that 5 % is 0.04; 1.0 is good again, but cut off."""
    table = {1e-4: [0.85], 1e-3: [0.87], 1e-2: [0.90], 1e-1: [0.80], 1.0: [0.89]}
    rows = sensitivity(tuned(table), "max")
    assert lr_interval(rows, "adam", 1e-2, 0.1, "max") == (1e-3, 1e-2)
    assert lr_interval(rows, "adam", 1e-2, None, "max") == (1e-2, 1e-2)
    assert lr_interval(rows, "adam", 0.5, 0.1, "max") == (0.5, 0.5)
    mirrored = sensitivity(tuned({lr: [-v for v in values] for lr, values in table.items()}), "min")
    assert lr_interval(mirrored, "adam", 1e-2, -0.1, "min") == (1e-3, 1e-2)


def test_the_interval_of_what_never_trained_is_a_point():
    rows = sensitivity(tuned({0.1: [NO], 0.2: [NO]}), "max")
    assert lr_interval(rows, "adam", 0.1, 0.1, "max") == (0.1, 0.1)


def test_the_largest_rate_that_trained():
    assert largest_trained_lr(tuned({0.1: [0.5, NO], 1.0: [NO, NO]})) == 0.1
    assert largest_trained_lr(tuned({0.1: [NO]})) is None


def test_best_of_k_against_every_subset():
    """The mean over all subsets of k learning rates, and over the seeds, written out."""
    values = {0.1: [0.2, 0.3], 0.2: [0.9, 0.4], 0.3: [0.5, NO], 0.4: [0.6, 0.8], 0.5: [NO, 0.1]}
    start = 0.15
    found = best_of(tuned(values), start, "max").set_index("trials")["expected"]
    assert found.index.tolist() == [1, 2, 4, 5]
    for k in found.index:
        per_seed = [[start if math.isnan(v[seed]) else v[seed] for v in values.values()] for seed in (0, 1)]
        expected = np.mean([max(some) for seed in per_seed for some in itertools.combinations(seed, k)])
        assert found[k] == pytest.approx(expected)


def test_best_of_k_where_smaller_is_better():
    values = {0.1: [2.0], 0.2: [1.0], 0.3: [NO]}
    found = best_of(tuned(values), 5.0, "min").set_index("trials")["expected"]
    assert found.to_dict() == pytest.approx({1: 8 / 3, 2: (1 + 2 + 1) / 3, 3: 1.0})

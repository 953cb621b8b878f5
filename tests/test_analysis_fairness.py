"""Every rule of a fair comparison that a study can break, broken once."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from fake_study import Fake, fake_study

from ladera.analysis.fairness import fingerprint_spread
from ladera.study import Study

PAIR = (Fake("adam", 0.98), Fake("sgd", 0.95))


def fairness(path, *optimizers, **options):
    study = Study(fake_study(path / "study", optimizers or PAIR, **options).path)
    return study.recommendation().fairness, study.recommendation()


def test_a_fair_study(tmp_path):
    checked, answer = fairness(tmp_path)
    assert checked.may_rank
    assert (checked.equal_budget, checked.edge, checked.fingerprint_spread) == (True, (), 0.0)
    assert checked.tuning_runs == {"adam": 45, "sgd": 45}
    assert checked.tuning_evaluations == {"adam": 45 * 660, "sgd": 45 * 660}
    assert answer.optimizer == "adam"


def test_unpaired(tmp_path):
    checked, answer = fairness(tmp_path, Fake("adam", 0.98), Fake("sgd", 0.95, unpaired=True))
    assert (checked.paired, checked.may_rank) == (False, False)
    assert checked.unpaired_seeds == tuple(range(10))
    assert checked.fingerprint_spread == pytest.approx(1e-3, rel=0.01)
    assert (answer.optimizer, answer.ranking, answer.grade) == (None, (), "not enough data")
    assert "Not paired: on the seeds 0, 1, 2" in answer.sentence


def test_overlapping_splits(tmp_path):
    checked, answer = fairness(tmp_path, disjoint=False)
    assert not checked.disjoint_splits
    assert answer.optimizer is None
    assert "the training, validation and test sets share rows" in answer.sentence


def test_tuning_seeds_that_are_reported(tmp_path):
    checked, answer = fairness(tmp_path, tune=(0, 1, 2), report=(2, 3, 4))
    assert (checked.disjoint_seeds, checked.shared_seeds) == (False, (2,))
    assert answer.optimizer is None
    assert "the seeds 2 both chose the learning rate and are reported" in answer.sentence


def test_a_larger_grid_is_an_unequal_budget(tmp_path):
    checked, answer = fairness(tmp_path, Fake("adam", 0.98), Fake("sgd", 0.95, grid=(1e-3, 3e-3, 1e-2)))
    assert not checked.equal_budget
    assert answer.optimizer == "adam"  # a warning, not a refusal
    assert checked.tuning_runs == {"adam": 45, "sgd": 15}


def test_two_evaluations_a_step_are_charged_twice(tmp_path):
    checked, _ = fairness(tmp_path, Fake("adam", 0.98), Fake("sam", 0.95, evaluations=2))
    assert not checked.equal_budget
    assert checked.tuning_runs["sam"] == checked.tuning_runs["adam"]
    assert checked.tuning_evaluations["sam"] == 2 * checked.tuning_evaluations["adam"]


def test_edges_are_named(tmp_path):
    checked, answer = fairness(tmp_path, Fake("adam", 0.98), Fake("sgd", 0.95, best_lr=1.0))
    assert checked.edge == ("sgd",)
    assert [row.edge for row in answer.ranking] == ["", "high"]


@pytest.mark.parametrize(
    ("losses", "spread"),
    [
        ([2.0, 2.0], 0.0),
        ([2.0, 2.000001], 5e-7),
        ([2.0, 2.00001], 5e-6),
        ([0.0, 0.0], 0.0),
        ([math.nan, math.nan], 0.0),
        ([math.nan, 2.0], math.inf),
        ([math.inf, 2.0], math.inf),
    ],
)
def test_the_spread_of_fingerprints(losses, spread):
    found = fingerprint_spread(pd.DataFrame({"seed": 3, "fingerprint": losses}))
    assert found[3] == pytest.approx(spread, rel=1e-3)

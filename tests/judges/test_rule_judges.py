"""Every rule against PyTorch, optax and Keras, live, in float64, at every step to 1e-12."""

from __future__ import annotations

import pytest
from rule_cases import CASES, PROBLEMS, agree

import ladera.rules

PAIRS = [(case, which) for case in CASES for which in range(len(case.hyperparameters))]
IDS = [f"{case.rule}-{case.judge.__name__.lower()}-{which}" for case, which in PAIRS]


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(("case", "which"), PAIRS, ids=IDS)
def test_goes_the_same_way(case, which, problem):
    assert agree(ladera.rules.get(case.rule), case, which, problem), case.mapping


@pytest.mark.parametrize("name", ladera.rules.names())
def test_has_an_outside_judge(name):
    assert any(case.rule == name for case in CASES)

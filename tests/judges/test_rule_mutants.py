"""The judges are judged: they reject every wrong version of every rule."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from rule_cases import CASES, PROBLEMS, agree
from rule_mutants import EQUIVALENT, SLIPS, mutants

import ladera.rules


@functools.cache
def verdicts(name: str) -> list[tuple[str, bool]]:
    """(what is wrong with it, whether a judge rejects it) of every mutant of a rule.

    A mutant that cannot run is no plausible rule: its error is let through.
    """
    with np.errstate(all="ignore"):
        return [(what, rejected(name, cls)) for what, cls in mutants(name)]


def rejected(name, cls) -> bool:
    return any(
        not agree(cls, case, which, problem)
        for case in CASES
        if case.rule == name
        for which in range(len(case.hyperparameters))
        for problem in PROBLEMS
    )


@pytest.mark.parametrize("name", ladera.rules.names())
def test_every_rule_has_mutants(name):
    assert len(SLIPS.get(name, ())) >= 5


@pytest.mark.parametrize("name", SLIPS)
def test_every_mutant_is_rejected(name):
    """All but those that are known to be the same rule in other words."""
    survivors = [what for what, dead in verdicts(name) if not dead]
    assert survivors == [what for rule, what in EQUIVALENT if rule == name]


def test_the_mutation_score_is_complete(capsys):
    results = [dead for name in SLIPS for _, dead in verdicts(name)]
    wrong = len(results) - len(EQUIVALENT)
    with capsys.disabled():
        print(f"\nmutation score of the rules: {sum(results)} of {wrong} rejected", end=" ")
    assert sum(results) == wrong

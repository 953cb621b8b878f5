"""The judges are judged: they reject every wrong version of every rule and wrapper."""

from __future__ import annotations

import functools
from collections import Counter

import numpy as np
import pytest
from rule_cases import departure, file_of, judged, trials
from rule_mutants import mutants

import ladera.rules

NAMES = [*ladera.rules.names(), *ladera.rules.wrappers()]
JUDGED = [name for name in NAMES if file_of(name).is_file()]


@functools.cache
def verdicts(name: str) -> list[tuple[str, bool]]:
    """(what is wrong with it, whether a judge rejects it) of every mutant of a rule."""
    kills = Counter(dict.fromkeys(trials(name), 0))
    with np.errstate(all="ignore"):
        return [(what, rejected(cls, kills)) for what, cls in mutants(name)]


def rejected(cls, kills) -> bool:
    """Whether a judge rejects a class; the judges that rejected most before are asked first.

    A mutant whose numbers or shapes do not fit rejects itself; one of names that do not exist is no
    plausible rule, and its error is let through.
    """
    for trial, _ in kills.most_common():
        try:
            dead = departure(cls, trial) is not None
        except (ArithmeticError, IndexError, TypeError, ValueError):
            dead = True
        if dead:
            kills[trial] += 1
            return True
    return False


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_mutants(name):
    assert file_of(name).is_file(), f"{name} has no mutants: write {file_of(name)}"
    assert len(judged(name).SLIPS) >= 5


@pytest.mark.parametrize("name", JUDGED)
def test_every_mutant_is_rejected(name):
    """All but those that are known to be the same rule in other words."""
    survivors = [what for what, dead in verdicts(name) if not dead]
    assert sorted(survivors) == sorted(judged(name).EQUIVALENT)


def test_the_mutation_score_is_complete(capsys):
    results = [dead for name in JUDGED for _, dead in verdicts(name)]
    wrong = len(results) - sum(len(judged(name).EQUIVALENT) for name in JUDGED)
    with capsys.disabled():
        print(f"\nmutation score of the rules: {sum(results)} of {wrong} rejected", end=" ")
    assert sum(results) == wrong

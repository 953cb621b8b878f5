"""The judges are judged: they reject every wrong version of every rule and wrapper."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from rule_cases import departure, file_of, judged, trials
from rule_mutants import mutants

import ladera.rules

NAMES = [*ladera.rules.names(), *ladera.rules.wrappers()]
JUDGED = [name for name in NAMES if file_of(name).is_file()]


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


DEAREST = {"adafactor", "lamb", "muon", "radam", "schedulefreeadamw"}  # a fifth of the minutes of all


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in DEAREST else n for n in JUDGED]
)
def test_every_mutant_is_rejected(name, record_property):
    """All but those that are known to be the same rule in other words. The score of all rules is
    printed at the end of the run (see conftest.py)."""
    found = verdicts(name)
    survivors = [what for what, dead in found if not dead]
    equivalent = judged(name).EQUIVALENT
    record_property("mutants", (len(found) - len(survivors), len(found) - len(equivalent)))
    assert sorted(survivors) == sorted(equivalent)

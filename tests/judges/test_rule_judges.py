"""Every rule and wrapper against PyTorch, optax and Keras, live, in float64, at every step to 1e-12."""

from __future__ import annotations

import pytest
from rule_cases import departure, file_of, judged, rule_class, trials

import ladera.rules
from ladera.base import UsageError

NAMES = [*ladera.rules.names(), *ladera.rules.wrappers()]
JUDGED = [name for name in NAMES if file_of(name).is_file()]
TRIALS = [trial for name in JUDGED for trial in trials(name)]
each_rule = pytest.mark.parametrize("name", NAMES)


@each_rule
def test_has_an_outside_judge(name):
    assert file_of(name).is_file(), f"{name} is not judged: write {file_of(name)}"
    assert {case.rule for case in judged(name).CASES} == {name}


@pytest.mark.parametrize("trial", TRIALS, ids=[f"{t.name}-{t.what}-{t.problem}" for t in TRIALS])
def test_goes_the_same_way(trial):
    assert departure(rule_class(trial.name), trial) is None, trial.mapping


@each_rule
def test_every_dialect_is_judged(name):
    assert set(rule_class(name).dialects) == {dialect.framework for dialect in judged(name).DIALECTS}


@pytest.mark.parametrize("name", ladera.rules.names())
def test_the_papers_dialect_is_the_rule_as_it_comes(name):
    assert rule_class(name).like("paper") == rule_class(name)()


@pytest.mark.parametrize("name", ladera.rules.names())
def test_a_framework_without_the_algorithm_is_refused(name):
    cls = rule_class(name)
    for framework in {"torch", "keras", "optax"} - set(cls.dialects):
        with pytest.raises(UsageError, match=f"{framework} has no optimizer that is {cls.__name__}"):
            cls.like(framework)

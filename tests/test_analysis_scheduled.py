"""The emitted code of a scheduled winner is run, and its steps are held against the rule's own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from fake_study import Fake, fake_study
from test_analysis_code import GRADIENTS, LR, PATHS, START, answer_with, float64, ran

import ladera.rules
from ladera.analysis.code import FRAMEWORKS, code
from ladera.schedules import Schedules, names
from ladera.study import Study

STEPS = len(GRADIENTS)  # of the training: 4 epochs


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return Study(fake_study(tmp_path_factory.mktemp("scheduled") / "s", [Fake("adam", 0.98)]).path)


def emitted(study: Study, schedule: str, framework: str, name: str, numbers: dict, **rule: str) -> str:
    asked = {**study.asked, "optimizers": [{"name": name, **rule}]}
    training = {"epochs": 4, "steps_per_epoch": STEPS // 4, "schedule": schedule}
    asked["training"] = {**asked["training"], **training}
    return code(answer_with(study, name, numbers), asked, framework)


def stepping(names: dict) -> dict:
    """What runs for torch, with the scheduler called where its comment says."""
    if "scheduler" in names:
        step = names["optimizer"].step

        @dataclasses.dataclass
        class Both:
            def step(self):
                step()
                names["scheduler"].step()

        names = {**names, "optimizer": Both()}
    return names


def our_path(name: str, schedule: str) -> np.ndarray:
    rule = ladera.rules.get(name).create(lr=LR)
    factors = Schedules.of(schedule).table(["lr"], STEPS, STEPS // 4)[:, 0]
    x, state = START, rule.init(START)
    for t, g in enumerate(GRADIENTS, start=1):
        state, x = rule.replace(lr=LR * factors[t - 1]).step(t, g, state, x)
    return x


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("schedule", [name for name in names() if name != "constant"])
def test_the_code_of_every_schedule_takes_the_steps_that_were_measured(study, framework, schedule):
    text = emitted(study, schedule, framework, "sgd", {"lr": LR})
    assert f"followed the schedule {schedule} over 12 steps, 3 to an epoch" in text.replace("\n# ", " ")
    with float64():
        theirs = PATHS[framework](stepping(ran(text)), GRADIENTS)
    # optax and Keras compute the factor in float32 where the step is an integer
    np.testing.assert_allclose(theirs, our_path("sgd", schedule), rtol=1e-6)


@pytest.mark.parametrize("framework", ["torch", "optax"])
def test_a_rule_with_a_state_too(study, framework):
    numbers = {"lr": LR, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
    text = emitted(study, "warmup-cosine:0.3", framework, "adam", numbers)
    with float64():
        theirs = PATHS[framework](stepping(ran(text)), GRADIENTS)
    np.testing.assert_allclose(theirs, our_path("adam", "warmup-cosine:0.3"), rtol=1e-6)


def test_ladera_s_own_optimizer_follows_in_torch_and_says_so_in_optax(study):
    given = {"numbers": {"lr": LR, "b1": 0.9, "b2": 0.99}, "rule": "ladera.rules.Lion(lr={lr})"}
    text = emitted(study, "cosine", "torch", "lion", **given)
    theirs = PATHS["torch"](stepping(ran(text)), GRADIENTS)
    np.testing.assert_allclose(theirs, our_path("lion", "cosine"), rtol=1e-6)
    text = emitted(study, "cosine", "optax", "lion", **given)
    assert "The schedule cosine moved lr, which this code leaves out." in text
    assert "def factor" not in text


def test_what_the_code_leaves_out_is_named(study):
    numbers = {"lr": LR, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
    text = emitted(study, "one-cycle", "torch", "adam", numbers)
    assert "# The schedule one-cycle moved b1, which this code leaves out." in text
    assert "momentum" not in text
    text = emitted(study, "b2=warmup", "keras", "adam", numbers)
    assert "# The schedule b2=warmup moved b2, which this code leaves out." in text
    assert "def factor" not in text


def test_a_schedule_of_a_newer_version_is_named_too(study):
    text = emitted(study, "newest:3", "torch", "sgd", {"lr": LR})
    assert "# The schedule newest:3 moved lr, which this code leaves out." in text


def test_no_schedule_leaves_the_code_as_it_was(study):
    plain = emitted(study, "constant", "torch", "sgd", {"lr": LR})
    assert "schedule" not in plain
    assert "factor" not in plain

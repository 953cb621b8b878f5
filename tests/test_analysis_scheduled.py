"""The emitted code of a scheduled winner is run, and its steps are held against the rule's own."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import numpy as np
import pytest
from fake_study import Fake, fake_study
from test_analysis_code import GRADIENTS, LR, PATHS, START, answer_with, float64, ran

import ladera.rules
from ladera.analysis.code import FRAMEWORKS, code
from ladera.schedules import Plateau, Schedules, names
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
@pytest.mark.parametrize("schedule", [name for name in names() if name not in ("constant", "plateau")])
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


LOSSES = [1.0, 0.5, 0.5, 0.6, 0.49999, 0.4, 0.4, 0.4, 0.4, 0.4, 0.3, 0.3]  # validation, one epoch a step


def made(text: str) -> Plateau:
    plateau = Schedules.of(text).plateau
    assert plateau is not None
    return plateau


def watched(names: dict, framework: str) -> dict[str, Any]:
    """What runs, told the validation loss after every step as its comment says."""
    losses, optimizer = iter(LOSSES), names["optimizer"]
    if framework == "torch":
        step = optimizer.step

        @dataclasses.dataclass
        class Both:
            def step(self):
                step()
                names["scheduler"].step(next(losses))

        return {**names, "optimizer": Both()}
    import optax

    def update(g, state, params):
        inside, fallen = state
        updates, inside = optimizer.update(g, inside, params)
        updates = optax.tree.scale(fallen.scale, updates)
        _, fallen = names["plateau"].update(params, fallen, value=next(losses))
        return updates, (inside, fallen)

    def init(params):
        return optimizer.init(params), names["plateau"].init(params)

    return {**names, "optimizer": optax.GradientTransformation(init, cast(Any, update))}


@pytest.mark.parametrize("framework", ["torch", "optax"])
@pytest.mark.parametrize("text", ["plateau:0.5,1", "plateau:0.1,2,0.05", "plateau:0.3,0"])
def test_the_code_of_a_plateau_takes_the_steps_that_were_measured(study, framework, text):
    code_ = emitted(study, text, framework, "sgd", {"lr": LR})
    asked = str(Schedules.of(text))
    assert f"followed the schedule {asked}, which looks at the validation loss" in code_.replace("\n# ", " ")
    factors = made(text).follow(LOSSES)
    assert len(set(factors)) > 1
    x, state, rule = START, None, ladera.rules.SGD(lr=LR)
    state = rule.init(START)
    for t, (g, factor) in enumerate(zip(GRADIENTS, factors, strict=True), start=1):
        state, x = rule.replace(lr=LR * factor).step(t, g, state, x)
    with float64():
        theirs = PATHS[framework](watched(ran(code_), framework), GRADIENTS)
    np.testing.assert_allclose(theirs, x, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras reads its rate so
def test_keras_follows_by_its_callback(study):
    """Told the same losses, it cuts after the same epochs: none of them lies between the two thresholds."""
    code_ = emitted(study, "plateau:0.5,1", "keras", "sgd", {"lr": LR})
    names = ran(code_)

    @dataclasses.dataclass
    class Model:
        optimizer: object

    names["plateau"].set_model(Model(names["optimizer"]))
    names["plateau"].on_train_begin()
    seen = []
    for epoch, loss in enumerate(LOSSES):
        seen.append(float(names["optimizer"].learning_rate) / LR)
        names["plateau"].mode = "min"
        names["plateau"].on_epoch_end(epoch, {"val_loss": loss})
    np.testing.assert_allclose(seen, made("plateau:0.5,1").follow(LOSSES), rtol=1e-5)


def test_what_a_plateau_leaves_out_is_named(study):
    numbers = {"lr": LR, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
    text = emitted(study, "lr=plateau b1=warmup", "torch", "adam", numbers)
    assert "The schedule lr=plateau b1=warmup moved b1, which this code leaves out." in text.replace(
        "\n# ", " "
    )
    assert "ReduceLROnPlateau" in text
    given = {"numbers": {"lr": LR, "b1": 0.9, "b2": 0.99}, "rule": "ladera.rules.Lion(lr={lr})"}
    assert "The schedule plateau moved lr" in emitted(study, "plateau", "optax", "lion", **given)
    assert "ReduceLROnPlateau" in emitted(study, "plateau", "torch", "lion", **given)


def test_early_stopping_is_said_and_keras_does_it(study):
    def with_stop(stop: str, framework: str) -> str:
        training = {**study.asked["training"], "stop": stop}
        return code(answer_with(study, "sgd", {"lr": LR}), {**study.asked, "training": training}, framework)

    said = "had not fallen by more than 0.001 for 4 epochs, with the weights of the best epoch"
    for framework in FRAMEWORKS:
        assert said in with_stop("early:4,1e-3", framework).replace("\n# ", " ")
    stopping = ran(with_stop("early:4,1e-3", "keras"))["stopping"]
    assert (stopping.patience, stopping.restore_best_weights, abs(stopping.min_delta)) == (4, True, 1e-3)
    assert "stopping" not in with_stop("never", "keras")
    assert "# model.fit(..., callbacks=[stopping])" in with_stop("early:4", "keras")
    asked = {"training": {**study.asked["training"], "stop": "early:4", "schedule": "plateau:0.5,1"}}
    both = code(answer_with(study, "sgd", {"lr": LR}), {**study.asked, **asked}, "keras")
    assert both.endswith("# model.fit(..., callbacks=[plateau, stopping])\n")
    assert "stopped by sooner:3" in with_stop("sooner:3", "torch")

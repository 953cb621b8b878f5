"""The emitted code is run, and its optimizer is held against the rule that was measured."""

from __future__ import annotations

import contextlib
import dataclasses

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from fake_study import Fake, fake_study

import ladera.rules
from ladera.analysis.answer import Answer
from ladera.analysis.code import FRAMEWORKS, code
from ladera.base import UsageError
from ladera.study import Study

# A large eps, so that its place shows; every other value is not a default either.
HYPERPARAMETERS = {
    "sgd": {},
    "momentum": {"momentum": 0.8},
    "nesterov": {"momentum": 0.8},
    "adagrad": {"eps": 1e-2},
    "adadelta": {"rho": 0.8, "eps": 1e-2},
    "rmsprop": {"decay": 0.8, "eps": 1e-2, "momentum": None, "centered": False},
    "rmsprop, with all": {"decay": 0.8, "eps": 1e-2, "momentum": 0.7, "centered": True},
    "adam": {"b1": 0.8, "b2": 0.95, "eps": 1e-2},
    "adamw": {"b1": 0.8, "b2": 0.95, "eps": 1e-2, "weight_decay": 0.3},
    "radam": {"b1": 0.8, "b2": 0.95, "eps": 1e-2, "rho_min": 4.0},
}
LR = 0.03
# Comments that do not change what a constant learning rate does in float64.
ONLY_WARNS = ("the same only while the learning rate is constant", "in float32 the two can part")

CASES = [
    (framework, case)
    for framework in FRAMEWORKS
    for case in HYPERPARAMETERS
    if (framework, case) != ("keras", "radam")
]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return Study(
        fake_study(tmp_path_factory.mktemp("code") / "s", [Fake("adam", 0.98), Fake("sgd", 0.9)]).path
    )


def answer_with(study: Study, optimizer: str, hyperparameters: dict) -> Answer:
    answer = study.recommendation()
    best = dataclasses.replace(answer.ranking[0], optimizer=optimizer, lr=LR, hyperparameters=hyperparameters)
    return dataclasses.replace(
        answer, optimizer=optimizer, ranking=(best,), titles={optimizer: optimizer.title()}
    )


@contextlib.contextmanager
def float64():
    floatx = keras.config.floatx()
    keras.config.set_floatx("float64")
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield
    keras.config.set_floatx(floatx)


def ran(text: str) -> dict:
    model = torch.nn.ParameterList([torch.nn.Parameter(torch.tensor(START))])
    names = {"model": model}
    exec(text, names)
    return names


def torch_path(names, gradients):
    (x,) = names["model"].parameters()
    for g in gradients:
        x.grad = torch.tensor(g)
        names["optimizer"].step()
    return x.detach().numpy()


def keras_path(names, gradients):
    x = keras.Variable(START, dtype="float64")
    for g in gradients:
        names["optimizer"].apply([jnp.asarray(g)], [x])
    return np.asarray(x)


def optax_path(names, gradients):
    x = jnp.asarray(START)
    state = names["optimizer"].init(x)
    for g in gradients:
        updates, state = names["optimizer"].update(jnp.asarray(g), state, x)
        x = optax.apply_updates(x, updates)
    return np.asarray(x)


def our_path(name, hyperparameters, gradients):
    rule = ladera.rules.get(name).create(lr=LR, **hyperparameters)
    x, state = START, rule.init(START)
    for t, g in enumerate(gradients, start=1):
        state, x = rule.step(t, g, state, x)
    return x


START = np.array([1.0, -2.0, 0.5])
GRADIENTS = np.random.default_rng(0).normal(size=(12, 3))
PATHS = {"torch": torch_path, "keras": keras_path, "optax": optax_path}


@pytest.mark.parametrize(("framework", "case"), CASES, ids=[f"{f}-{c}" for f, c in CASES])
def test_the_code_runs_and_says_what_differs(study, framework, case):
    """Where no comment says otherwise the framework takes the very steps that were measured."""
    name, hyperparameters = case.partition(",")[0], HYPERPARAMETERS[case]
    text = code(answer_with(study, name, {"lr": LR, **hyperparameters}), study.asked, framework)
    comments = " ".join(line[2:] for line in text.splitlines()[1:] if line.startswith("#"))
    with float64():
        theirs = PATHS[framework](ran(text), GRADIENTS)
    same = np.allclose(theirs, our_path(name, hyperparameters, GRADIENTS), rtol=1e-10, atol=0)
    says_so = bool(comments) and not any(warning in comments for warning in ONLY_WARNS)
    assert same != says_so


def test_the_code_of_a_study(study):
    assert study.code("torch") == (
        "# Adam with learning rate 3e-3, measured with batch 32 over 20 epochs.\n"
        "import torch\n\n"
        "optimizer = torch.optim.Adam(model.parameters(), lr=0.003, betas=(0.9, 0.999), eps=1e-08)\n"
    )
    assert "optax.adam(learning_rate=0.003, b1=0.9, b2=0.999, eps=1e-08)" in study.code("optax")
    assert "learning_rate=0.003, beta_1=0.9, beta_2=0.999, epsilon=1e-08" in study.code("keras")


def test_a_hyperparameter_that_the_framework_lacks_is_named(study):
    values = {"lr": LR, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "warm_up": 7, "amsgrad": False}
    text = code(answer_with(study, "adam", values), study.asked, "torch")
    assert "# PyTorch has no warm_up here; the measured rule had warm_up = 7." in text
    assert "amsgrad" not in text


def test_a_rule_of_your_own_has_no_line(study):
    with pytest.raises(UsageError, match=r"PyTorch has no optimizer like Mine .*ladera\.torch\.optimizer"):
        code(answer_with(study, "mine", {"lr": LR}), study.asked, "torch")
    with pytest.raises(UsageError, match="Keras has no optimizer like Radam"):
        code(answer_with(study, "radam", {"lr": LR}), study.asked, "keras")


def test_an_unknown_framework_and_no_answer(study, tmp_path):
    with pytest.raises(UsageError, match="There is no framework 'pytorch'; the nearest name is 'torch'"):
        study.code("pytorch")
    lost = Study(fake_study(tmp_path / "s", [Fake("adam", 0.9, diverges_from=0.0)]).path)
    with pytest.raises(UsageError, match=r"recommends no optimizer, .* every run diverged"):
        lost.code("torch")


DROPPED_IN = {
    "lion": ladera.rules.Lion(b1=0.8),
    "adam+l2": ladera.rules.L2(ladera.rules.Adam(b1=0.8), weight_decay=0.1),
    "adagrad-eps_inside=True": ladera.rules.Adagrad.like("keras"),
}


@pytest.mark.parametrize("framework", ["torch", "optax"])
@pytest.mark.parametrize("rule", DROPPED_IN.values(), ids=DROPPED_IN)
def test_what_a_framework_lacks_comes_as_the_rule_itself(study, framework, rule):
    answer = answer_with(study, rule.label(), {})
    asked = {"name": rule.label(), "rule": rule.expression(lr="{lr}")}
    if rule.label() == "adagrad":  # the plain name would be the framework's own
        answer = answer_with(study, "adagrad-keras", {})
        asked["name"] = "adagrad-keras"
    text = code(answer, {**study.asked, "optimizers": [asked]}, framework)
    with float64():
        found = PATHS[framework](ran(text), GRADIENTS)
    x, rule = START, rule.replace(lr=LR)
    state = rule.init(x)
    for t, g in enumerate(GRADIENTS, start=1):
        state, x = rule.step(t, g, state, x)
    np.testing.assert_allclose(found, x, rtol=1e-12)


def test_a_rule_of_the_users_own_gets_no_other_rules_code(study):
    asked = {**study.asked, "optimizers": [{"name": "adam", "ours": False}]}
    for framework in FRAMEWORKS:
        with pytest.raises(UsageError, match="no optimizer like"):
            code(answer_with(study, "adam", {}), asked, framework)

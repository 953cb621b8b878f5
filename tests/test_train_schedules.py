"""Schedules in the engine: a plain PyTorch loop agrees, nothing is compiled again, a crash changes no bit,
and a study says what was asked."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
import torch
from studies import at, cohort, crashed_and_resumed, nothing_compiled, same_bits, task

import ladera
from ladera import configs, rules
from ladera.analysis import words
from ladera.base import UsageError
from ladera.problems import Problem
from ladera.request import Request
from ladera.schedules import CONSTANT, Schedules
from ladera.solvers.curvature import catalogue
from ladera.train import checkpoint, compiled, work
from ladera.train.cohort import train
from ladera.train.plan import Plan, cohorts
from ladera.train.program import Program
from ladera.train.work import Cohort, Trial

TINY = task(Problem("iris", network="mlp:8", penalty="l2:1e-3"))


@pytest.fixture(autouse=True)
def _quickly_compiled(monkeypatch):
    monkeypatch.setitem(compiled.OPTIONS, "xla_backend_optimization_level", 0)


def following(text: str, rule: rules.Rule, *, seeds: list[int], width: int = 2) -> Cohort:
    one = cohort(TINY, [rule] * len(seeds), seeds, width=width)
    return dataclasses.replace(one, schedule=Schedules.of(text))


def torch_losses(rule: rules.Rule, schedule: Schedules, seed: int) -> np.ndarray:
    """The training loss of every epoch: the same weights and batches in float64 PyTorch, whose optimizer
    is told its numbers before every step."""
    problem = Problem("iris", network="mlp:8", penalty="l2:1e-3")
    data = problem.prepared()
    x, y = torch.tensor(data.train.x, dtype=torch.float64), torch.tensor(data.train.y).long()
    layers = [
        [torch.tensor(np.asarray(a, np.float64), requires_grad=True) for a in layer]
        for layer in work.initial(TINY, seed)[0]
    ]
    parameters = [a for layer in layers for a in layer]
    optimizer = torch.optim.SGD(parameters, lr=1.0)
    if isinstance(rule, rules.Adam):
        optimizer = torch.optim.Adam(parameters, lr=1.0, eps=rule.eps)
    (group,), names = optimizer.param_groups, ("lr", "b1")
    table = schedule.table(names, TINY.epochs * TINY.steps_per_epoch, TINY.steps_per_epoch)
    found, t = [], 0
    for epoch in range(TINY.epochs):
        losses = []
        for index in work.orders(TINY, seed, epoch, 1)[0]:
            group["lr"] = rule.numbers()["lr"] * float(table[t, 0])
            if isinstance(rule, rules.Adam):
                group["betas"] = (rule.b1 * float(table[t, 1]), rule.b2)
            (w, b), (v, c) = layers
            optimizer.zero_grad()
            plain = torch.nn.functional.cross_entropy(torch.relu(x[index] @ w + b) @ v + c, y[index])
            (plain + 1e-3 * ((w**2).sum() + (v**2).sum())).backward()
            optimizer.step()
            losses.append(plain.item())
            t += 1
        found.append(np.mean(losses))
    return np.array(found)


TEXTS = ["cosine:0.1", "warmup-cosine:0.3", "step:0.5,1", "one-cycle", "b1=warmup:0.5"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("rule", [rules.SGD(lr=0.3), rules.Adam(lr=0.05)], ids=lambda rule: rule.label())
def test_a_plain_torch_loop_agrees(rule, text):
    schedule = Schedules.of(text)
    mine = train(following(text, rule, seeds=[2])).curves[0]["train_loss"][1:]
    np.testing.assert_allclose(mine, torch_losses(rule, schedule, 2), rtol=2e-4)
    if schedule.moving(rule.numbers()):  # and another schedule is told apart
        apart = np.abs(mine / torch_losses(rule, CONSTANT, 2) - 1)
        assert apart.max() > 2e-3


def test_a_constant_schedule_is_the_very_program_without_one():
    one = cohort(TINY, [rules.Adam(lr=0.05)], [2], width=2)
    assert following("constant", rules.Adam(lr=0.05), seeds=[2]) == one
    program = compiled.compiled(one).program
    assert isinstance(program, Program)
    assert program.agenda(TINY, [2, 2], 0).factors is None
    still = following("lr=warmup:0", rules.Adam(lr=0.05), seeds=[2])  # factors of 1, multiplied all the same
    assert not still.schedule.constant
    mine, plain = train(still).curves[0], train(one).curves[0]
    np.testing.assert_allclose(mine["train_loss"], plain["train_loss"], rtol=1e-5)


def test_another_schedule_compiles_nothing():
    train(following("cosine", rules.RMSprop(), seeds=[0]))
    with nothing_compiled():
        for text in ("cosine:0.3", "one-cycle", "decay=warmup lr=exponential"):
            train(following(text, rules.RMSprop(), seeds=[3]))


def test_rules_that_share_a_program_follow_as_in_their_own():
    """Their numbers lie in other places: each rule's factors must meet its own."""
    every = [rules.SGD(lr=0.3), rules.SAM(rules.Adam(lr=0.05)), rules.Adam(lr=0.05)]
    schedule = Schedules.of("one-cycle b2=warmup:0.5 rho=cosine")
    together = dataclasses.replace(cohort(TINY, every, [1] * 3, width=2), schedule=schedule)
    for rule, trial in zip(every, together.trials, strict=True):
        apart = train(dataclasses.replace(cohort(TINY, [rule], [1], width=2), schedule=schedule)).curves[0]
        mine = train(dataclasses.replace(together, trials=(trial,))).curves[0]
        np.testing.assert_allclose(mine["train_loss"], apart["train_loss"], rtol=2e-5, err_msg=rule.label())


def test_a_crash_changes_no_bit(monkeypatch, tmp_path):
    monkeypatch.setattr(work, "_SEGMENT_STEPS", 1)
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    longer = dataclasses.replace(TINY, epochs=5)
    one = dataclasses.replace(
        cohort(longer, at(rules.Adam(), 0.01, 0.1), [7, 8], width=2), schedule=Schedules.of("one-cycle")
    )
    whole = train(one)
    again, heard = crashed_and_resumed(one, tmp_path / "partial", at=3)
    assert heard[0] == pytest.approx(2 * 2 / 5)  # what was done is not done again
    for one_curve, other in zip(again.curves, whole.curves, strict=True):
        assert same_bits(one_curve, other)


def test_a_cohort_of_solvers_follows_none():
    solver = catalogue.make("lbfgs")
    trials = {"sgd": [Trial("a", rules.SGD(), 0)], "lbfgs": [Trial("b", solver, 0)]}
    recipes = (work.Recipe.of(rules.SGD()),)
    of_rule, of_solver = cohorts(
        Plan(2, False, 2), TINY, "tune", trials, recipes, schedule=Schedules.of("cosine")
    )
    assert str(of_rule.schedule) == "cosine"
    assert of_solver.schedule.constant


# ---- what is asked ---------------------------------------------------------------------------------------


def request(schedule: str, optimizers: str = "sgd,adam", problem: str = "iris") -> Request:
    return Request(
        Problem(problem, network="mlp:8"),
        configs.optimizers(optimizers),
        "auto",
        1,
        schedule=Schedules.of(schedule),
    )


def test_a_schedule_is_part_of_what_was_asked_and_constant_is_not():
    plain, moved = request("constant"), request("lr=cosine:0.1")
    assert set(moved.asked) - set(plain.asked) == {"schedule"}
    assert moved.asked["schedule"] == "cosine:0.1"
    assert "schedule" not in plain.asked
    assert str(plain.default_folder()) == "runs/iris-mlp-8"
    assert str(moved.default_folder()) == "runs/iris-mlp-8-cosine-0.1"


def test_a_hyperparameter_that_no_rule_has_is_refused():
    request("momentum=warmup", "sgd,momentum")
    with pytest.raises(UsageError, match=r"'b9'; the nearest name is 'b[12]'"):
        request("b9=warmup")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> ladera.Study:
    return ladera.compare(
        Problem("iris", network="mlp:4"),
        ["adam"],
        lr=[0.05],
        seeds=2,
        epochs=3,
        schedule={"lr": "warmup-cosine:0.3", "b1": "warmup"},
        out=tmp_path_factory.mktemp("study") / "s",
        workers=1,
        width=2,
    )


def test_the_study_and_its_report_name_the_schedule(study, tmp_path):
    text = "lr=warmup-cosine:0.3 b1=warmup"
    assert study.asked["training"]["schedule"] == text
    assert f"schedule={text!r}" in study.asked["command"]
    assert f"Every rule followed the schedule {text}." in study.recommendation().sentence
    page = study.report(tmp_path / "report.html", "es").read_text(encoding="utf-8")
    assert "siguieron el plan lr=warmup-cosine:0.3 b1=warmup" in page


def test_solvers_are_told_apart(study):
    answer = study.recommendation()
    beside = dataclasses.replace(answer, titles={"adam": "Adam", "lbfgs": "L-BFGS"}, full_batch=("lbfgs",))
    assert "and hence without a schedule: L-BFGS." in words.scheduled(beside, str)
    alone = dataclasses.replace(answer, titles={"lbfgs": "L-BFGS"}, full_batch=("lbfgs",))
    assert "moved nothing" in words.scheduled(alone, str)
    assert words.scheduled(dataclasses.replace(answer, schedule="constant"), str) == ""


def test_another_schedule_is_another_study_and_the_same_one_trains_nothing(study):
    def again(schedule) -> ladera.Study:
        return ladera.compare(
            Problem("iris", network="mlp:4"),
            ["adam"],
            lr=[0.05],
            seeds=2,
            epochs=3,
            schedule=schedule,
            out=study.path,
            workers=1,
        )

    def prints() -> dict[str, str]:
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in study.path.rglob("*.parquet")}

    before = prints()
    again("lr=warmup-cosine:0.3 b1=warmup:0.1")
    assert prints() == before
    with pytest.raises(UsageError, match=r"schedule is lr=warmup-cosine:0\.3 b1=warmup there, constant here"):
        again("constant")

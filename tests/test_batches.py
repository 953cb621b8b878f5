"""How batches are drawn: the whole set, one example, with replacement; and what is said of wrong ones."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
import torch
from studies import cohort, task

import ladera
from ladera import configs, rules
from ladera.base import UsageError
from ladera.problems import Problem
from ladera.request import Request, read_batch
from ladera.solvers.curvature import catalogue
from ladera.train import compiled, work
from ladera.train.cohort import train
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Trial

IRIS = Problem("iris", network="mlp:8")
TINY = task(IRIS)  # 90 examples
DRAWN = dataclasses.replace(TINY, sampling="replacement")


@pytest.fixture(autouse=True)
def _quickly_compiled(monkeypatch):
    monkeypatch.setitem(compiled.OPTIONS, "xla_backend_optimization_level", 0)


def test_with_replacement_every_example_is_as_likely_and_draws_do_not_know_each_other():
    """χ² over the 90 examples and over 9 × 9 pairs of neighbours within a batch: 400 epochs."""
    drawn = work.orders(DRAWN, 5, 0, 400)
    assert drawn.shape == (400, TINY.steps_per_epoch, TINY.batch)
    assert drawn.dtype == np.int32
    counts = np.bincount(drawn.reshape(-1), minlength=90)
    expected = drawn.size / 90
    assert ((counts - expected) ** 2 / expected).sum() < 89 + 4 * np.sqrt(2 * 89)
    pairs = (drawn[..., :-1] // 10 * 9 + drawn[..., 1:] // 10).reshape(-1)
    counts, expected = np.bincount(pairs, minlength=81), pairs.size / 81
    assert ((counts - expected) ** 2 / expected).sum() < 80 + 4 * np.sqrt(2 * 80)


def test_the_draws_of_a_seed_do_not_depend_on_where_one_begins_to_look():
    drawn = work.orders(DRAWN, 5, 0, 4)
    np.testing.assert_array_equal(work.orders(DRAWN, 5, 2, 2), drawn[2:])
    assert not np.array_equal(work.orders(DRAWN, 6, 0, 4), drawn)
    assert not np.array_equal(drawn[0], drawn[1])
    left_out = [1 - len(np.unique(epoch)) / 90 for epoch in work.orders(DRAWN, 5, 0, 200)]
    assert np.mean(left_out) == pytest.approx((1 - 1 / 90) ** 80, abs=0.01)


def torch_losses(one: work.Task, lr: float, seed: int) -> np.ndarray:
    """Training losses by epoch of plain SGD in float64 PyTorch, on the same weights and batches."""
    data = IRIS.prepared()
    x, y = torch.tensor(data.train.x, dtype=torch.float64), torch.tensor(data.train.y).long()
    layers = [
        [torch.tensor(np.asarray(a, np.float64), requires_grad=True) for a in layer]
        for layer in work.initial(one, seed)[0]
    ]
    optimizer = torch.optim.SGD([a for layer in layers for a in layer], lr=lr)
    (w, b), (v, c) = layers
    found = []
    for epoch in range(one.epochs):
        losses = []
        for index in work.orders(one, seed, epoch, 1)[0]:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(torch.relu(x[index] @ w + b) @ v + c, y[index])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        found.append(np.mean(losses))
    return np.array(found)


@pytest.mark.parametrize(
    ("batch", "sampling", "steps"), [(90, "shuffled", 1), (1, "shuffled", 90), (16, "replacement", 5)]
)
def test_a_plain_torch_loop_agrees(batch, sampling, steps):
    one = dataclasses.replace(task(IRIS, batch=batch), sampling=sampling)
    assert one.steps_per_epoch == steps
    mine = train(cohort(one, [rules.SGD(lr=0.02)], [2], width=1)).curves[0]
    np.testing.assert_allclose(mine["train_loss"][1:], torch_losses(one, 0.02, 2), rtol=2e-4)
    np.testing.assert_array_equal(mine["step"], np.arange(4) * steps)


def test_the_whole_set_at_once_is_plain_gradient_descent():
    """The same loss as over the whole set in one piece, whatever the order: the orders cancel."""
    one = task(IRIS, batch=90, epochs=4)
    curves = [train(cohort(one, [rules.SGD(lr=0.1)], [3], width=1)).curves[0]]
    shuffled = dataclasses.replace(one, sampling="replacement")
    curves.append(train(cohort(shuffled, [rules.SGD(lr=0.1)], [3], width=1)).curves[0])
    descent = torch_losses(one, 0.1, 3)
    assert (np.diff(descent) < 0).all()
    np.testing.assert_allclose(curves[0]["train_loss"][1:], descent, rtol=1e-4)
    assert np.abs(curves[1]["train_loss"][1:] / descent - 1).max() > 1e-2  # drawn anew, it is no descent


def test_the_whole_set_is_not_copied_for_each_lane():
    digits, lanes = Problem("digits", network="mlp:4"), 8
    n = len(digits.prepared().train)

    def memory(batch: int) -> int:
        one = cohort(task(digits, batch=batch), [rules.SGD()], [2], width=lanes)
        return compiled.compiled(one).run.memory_analysis().temp_size_in_bytes

    copies = lanes * (n - 1) * 64 * 4
    assert memory(n) < memory(n - 1) - 0.9 * copies


def test_rules_and_solvers_begin_alike_with_replacement():
    """The loss by which pairing is checked counts an example as often as it was drawn."""
    assert len(np.unique(work.orders(DRAWN, 7, 0, 1)[0, 0])) < 16  # one of them was drawn twice
    solver = catalogue.make("lbfgs")
    solved = train(Cohort("c", DRAWN, (Recipe.of(solver),), 1, (Trial("r0", solver, 7),))).runs[0]
    ruled = train(cohort(DRAWN, [rules.SGD()], [7], width=1)).runs[0]
    assert solved["fingerprint"] == pytest.approx(ruled["fingerprint"], rel=1e-6)


# ---- what is asked -----------------------------------------------------------------------------------


def request(**more) -> Request:
    return Request(IRIS, configs.optimizers("sgd"), "auto", 1, **more)


def test_a_full_batch_is_known_by_its_size_and_the_default_sampling_by_nothing():
    plain, full = request(batch=90), request(batch="full")
    assert full.asked == plain.asked
    assert full.asked["batch"] == 90
    assert full.steps_per_epoch == 1
    assert "sampling" not in plain.asked
    assert request(sampling="replacement").asked["sampling"] == "replacement"
    assert str(full.default_folder()) == "runs/iris-mlp-8-batch-full"
    assert str(request(sampling="replacement").default_folder()) == "runs/iris-mlp-8-replacement"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"batch": 0}, "from 1 to 1000000, or full for the whole training set, received 0"),
        ({"batch": "whole"}, "or full for the whole training set, received 'whole'"),
        ({"batch": 2.0}, "received 2.0"),
        ({"sampling": "replace"}, "'replace'; the nearest name is 'replacement'"),
    ],
)
def test_what_is_no_batch_is_refused(asked, said):
    with pytest.raises(UsageError) as refused:
        request(**asked)
    assert said in str(refused.value)


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(UsageError, match="at most the 90 training examples, received 91"):
        _ = request(batch=91).asked


def test_batches_from_the_command_line():
    assert read_batch(" Full ") == "full"
    assert read_batch("32") == 32
    for wrong, said in (("many", "'many'"), ("", "''"), ("-3", "'-3'"), ("2.5", "'2.5'"), ("0", "0")):
        with pytest.raises(UsageError, match=f"full for the whole training set, received {said}"):
            request(batch=read_batch(wrong))


def test_a_study_with_the_whole_set_at_once(tmp_path):
    def study(**more) -> ladera.Study:
        return ladera.compare(
            IRIS, ["sgd"], lr=[0.1], seeds=2, epochs=2, workers=1, out=tmp_path / "s", **more
        )

    one = study(batch="full", sampling="replacement")
    assert one.asked["training"]["batch"] == 90
    assert one.asked["training"]["steps_per_epoch"] == 1
    assert "batch='full', sampling='replacement'" in one.asked["command"]
    assert (one.runs()["batch"] == 90).all()
    assert "the whole training set as one batch over 2 epochs" in one.code("torch").replace("\n# ", " ")
    before = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in one.path.rglob("*.parquet")}
    study(batch=90, sampling="replacement")
    after = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in one.path.rglob("*.parquet")}
    assert before == after
    with pytest.raises(UsageError, match="sampling is replacement there, shuffled here"):
        study(batch=90)

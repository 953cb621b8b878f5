"""The engine: lanes never meet, numbers do not recompile, and a plain PyTorch loop agrees."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import at, cohort, crashed_and_resumed, nothing_compiled, same_bits, task

from ladera import rules
from ladera.networks.product import product
from ladera.problems import Problem
from ladera.train import checkpoint, work
from ladera.train.cohort import train
from ladera.train.compiled import examples

TINY = task()
HUGE = 1e30  # a learning rate that overflows at once


@pytest.fixture(scope="module")
def alone() -> dict:
    """The curve of one trial that has the program to itself; three of four lanes are padding."""
    return train(cohort(TINY, at(rules.Adam(), 0.01), [7], width=4)).curves[0]


@settings(max_examples=12, deadline=None)
@given(
    position=st.integers(0, 3),
    neighbours=st.lists(st.sampled_from([1e-5, 0.1, 3.0, HUGE]), min_size=3, max_size=3),
    seeds=st.lists(st.integers(0, 50), min_size=3, max_size=3),
)
def test_a_row_is_bitwise_alone_among_others(alone, position, neighbours, seeds):
    rates, all_seeds = list(neighbours), list(seeds)
    rates.insert(position, 0.01)
    all_seeds.insert(position, 7)
    records = train(cohort(TINY, at(rules.Adam(), *rates), all_seeds, width=4))
    assert same_bits(records.curves[position], alone)


def test_position_in_a_later_filling_changes_nothing(alone):
    records = train(
        cohort(TINY, at(rules.Adam(), 0.1, 0.1, HUGE, 0.2, 0.3, 0.01), [0, 1, 2, 3, 4, 7], width=4)
    )
    assert same_bits(records.curves[5], alone)


def test_a_diverged_row_is_frozen_and_marked():
    records = train(cohort(TINY, at(rules.SGD(), HUGE, 0.1), [0, 0], width=2))
    lost, fine = records.runs
    assert lost["status"] == "diverged"
    assert 2 <= lost["diverged_step"] <= 3
    assert fine["status"] == "finished"
    assert fine["diverged_step"] is None
    assert np.isnan(records.curves[0]["validation_loss"][1:]).all()
    assert np.isfinite(records.curves[0]["validation_loss"][0])
    assert np.isfinite(records.curves[1]["validation_loss"]).all()


def test_a_loss_that_only_grew_counts_as_diverged():
    [run] = train(cohort(TINY, at(rules.SGD(), 30.0), [0], width=1)).runs
    assert run["status"] == "diverged"


def test_same_seed_same_result_in_a_new_process():
    code = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "from studies import at, cohort, task\n"
        "from ladera import rules\n"
        "from ladera.train.cohort import train\n"
        "c = train(cohort(task(), at(rules.Adam(), 0.01), [7], width=4)).curves[0]\n"
        "print(hashlib.sha256(c['validation_loss'].tobytes() + c['train_loss'].tobytes()).hexdigest())"
    )

    def fresh() -> str:
        command = [sys.executable, "-c", code, str(Path(__file__).parent)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    curve = train(cohort(TINY, at(rules.Adam(), 0.01), [7], width=4)).curves[0]
    here = hashlib.sha256(curve["validation_loss"].tobytes() + curve["train_loss"].tobytes()).hexdigest()
    assert fresh() == here


def test_numbers_do_not_recompile():
    asked: Any = {"network": "mlp:8", "penalty": "l2:0.1+max-norm:2", "dropout": 0.1}
    train(cohort(task(Problem("iris", **asked)), at(rules.RMSprop(), 0.01), [0], width=2))
    others = {**asked, "penalty": "l2:0.3+max-norm:1", "dropout": 0.5}
    rule = dataclasses.replace(rules.RMSprop(), lr=0.5, decay=0.5, eps=1e-3)
    with nothing_compiled():
        train(cohort(task(Problem("iris", **asked)), [rule], [3], width=2))
        train(cohort(task(Problem("iris", **others)), [rule], [3], width=2))


def test_segments_change_nothing(monkeypatch):
    """A training cut into segments of one epoch is the training in one segment."""
    whole = train(cohort(task(epochs=4), at(rules.Adam(), 0.01), [7], width=2)).curves[0]
    monkeypatch.setattr(work, "_SEGMENT_STEPS", 1)
    cut = task(epochs=4)
    assert cut.epochs_per_segment == 1
    parts = train(cohort(cut, at(rules.Adam(), 0.01), [7], width=2)).curves[0]
    np.testing.assert_allclose(parts["validation_loss"], whole["validation_loss"], rtol=1e-6)


@pytest.mark.parametrize("stop", [1, 3])
def test_a_crash_costs_a_segment_and_changes_no_bit(stop, monkeypatch, tmp_path):
    monkeypatch.setattr(work, "_SEGMENT_STEPS", 1)
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    one = cohort(task(epochs=5), at(rules.Adam(), 0.01, 0.1), [7, 8], width=2)
    whole = train(one)
    again, heard = crashed_and_resumed(one, tmp_path / "partial", at=stop + 1)
    assert heard[0] == pytest.approx(2 * stop / 5)  # what was done is not done again
    assert len(heard) == 1 + 5 - stop
    for one_curve, other in zip(again.curves, whole.curves, strict=True):
        assert same_bits(one_curve, other)


@pytest.mark.parametrize("damage", [b"", b"PK nonsense", None])
def test_a_checkpoint_that_is_damaged_or_anothers_is_ignored(damage, monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    mine = checkpoint.Checkpoint(tmp_path, "c", ["mine"])
    mine.save(2, [np.ones(3)])
    assert mine.load([0])[0] == 2
    if damage is None:
        assert checkpoint.Checkpoint(tmp_path, "c", ["another"]).load([0]) is None
    else:
        (tmp_path / "c.npz").write_bytes(damage)
        assert mine.load([0]) is None


# A rule of every kind: by element, by block, of the whole, one that averages, one of two gradients.
KINDS = [rules.SGD(), rules.Adam(), rules.LAMB(), rules.Prodigy(), rules.ScheduleFreeSGD()]


@pytest.mark.slow
def test_rules_in_one_program_train_as_in_their_own():
    every = [*KINDS, rules.RMSprop(momentum=0.9), rules.ClipGlobalNorm(rules.Momentum())]
    together = cohort(TINY, every, [1] * len(every), width=2)
    for rule, trial in zip(every, together.trials, strict=True):
        apart = train(cohort(TINY, [rule], [1], width=2)).curves[0]
        mine = dataclasses.replace(together, trials=(trial,))
        np.testing.assert_allclose(
            train(mine).curves[0]["train_loss"], apart["train_loss"], rtol=2e-5, err_msg=rule.label()
        )


def test_pairing_gives_every_rule_the_same_start_and_order():
    first = [
        train(cohort(TINY, [rule], [5], width=2)).runs[0]["fingerprint"]
        for rule in [*KINDS, rules.SAM(rules.SGD())]
    ]
    np.testing.assert_allclose(first, first[0], rtol=1e-6)


@pytest.mark.slow
def test_every_rule_trains():
    """Of all rules in one program, each at its customary rate: no loss is lost, every weight moves."""
    every = [rules.get(name)() for name in rules.names()]
    together = cohort(TINY, every, [1] * len(every), width=2)
    for trial in together.trials:
        loss = train(dataclasses.replace(together, trials=(trial,))).curves[0]["train_loss"]
        assert np.isfinite(loss).all()
        assert loss[-1] != loss[0]


@pytest.mark.parametrize("seed", [0, 3])
def test_every_epoch_is_shuffled_anew_without_repeats(seed):
    order = work.orders(TINY, seed, 0, 2)
    assert order.shape == (2, TINY.steps_per_epoch, TINY.batch)
    for epoch in order:
        assert len(np.unique(epoch)) == epoch.size
    assert not np.array_equal(order[0], order[1])
    np.testing.assert_array_equal(work.orders(TINY, seed, 1, 1)[0], order[1])
    assert not np.array_equal(work.orders(TINY, seed + 1, 0, 1)[0], order[0])


TORCH = {
    "sgd": (rules.SGD(lr=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "adam": (rules.Adam(lr=0.01), lambda p: torch.optim.Adam(p, lr=0.01)),
}


def hold_back(w, before, lr, penalty):
    """What is decoupled from the loss, in PyTorch's own words."""
    w -= lr * penalty.decoupled_l2 * before
    w[:] = torch.nn.functional.softshrink(w, lr * penalty.decoupled_l1)
    if penalty.max_norm:
        w[:] = torch.renorm(w, p=2, dim=1, maxnorm=penalty.max_norm)  # a column is a unit's


@pytest.mark.parametrize("rule", TORCH)
@pytest.mark.parametrize(
    "problem",
    [
        Problem("iris", network="mlp:16,8", penalty="l2:1e-3"),
        Problem("iris", network="mlp:8", activation="tanh", penalty="l1:1e-3"),
        Problem("diabetes", network="mlp:8"),
        Problem("iris", network="linear", loss="mse"),
        Problem("iris", network="mlp:8", penalty="decoupled-elastic:2e-2,5e-2+max-norm:1"),
    ],
    ids=lambda p: f"{p.data}-{p.network}-{p.loss}-{p.penalty}",
)
def test_a_plain_torch_loop_agrees(rule, problem):
    """Same weights, same batches, float64 PyTorch: losses and metrics of every epoch."""
    one = task(problem, batch=16, epochs=3)
    mine, make = TORCH[rule]
    curve = train(cohort(one, [mine], [2], width=2)).curves[0]
    data = problem.prepared()
    layers = [
        [torch.tensor(np.asarray(a, np.float64), requires_grad=True) for a in layer]
        for layer in work.initial(one, 2)[0]
    ]
    act = torch.relu if problem.activation == "relu" else torch.tanh

    def forward(x):
        for w, b in layers[:-1]:
            x = act(x @ w + b)
        return x @ layers[-1][0] + layers[-1][1]

    def loss_of(z, y):
        if one.loss == "cross_entropy":
            return torch.nn.functional.cross_entropy(z, y)
        target = torch.nn.functional.one_hot(y, z.shape[1]).double() if one.classifies else y
        return ((z - target) ** 2).mean()

    def tensors(part):
        y = torch.tensor(part.y)
        return torch.tensor(part.x, dtype=torch.float64), y.long() if one.classifies else y.double()

    x, y = tensors(data.train)
    xv, yv = tensors(data.validation)
    optimizer = make([a for layer in layers for a in layer])
    penalty = problem.parsed_penalty
    for epoch in range(one.epochs):
        losses = []
        for index in work.orders(one, 2, epoch, 1)[0]:
            optimizer.zero_grad()
            plain = loss_of(forward(x[index]), y[index])
            weights = [w for w, _ in layers]
            total = plain + sum(penalty.l1 * w.abs().sum() + penalty.l2 * (w**2).sum() for w in weights)
            total.backward()
            before = [w.detach().clone() for w in weights]
            optimizer.step()
            for w, old in zip(weights, before, strict=True):
                hold_back(w.data, old, mine.lr, penalty)
            losses.append(plain.item())
        with torch.no_grad():
            z = forward(xv)
            validation = loss_of(z, yv).item()
            metric = (
                (z.argmax(1) == yv).double().mean().item()
                if one.classifies
                else validation**0.5 * one.target_scale
            )
        np.testing.assert_allclose(curve["train_loss"][epoch + 1], np.mean(losses), rtol=2e-4)
        np.testing.assert_allclose(curve["validation_loss"][epoch + 1], validation, rtol=2e-4)
        np.testing.assert_allclose(curve["validation_metric"][epoch + 1], metric, rtol=2e-4)


def test_chunks_weigh_every_example_once(monkeypatch):
    """Evaluation in padded chunks is the plain mean over the examples."""
    _, test = examples(TINY)
    assert float(test.weight.sum()) == len(Problem("iris").prepared().test)


def test_the_engines_product_is_the_product():
    """Value and both gradients, against the plain product, in lanes."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 5, 3)).astype("f"), rng.standard_normal((4, 3, 2)).astype("f")

    def gradients(multiply):
        def loss(x, w):
            return (jax.numpy.tanh(multiply(x, w)) ** 2).sum()

        return jax.vmap(jax.value_and_grad(loss, argnums=(0, 1)))(x, w)

    for mine, plain in zip(
        jax.tree.leaves(gradients(product)), jax.tree.leaves(gradients(jax.numpy.matmul)), strict=True
    ):
        np.testing.assert_allclose(mine, plain, rtol=1e-5, atol=1e-6)

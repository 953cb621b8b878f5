"""Early stopping against Keras and reduction on a plateau against PyTorch, on losses that were recorded and
on made-up ones; what is recorded of a training that stopped; and nothing of it where nothing is asked."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from studies import at, cohort, crashed_and_resumed, nothing_compiled, same_bits, task

from ladera import rules
from ladera.base import UsageError
from ladera.problems import Problem
from ladera.schedules import NEVER, Plateau, Schedules, Stop
from ladera.train import checkpoint, compiled, epoch_end, work
from ladera.train import cohort as cohort_module
from ladera.train.cohort import train
from ladera.train.epoch_end import Watch
from ladera.train.program import Program
from ladera.train.work import Cohort

IRIS = Problem("iris", network="mlp:8")
EPOCHS = 16
LONG = task(IRIS, batch=16, epochs=EPOCHS)
RATES = (0.01, 0.3, 1.5, 0.6)  # of SGD: one that keeps falling, others that shake
MOST = 24  # made-up epochs


@pytest.fixture(autouse=True)
def _quickly_compiled(monkeypatch):
    monkeypatch.setitem(compiled.OPTIONS, "xla_backend_optimization_level", 0)


def asked(stop: str = "never", schedule: str = "constant", rates=RATES, one=LONG, **more) -> Cohort:
    made = cohort(one, at(rules.SGD(), *rates), [3] * len(rates), width=4)
    return dataclasses.replace(made, stop=Stop.of(stop), schedule=Schedules.of(schedule), **more)


@pytest.fixture(scope="module")
def plain() -> Any:
    """Trainings to the end: what their validation losses are, epoch by epoch."""
    return train(asked())


# ---- the judges --------------------------------------------------------------------------------------


def by_keras(losses: np.ndarray, stop: Stop) -> tuple[int, int, int]:
    """After how many epochs EarlyStopping ends, whose weights it restores, how many epochs there were."""

    class Model:
        stop_training, weights = False, 0
        metrics: tuple = ()

        def get_weights(self) -> int:
            return self.weights

        def set_weights(self, weights: int) -> None:
            self.weights = weights

    judge = keras.callbacks.EarlyStopping(
        "val_loss", cast(Any, stop.minimum), stop.patience, mode="min", restore_best_weights=True
    )
    model = Model()
    judge.set_model(cast(Any, model))
    judge.on_train_begin()
    floatx = keras.config.floatx()
    keras.config.set_floatx("float64")  # Keras compares in its own precision
    with jax.enable_x64(True):
        for epoch, loss in enumerate(losses):
            model.weights = epoch + 1
            judge.on_epoch_end(epoch, {"val_loss": float(loss)})
            if model.stop_training:
                break
    keras.config.set_floatx(floatx)
    stopped = model.weights if model.stop_training else 0
    judge.on_train_end()
    return stopped, model.weights, judge.best_epoch + 1


def by_torch(losses: np.ndarray, plateau: Plateau) -> np.ndarray:
    """The factor of every epoch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=plateau.factor, patience=int(plateau.patience), min_lr=plateau.least
    )
    found = []
    for loss in losses:
        found.append(optimizer.param_groups[0]["lr"])
        scheduler.step(float(loss))
    return np.array(found)


@jax.jit
def _replayed(watch: Any, losses: Any) -> Any:
    """What a lane has kept after every epoch; its weights are the epoch's number."""

    def one(kept: Any, told: Any) -> Any:
        epoch, loss = told
        after = epoch_end.after_epoch(watch, kept, loss.reshape(1), epoch.reshape(1, 1))
        return after, after

    begun = epoch_end.begin(watch, jnp.zeros((1, 1), jnp.float32))
    return jax.lax.scan(one, begun, (jnp.arange(1.0, len(losses) + 1, dtype=jnp.float32), losses))[1]


def replayed(losses: np.ndarray, stop: Stop = NEVER, plateau: Plateau | None = None) -> Any:
    padded = np.r_[losses, np.full(MOST - len(losses), np.inf)].astype(np.float32)
    kept = _replayed(Watch.of(stop, plateau, 1, ["lr"], 1), padded)
    return jax.tree.map(lambda a: np.asarray(a)[: len(losses)], kept)


# Few values, so that losses meet, and differences that are just what counts as better.
steps = st.sampled_from([1.0, 0.5, 0.25, 0.2499, 0.24999, 0.249975, 0.2, 0.7, 1e-3, 9.999e-4])
walks = st.lists(steps, min_size=1, max_size=MOST).map(lambda v: np.array(v, np.float32))


@settings(max_examples=150, deadline=None)
@given(
    losses=walks,
    patience=st.integers(1, 6),
    minimum=st.sampled_from([0.0, 1e-5, 2.5e-5, 1e-4, 0.01, 0.05, 0.25]),
)
@example(losses=np.array([0.5, 0.4, 0.3], np.float32), patience=1, minimum=0.1)
@example(losses=np.array([0.25, 0.249975], np.float32), patience=1, minimum=2.5e-5)
@example(losses=np.array([1.0, 0.9, 0.8, 0.7], np.float32), patience=1, minimum=0.1)
@example(losses=np.array([np.inf, 0.4, np.nan, 0.3, 0.3], np.float32), patience=2, minimum=0.0)
def test_a_lane_stops_where_keras_does_and_keeps_its_weights(losses, patience, minimum):
    stop = Stop(patience, minimum)
    best = replayed(losses, stop).best
    stopped, restored, _ = by_keras(losses, stop)
    assert best.stopped[-1, 0] == stopped
    assert best.weights[-1, 0, 0] == best.epoch[-1, 0] == restored


@settings(max_examples=150, deadline=None)
@given(
    losses=walks,
    patience=st.integers(0, 5),
    factor=st.sampled_from([0.1, 0.5, 0.9, 1e-4]),
    least=st.sampled_from([0.0, 0.05, 0.6]),
)
@example(losses=np.ones(MOST, np.float32), patience=0, factor=0.1, least=0.0)  # to where a cut is too small
def test_a_rate_falls_where_pytorch_s_does(losses, patience, factor, least):
    plateau = Plateau(factor, patience, least)
    theirs = by_torch(losses, plateau)
    fall = replayed(losses, plateau=plateau).fall
    np.testing.assert_allclose(np.r_[1, fall.factor[:-1, 0]], theirs, rtol=1e-5)
    np.testing.assert_allclose(plateau.follow(losses), theirs, rtol=1e-12)


def test_the_judges_reject_slips(monkeypatch):
    """Of patience by one, of the comparison's edge, of a threshold that is absolute."""
    losses = np.array([1, 0.5, 0.5, 0.49996, 0.6, 0.7, 0.2, 0.3, 0.3, 0.3], np.float32)

    def right(stop: Stop, told: Stop) -> bool:
        best = replayed(losses, told).best
        return (int(best.stopped[-1, 0]), int(best.epoch[-1, 0])) == by_keras(losses, stop)[:2]

    assert right(Stop(2), Stop(2))
    assert right(Stop(3), Stop(3))
    assert right(Stop(3, 1e-4), Stop(3, 1e-4))
    assert not right(Stop(3), Stop(2))
    assert not right(Stop(3), Stop(4))
    assert not right(Stop(3), Stop(3, 1e-4))

    def same(plateau: Plateau, told: Plateau) -> bool:
        fall = replayed(losses, plateau=told).fall
        return np.allclose(np.r_[1, fall.factor[:-1, 0]], by_torch(losses, plateau), rtol=1e-5)

    assert same(Plateau(0.5, 1), Plateau(0.5, 1))
    assert not same(Plateau(0.5, 1), Plateau(0.5, 2))
    assert not same(Plateau(0.5, 1), Plateau(0.5, 0))
    assert not same(Plateau(0.5, 1), Plateau(0.5, 1, 0.3))
    jax.clear_caches()
    monkeypatch.setattr(Plateau, "threshold", 0.0)
    assert not same(Plateau(0.5, 1), Plateau(0.5, 1))
    monkeypatch.undo()
    jax.clear_caches()


# ---- trainings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", ["early:2", "early:4,0.01"])
def test_a_training_that_may_stop_is_the_one_that_does_not_up_to_there(plain, stop):
    """Judged by the losses of trainings that went on: the stop, the epoch restored, and every value."""
    mine = train(dataclasses.replace(asked(stop), reads_test=True))
    seen = set()
    for k, (run, curve) in enumerate(zip(mine.runs, mine.curves, strict=True)):
        whole = plain.curves[k]
        stopped, best, _ = by_keras(whole["validation_loss"][1:], Stop.of(stop))
        seen.add(stopped)
        said = f"early:{stopped},best:{best}" if stopped else f"best:{best}"
        assert run["ended"] == said
        assert run["evaluations"] == (stopped or EPOCHS) * LONG.steps_per_epoch
        assert run["status"] == "finished"
        for name in ("train_loss", "train_metric", "validation_loss", "validation_metric"):
            trained = slice(0, (stopped or EPOCHS) + 1)
            np.testing.assert_allclose(curve[name][trained], whole[name][trained], rtol=1e-5)
            assert (curve[name][trained.stop :] == curve[name][best]).all()
            assert run[name] == pytest.approx(curve[name][best])
        # The test set is read with the weights of the best epoch: those of a training that ends there.
        short = dataclasses.replace(LONG, epochs=best)
        [ends] = train(asked(rates=RATES[k : k + 1], one=short, reads_test=True)).runs if k == 2 else [run]
        assert run["test_loss"] == pytest.approx(ends["test_loss"], rel=1e-5)
        assert run["test_metric"] == ends["test_metric"]
    assert 0 in seen
    assert len(seen) > 1  # some stopped, at several epochs


def test_a_lane_that_stops_is_bitwise_alone_among_others():
    """Its neighbours neither hurry it nor keep it going."""
    together = train(asked("early:2", "plateau:0.5,1"))
    for k, rate in enumerate(RATES):
        alone = train(asked("early:2", "plateau:0.5,1", rates=[rate]))
        assert same_bits(alone.curves[0], together.curves[k])
        assert alone.runs[0]["ended"] == together.runs[k]["ended"]


def test_what_diverged_did_not_stop_early():
    lost, fine = train(asked("early:2", rates=[1e30, 0.3])).runs
    assert lost["status"] == "diverged"
    assert lost["ended"] is None
    assert np.isnan(lost["validation_loss"])
    assert fine["status"] == "finished"


def test_nothing_is_trained_when_all_have_stopped(monkeypatch):
    """A training of 400 epochs that stops at once costs the epochs up to there, and is heard of as whole."""
    monkeypatch.setattr(work, "_SEGMENT_STEPS", 50)
    calls, long = [], task(IRIS, batch=16, epochs=400)
    one = asked("early:1", rates=[1.5, 1.5], one=long)
    program = compiled.compiled(one)
    run = program.run
    counted = dataclasses.replace(program, run=lambda *a: calls.append(0) or run(*a))
    monkeypatch.setattr("ladera.train.cohort.compiled", lambda cohort: counted)
    heard: list[float] = []
    mine = train(one, heard.append)
    stopped = int(mine.runs[0]["ended"].split(",")[0].removeprefix("early:"))
    assert len(calls) == -(-stopped // long.epochs_per_segment) < 40
    assert sum(heard) == pytest.approx(2)
    assert len(mine.curves[0]["epoch"]) == 401
    assert np.isfinite(mine.curves[0]["validation_loss"]).all()


def test_a_width_is_timed_to_the_end_of_its_segment(monkeypatch):
    """With the program that will train, though its lanes would have stopped."""
    seen = []
    whole = cohort_module._train_lanes
    monkeypatch.setattr(cohort_module, "_train_lanes", lambda *a: seen.append(found := whole(*a)) or found)
    one = asked("early:1", rates=[1.5] * 4)
    train(one)
    compiled_before = compiled._compiled.cache_info().misses
    cohort_module.time_segment(one)
    assert compiled._compiled.cache_info().misses == compiled_before
    assert (seen[0].ended.stopped > 0).all()
    assert (seen[-1].ended.stopped == 0).all()


def torch_losses(rule: rules.Rule, plateau: Plateau | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Training losses and factors by epoch of a float64 PyTorch loop with PyTorch's own scheduler."""
    data = IRIS.prepared()
    (x, y), (u, z) = (
        (torch.tensor(part.x, dtype=torch.float64), torch.tensor(part.y).long())
        for part in (data.train, data.validation)
    )
    layers = [
        [torch.tensor(np.asarray(a, np.float64), requires_grad=True) for a in layer]
        for layer in work.initial(LONG, seed)[0]
    ]
    (w, b), (v, c) = layers
    parameters = [w, b, v, c]
    lr = rule.numbers()["lr"]
    optimizer = torch.optim.SGD(parameters, lr=lr)
    if isinstance(rule, rules.Adam):
        optimizer = torch.optim.Adam(parameters, lr=lr, eps=rule.eps)
    scheduler = None
    if plateau is not None:
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=plateau.factor, patience=int(plateau.patience), eps=1e-8 * lr
        )
    loss = torch.nn.functional.cross_entropy
    found, factors = [], []
    for epoch in range(EPOCHS):
        factors.append(optimizer.param_groups[0]["lr"] / lr)
        losses = []
        for index in work.orders(LONG, seed, epoch, 1)[0]:
            optimizer.zero_grad()
            plain = loss(torch.relu(x[index] @ w + b) @ v + c, y[index])
            plain.backward()
            optimizer.step()
            losses.append(plain.item())
        found.append(np.mean(losses))
        if scheduler is not None:
            scheduler.step(loss(torch.relu(u @ w + b) @ v + c, z).item())
    return np.array(found), np.array(factors)


@pytest.mark.parametrize("rule", [rules.SGD(lr=1.2), rules.Adam(lr=0.3)], ids=lambda rule: rule.label())
def test_a_plain_torch_loop_with_its_scheduler_agrees(rule):
    """Beside a rule with other numbers in the same program: the rate must be found in its place."""
    others = [rule, rules.SAM(rules.SGD(lr=0.1))]
    one = dataclasses.replace(
        cohort(LONG, others, [2, 2], width=2), schedule=Schedules.of("plateau:0.5,0"), trials=()
    )
    one = dataclasses.replace(one, trials=cohort(LONG, others, [2, 2], width=2).trials[:1])
    mine = train(one).curves[0]
    losses, factors = torch_losses(rule, Plateau(0.5, 0), 2)
    assert len(set(factors)) > 2
    np.testing.assert_allclose(Plateau(0.5, 0).follow(mine["validation_loss"][1:]), factors, rtol=1e-12)
    np.testing.assert_allclose(mine["train_loss"][1:], losses, rtol=2e-3)
    assert np.abs(mine["train_loss"][1:] / torch_losses(rule, None, 2)[0] - 1).max() > 2e-2


def test_a_crash_changes_no_bit(monkeypatch, tmp_path):
    monkeypatch.setattr(work, "_SEGMENT_STEPS", 20)
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    one = asked("early:6", "lr=plateau:0.5,1 momentum=warmup:0.5")
    trials = cohort(LONG, at(rules.Momentum(), 0.01, 0.3), [3, 4], width=2)
    one = dataclasses.replace(one, trials=trials.trials, recipes=trials.recipes, width=2)
    whole = train(one)
    again, heard = crashed_and_resumed(one, tmp_path / "partial", at=3)
    assert heard[0] > 0.3  # what was done is not done again
    for one_curve, other in zip(again.curves, whole.curves, strict=True):
        assert same_bits(one_curve, other)
    assert [run["ended"] for run in again.runs] == [run["ended"] for run in whole.runs]


def test_numbers_of_both_compile_nothing():
    train(asked("early:2", "plateau"))
    with nothing_compiled():
        train(asked("early:3,0.1", "plateau:0.3,2,0.1"))


def test_where_nothing_is_asked_nothing_is_carried():
    made = compiled.compiled(asked())
    assert isinstance(made.program, Program)
    assert made.program.recipes == asked().recipes
    assert Watch.of(NEVER, None, 4, ["lr"], 1) is None
    assert epoch_end.begin(None, {}) is None
    assert epoch_end.after_epoch(None, None, 1.0, {}) is None
    leaves = {
        stop.early: len(jax.tree.leaves(made.in_avals))
        for stop, made in ((s, compiled.compiled(asked(str(s))).start) for s in (NEVER, Stop(2)))
    }
    assert leaves[True] == leaves[False] + 2  # patience and minimum
    text = compiled.compiled(asked()).run.as_text()
    assert "conditional" not in text
    assert "conditional" in compiled.compiled(asked("early:2")).run.as_text()


# ---- what is asked -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("never", "never"),
        (" Early:5 ", "early:5"),
        ("early:5,0", "early:5"),
        ("early:5,1e-4", "early:5,0.0001"),
        ("early:5,0.123456789", "early:5,0.123456789"),
    ],
)
def test_texts_of_a_stop(text, printed):
    assert str(Stop.of(text)) == printed
    assert Stop.of(printed) == Stop.of(text)


WRONG = ["early", "early:0", "early:5,", "early:x", "early:2.5", "early:5,-1", "early:5,nan"]
WRONG += ["early:5,inf", "early:5,x"]


@pytest.mark.parametrize("text", [*WRONG, "early:1,2,3", "never:3", "soon", "", 5, None])
def test_what_is_no_stop_is_refused(text):
    with pytest.raises(UsageError, match=r"never, or early:PATIENCE.*take early:5"):
        Stop.of(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plateau:1", "factor in (0, 1)"),
        ("plateau:0", "factor in (0, 1)"),
        ("plateau:0.5,1.5", "whole number of epochs, received 1.5"),
        ("plateau:0.5,-1", "patience in [0, inf)"),
        ("plateau:0.5,1,1", "least in [0, 1)"),
        ("b1=plateau", "of the learning rate alone, received b1=plateau; take lr=plateau"),
        ("plato", "'plateau'"),
    ],
)
def test_what_is_no_plateau_is_refused(text, said):
    with pytest.raises(UsageError) as refused:
        Schedules.of(text)
    assert said in str(refused.value)

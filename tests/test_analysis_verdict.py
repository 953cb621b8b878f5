"""Answers of whole studies whose truth is known, and the sentences they are told in."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from fake_study import Fake, fake_study

from ladera.analysis import words
from ladera.analysis.answer import Answer
from ladera.study import Study


def answer_of(path, *optimizers: Fake, **options) -> Answer:
    return Study(fake_study(path / "study", optimizers, **options).path).recommendation()


CLEAR = (Fake("sgd", 0.90), Fake("adam", 0.98), Fake("rmsprop", 0.94, best_lr=1e-3))


def test_a_clear_winner(tmp_path):
    answer = answer_of(tmp_path, *CLEAR)
    assert (answer.optimizer, answer.lr, answer.grade, answer.ties) == ("adam", 3e-3, "clear", ())
    assert [row.optimizer for row in answer.ranking] == ["adam", "rmsprop", "sgd"]
    assert [row.rank_interval for row in answer.ranking] == [(1, 1), (2, 2), (3, 3)]
    assert answer.best is answer.ranking[0]
    best, second, _ = answer.ranking
    assert answer.validation == best.median == np.median(best.values)
    assert answer.interval == best.interval == (min(best.values), max(best.values))
    assert answer.test == pytest.approx(0.99 * answer.validation)
    assert answer.probability_best > 0.975
    assert math.isnan(best.p_value)
    assert math.isnan(best.probability_beaten_by_best)
    assert second.difference == pytest.approx(np.mean(np.subtract(best.values, second.values)))
    assert second.difference_interval[0] < second.difference < second.difference_interval[1]
    assert not second.tied
    assert best.hyperparameters == {"lr": 3e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
    assert best.train_validation_gap == pytest.approx(0.01, abs=1e-4)
    assert answer.start == pytest.approx(0.1)
    assert answer.margin == pytest.approx(0.01 * (answer.validation - 0.1))
    assert answer.target == pytest.approx(0.1 + 0.95 * (answer.validation - 0.1))
    assert answer.sentence == (
        f"Use Adam with learning rate 3e-3: clearly the best of 3 optimizers. Median validation accuracy "
        f"{best.median:.3f}, 95 % bootstrap interval [{min(best.values):.3f}, {max(best.values):.3f}], "
        f"5 paired seeds; P(Adam beats RMSprop) = 0.98. It reaches {answer.target:.3f} in 297 steps, "
        "1.8× sooner than the next (RMSprop). "
        "Not shown: other networks, other data, and hyperparameters other than the learning rate."
    )
    assert str(answer) == answer.sentence
    assert words.warnings(answer, str) == []


def test_smaller_is_better(tmp_path):
    fakes = (Fake("sgd", 0.40, noise=0.004), Fake("adam", 0.30, noise=0.004))
    answer = answer_of(tmp_path, *fakes, task="regression")
    assert (answer.optimizer, answer.grade, answer.metric, answer.direction) == (
        "adam",
        "clear",
        "rmse",
        "min",
    )
    best = answer.ranking[0]
    assert answer.interval == (min(best.values), max(best.values))
    assert answer.ranking[1].difference > 0
    assert answer.target == pytest.approx(1.0 - 0.95 * (1.0 - answer.validation))
    assert best.train_validation_gap == pytest.approx(0.01, abs=1e-4)
    assert best.lr_interval[0] <= 3e-3 <= best.lr_interval[1]


def test_a_tie(tmp_path):
    answer = answer_of(
        tmp_path, Fake("adam", 0.98, best_lr=1e-3), Fake("radam", 0.98), Fake("sgd", 0.9), noise=1e-3
    )
    assert answer.grade == "tie"
    assert len(answer.ties) == 1
    other = answer.ranking[1]
    assert (other.tied, other.equal) == (True, True)
    tie = f"{answer.titles[other.optimizer]} {words.lr_text(other.lr)}"
    assert f"(tie with {tie})." in answer.sentence


def test_not_enough_data(tmp_path):
    answer = answer_of(tmp_path, Fake("adam", 0.98), Fake("sgd", 0.972), noise=0.008, root=3)
    assert (answer.grade, answer.ties) == ("not enough data", ("sgd",))
    assert answer.more_seeds is not None
    assert answer.more_seeds > 0
    assert "is ahead, but not surely better than SGD 3e-3." in answer.sentence
    assert f"About {answer.more_seeds} more seeds would decide." in answer.sentence


def test_four_seeds_are_too_few(tmp_path):
    answer = answer_of(tmp_path, *CLEAR, report=(5, 6, 7, 8))
    assert (answer.grade, answer.more_seeds) == ("not enough data", 1)
    assert "but 4 seeds are too few to be sure. About one more seed would decide." in answer.sentence


def test_one_seed_has_no_interval(tmp_path):
    answer = answer_of(tmp_path, *CLEAR, report=(5,))
    assert (answer.grade, answer.more_seeds, answer.seeds) == ("not enough data", 4, 1)
    assert "on one seed, which gives no interval." in answer.sentence


def test_one_optimizer(tmp_path):
    answer = answer_of(tmp_path, Fake("adam", 0.98))
    assert (answer.grade, answer.probability_best) == ("clear", 1.0)
    assert "no other optimizer was compared" in answer.sentence
    assert "P(" not in answer.sentence


def test_divergence_ranks_last_and_is_counted(tmp_path):
    answer = answer_of(tmp_path, Fake("sgd", 0.99, diverging_seeds=(5, 6, 7)), Fake("adam", 0.90))
    assert [row.optimizer for row in answer.ranking] == ["adam", "sgd"]
    last = answer.ranking[1]
    assert math.isnan(last.median)
    assert [math.isnan(value) for value in last.values] == [True, True, True, False, False]
    assert last.diverged == pytest.approx(3 / 50)
    assert last.reached == pytest.approx(0.4)
    assert last.steps_to_target is None
    assert answer.discarded == 3
    assert words.warnings(answer, str) == [
        "Diverged runs: 3; each counts as the worst result, none is averaged in or left out."
    ]


def test_a_large_learning_rate_that_diverges_is_not_chosen(tmp_path):
    answer = answer_of(tmp_path, Fake("sgd", 0.95, best_lr=0.1, diverges_from=0.03), Fake("adam", 0.8))
    assert (answer.optimizer, answer.lr) == ("sgd", 0.01)
    assert answer.ranking[0].edge == ""
    assert answer.largest_trained_lr == 0.1  # Adam's


def test_nothing_trained_where_it_counts(tmp_path):
    fakes = [Fake(name, 0.9, diverging_seeds=(5, 6, 7, 8, 9), diverges_from=0.03) for name in ("adam", "sgd")]
    answer = answer_of(tmp_path, *fakes)
    assert (answer.optimizer, answer.grade, answer.largest_trained_lr) == (None, "not enough data", 0.01)
    assert len(answer.ranking) == 2
    assert answer.sentence == "Nothing trained; the largest learning rate that did not diverge was 0.01."


def test_nothing_trained_at_all(tmp_path):
    answer = answer_of(tmp_path, Fake("adam", 0.9, diverges_from=0.0), Fake("sgd", 0.9, diverges_from=0.0))
    assert (answer.optimizer, answer.largest_trained_lr) == (None, None)
    assert answer.sentence == "Nothing trained: every run diverged; try smaller learning rates."


def test_before_any_reporting_run_there_is_no_answer(tmp_path):
    answer = answer_of(tmp_path, *CLEAR, purposes=("tune",))
    assert (answer.optimizer, answer.ranking) == (None, ())
    assert answer.pending == ("sgd", "adam", "rmsprop")
    assert answer.sentence.startswith("No answer yet: no optimizer has finished its reporting runs;")


def test_before_any_run_there_is_no_answer(tmp_path):
    answer = answer_of(tmp_path, *CLEAR, purposes=())
    assert (answer.optimizer, answer.largest_trained_lr, answer.pending) == (
        None,
        None,
        ("sgd", "adam", "rmsprop"),
    )
    assert answer.sentence.startswith("No answer yet")


def test_an_interrupted_study_answers_on_what_is_there(tmp_path):
    answer = answer_of(tmp_path, *CLEAR, pending=("rmsprop",))
    assert (answer.optimizer, answer.grade, answer.pending) == ("adam", "not enough data", ("rmsprop",))
    assert [row.optimizer for row in answer.ranking] == ["adam", "sgd"]
    assert answer.more_seeds is None
    assert "is ahead so far, but the study is not finished (waiting for RMSprop)" in answer.sentence


def test_a_study_without_tuning_is_compared_as_it_is(tmp_path):
    answer = answer_of(tmp_path, *CLEAR, purposes=("report", "test"))
    assert (answer.optimizer, answer.lr, answer.grade) == ("adam", 3e-3, "clear")
    assert answer.ranking[0].lr_interval == (3e-3, 3e-3)


def test_the_values_of_the_same_run_agree_in_rows_and_files(tmp_path):
    """Shared noise of a seed cancels in the pairs: far noisier medians, the same verdict."""
    answer = answer_of(tmp_path, *CLEAR, seed_noise=0.01, noise=0.001)
    low, high = answer.interval
    assert high - low > 0.01
    assert answer.grade == "clear"


def test_reporting_runs_at_another_learning_rate_do_not_count(tmp_path):
    """A rate that was best before the grid grew: its reporting runs stay in the folder."""
    store = fake_study(tmp_path / "study", CLEAR)
    before = Study(store.path).recommendation()
    runs = store.scan().runs.to_pylist()
    older = [
        {**run, "run": f"older-{run['run']}", "cohort": "older", "lr": 0.5, "validation_metric": 0.1}
        for run in runs
        if run["purpose"] == "report"
    ]
    store.append("older", older, [], {})
    assert Study(store.path).recommendation().as_dict()["ranking"] == before.as_dict()["ranking"]


def test_an_accuracy_is_only_as_fine_as_its_rows(tmp_path):
    """One row of 359 in every seed is no certainty; the same gap in an RMSE has no rows."""
    row = 1 / 359
    by_task = {
        "classification": (Fake("adam", 350 * row), Fake("sgd", 349 * row)),
        "regression": (Fake("adam", 0.3), Fake("sgd", 0.3 + row)),
    }
    p = {}
    for task, fakes in by_task.items():
        answer = answer_of(tmp_path / task, *fakes, task=task, noise=0.0)
        p[task] = answer.ranking[1].p_value
    assert p["regression"] < 1e-6 < 1e-3 < p["classification"] < 0.01


def test_relabelling_only_relabels(tmp_path):
    """The same runs under other names."""
    one = Study(fake_study(tmp_path / "one", CLEAR).path)
    names = {"sgd": "adam", "adam": "rmsprop", "rmsprop": "sgd"}
    asked = one.asked
    for optimizer in asked["optimizers"]:
        optimizer["name"] = names[optimizer["name"]]
    runs = one.frames.runs.assign(optimizer=one.frames.runs["optimizer"].map(names))
    frames = dataclasses.replace(one.frames, study=asked, runs=runs, compared=runs)
    moved = Study.__new__(Study)
    moved.path, moved.frames = one.path, frames
    before, after = one.recommendation(), moved.recommendation()
    assert after.optimizer == names[before.optimizer]
    assert [row.optimizer for row in after.ranking] == [names[row.optimizer] for row in before.ranking]
    for left, right in zip(before.ranking, after.ranking, strict=True):
        for field in ("median", "interval", "rank_interval", "steps_to_target", "lr"):
            assert getattr(left, field) == getattr(right, field)
        assert left.p_value == pytest.approx(right.p_value, nan_ok=True)


CASES = {
    "clear": (CLEAR, {}),
    "regression": ((Fake("adam", 0.3), Fake("sgd", 0.4)), {"task": "regression"}),
    "one seed": (CLEAR, {"report": (5,)}),
    "partly diverged": (
        (Fake("adam", 0.9, diverging_seeds=(5, 6)), Fake("sgd", 0.8, diverging_seeds=(7,))),
        {},
    ),
    "all diverged": ((Fake("adam", 0.9, diverges_from=0.0), Fake("sgd", 0.9, diverges_from=0.0)), {}),
    "nothing yet": (CLEAR, {"purposes": ()}),
    "unfair": (CLEAR, {"disjoint": False}),
    "no progress": ((Fake("adam", 0.1, noise=0.0), Fake("sgd", 0.1, noise=0.0)), {}),
    "worse than untrained": ((Fake("adam", 0.05), Fake("sgd", 0.04)), {}),
}


@pytest.mark.parametrize(("optimizers", "options"), CASES.values(), ids=CASES.keys())
def test_json_is_the_public_object(tmp_path, optimizers, options):
    """The keys and types of the interface; no NaN and no infinity anywhere."""
    study = Study(fake_study(tmp_path / "study", optimizers, **options).path)
    found = json.loads(json.dumps(study.as_json(), allow_nan=False))
    assert {"study", "runs", "finished", "diverged", "seconds", "answer", "ranking", "fairness"} <= set(found)
    assert found["runs"] == found["finished"] + found["diverged"] == len(study.runs())
    assert found["seconds"] == {"total": 9.1, "compile": 4.0, "train": 4.4}
    answer = found["answer"]
    keys = "optimizer lr grade ties metric validation interval test probability_best sentence"
    assert set(keys.split()) <= set(answer)
    assert answer["grade"] in ("clear", "tie", "not enough data")
    assert isinstance(answer["ties"], list)
    assert answer["sentence"] == study.recommendation().sentence
    for row in found["ranking"]:
        keys = "optimizer lr median interval rank_interval diverged steps_to_target"
        assert set(keys.split()) <= set(row)
        assert len(row["interval"]) == 2
        assert all(type(rank) is int for rank in row["rank_interval"])
    fairness = found["fairness"]
    assert all(type(fairness[key]) is bool for key in ("paired", "disjoint_splits", "equal_budget"))
    assert isinstance(fairness["edge"], list)
    json.dumps(study.recommendation().as_dict(), allow_nan=False)


@pytest.mark.parametrize(("optimizers", "options"), CASES.values(), ids=CASES.keys())
def test_every_sentence_goes_through_the_translator(tmp_path, optimizers, options):
    """A translator that marks what it saw: nothing outside the marks but numbers, names and space."""
    answer = Study(fake_study(tmp_path / "study", optimizers, **options).path).recommendation()
    seen = []

    def mark(template: str) -> str:
        seen.append(template)
        return "⟦" + template + "⟧"

    told = words.sentence(answer, mark)
    assert (told[0], told[-1]) == ("⟦", "⟧")
    assert told.count("⟦") == told.count("⟧") > 0
    assert words.sentence(answer, str) == told.replace("⟦", "").replace("⟧", "")
    assert seen


@pytest.mark.parametrize(
    ("lr", "text"),
    [(3e-3, "3e-3"), (0.1, "0.1"), (0.03, "0.03"), (1.0, "1"), (2.5e-4, "2.5e-4"), (1e-5, "1e-5"),
     (1000.0, "1e3"), (316.2, "316"), (0.00316227766, "3.16e-3"), (None, "–"), (math.nan, "–")],
)  # fmt: skip
def test_learning_rates_as_people_write_them(lr, text):
    assert words.lr_text(lr) == text


@pytest.mark.parametrize(
    ("probability", "text"), [(0.974, "= 0.97"), (0.999, "> 0.99"), (0.001, "< 0.01"), (math.nan, "= –")]
)
def test_no_probability_is_called_certain(probability, text):
    assert words.probability_text(probability) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.98, "share", "0.980"), (54.3219, "target units", "54.32"), (None, "share", "–"), (math.inf, "", "–")],
)
def test_metrics_as_people_write_them(value, unit, text):
    assert words.metric_text(value, unit) == text


def test_who_gets_there_first(tmp_path):
    slow, fast = Fake("adam", 0.98, epochs_to_learn=5), Fake("sgd", 0.97, epochs_to_learn=1)
    answer = answer_of(tmp_path, slow, fast, noise=1e-3)
    first, second = answer.ranking
    assert second.steps_to_target < first.steps_to_target
    assert (
        f"in {first.steps_to_target:.0f} steps; SGD gets there first, in {second.steps_to_target:.0f}."
        in str(answer)
    )
    quick = dataclasses.replace(answer, ranking=(dataclasses.replace(first, steps_to_target=33.0), second))
    ratio = second.steps_to_target / 33
    assert f"in 33 steps, {ratio:.1f}× sooner than the next (SGD)." in words.speed(quick, str)
    level = dataclasses.replace(
        answer, ranking=(dataclasses.replace(first, steps_to_target=second.steps_to_target), second)
    )
    assert "no sooner than SGD." in words.speed(level, str)
    never = dataclasses.replace(answer, ranking=(dataclasses.replace(first, steps_to_target=None), second))
    assert words.speed(never, str) == ""


def test_warnings_name_edges_and_budgets(tmp_path):
    answer = answer_of(tmp_path, Fake("adam", 0.98), Fake("sgd", 0.95, best_lr=1.0, grid=(0.01, 0.1)))
    edge, budget = words.warnings(answer, str)
    assert edge == "On the edge of the grid: the best learning rate of SGD 0.1; a better one may lie beyond."
    assert budget == "Unequal tuning budgets, in gradient evaluations: Adam 29700, SGD 6600."

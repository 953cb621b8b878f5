"""Sweeps: what is asked, what is trained, who is best, and what a person sees."""

from __future__ import annotations

import dataclasses
import inspect
import io
import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import scipy.stats
import tomli_w
import typer.main
from fake_study import Fake, fake_study
from rich.console import Console
from typer.testing import CliRunner

import ladera
from ladera.analysis import combination_words
from ladera.base import UsageError
from ladera.cli import app
from ladera.comparison import compare
from ladera.locale import translator
from ladera.problems import Problem
from ladera.problems.reading import Reading
from ladera.sweep_request import dimensions
from ladera.sweeping import sweep
from ladera.swept import Sweep
from ladera.terminal_sweep import show_sweep

IRIS = Problem("iris", network="mlp:4")
SETTINGS = {"optimizers": ["sgd"], "lr": [0.1], "seeds": 2, "workers": 1}
ASKED = {"activation": ["relu", "tanh"], "epochs": 1}


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Sweep:
    return sweep(IRIS, **SETTINGS, **ASKED, out=tmp_path_factory.mktemp("sweep") / "s")


def test_every_combination_is_the_study_that_compare_makes(swept, tmp_path):
    alone = compare(
        Problem("iris", network="mlp:4", activation="tanh"), **SETTINGS, epochs=1, out=tmp_path / "alone"
    )
    assert {p.name for p in swept.path.iterdir()} == {"sweep.toml", "activation-relu", "activation-tanh"}
    columns = ["run", "train_loss", "validation_loss", "validation_metric"]
    one, other = (
        frame[frame["purpose"] != "test"][columns].sort_values("run").reset_index(drop=True)
        for frame in (swept.studies["activation-tanh"].runs(), alone.runs())
    )
    assert one.equals(other)


def test_the_test_set_is_read_for_the_best_combination_alone(swept):
    answer = swept.recommendation()
    tested = {name for name, study in swept.studies.items() if (study.runs()["purpose"] == "test").any()}
    assert answer.best is not None
    assert tested == {answer.best.folder}
    values = swept.studies[answer.best.folder].runs().query("purpose == 'test'")["test_metric"]
    assert answer.test == pytest.approx(float(np.median(values)))
    assert answer.tested == 1


def test_asking_again_trains_nothing_and_answers_the_same(swept, monkeypatch):
    before = swept.recommendation()
    with monkeypatch.context() as patched:
        patched.setattr("ladera.comparison.Pool", None)  # no worker may be started
        again = sweep(IRIS, **SETTINGS, **ASKED, out=swept.path)
    assert again.recommendation().as_dict() == before.as_dict()


def test_what_was_read_for_an_earlier_question_is_counted(tmp_path):
    out = tmp_path / "s"
    sweep(IRIS, **SETTINGS, activation="relu", epochs=[1, 2], out=out)
    again = sweep(IRIS, **SETTINGS, activation="relu", epochs=[1, 3], out=out).recommendation()
    folders = [folder for folder in out.iterdir() if list(folder.glob("runs/*-test-*"))]
    assert again.tested == len(folders)


def test_a_study_does_not_move_into_a_sweep(swept):
    with pytest.raises(UsageError, match=r"holds a sweep.*--out"):
        compare(IRIS, "sgd", lr=[0.1], seeds=1, epochs=1, out=swept.path)
    assert not (swept.path / "study.toml").exists()


class Stopping:
    """Ctrl-C as the second combination begins."""

    def __init__(self, at: int):
        self.left = at
        self.total = self.done = 0.0

    def extend(self, runs: int) -> None:
        self.total += runs

    def advance(self, runs: float) -> None:
        self.done += runs

    def best(self, optimizer: str, lr: float | None, value: float) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def note(self, template: str, **fields: object) -> None: ...


def test_an_interrupted_sweep_keeps_what_is_done_and_goes_on(swept, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        sweep(IRIS, **SETTINGS, **ASKED, out=tmp_path / "s", progress=Stopping(1))
    half = Sweep(tmp_path / "s")
    assert half.recommendation().best is None
    assert "goes on" in half.recommendation().sentence
    whole = Stopping(-1)
    done = sweep(IRIS, **SETTINGS, **ASKED, out=tmp_path / "s", progress=whole)
    assert done.recommendation().ranking[0].median == swept.recommendation().ranking[0].median
    assert whole.done == pytest.approx(whole.total)
    assert whole.total >= 2 * 4 + 2


# ---- what is asked ---------------------------------------------------------------------------------


def test_dimensions_are_those_of_the_problem_and_of_the_training():
    fields = {f.name for f in dataclasses.fields(Problem)}
    known = set(dimensions())
    reading = {f.name for f in dataclasses.fields(Reading)}
    assert fields - known == {"data", "target", "split_seed", "task"} | reading
    parameters = set(inspect.signature(compare).parameters)
    assert known - fields == parameters - {
        *("problem", "optimizers", "lr", "seeds", "out", "workers", "width", "progress", "command"),
        "instruments",
    }


def test_the_command_line_takes_every_dimension_that_compare_does():
    commands = cast("Any", typer.main.get_command(app)).commands
    taken, compared = ({o.name: o for o in commands[name].params} for name in ("sweep", "compare"))
    assert set(compared) - set(taken) == {"instruments", "report"}
    assert set(taken) - set(compared) == {"figure", "many"}
    repeated = {name for name, option in taken.items() if getattr(option, "multiple", False)}
    assert repeated == set(dimensions()) & set(compared)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"activaton": ["relu", "tanh"]}, ["activaton", "'activation'"]),
        ({"activation": ["relu", "tanh", "ReLU"]}, ["relu", "twice"]),
        ({"dropout": [0.1, "0.1"]}, ["0.1", "twice"]),
        ({"activation": ["relu"]}, ["two values"]),
        ({}, ["two values"]),
        ({"activation": []}, ["activation", "no value"]),
        ({"residual": ["on", "maybe"]}, ["maybe", "on or off"]),
        ({"epochs": range(1, 202)}, ["200", "201", "--yes"]),
        ({"epochs": [1, "ten"]}, ["epochs", "ten"]),
        ({"activation": ["relu", "rely"]}, ["rely", "relu"]),
        ({"network": ["linear", "mlp:4"], "dropout": [0, 0.5]}, ["linear", "0.5"]),
        ({"batch": [90, "full"]}, ["batch-90", "batch-full", "same"]),
        ({"batch": [8, 1000]}, ["1000", "90"]),
    ],
    ids=str,
)
def test_wrong_use_is_told_before_anything_is_written(asked, said, tmp_path):
    with pytest.raises(UsageError) as told:
        sweep(IRIS, **SETTINGS, **asked, out=tmp_path / "s")
    assert all(part in str(told.value) for part in said), str(told.value)
    assert not (tmp_path / "s").exists()


def test_another_question_or_a_study_in_the_folder_is_refused(swept, tmp_path):
    with pytest.raises(UsageError, match="another sweep \\(epochs is 1 there, 2 here\\)"):
        sweep(IRIS, **SETTINGS, **{**ASKED, "epochs": 2}, out=swept.path)
    with pytest.raises(UsageError, match="holds a study"):
        sweep(IRIS, **SETTINGS, **ASKED, out=swept.path / "activation-relu")
    with pytest.raises(UsageError, match="no sweep"):
        Sweep(tmp_path)


# ---- who is best -----------------------------------------------------------------------------------


def fake_sweep(path: Path, combinations: dict[str, list[Fake]], *, missing: int = 0, **asked) -> Sweep:
    """A sweep whose studies are synthetic: the noise of their seeds is shared, their own is not."""
    listed = []
    for number, (name, fakes) in enumerate(combinations.items()):
        if number < len(combinations) - missing:
            fake_study(
                path / name,
                fakes,
                **{"noise": 0.002, "seed_noise": 0.02, "purposes": ("tune", "report"), **asked},
            )
        listed.append({"folder": name, "values": {"activation": name}})
    told = {"asked": {}, "fixed": {}, "dimensions": {"activation": [*combinations]}, "combinations": listed}
    (path / "sweep.toml").write_text(tomli_w.dumps({"schema": 1, **told}))
    return Sweep(path)


def holm(p: list[float]) -> list[float]:
    """Holm's correction, written anew: the k-th smallest times how many are left, never falling."""
    order, adjusted, so_far = np.argsort(p), np.zeros(len(p)), 0.0
    for k, at in enumerate(order):
        so_far = max(so_far, min(1.0, (len(p) - k) * p[at]))
        adjusted[at] = so_far
    return [float(value) for value in adjusted]


def test_combinations_are_compared_as_scipy_compares_pairs(tmp_path):
    truth = {
        "relu": [Fake("adam", 100.0), Fake("momentum", 300.0)],
        "tanh": [Fake("sgd", 104.0)],
        "elu": [Fake("rmsprop", 101.0)],
    }
    found = fake_sweep(tmp_path / "s", truth, task="regression", start=500.0, noise=1.0, seed_noise=30.0)
    answer = found.recommendation()
    values = {}
    for row in answer.ranking:
        runs = found.studies[row.folder].runs().query("purpose == 'report'")
        values[row.folder] = runs[runs["optimizer"] == row.optimizer].set_index("seed")["validation_metric"]
    best, *others = answer.ranking
    assert best.optimizer == "adam"
    tests: list[Any] = [scipy.stats.ttest_rel(values[row.folder], values[best.folder]) for row in others]
    assert [row.p_value for row in others] == pytest.approx(holm([float(t.pvalue) for t in tests]))
    for row, test in zip(others, tests, strict=True):
        low, high = test.confidence_interval(0.95)
        assert row.difference == pytest.approx(float((values[row.folder] - values[best.folder]).mean()))
        assert row.difference_interval == pytest.approx((float(low), float(high)))
        loose: Any = scipy.stats.ttest_ind(values[row.folder], values[best.folder])
        assert float(loose.pvalue) > 2 * test.pvalue  # what not pairing the seeds would say


TRUTHS = {
    "clear": {"relu": [Fake("adam", 0.98)], "tanh": [Fake("sgd", 0.9)], "elu": [Fake("rmsprop", 0.8)]},
    "tie": {"relu": [Fake("adam", 0.98, noise=1e-4)], "tanh": [Fake("sgd", 0.98, noise=1e-4)]},
    "lost": {"relu": [Fake("adam", 0.98)], "tanh": [Fake("sgd", 0.9, diverges_from=1e-9)]},
    "pending": {"relu": [Fake("adam", 0.98)], "tanh": [Fake("sgd", 0.9)]},
}


@pytest.mark.parametrize(
    ("name", "grade", "verdicts"),
    [
        ("clear", "clear", ["best", "worse", "worse"]),
        ("tie", "tie", ["best", "ties"]),
        ("lost", "clear", ["best", "diverged"]),
        ("pending", "not enough data", ["best", "pending"]),
    ],
)
@pytest.mark.parametrize("lang", ["en", "es"])
def test_verdicts_and_what_is_said_of_them(name, grade, verdicts, lang, tmp_path):
    found = fake_sweep(tmp_path / "s", TRUTHS[name], missing=name == "pending")
    answer = found.recommendation(lang)
    assert answer.grade == grade
    assert [row.verdict for row in answer.ranking] == verdicts
    assert answer.sentence == combination_words.sentence(answer, translator(lang))
    assert "{" not in answer.sentence
    paper = io.StringIO()
    console = Console(file=paper, width=80, highlight=False)
    show_sweep(found, translator(lang), console)
    shown = paper.getvalue()
    assert " ".join(answer.sentence.split()) in " ".join(shown.split())
    drawn = found.figure(lang)
    named = [row.name for row in answer.ranking if row.title]
    assert [text.split(" · ")[0] for text in drawn.layout.yaxis.ticktext] == named
    assert [list(bar.x) for bar in drawn.data[::2]] == [list(r.interval) for r in answer.ranking if r.title]
    assert all(len(line) <= 80 for line in shown.splitlines() if str(tmp_path) not in line)


def test_other_splits_are_no_pairs(tmp_path):
    found = fake_sweep(tmp_path / "s", TRUTHS["clear"])
    file = found.path / "tanh" / "study.toml"
    changed = found.studies["tanh"].asked
    changed["problem"]["split_hash"] = "another"
    file.write_text(tomli_w.dumps(changed))
    answer = Sweep(found.path).recommendation()
    assert answer.best is None
    assert answer.unlike == "split_hash"
    assert "Not ranked" in answer.sentence


# ---- the command line ------------------------------------------------------------------------------


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["sweep", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_trains_nothing_new_and_shows_it_again(swept, monkeypatch):
    monkeypatch.setattr("ladera.comparison.Pool", None)
    asked = ["iris", "--network", "mlp:4", "--activation", "relu", "--activation", "tanh", "--epochs", "1"]
    shared = [
        "--optimizers",
        "sgd",
        "--lr",
        "0.1",
        "--seeds",
        "2",
        "--workers",
        "1",
        "--out",
        str(swept.path),
    ]
    first, again = (
        json.loads(said(*asked, *shared, "--json")),
        json.loads(said("--out", str(swept.path), "--json")),
    )
    assert first["answer"] == again["answer"]
    assert first["answer"]["best"]["folder"] == swept.recommendation().best.folder
    assert first["dimensions"] == {"activation": ["relu", "tanh"]}
    assert "activation" in said("--out", str(swept.path))
    refused = CliRunner().invoke(app, ["sweep", "--out", str(swept.path), "--seeds", "3"])
    assert refused.exit_code == 2  # that asks for more than to show it


def test_export_writes_a_row_for_each_combination(swept, tmp_path):
    done = CliRunner().invoke(app, ["export", str(swept.path), "--csv", str(tmp_path / "sweep.csv")])
    assert done.exit_code == 0
    header, *rows = (tmp_path / "sweep.csv").read_text().splitlines()
    assert header.startswith("rank,activation,folder,optimizer")
    assert len(rows) == 2
    assert len(swept.runs()) == sum(len(study.runs()) for study in swept.studies.values())


def test_the_report_of_a_sweep_is_its_figure(swept, tmp_path):
    done = CliRunner().invoke(app, ["report", str(swept.path), "-o", str(tmp_path / "r.html")])
    assert done.exit_code == 0
    assert "activation=tanh" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_wrong_use_on_the_command_line_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments, part in (
        (["--activation", "relu"], "two values"),
        (["--activaton", "relu"], "--activation"),
    ):
        done = CliRunner().invoke(app, ["sweep", "iris", *arguments])
        assert done.exit_code == 2
        assert part in done.output
    assert list(tmp_path.iterdir()) == []


def test_it_is_there_by_its_name():
    assert ladera.sweep is sweep
    assert ladera.Sweep is Sweep

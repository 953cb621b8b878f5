"""A study from disk: its tables, what happens to damaged files, and what it does not import."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from fake_study import Fake, fake_study

import ladera.study
from ladera.base import UsageError
from ladera.store import RUNS, Store
from ladera.study import Study

FAKES = (Fake("adam", 0.98), Fake("sgd", 0.93, best_lr=0.1), Fake("rmsprop", 0.95, diverges_from=0.03))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fake_study(tmp_path_factory.mktemp("study") / "digits", FAKES).path


@pytest.fixture
def study(folder):
    return ladera.study.open(folder)


@pytest.fixture
def own(tmp_path):
    """A study that a test may harm."""
    return fake_study(tmp_path / "own", FAKES).path


def test_recommendation(study):
    answer = study.recommendation()
    assert (answer.optimizer, answer.lr, answer.grade) == ("adam", 3e-3, "clear")
    assert answer is study.recommendation()
    assert str(answer) in repr(study)


def test_the_same_folder_gives_the_same_answer(folder):
    one, other = (Study(folder).recommendation() for _ in range(2))
    assert one.as_dict() == other.as_dict()


def test_ranking(study):
    table = study.ranking()
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["optimizer"].tolist() == ["adam", "rmsprop", "sgd"]
    assert table["interval_low"].le(table["median"]).all()
    assert table["b2"].tolist()[0] == 0.999
    first = study.recommendation().ranking[0]
    assert tuple(table.loc[0, ["lr_interval_low", "lr_interval_high"]]) == first.lr_interval


def test_a_hyperparameter_cannot_hide_a_column(study, monkeypatch):
    answer = study.recommendation()
    best = dataclasses.replace(answer.ranking[0], hyperparameters={"median": -1.0, "lr": 7.0})
    monkeypatch.setattr(study, "_answer", dataclasses.replace(answer, ranking=(best,)))
    assert study.ranking().loc[0, ["lr", "median"]].tolist() == [best.lr, best.median]


def test_runs(study):
    table = study.runs()
    assert len(table) == 3 * 45 + 3 * 5 + 5
    assert set(RUNS.names) < set(table.columns)
    assert table["run"].is_unique
    diverged = table[table["diverged"]]
    assert len(diverged) == 10
    assert (diverged["diverged_step"] == 40).all()
    assert table.loc[~table["diverged"], "diverged_step"].isna().all()
    table.loc[:, "lr"] = 0.0  # a copy: the study stays as it is
    assert (study.runs()["lr"] > 0).all()


def test_curves_end_in_the_values_of_the_runs(study):
    table = study.curves()
    runs = study.runs()
    assert len(table) == 21 * len(runs)
    names = ["run", "optimizer", "lr", "seed", "purpose", "epoch", "step", "train_loss"]
    assert table.columns.tolist()[:8] == names
    last = table[table["epoch"] == 20].merge(runs, on="run", suffixes=("", "_of_run"))
    assert (last["step"] == last["steps"]).all()
    assert (last["optimizer"] == last["optimizer_of_run"]).all()
    assert np.allclose(last["validation_metric"], last["validation_metric_of_run"], equal_nan=True)
    assert (table.loc[table["epoch"] == 0, "validation_metric"] == np.float32(0.1)).all()


def test_sensitivity_times_and_best_of(study):
    assert len(study.sensitivity()) == 27
    times = study.times_to_target()
    assert len(times) == 15
    steps = times[times["optimizer"] == "adam"]["steps"].median()
    assert steps == study.recommendation().ranking[0].steps_to_target
    best = study.best_of().set_index(["optimizer", "trials"])["expected"]
    adam = study.sensitivity().query("optimizer == 'adam'")["median"].max()
    assert best["adam", 9] == pytest.approx(adam, abs=0.005)
    assert best["adam", 1] < best["adam", 2] < best["adam", 9]


def test_json_in_spanish_differs_only_in_words(study):
    english, spanish = study.as_json(), study.as_json("es")
    for found in (english, spanish):
        del found["answer"]["sentence"], found["answer"]["warnings"]
    assert english == spanish


def test_csv_of_the_runs(study, tmp_path):
    (file,) = study.to_csv(tmp_path / "deep" / "runs.csv")
    read = pd.read_csv(file)
    assert read["run"].tolist() == study.runs()["run"].tolist()
    assert json.loads(read["hyperparameters"][0])["lr"] == read["lr"][0]


def test_csv_of_everything(study, tmp_path):
    files = study.to_csv(tmp_path / "tables")
    assert [file.name for file in files] == ["runs.csv", "curves.csv", "ranking.csv"]
    assert [len(pd.read_csv(file)) for file in files] == [155, 155 * 21, 3]


def test_csv_in_a_place_that_cannot_be(study, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        study.to_csv(tmp_path / "file" / "runs.csv")


def test_report_is_written_elsewhere(study, tmp_path, monkeypatch):
    import ladera.report

    calls = []
    monkeypatch.setattr(ladera.report, "write_report", lambda *given: calls.append(given), raising=False)
    assert study.report(tmp_path / "r.html", lang="es") == tmp_path / "r.html"
    assert calls == [(study, tmp_path / "r.html", "es")]


@pytest.mark.parametrize("half", ["runs", "curves"])
def test_a_damaged_file_is_named_and_the_rest_is_read(own, half):
    file = own / half / "rmsprop-tune.parquet"
    file.write_bytes(file.read_bytes()[:100])
    study = Study(own)
    assert study.damaged == (file,)
    assert len(study.runs()) == 155 - 45
    answer = study.recommendation()
    assert answer.optimizer == "adam"
    assert not answer.fairness.equal_budget


def test_damaged_reporting_runs_leave_a_study_unfinished(own):
    (own / "runs" / "adam-report.parquet").write_bytes(b"")
    answer = Study(own).recommendation()
    assert (answer.optimizer, answer.pending, answer.grade) == ("rmsprop", ("adam",), "not enough data")


def test_no_study_here(tmp_path):
    with pytest.raises(UsageError, match="holds no study"):
        ladera.study.open(tmp_path)


def test_a_study_file_without_its_parts(own):
    (own / "study.toml").write_text("schema = 1\n[problem]\ndata = 'digits'\n")
    with pytest.raises(UsageError, match=r"lacks its part \[metric\]"):
        ladera.study.open(own)


def test_only_what_was_asked_last_is_compared(own):
    """A folder keeps what it trained; another set of optimizers, seeds and epochs asks for less."""
    store = Store(own)
    asked = store.read_study()
    store.write_study({**asked, "optimizers": [o for o in asked["optimizers"] if o["name"] != "adam"]})
    answer = Study(own).recommendation()
    assert [row.optimizer for row in answer.ranking] == ["rmsprop", "sgd"]
    store.write_study({**asked, "seeds": {"tune": [0, 1], "report": [5, 6, 7]}})
    study = Study(own)
    assert study.recommendation().seeds == 3
    assert study.recommendation().fairness.tuning_runs == {"adam": 18, "sgd": 18, "rmsprop": 18}
    store.write_study({**asked, "training": {**asked["training"], "epochs": 40}})
    assert Study(own).recommendation().optimizer is None


def test_a_study_is_read_without_jax():
    """Nor with anything else that trains, draws or takes long to import."""
    program = (
        "import sys, ladera.analysis, ladera.study, ladera.analysis.verdict; "
        "print(sorted({'jax', 'jaxlib', 'ladera.rules', 'ladera.train', 'scipy.stats', 'sklearn', 'plotly'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""A study whose trainings stop early: what its file, folder, tables, times, figures and sentences say."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

import ladera
from ladera import configs
from ladera.analysis import words
from ladera.analysis.worked import stopped, worked
from ladera.base import UsageError
from ladera.locale import translator
from ladera.problems import Problem
from ladera.report import findings
from ladera.report.series import convergences
from ladera.request import Request
from ladera.schedules import Schedules, Stop

IRIS = Problem("iris", network="mlp:4")
ASKED = {"optimizers": ["sgd", "adam"], "lr": [0.5], "seeds": 2, "epochs": 12, "workers": 1, "width": 2}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> ladera.Study:
    out = tmp_path_factory.mktemp("study") / "s"
    return ladera.compare(IRIS, **ASKED, stop="early:2", schedule="plateau:0.5,1", out=out)


def test_a_stop_is_part_of_what_was_asked_and_never_is_not():
    def request(stop: str, schedule: str = "constant") -> Request:
        known = {"stop": Stop.of(stop), "schedule": Schedules.of(schedule)}
        return Request(IRIS, configs.optimizers("sgd"), "auto", 1, **known)

    plain, early = request("never"), request("early:5,0.01", "plateau")
    assert set(early.asked) - set(plain.asked) == {"stop", "schedule"}
    assert early.asked["stop"] == "early:5,0.01"
    assert str(plain.default_folder()) == "runs/iris-mlp-4"
    assert str(early.default_folder()) == "runs/iris-mlp-4-plateau-early-5,0.01"


def test_solvers_do_not_stop_early():
    with pytest.raises(
        UsageError, match="the solver L-BFGS ends where it has converged, received stop 'early:5'"
    ):
        Request(IRIS, configs.optimizers("sgd,lbfgs"), "auto", 1, stop=Stop(5))


def test_the_study_says_it(study):
    assert study.asked["training"]["stop"] == "early:2"
    assert study.asked["training"]["schedule"] == "plateau:0.5,1"
    assert "schedule='plateau:0.5,1', stop='early:2', " in study.asked["command"]
    answer = study.recommendation()
    count = int((stopped(study.evidence.reported) < 12).sum())
    assert count > 0
    said = f"Early stopping (early:2): {count} of 4 reporting runs ended before their last epoch"
    assert said in answer.sentence
    assert "Parada temprana (early:2)" in words.sentence(answer, translator("es"))
    assert "had not fallen by more than 0 for 2 epochs" in study.code("torch").replace("\n# ", " ")


def test_the_table_holds_the_networks_of_the_best_epochs(study):
    runs, curves = study.runs(), study.curves()
    assert runs["ended"].str.match(r"(early:\d+,)?best:\d+$").all()
    per_epoch = study.asked["training"]["steps_per_epoch"]
    for run in runs.itertuples():
        curve = curves[curves["run"] == run.run].set_index("epoch")
        assert len(curve) == 13
        best = int(str(run.ended).rpartition(":")[2])
        assert run.validation_loss == pytest.approx(curve["validation_loss"].iloc[1:].min())
        assert run.validation_metric == pytest.approx(curve["validation_metric"][best])
        last = stopped(runs)[run.Index]
        assert run.evaluations == per_epoch * (12 if np.isnan(last) else last)
        assert np.isfinite(curve["validation_metric"]).all()
    test = runs[runs["purpose"] == "test"]
    reported = runs[(runs["purpose"] == "report")].set_index(["optimizer", "seed"])
    for run in test.itertuples():  # trained again, bit for bit the same
        twin = reported.loc[(run.optimizer, run.seed)]
        assert (run.validation_loss, run.ended) == (twin["validation_loss"], twin["ended"])


def test_the_same_again_trains_nothing_and_another_stop_is_another_study(study):
    def prints() -> dict[str, str]:
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in study.path.rglob("*.parquet")}

    before = prints()
    ladera.compare(IRIS, **ASKED, stop="early:2,0", schedule="plateau:0.5,1", out=study.path)
    assert prints() == before
    with pytest.raises(UsageError, match="stop is early:2 there, never here"):
        ladera.compare(IRIS, **ASKED, schedule="plateau:0.5,1", out=study.path)


def test_the_report_reads_right(study, tmp_path):
    page = study.report(tmp_path / "r.html").read_text(encoding="utf-8")
    assert "A run that stopped early stays at the values of its best epoch from then on." in page
    answer, seen = study.recommendation(), study.evidence
    curves = convergences(answer, seen.reported, seen.curves)
    for curve, row in zip(curves, answer.ranking, strict=True):
        assert curve.final == pytest.approx(row.median)
        assert curve.per_x["evaluations"] == 1  # a step is one gradient, however soon it stopped
        assert None not in curve.bands["validation_loss"].median
    said = findings.convergence_finding(curves, answer, str)
    assert said.startswith(f"At its best epochs {answer.titles[answer.ranking[0].optimizer]} has the best")


def test_steps_that_were_made():
    runs = pd.DataFrame(
        {
            "lr": [0.1, 0.1, 0.1, np.nan],
            "epochs": 10,
            "steps": 50,
            "evaluations": [50, 15, 50, 20],
            "ended": [None, "early:3,best:1", "best:4", "converged"],
        }
    )
    assert worked(runs).tolist() == [50, 15, 50, 20]
    assert worked(runs.drop(columns="ended").iloc[:3]).tolist() == [50, 50, 50]
    assert stopped(runs).dropna().tolist() == [3]
    assert worked(runs.iloc[:0]).empty


def test_times_to_the_target_count_the_steps_that_were_made(study):
    """Seconds to the target: so much of a run's time as its first touch is of the steps that it made."""
    times, runs = study.times_to_target(), study.evidence.reported
    known = times[times["reached"]].merge(runs[["run", "evaluations"]], on="run")
    spent = known["seconds"] / (known["steps"] / known["evaluations_y"])
    assert len(known)
    np.testing.assert_allclose(spent, known.merge(runs, on="run")["seconds_y"], rtol=1e-9)

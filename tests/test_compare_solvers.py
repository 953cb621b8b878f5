"""Solvers beside rules in a comparison: what may be asked, what is trained, and what the report says."""

from __future__ import annotations

import dataclasses
import shutil
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from ladera import solvers
from ladera.analysis.code import code
from ladera.base import UsageError
from ladera.comparison import compare
from ladera.configs import Configuration, optimizers
from ladera.locale import translator
from ladera.networks import Sequential
from ladera.networks.layers import BatchNorm, Dense
from ladera.problems import Problem
from ladera.report.html import page
from ladera.request import Request
from ladera.solvers.curvature import KFAC, GeneralizedGaussNewton, GeneralizedLevenbergMarquardt
from ladera.store import Store
from ladera.suited import check_sizes

LM = GeneralizedLevenbergMarquardt
IRIS = Problem("iris", network="mlp:5", activation="tanh", penalty="l2:1e-2")


# ---- what is asked -----------------------------------------------------------------------------


def test_names_and_what_they_stand_for():
    found = {o.name: type(o.rule) for o in optimizers("adam,lbfgs,lm,kfac,gauss-newton,newton-cg,cg,bfgs")}
    assert found["lm"] is LM
    assert found["kfac"] is KFAC
    assert found["gauss-newton"] is GeneralizedGaussNewton
    assert found["lbfgs"] is solvers.LBFGS
    assert [o.solves for o in optimizers(["adam", "lm"])] == [False, True]
    assert [o.title for o in optimizers("lm,kfac,lbfgs,adam")] == [
        "Levenberg-Marquardt",
        "K-FAC",
        "L-BFGS",
        "Adam",
    ]


def test_a_solver_for_least_squares_stands_for_its_twin_for_networks():
    [one] = optimizers([solvers.LevenbergMarquardt(gtol=1e-8)])
    assert (one.name, one.rule) == ("lm-gtol=1e-8", LM(gtol=1e-8))
    [plain] = optimizers(solvers.LevenbergMarquardt)
    assert plain.rule == LM()


def test_a_configuration_is_named_without_a_rate():
    names = {
        Configuration(o, None, seed, purpose).name({"epochs": 3})
        for o in optimizers([LM(), LM(damping=0.5), KFAC()])
        for seed in (7, 8)
        for purpose in ("report", "test")
    }
    assert len(names) == 12
    assert sum(name.startswith("lm-s7-") for name in names) == 2
    assert sum(name.startswith("lm-damping=0.5-s7-") for name in names) == 2


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("newton", "does not train networks.*take newton-cg"),
        ([solvers.Trust()], "does not train networks"),
        ([solvers.LevenbergMarquardt(geodesic=True)], "has no geodesic where it trains a network.*damping"),
        ([solvers.make("adam")], "a rule learns from mini-batches"),
        ("lbgfs", "There is no optimizer 'lbgfs'; the nearest name is 'lbfgs'"),
        ("lm,lm", "'lm' is asked for twice"),
    ],
)
def test_what_trains_no_network_is_refused(asked, sentence):
    with pytest.raises(UsageError, match=sentence):
        optimizers(asked)


def test_solvers_train_residual_networks_and_refuse_what_batches_move(tmp_path):
    residual = Problem("iris", network="mlp:4,4", residual=True)
    asked: Any = {"seeds": 1, "epochs": 3, "workers": 1}
    study = compare(residual, "lbfgs,newton-cg", out=tmp_path / "s", **asked)
    assert (study.runs()["status"] == "finished").all()
    moved = Problem("iris", network=Sequential((Dense(4), BatchNorm())))
    with pytest.raises(UsageError, match="a loss of the weights alone"):
        compare(moved, "lbfgs", out=tmp_path / "t", **asked)


def test_one_example_is_no_batch_to_normalise(tmp_path):
    with pytest.raises(UsageError, match="two examples or more"):
        compare(Problem("iris", network="mlp:4", norm="batch"), "sgd", batch=1, out=tmp_path / "s")


def test_a_corner_and_too_many_parameters_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"needs a smooth objective.*'elastic:1e-3,1e-3'"):
        Request(dataclasses.replace(IRIS, penalty="elastic:1e-3,1e-3"), optimizers("sgd,lbfgs"), "auto", 1)
    with pytest.raises(UsageError, match=r"at most 10000 parameters, received 148987, .* 533 GB"):
        compare(Problem("iris", network="mlp:380,380,6"), ["lm"], out=tmp_path / "s")
    assert not (tmp_path / "s").exists()
    check_sizes(Problem("iris", network="mlp:380,380,6"), optimizers("lbfgs,kfac"))


# ---- a comparison ------------------------------------------------------------------------------

ASKED = {"optimizers": ["sgd", "lbfgs", "lm"], "lr": [1e-5, 3e-5], "seeds": 5, "epochs": 15, "batch": 16}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return compare(IRIS, **ASKED, out=tmp_path_factory.mktemp("solvers") / "study")


def test_rules_and_solvers_are_ranked_together(study):
    answer = study.recommendation()
    assert answer.fairness.may_rank
    assert answer.fairness.equal_budget
    assert (answer.optimizer, answer.lr) in [("lbfgs", None), ("lm", None)]
    assert answer.test is not None
    assert answer.full_batch == ("lbfgs", "lm")
    assert "learning rate –" not in answer.sentence
    assert "passes over the training set" in answer.sentence
    runs = study.runs()
    assert runs.groupby(["optimizer", "purpose"]).size().to_dict() == {
        ("sgd", "tune"): len(runs[(runs["optimizer"] == "sgd") & (runs["purpose"] == "tune")]),
        ("sgd", "report"): 5,
        ("lbfgs", "report"): 5,
        ("lm", "report"): 5,
        (answer.optimizer, "test"): 5,
    }
    solves = runs["optimizer"] != "sgd"
    assert runs["lr"].isna().equals(solves)
    assert runs["ended"].notna().equals(solves)
    assert not any(row.edge for row in answer.ranking if row.optimizer != "sgd")
    best = study.ranking().set_index("optimizer")
    assert best["passes_to_target"]["sgd"] != best["passes_to_target"]["sgd"]  # far from it: never
    steps = study.asked["training"]["steps_per_epoch"]
    assert best["steps_to_target"]["lm"] == steps * best["passes_to_target"]["lm"]


def test_the_test_set_is_read_by_a_bitwise_repetition(study):
    answer, runs = study.recommendation(), study.runs()
    mine = runs[runs["optimizer"] == answer.optimizer]
    report, test = (mine[mine["purpose"] == p].set_index("seed") for p in ("report", "test"))
    for column in ("train_loss", "validation_loss", "validation_metric", "fingerprint"):
        assert (report[column] == test[column]).all()
    assert test["test_metric"].notna().all()


def test_asking_again_trains_nothing(study, monkeypatch):
    monkeypatch.setattr("ladera.comparison.Pool", None)
    again = compare(IRIS, **ASKED, out=study.path)
    assert again.recommendation().as_dict() == study.recommendation().as_dict()


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_report_shows_it(study, lang):
    text = page(study, lang)
    for title in ("L-BFGS", "Levenberg-Marquardt"):
        assert title in text
    data = text.split('id="convergence-data">')[1].split("</script>")[0]
    assert "NaN" not in text.split('id="ladera-answer">')[1].split("</script>")[0]
    assert '"passes":1.0' in data
    assert "lr –" not in text
    sensitivity = text.split('id="sensitivity-data">')[1].split("</script>")[0]
    assert "L-BFGS" not in sensitivity  # there is no learning rate to be sensitive to
    assert translator(lang)("passes over the training set") in text


def test_code_for_a_solver(study):
    answer = study.recommendation()
    rows = {row.optimizer: row for row in answer.ranking}

    def of(winner: str, framework: str) -> str:
        return code(
            dataclasses.replace(answer, optimizer=winner, ranking=(rows[winner],)), study.asked, framework
        )

    text = of("lbfgs", "torch")
    assert "learning rate" not in text
    namespace = {"model": torch.nn.Linear(2, 1)}
    exec(text, namespace)
    assert isinstance(namespace["optimizer"], torch.optim.LBFGS)
    assert namespace["optimizer"].defaults["line_search_fn"] == "strong_wolfe"
    assert "optax.lbfgs(memory_size=" in of("lbfgs", "optax")
    with pytest.raises(UsageError, match=r"no optimizer like Levenberg-Marquardt.*nearest is L-BFGS"):
        of("lm", "torch")


def test_files_from_before_the_column_are_read(study, tmp_path):
    shutil.copytree(study.path, tmp_path / "old")
    for path in (tmp_path / "old" / "runs").glob("*.parquet"):
        table = pq.read_table(path)
        table = table.replace_schema_metadata(
            {k: v for k, v in table.schema.metadata.items() if k != b"columns"}
        )
        pq.write_table(table.drop_columns(["ended"]), path, write_page_checksum=True)
    scan = Store(tmp_path / "old").scan()
    assert scan.damaged == ()
    assert scan.names() == set(study.runs()["run"])
    assert scan.runs.column("ended").null_count == len(scan.runs)


def test_a_study_of_solvers_alone(study, tmp_path):
    shutil.copytree(study.path, tmp_path / "s")
    alone = compare(IRIS, **{**ASKED, "optimizers": "lm"}, out=tmp_path / "s")
    answer = alone.recommendation()
    assert str(answer).startswith("Use Levenberg-Marquardt; no other optimizer was compared.")
    assert answer.test is not None
    assert "No learning rate was tuned" in page(alone)

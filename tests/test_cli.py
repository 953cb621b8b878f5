"""The program as its user meets it: exit codes, one sentence per mistake, both languages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TINY = ("iris", "--network", "mlp:4", "--optimizers", "sgd", "--lr", "0.1", "--seeds", "1", "--epochs", "1")


def ladera(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200"}
    command = [sys.executable, "-m", "ladera", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder in which `ladera compare` was run once, with its default output folder."""
    folder = tmp_path_factory.mktemp("user")
    done = ladera("compare", *TINY, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def study(folder: Path) -> str:
    [found] = (folder / "runs").iterdir()
    return str(found)


def test_it_names_the_report_and_answers_first(folder):
    done = ladera("compare", *TINY, cwd=folder)
    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if line]
    assert "SGD" in lines[1]
    assert lines[-1].startswith("Report: ")
    assert (folder / lines[-1].removeprefix("Report: ")).is_file()


def test_without_arguments_and_with_help_it_helps():
    for arguments in ((), ("--help",), ("compare", "--help")):
        done = ladera(*arguments)
        assert "compare" in done.stdout + done.stderr


def test_help_is_in_spanish_too():
    assert "tasa" in ladera("compare", "--lang", "es", "--help").stdout.lower()


SLOW = pytest.mark.slow  # each is a process of its own


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "digitz"), ["digitz", "digits"]),
        pytest.param(("compare", "--optimizers", "adamm"), ["adamm", "adam"], marks=SLOW),
        pytest.param(("compare", "--activation", "rely"), ["rely", "relu"], marks=SLOW),
        pytest.param(("compare", "--network", "mpl:64"), ["mpl", "mlp"], marks=SLOW),
        (("compare", "--network", "mlp:0"), ["mlp:0", "mlp:64,64"]),
        pytest.param(("compare", "--loss", "maee"), ["maee", "mae"], marks=SLOW),
        pytest.param(
            ("compare", "--loss", "cross_entropy:2"), ["smoothing", "cross_entropy:2", "[0, 1)"], marks=SLOW
        ),
        pytest.param(("compare", "iris", "--loss", "binary-cross-entropy"), ["two classes", "3"], marks=SLOW),
        pytest.param(
            ("compare", "--loss", "hinge", "--optimizers", "adam,lbfgs"),
            ["L-BFGS", "hinge", "corners"],
            marks=SLOW,
        ),
        pytest.param(
            ("compare", "--loss", "focal", "--optimizers", "lm"),
            ["Levenberg-Marquardt", "focal", "lbfgs"],
            marks=SLOW,
        ),
        pytest.param(("compare", "--init", "orthogonl"), ["orthogonl", "orthogonal"], marks=SLOW),
        pytest.param(("compare", "--penalty", "l3:1"), ["l3", "l2"], marks=SLOW),
        pytest.param(("compare", "--penalty", "l2:-1"), ["l2:-1", "l2:1e-4"], marks=SLOW),
        (("compare", "--lr", "0"), ["positive", "'0'"]),
        pytest.param(("compare", "--lr", "-0.1"), ["positive", "-0.1"], marks=SLOW),
        pytest.param(("compare", "--lr", "1:0.1:5"), ["low < high", "1:0.1:5"], marks=SLOW),
        pytest.param(("compare", "--lr", "fast"), ["positive", "fast"], marks=SLOW),
        pytest.param(("compare", "--seeds", "0"), ["seeds", "0"], marks=SLOW),
        pytest.param(("compare", "--epochs", "-3"), ["epochs", "-3"], marks=SLOW),
        (("compare", "iris", "--batch", "1000"), ["90", "1000", "--batch"]),
        pytest.param(
            ("compare", "diabetes", "--loss", "cross_entropy"), ["cross_entropy", "mse"], marks=SLOW
        ),
        pytest.param(("compare", "nowhere.csv"), ["nowhere.csv"], marks=SLOW),
        pytest.param(("compare", "iris", "--optimizers", "nowhere.py:Rule"), ["nowhere.py"], marks=SLOW),
        pytest.param(
            ("compare", "iris", "--out", "/dev/null/study"), ["/dev/null/study", "--out"], marks=SLOW
        ),
        pytest.param(("compare", "--lang", "ed"), ["ed", "es"], marks=SLOW),
        (
            (
                "compare",
                "--no-such-option",
            ),
            ["--no-such-option"],
        ),
        pytest.param(("report", "nowhere"), ["nowhere", "no study"], marks=SLOW),
        (("export", "nowhere", "--csv", "x.csv"), ["nowhere", "no study"]),
        pytest.param(("data", "describe", "irys"), ["irys", "iris"], marks=SLOW),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_use_is_one_sentence_and_exit_code_2(tmp_path, arguments, said):
    done = ladera(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert all(part in done.stderr for part in said), done.stderr
    if "--no-such-option" not in arguments:
        assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_errors_are_in_spanish_too(tmp_path):
    done = ladera("compare", "--lang", "es", "--optimizers", "adamm", cwd=tmp_path)
    assert done.returncode == 2
    assert "optimizador" in done.stderr
    assert "adam" in done.stderr


def test_the_answer_is_in_spanish_too(folder):
    done = ladera("compare", *TINY, "--lang", "es", "--report", "informe.html", cwd=folder)
    assert done.returncode == 0
    assert "tasa de aprendizaje" in done.stdout
    assert '<html lang="es"' in (folder / "informe.html").read_text(encoding="utf-8")


def test_report_of_a_stored_study(folder):
    done = ladera("report", study(folder), "-o", "again.html", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.strip() == "again.html"
    assert (folder / "again.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_export_writes_the_runs(folder):
    done = ladera("export", study(folder), "--csv", "runs.csv", cwd=folder)
    assert done.returncode == 0
    header, *rows = (folder / "runs.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("run,")
    assert len(rows) == 3


def test_data_list_and_describe():
    names = ladera("data", "list").stdout.split()
    assert {"digits", "iris", "wine", "breast_cancer", "diabetes", "moons", "mnist"} <= set(names)
    described = ladera("data", "describe", "iris").stdout
    assert "classification" in described
    assert "training rows" in described
    assert "90" in described
    spanish = ladera("data", "describe", "sunspots", "--lang", "es").stdout
    assert "filas de entrenamiento" in spanish
    assert ["partes", "disjuntas", "sí"] in [line.split() for line in spanish.splitlines()]


@SLOW
def test_another_question_gets_another_folder(folder):
    done = ladera("compare", *TINY, "--batch", "16", cwd=folder)
    assert done.returncode == 0
    assert len(list((folder / "runs").iterdir())) == 2

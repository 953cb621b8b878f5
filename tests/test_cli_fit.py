"""`ladera fit` as its user meets it: the answer, the table, the residuals drawn, and what is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ladera.cli import app
from ladera.cli.scatter import scatter
from ladera.formulas import parse

A, B = 1.9420165984712758, 1.064443102989749  # as document 003 prints them


@pytest.fixture(scope="module", autouse=True)
def _compiled_in_half_the_time():
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """With line.csv, the 50 points of document 003."""
    monkeypatch.chdir(tmp_path)
    random = np.random.RandomState(42)
    t = np.linspace(0, 10, 50)
    table = pd.DataFrame({"t": t, "y": 2 * t + 1 + random.normal(0, 1, 50)})
    table.to_csv("line.csv", index=False)
    return tmp_path


def fit(*arguments: str, columns: int = 100):
    environment = {"COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "dumb"}
    return CliRunner().invoke(app, ["fit", *arguments], env=environment, prog_name="ladera")


def test_the_answer_comes_first_then_the_table_then_the_residuals():
    done = fit("line.csv", "a*t + b", "--start", "a=0,b=0")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "y = 1.94202*t + 1.06444"
    rows = {cells[0]: [float(cell) for cell in cells[1:]] for cells in map(str.split, lines[3:5])}
    assert rows["a"][0] == pytest.approx(A, rel=5e-9)
    assert rows["b"][0] == pytest.approx(B, rel=2e-8)
    assert rows["a"][1:] == pytest.approx([0.04451919, 1.852505, 2.031528], rel=1e-6)
    said = " ".join(done.stdout.split())
    assert "Residual standard deviation 0.9271045 with 48 degrees of freedom, R² 0.9753957; lm:" in said
    assert re.search(r"lm: \d+ iterations, \d+ evaluations. Converged", said)
    assert "Started at 1" not in said


def test_the_residuals_are_drawn():
    lines = fit("line.csv", "a*t + b").stdout.splitlines()
    begin = next(k for k, line in enumerate(lines) if line.startswith("Residuals"))
    drawn = lines[begin + 1 :]
    assert len(drawn) == 13
    field = drawn[:11]
    assert len({re.search("[┤│]", line).start() for line in field}) == 1  # pyright: ignore
    assert sum(line.count("•") + 2 * line.count("●") for line in field) == 50
    assert drawn[12].split() == ["0", "t", "10"]
    assert max(map(len, drawn)) <= 72
    assert max(len(line) for line in fit("line.csv", "a*t + b", columns=40).stdout.splitlines()[-13:]) <= 40


def test_what_is_not_started_starts_at_1():
    done = fit("line.csv", "y = a*t + b", "--start", "b=-3")
    assert "Started at 1: a." in done.stdout
    assert "1.942016" in done.stdout


def test_json_is_one_object_with_all_digits():
    done = fit("line.csv", "a*t + b", "--json")
    told = json.loads(done.stdout)
    assert [p["value"] for p in told["parameters"]] == pytest.approx([A, B], rel=2e-8)
    assert told["equation"] == "y = 1.94202*t + 1.06444"
    assert told["success"] is True


def test_figure_and_csv_are_written(folder):
    done = fit("line.csv", "a*t + b", "--figure", "fit.html", "--csv", "residuals.csv")
    assert "Written: fit.html" in done.stdout
    page = (folder / "fit.html").read_text(encoding="utf-8")
    assert 'src="http' not in page
    assert "confidence band" in page
    table = pd.read_csv("residuals.csv")
    assert list(table.columns) == ["t", "y", "fitted", "residual"]
    np.testing.assert_allclose(table.y - table.fitted, table.residual, atol=1e-12)
    np.testing.assert_allclose(table.fitted, A * table.t + B, rtol=1e-7)
    told = fit("line.csv", "a*t + b", "--csv", "again.csv", "--json").stdout
    assert json.loads(told)["dof"] == 48
    assert (folder / "again.csv").is_file()


@pytest.mark.parametrize(
    ("formula", "true", "start"),
    [
        ("top*exp(-t/tau) + floor", {"top": 5, "tau": 2, "floor": 1}, "top=1,tau=1"),
        ("raíz(a*t) + b*sen(ω*t)", {"omega": 1.5, "a": 2, "b": 1}, "ω=1.4,b=0.5"),
        ("a*ln(1 + t/b)", {"a": 3, "b": 0.7}, "a=1"),
    ],
)
def test_formulas_with_functions(formula, true, start):
    t = np.linspace(0.1, 10, 40)
    names = [*true, "t"]
    points = np.column_stack([*(np.full(40, value) for value in true.values()), t])
    noise = 0.01 * np.random.default_rng(0).normal(size=40)
    pd.DataFrame({"t": t, "z": parse(formula, names).value(points) + noise}).to_csv("d.csv", index=False)
    bounds = ("--bounds", "ω=0:5") if "ω" in start else ()
    done = fit("d.csv", formula, "--start", start, *bounds, "--json")
    assert done.exit_code == 0, done.output
    found = {p["name"]: p for p in json.loads(done.stdout)["parameters"]}
    assert next(iter(found)) == next(iter(true))
    for name, value in true.items():
        low, high = found[name]["interval"]
        assert abs(found[name]["value"] - value) < 2 * (high - low)
        assert high - low < 0.2


def test_bounds_and_errors_of_the_observations():
    table = pd.read_csv("line.csv")
    table.assign(s=1 + table.t).to_csv("errors.csv", index=False)
    told = json.loads(
        fit("errors.csv", "a*t + b", "--sigma", "s", "--bounds", "b=:0.25,a=0:10", "--json").stdout
    )
    assert told["target"] == "y"
    assert told["parameters"][1]["value"] == 0.25
    w = 1 / (1 + table.t)
    slope = (w**2 * table.t * (table.y - 0.25)).sum() / (w**2 * table.t**2).sum()
    assert told["parameters"][0]["value"] == pytest.approx(slope, rel=1e-8)
    assert "On a bound" in told["warnings"][0]


def test_doubts_are_said():
    done = fit("line.csv", "a*b*t")
    assert done.exit_code == 0
    assert "The data do not determine a, b" in done.stdout
    assert "–" in done.stdout


def test_spanish():
    environment = {**os.environ, "COLUMNS": "100"}
    command = [sys.executable, "-m", "ladera", "fit", "line.csv", "a*t + b", "--lang", "es"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "Convergió" in done.stdout
    assert "1.942016" in done.stdout


FILES = {
    "text.csv": "t,y\n1,2\n2,two\n3,4\n",
    "missing.csv": "t,y\n1,2\n2,3\n,4\n",
    "empty.csv": "",
    "header.csv": "t,y\n",
    "nameless.csv": "1,2\n3,4\n",
    "one.csv": "t,y\n1,2\n",
    "notes.txt": "t,y\n1,2\n",
}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("text.csv", "a*t + b"), ["row 2 of 'y'", "'two'"]),
        (("missing.csv", "a*t + b"), ["Row 3", "column 't'"]),
        (("empty.csv", "a*t + b"), ["empty.csv", "cannot be read"]),
        (("header.csv", "a*t + b"), ["at least one", "0 in t"]),
        (("nameless.csv", "a*t + b"), ["names its columns"]),
        (("one.csv", "a*t + b"), ["1 observations and 2 parameters"]),
        (("nowhere.csv", "a*t + b"), ["no file 'nowhere.csv'"]),
        (("notes.txt", "a*t + b"), ["notes.txt", ".csv"]),
        (("line.csv", "a*x + b"), ["a, x, b", "t, y"]),
        (("line.csv", "a*t + b)"), ["position 8"]),
        (("line.csv", "a*t + foo(t)"), ["no function 'foo'", "position 7"]),
        (("line.csv", "abt + c"), ["'abt'", "a*b*t"]),
        (("line.csv", "a*t + b", "--start", "a"), ["name=value", "'a'"]),
        (("line.csv", "a*t + b", "--start", "a=one"), ["'one' for a"]),
        (("line.csv", "a*t + b", "--start", "q=1"), ["'q'"]),
        (("line.csv", "a*t + b", "--start", "t=1"), ["'t' is a column"]),
        (("line.csv", "a*t + b", "--bounds", "a=3"), ["low:high", "a=3"]),
        (("line.csv", "a*t + b", "--bounds", "a=3:1"), ["below its upper"]),
        (("line.csv", "a*t + b", "--bounds", "k=3:4"), ["no parameter 'k'"]),
        (("line.csv", "a*t + b", "--target", "z"), ["no column 'z'"]),
        (("line.csv", "a*t + b", "--sigma", "z"), ["no column 'z'"]),
        (("line.csv", "a*t + b", "--sigma", "t"), ["positive; received 0"]),
        (("line.csv", "a*t + b", "--method", "adam"), ["'lm'", "'adam'"]),
        (("line.csv", "a*t + b", "--maxiter", "0"), ["maxiter", "1 or more"]),
        (("line.csv", "__import__('os').system('id')"), ["position"]),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(folder, arguments, said):
    if arguments[0] in FILES:
        (folder / arguments[0]).write_text(FILES[arguments[0]], encoding="utf-8")
    done = fit(*arguments)
    assert done.exit_code == 2, done.output
    assert not done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
    assert all(part in done.stderr for part in said), done.stderr


def test_a_fit_that_fails_ends_with_its_reason_and_exit_code_1():
    done = fit("line.csv", "a*exp(b*t)", "--maxiter", "1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "largest number of steps (maxiter) was reached" in done.stderr


# ---- the drawing -------------------------------------------------------------------------------------


def test_points_lie_where_they_belong():
    drawn = scatter([0, 1, 2, 2], [1, -1, 0.5, 0.5], "u", width=21, height=5)
    left = drawn[0].index("┤") + 1
    assert drawn[0][left:] == "•"
    assert drawn[1][left + 20] == "●"
    assert drawn[2][left:] == "┈" * 21
    assert drawn[4][left + 10] == "•"
    assert [line[: left - 1].strip() for line in drawn[:5]] == ["1", "", "0", "", "-1"]
    assert drawn[5][left:] == "─" * 21
    assert drawn[6][left:].split() == ["0", "u", "2"]
    assert len(drawn[6]) == left + 21


@pytest.mark.parametrize(("x", "y"), [([1], [0]), ([2, 2], [0, 0]), ([0, 1], [3, 4]), ([0, 1], [-3, -4])])
def test_points_on_one_line_are_drawn_too(x, y):
    drawn = scatter(x, y, "u", width=20)
    assert sum(line.count("•") + 2 * line.count("●") for line in drawn) == len(x)
    assert sum("┈" in line for line in drawn) == 1

"""trace, race, explain, catalogue and reproduce as their user meets them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ladera.rules
import ladera.solvers

BY_HAND = ("trace", "x^2", "--method", "adam", "--start", "5", "--steps", "3", "--set", "lr=0.1")


def ladera_(*arguments: str, cwd: Path | None = None, columns: int = 200) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": str(columns)}
    command = [sys.executable, "-m", "ladera", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_adam_by_hand_prints_the_right_numbers_and_names_the_erratum(columns):
    done = ladera_(*BY_HAND, columns=columns)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    for number in ("4.9", "4.800058", "4.700213", "Erratum", "001", "3.015", "2.081"):
        assert number in said


def test_adam_by_hand_in_spanish():
    said = " ".join(ladera_(*BY_HAND, "--lang", "es").stdout.split())
    for word in ("x_nuevo", "4.800058", "Errata", "001"):
        assert word in said


def test_no_erratum_where_there_is_none():
    assert (
        "Erratum" not in ladera_("trace", "x^2", "--method", "sgd", "--start", "5", "--set", "lr=0.1").stdout
    )


def test_json_is_one_object_with_all_digits():
    answer = json.loads(ladera_(*BY_HAND, "--json").stdout)
    assert answer["function"] == "x^2"
    assert [row["x_new"] for row in answer["rows"]] == pytest.approx(
        [4.9000000001, 4.800057756868856, 4.700213291333391]
    )


def test_csv_latex_card_and_figure(tmp_path):
    done = ladera_(*BY_HAND, "--csv", "t.csv", "--figure", "t.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "t.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 3
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert 'src="http' not in page
    latex = ladera_(*BY_HAND, "--latex").stdout
    assert latex.count(r"\begin{aligned}") == 3
    assert r"\frac{0.1 \cdot 10}{\sqrt{100} + 10^{-8}} = 4.9" in latex
    assert "(1 - 0.9)*10 = 1" in ladera_(*BY_HAND, "--card", "1").stdout


def test_a_worksheet_is_written_and_corrected(tmp_path):
    done = ladera_(*BY_HAND, "--worksheet", "sheet.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "sheet.csv"
    text = path.read_text(encoding="utf-8").splitlines()
    names = text[0].split(",")
    cells = text[1].split(",")
    cells[names.index("x_new")], cells[names.index("m")] = "4", "1"
    path.write_text("\n".join([text[0], ",".join(cells), *text[2:]]), encoding="utf-8")
    done = ladera_(*BY_HAND, "--check", "sheet.csv", cwd=tmp_path)
    assert "✓ Row 1, m: 1 is right." in done.stdout
    assert "✗ Row 1, x_new: 4 is not right; it is 4.9." in done.stdout


def test_whose_definition_can_be_chosen():
    def last(framework: str) -> float:
        done = ladera_(
            *("trace", "x^2", "--method", "adagrad", "--start", "5", "--steps", "3"),
            *("--set", "lr=0.1", "--like", framework, "--json"),
        )
        return json.loads(done.stdout)["rows"][-1]["x_new"]

    assert last("paper") == pytest.approx(last("torch"), rel=1e-12)
    assert last("keras") != pytest.approx(last("paper"), rel=1e-6)


def test_the_default_race_is_that_of_the_course(tmp_path):
    done = ladera_("race", "--figure", "r.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "momentum lr=0.1 momentum=0.5 arrives first" in done.stdout
    answer = json.loads(ladera_("race", "--json", "--steps", "50").stdout)
    assert answer["ranking"][0]["arrives"] == 14
    done = ladera_("race", "x^2", "--start", "3", "--method", "sgd lr=0.4", "--method", "adam lr=0.1")
    assert "sgd lr=0.4 arrives first" in done.stdout


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_rule_and_solver_is_in_the_catalogue(lang):
    told = json.loads(ladera_("catalogue", "--json", "--lang", lang).stdout)
    assert [one["name"] for one in told] == [*ladera.rules.names(), *ladera.solvers.names()]
    assert all(one["latex"].startswith(r"\begin{aligned}") and one["summary"] for one in told)
    table = ladera_("catalogue", "--lang", lang).stdout
    assert all(name in table for name in (*ladera.rules.names(), *ladera.solvers.names()))


def test_a_rule_is_explained():
    said = ladera_("explain", "adam").stdout
    for text in ("Kingma & Ba 2015", "m_hat = m/(1 - b1^t)", "[0, 1)", "Keras", "eps=1e-07"):
        assert text in said
    assert "## Fórmula" in ladera_("explain", "adam", "--markdown", "--lang", "es").stdout
    assert json.loads(ladera_("explain", "lion", "--json").stdout)["class"] == "Lion"


def test_a_solver_is_explained():
    said = ladera_("explain", "newton").stdout
    for text in ("Nocedal & Wright 2006", "p = -H⁻¹ g", "(0, inf)", "NO_DESCENT", "Armijo"):
        assert text in said
    assert "## Code" in ladera_("explain", "lm", "--markdown").stdout


def test_an_activation_and_a_loss_are_explained(tmp_path):
    said = ladera_("explain", "Leaky-ReLU", "--figure", "f.html", cwd=tmp_path).stdout
    for text in ("f(x) = 0.01*x   (x <= 0)", "(-∞, ∞)", "Written: f.html"):
        assert text in said
    assert "plotly" in (tmp_path / "f.html").read_text(encoding="utf-8").lower()
    assert "Estabilidad: " in ladera_("explain", "huber:0.5", "--lang", "es").stdout
    assert json.loads(ladera_("explain", "hinge", "--json").stdout)["kind"] == "loss"


def test_a_schedule_is_explained_and_drawn(tmp_path):
    page = tmp_path / "schedule.html"
    said = ladera_("explain", "one-cycle:0.2", "--figure", str(page)).stdout
    for text in (
        "Smith & Topin",
        "(1 − cos(π·t/r))/2   (t <= r)",
        "(0, 1)",
        "0.2",
        "●",
        "momentum, b1",
        str(page.name),
    ):
        assert text in said
    assert "one-cycle:0.2" in page.read_text(encoding="utf-8")
    assert "## Fórmula" in ladera_("explain", "cosine", "--markdown", "--lang", "es").stdout
    assert json.loads(ladera_("explain", "cosine", "--json").stdout)["kind"] == "schedule"


def test_a_rule_of_the_users_own_is_traced_and_explained(tmp_path):
    (tmp_path / "mine.py").write_text(
        '"""Mine: half a step."""\n'
        "from ladera.rules import Positive, Rule\n\n\n"
        "class Mine(Rule):\n"
        '    """Half of gradient descent.\n\n    lr: step size.\n    """\n\n'
        "    lr: Positive = 0.1\n\n"
        "    def step(self, t, g, s, x):\n"
        "        half = g / 2\n"
        "        return s, x - self.lr * half\n",
        encoding="utf-8",
    )
    done = ladera_("trace", "x^2", "--method", "mine.py:Mine", "--start", "4", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["rows"][0]["x_new"] == pytest.approx(3.6)
    said = ladera_("explain", "mine.py:Mine", cwd=tmp_path).stdout
    assert "half = g/2" in said
    assert "Half a step." in said
    assert "step size" in said


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_documents_are_reproduced(lang, tmp_path):
    done = ladera_("reproduce", "sources", "--lang", lang, "--csv", "rows.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for text in ("4.9", "3.387533875338753", "2.538207099748425"):
        assert text in done.stdout
    rows = json.loads(ladera_("reproduce", "--json", "--errata", "--lang", lang).stdout)
    assert all(row["erratum"] for row in rows)
    assert {row["source"] for row in rows} == {"000", "001", "002", "003", "004"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trace", "3x^^2"), ["position", "4"]),
        (("trace", "rosenbrok"), ["rosenbrock"]),
        (("trace", "x^2", "--method", "adamm", "--start", "5"), ["adamm", "adam"]),
        (("trace", "x^2", "--start", "five"), ["five", "--start"]),
        (("trace", "x^2", "--start", "5", "--steps", "0"), ["0"]),
        (("trace", "x^2", "--start", "5", "--set", "lr"), ["lr=0.1"]),
        (("trace", "x^2", "--start", "5", "--set", "lr=fast"), ["fast"]),
        (("trace", "x^2", "--start", "5", "--set", "lr=-1"), ["(0, inf)", "-1"]),
        (("trace", "x^2", "--start", "5", "--set", "rate=1"), ["rate", "lr"]),
        (("trace", "ln(x)", "--start", "-1"), ["-1"]),
        (("trace", "x^2", "--start", "5", "--like", "tensorflow"), ["tensorflow", "torch"]),
        (("trace", "x^2", "--start", "5", "--method", "sgd", "--card", "99"), ["99"]),
        (("trace", "__import__('os').system('id')"), ["position"]),
        (("race", "--method", "sgd speed=1"), ["speed"]),
        (("explain", "adm"), ["adam"]),
        (("explain", "cosin"), ["cosine"]),
        (("explain", "cosine:2"), ["end", "[0, 1)", "2"]),
        (("explain", "cosine", "--like", "keras"), ["--like", "cosine"]),
        (("explain", "adam", "--figure", "a.html"), ["--figure", "adam", "ladera trace"]),
        (("explain", "prodigy", "--like", "keras"), ["keras", "Prodigy"]),
        (("explain", "relu", "--like", "keras"), ["--like", "relu"]),
        (("explain", "huber:-1"), ["delta", "huber:-1"]),
        (("explain", "adam", "--figure", "f.html"), ["--figure", "adam", "ladera trace"]),
        (("reproduce", "mnist"), ["sources"]),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(arguments, said):
    done = ladera_(*arguments)
    assert done.returncode == 2
    assert not done.stdout
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert all(part in done.stderr for part in said)


@pytest.mark.parametrize("arguments", [("trace", "3x^^2"), ("explain", "adm")])
def test_wrong_use_is_told_in_spanish_too(arguments):
    english, spanish = (ladera_(*arguments, "--lang", lang) for lang in ("en", "es"))
    assert spanish.returncode == 2
    assert spanish.stderr.strip() != english.stderr.strip()

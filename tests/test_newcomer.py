"""One file makes a rule: put into a copy of the package, the program, the pages and the tests have it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("ladera", "scripts", "tests/conftest.py", "tests/test_rules.py", "pyproject.toml")

QHM = '''"""QHM: a step along the gradient and along its mean, weighed."""

from __future__ import annotations

from typing import Any, NamedTuple

from ladera.rules._rule import Fraction, Positive, Rule
from ladera.rules._xp import zeros_like

__all__ = ["QHM"]


class Mean(NamedTuple):
    m: Any


class QHM(Rule):
    """Ma & Yarats 2019, Quasi-hyperbolic momentum and Adam for deep learning, equation 3.

    lr: step size α. b: decay rate of the mean. nu: weight of the mean.
    """

    paper = "Ma & Yarats 2019, equation 3"

    lr: Positive = 0.1
    b: Fraction = 0.9
    nu: Fraction = 0.7

    def init(self, x):
        return Mean(m=zeros_like(x))

    def step(self, t, g, s, x):
        m = self.b * s.m + (1 - self.b) * g
        return Mean(m), x - self.lr * ((1 - self.nu) * g + self.nu * m)
'''

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The package, its scripts and its generic tests, with one more file."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        (folder / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    (folder / "ladera" / "rules" / "qhm.py").write_text(QHM, encoding="utf-8")
    return folder


def run(copy: Path, *arguments: str) -> str:
    """What `python ...` prints in the copy, which it imports."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_file_is_short():
    assert len(QHM.splitlines()) < 40


def test_the_copy_is_what_is_imported(copy):
    assert run(copy, "-c", "import ladera; print(ladera.__file__)").startswith(str(copy))


def test_it_is_compared(copy):
    arguments = ("iris", "--optimizers", "sgd,qhm", "--seeds", "1", "--epochs", "1", "--lr", "0.1", "--json")
    answer = json.loads(run(copy, "-m", "ladera", "compare", *arguments))
    assert {row["optimizer"] for row in answer["ranking"]} == {"sgd", "qhm"}


def test_it_is_traced(copy):
    arguments = ("x^2", "--method", "qhm", "--start", "5", "--steps", "1", "--json")
    (row,) = json.loads(run(copy, "-m", "ladera", "trace", *arguments))["rows"]
    assert row["m"] == pytest.approx(1)
    assert row["x_new"] == pytest.approx(5 - 0.1 * (0.3 * 10 + 0.7 * 1))


def test_it_is_explained_and_catalogued(copy):
    explained = json.loads(run(copy, "-m", "ladera", "explain", "qhm", "--json"))
    assert explained["summary"] == "A step along the gradient and along its mean, weighed."
    assert r"m_{t} &= \beta m_{t-1} + \left(1 - \beta\right) g_{t}" in explained["latex"]
    assert [h["meaning"].rstrip(".") for h in explained["hyperparameters"]] == [
        *("step size α", "decay rate of the mean", "weight of the mean"),
    ]
    listed = json.loads(run(copy, "-m", "ladera", "catalogue", "--json"))
    assert explained in listed


def test_it_has_its_page(copy, tmp_path):
    run(copy, "scripts/build_docs.py", "--only", "qhm", "--out", str(tmp_path / "site"))
    for lang in ("en", "es"):
        text = (tmp_path / "site" / lang / "rules" / "qhm.html").read_text(encoding="utf-8")
        assert "<h1" in text
        assert "QHM</h1>" in text
        assert "<math" in text
        assert "<svg" in text


def test_the_generic_suite_tests_it(copy):
    printed = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_rules.py", "-k", "qhm")
    assert int(printed.split(" passed")[0].split()[-1]) > 20

"""What the READMEs promise: their code runs, their options exist, both say the same."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import optax
import pytest
import torch
import typer.main
from typer.testing import CliRunner

import ladera
from ladera import rules
from ladera.cli import app

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.es.md"]


def blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_the_options_are_those_of_the_program(readme):
    compare = typer.main.get_command(app).commands["compare"]
    known = {option for parameter in compare.params for option in parameter.opts if option.startswith("--")}
    told = set(re.findall(r"`(--[a-z]+)`", readme.read_text(encoding="utf-8")))
    assert told <= known
    assert known - told == {"--target", "--workers", "--width"}  # in examples; for experts


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_the_rule_of_the_readme_is_a_rule(readme, tmp_path):
    own = next(block for block in blocks(readme.read_text(encoding="utf-8")) if "class Sign" in block)
    (tmp_path / "sign.py").write_text(own)
    rule = rules.from_file(tmp_path / "sign.py", "Sign")(lr=0.1)
    assert rule.step(1, -3.0, rule.init(1.0), 1.0)[1] == pytest.approx(1.1)


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_the_network_of_the_readme_is_a_network(readme, tmp_path):
    own = next(block for block in blocks(readme.read_text(encoding="utf-8")) if "def forward" in block)
    (tmp_path / "net.py").write_text(own)
    described = ladera.Problem("wine", network=f"{tmp_path / 'net.py'}:waves").describe()
    assert described["parameters"] == 13 * 32 + 32 * 3


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_the_python_of_the_readme_runs(readme, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = next(block for block in blocks(readme.read_text(encoding="utf-8")) if "ladera.compare" in block)
    small = code.replace("seeds=5, epochs=20", 'seeds=1, epochs=1, lr="0.03"').replace('"digits"', '"iris"')
    assert small != code
    exec(compile(small, readme.name, "exec"), {})
    assert "torch.optim" in capsys.readouterr().out
    assert list(tmp_path.glob("*.html"))


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_the_drop_ins_of_the_readme_run(readme):
    code = next(block for block in blocks(readme.read_text(encoding="utf-8")) if "ladera.optax" in block)
    made: dict = {}
    exec(compile(code, readme.name, "exec"), made)
    assert isinstance(made["optimizer"], torch.optim.Optimizer)
    made["model"](torch.ones(2, 3)).sum().backward()
    before = made["model"].weight.detach().clone()
    made["optimizer"].step()
    assert not torch.equal(before, made["model"].weight)
    assert isinstance(made["transformation"], optax.GradientTransformation)


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_the_minimisations_of_the_readme_run(readme, capsys):
    code = next(block for block in blocks(readme.read_text(encoding="utf-8")) if "curve_fit" in block)
    made: dict = {}
    exec(compile(code, readme.name, "exec"), made)
    assert made["found"].success
    assert made["many"].success.mean() > 0.99
    assert made["popt"] == pytest.approx([2.5, 1.3, 0.5], rel=1e-9)


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_the_table_of_the_readme_is_what_the_program_prints(readme):
    text = readme.read_text(encoding="utf-8")
    command = re.search(r"ladera (trace \"x\^2\".*)", text)
    done = CliRunner().invoke(app, shlex.split(command[1]))
    assert done.exit_code == 0
    table = text[text.index("adam lr=0.1 on f") :]
    assert done.stdout.startswith(table[: table.index("```")])


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_every_command_of_the_readme_exists(readme):
    known = set(typer.main.get_command(app).commands)
    told = re.findall(r"^ladera ([\w-]+)", readme.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(told) <= known


def test_the_package_says_its_version():
    assert f'version = "{ladera.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")

"""What the documentation runs: the judges whose measurements it shows, and the guides."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from docs_site import evidence, guides, site

from ladera import rules

ROOT = Path(__file__).parents[1]
NAMES = [*rules.names(), *rules.wrappers()]
LANGUAGES = tuple(site.LANGUAGES)
GUIDES = sorted(path.relative_to(guides.FOLDER).as_posix() for path in guides.FOLDER.rglob("*.md"))


# Evidence


def test_every_rule_that_is_judged_has_its_evidence():
    known = json.loads((ROOT / "docs" / "evidence.json").read_text(encoding="utf-8"))
    assert set(known) == set(NAMES)
    for name, found in known.items():
        measured = {row["framework"] for row in found["dialects"]}
        assert measured == set(rules.by_name(name).dialects), name
        assert all(row["difference"] <= 1e-12 for row in (*found["dialects"], *found["rule"])), name


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""Adam: momentum', '"""Adam: a momentum', True),
        ("m = self.b1", "# a remark\n        m = self.b1", True),
        ('paper = "K', 'paper = "k', True),
        ("(1 - self.b1)", "(2 - self.b1)", False),
        ("b1: Fraction = 0.9", "b1: Fraction = 0.8", False),
    ],
)
def test_a_rule_is_measured_again_when_its_code_is_another(tmp_path, monkeypatch, old, new, same):
    text = Path(rules.__file__).with_name("adam.py").read_text(encoding="utf-8")
    assert old in text
    keys = []
    for name, written in (("a", text), ("b", text.replace(old, new))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adam.py").write_text(written, encoding="utf-8")
        monkeypatch.setattr(rules, "__file__", str(tmp_path / name / "__init__.py"))
        keys.append(evidence.fingerprint("adam"))
    assert all(keys)
    assert (keys[0] == keys[1]) == same


def test_what_is_known_is_not_measured_again(tmp_path):
    known = json.loads(evidence.FILE.read_text(encoding="utf-8"))
    file = tmp_path / "evidence.json"
    file.write_text(
        json.dumps({"sgd": {**known["sgd"], "key": evidence.fingerprint("sgd")}}), encoding="utf-8"
    )
    written = file.stat().st_mtime_ns
    assert evidence.evidence(["sgd"], file)["sgd"]["dialects"] == known["sgd"]["dialects"]
    assert file.stat().st_mtime_ns == written


@pytest.mark.slow
def test_what_is_new_is_measured(tmp_path):
    file = tmp_path / "evidence.json"
    found = evidence.evidence(["signsgd"], file)["signsgd"]
    assert json.loads(file.read_text(encoding="utf-8"))["signsgd"] == found
    assert {row["framework"] for row in found["dialects"]} == {"optax"}
    assert all(0 <= row["difference"] <= 1e-12 for row in found["dialects"])
    assert evidence.evidence(["sgd"], file, measure=False) == {}


# Guides


@pytest.mark.parametrize("place", GUIDES)
@pytest.mark.slow
def test_what_a_guide_shows_runs(place):
    with guides.Workshop() as workshop:
        told = workshop.told((guides.FOLDER / place).read_text(encoding="utf-8"), slow=True)
    assert "```" in told


def test_a_command_that_fails_ends_the_build():
    with (
        guides.Workshop() as workshop,
        pytest.raises(RuntimeError, match=r"exit code 2\s.*no surface 'valey'"),
    ):
        workshop.told("```console\n$ ladera trace valey\n```\n")


def test_a_program_that_fails_ends_the_build():
    with guides.Workshop() as workshop, pytest.raises(ZeroDivisionError):
        workshop.told("```python\n1 / 0\n```\n")


def test_programs_go_on_where_the_last_one_ended_and_show_what_they_print():
    with guides.Workshop() as workshop:
        told = workshop.told("```python\nx = 1\n```\n\n```python\nprint(x)\n```\n")
    assert told == "```python\nx = 1\n```\n\n```python\nprint(x)\n```\n\n```text\n1\n```\n"


def test_the_guides_are_the_same_in_both_languages():
    english, spanish = ({p for p in GUIDES if p.startswith(lang)} for lang in LANGUAGES)
    assert {p[3:] for p in english} == {p[3:] for p in spanish}
    for place in english:
        both = [(guides.FOLDER / lang / place[3:]).read_text(encoding="utf-8") for lang in LANGUAGES]
        kinds = [re.findall(r"^```(\w+)$", text, re.MULTILINE) for text in both]
        assert kinds[0] == kinds[1], place
        assert len(both[0].splitlines()) < 120


def test_the_rule_of_the_guide_is_short():
    text = (guides.FOLDER / "en" / "own-rule.md").read_text(encoding="utf-8")
    (own,) = re.findall(r"```python\n# qhm.py\n(.*?)```", text, re.DOTALL)
    assert len(own.splitlines()) < 40

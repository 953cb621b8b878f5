"""What the pages say of a rule, against numbers worked out by hand and what the rule's own class says."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
import pytest

from ladera import rules
from ladera.explaining import explain, overview
from ladera.explaining.captions import evidence, picture_words
from ladera.explaining.distances import distances
from ladera.explaining.page import markdown, settings, table
from ladera.locale import translator

EN = translator("en")
NAMES = [*rules.names(), *rules.wrappers()]


def explained(name: str, lang: str = "en"):
    cls = rules.by_name(name)
    return explain(cls() if name in rules.names() else cls(rules.make("adam")), lang)


def rows(text: str, first: str) -> dict[str, list[str]]:
    """A table of a page by its first column, found by its first heading."""
    lines = text.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith(f"| {first} |"))
    shown = itertools.takewhile(lambda line: line.startswith("|"), lines[start:])
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in shown]
    return {row[0]: row[1:] for row in cells}


def keras_adagrad(steps: int, lr: float) -> np.ndarray:
    x, G = np.ones(2), np.full(2, 0.1)
    for _ in range(steps):
        g = np.array([1.0, 10.0]) * x
        G = G + g**2
        x = x - lr * g / np.sqrt(G + 1e-7)
    return x


def paper_adagrad(steps: int, lr: float) -> np.ndarray:
    x, G = np.ones(2), np.zeros(2)
    for _ in range(steps):
        g = np.array([1.0, 10.0]) * x
        G = G + g**2
        x = x - lr * g / (np.sqrt(G) + 1e-10)
    return x


def test_the_distance_is_that_of_two_loops_written_by_hand():
    by_hand = np.linalg.norm(keras_adagrad(20, 0.1) - paper_adagrad(20, 0.1))
    assert distances(rules.by_name("adagrad"))["keras"] == pytest.approx(by_hand, rel=1e-6)
    assert by_hand > 1e-3


@pytest.mark.parametrize("name", rules.names())
def test_a_dialect_is_apart_only_where_a_setting_differs(name):
    cls = rules.by_name(name)
    apart = distances(cls)
    assert list(apart) == [name for name in rules.FRAMEWORKS if name in cls.dialects]
    for framework, distance in apart.items():
        differing = {k for k, v in cls.dialects[framework].items() if v != cls.defaults()[k]} - {"lr"}
        assert distance == 0 or differing
        assert np.isfinite(distance)


def test_a_round_off_is_no_distance():
    assert distances(rules.by_name("momentum"))["torch"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_every_hyperparameter_with_its_default(name):
    e = explained(name)
    told = rows(markdown(e), "name")
    assert [k.strip("`") for k in told if k.startswith("`")] == [h.name for h in e.hyperparameters]
    for h in e.hyperparameters:
        _letter, domain, default, meaning = told[f"`{h.name}`"]
        assert default == f"`{h.default}`"
        assert meaning.replace("\\|", "|") == h.meaning
        assert domain.startswith(h.domain.partition(" or")[0] or "flag")


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_the_symmetries(name):
    e = explained(name)
    kept = [cells[0] for cells in rows(markdown(e), "what changes").values()][2:]
    assert kept == ["kept" if holds else "not kept" for holds in e.symmetries.values()]


def test_the_dialects_of_adam_are_told_apart():
    told = rows(markdown(explained("adam")), "setting")
    assert told["setting"] == ["paper", "PyTorch", "Keras", "optax"]
    assert told["`eps_hat`"] == ["`False`", "`False`", "`True`", "`False`"]
    assert told["`weight_decay=`"] == ["–", "`L2`", "`Decoupled`", "–"]
    assert told["distance"][1] == told["distance"][3] == "0"
    assert "`lr`" not in told


def test_a_rule_that_differs_nowhere_says_so():
    text = markdown(explained("signsgd"))
    assert "optax: the same algorithm with the same defaults." in text
    assert settings(explained("signsgd")) == {}


def test_what_a_framework_sets_as_the_paper_does_is_no_difference():
    class Same(rules.Rule):
        dialects: ClassVar = {"torch": {"lr": 0.1, "factor": 2.0}}
        lr: rules.Positive = 0.1
        factor: rules.Positive = 1.0

    assert settings(explain(Same())) == {"factor": [1.0, 2.0]}


def test_a_rule_without_dialects_and_a_wrapper_say_so():
    assert "No framework has this rule under any name." in markdown(explained("soap"))
    assert "A wrapper has one form" in markdown(explained("l2"))
    assert "L2 goes around any rule; here it is around Adam." in markdown(explained("l2"))


def test_a_rule_of_matrices_shows_both_its_formulas():
    text = markdown(explained("muon"))
    assert text.count("\\begin{aligned}") == 2
    assert "That is on a matrix. On any other array:" in text


def test_what_is_given_is_put_where_it_belongs():
    e = explained("adam")
    text = markdown(e, picture="PICTURE", card="CARD", evidence="EVIDENCE")
    places = [
        text.index(part) for part in ("## Formula", "PICTURE", "CARD", "## Hyper", "EVIDENCE", "## Sym")
    ]
    assert places == sorted(places)
    assert "## One step with numbers" in text
    assert "## One step with numbers" not in markdown(e)


def test_a_bar_in_a_cell_is_no_column():
    assert table(["a"], [["x|y"]]).splitlines()[-1] == "| x\\|y |"


def test_the_overview_of_dialects_has_a_cell_for_each_framework():
    told = rows(overview.dialects([explained("adam"), explained("soap")], str, EN), "rule")
    assert told["[Adam](adam)"] == ["=", "`eps=1e-07`<br>`eps_hat=True`", "="]
    assert told["[SOAP](soap)"] == ["–", "–", "–"]


def test_the_overview_of_rules_links_each_page():
    told = rows(overview.rules([explained("sgd")], lambda name: f"{name}.md", EN), "rule")
    assert told["[SGD](sgd.md)"][:3] == [explained("sgd").summary, "`0.01`", "each weight by itself"]
    assert told["[SGD](sgd.md)"][3:] == ["✓", "✓", "✓", "–", "✓"]


def test_the_caption_tells_what_is_drawn():
    fun = [33.0, 0.5, 0.04, 0.2]
    said = picture_words("sgd lr=0.3", "x^2", (-4.0, 3.0), (0.1, 0.3), 0.1, True, fun, False, EN)
    assert said == (
        "3 steps of sgd lr=0.3 on f = x^2 from (-4, 3). lr is the smallest of 0.1, 0.3 with which f comes "
        "below 0.1 in so many steps. f falls from 33 to 0.04 at step 2 and is 0.2 at the end."
    )
    never = picture_words("sgd", "x^2", (0,), (1,), 0.1, False, [1.0, 2.0], True, EN)
    assert "With no lr of 1 f comes below 0.1" in never
    assert never.endswith("the weights of one neuron, a matrix of one column.")


def test_the_evidence_names_what_was_measured():
    measured = {"framework": "torch", "what": "Adam", "ways": 9, "steps": 100, "difference": 4.7e-16}
    other = {"framework": "", "what": "cases/soap.py: Reference", "ways": 8, "steps": 120, "difference": 0.0}
    said = evidence([measured], [other], {"torch": "2.13.0"}, EN)
    assert "| PyTorch `Adam` | 9 | 100 | 5e-16 |" in said
    assert "| other code `cases/soap.py: Reference` | 8 | 120 | 0 |" in said
    assert "Measured with PyTorch 2.13.0." in said
    assert evidence([], [], {}, EN) == "No judge has measured this rule."


@pytest.mark.parametrize("name", NAMES)
def test_a_spanish_page_says_no_english_sentence_of_the_page(name):
    english, spanish = (markdown(explained(name, lang)) for lang in ("en", "es"))
    prose = [text.partition("```python")[0] for text in (english, spanish)]
    headings = [[line for line in text.splitlines() if line.startswith("## ")] for text in prose]
    assert not set(headings[0]) & set(headings[1])

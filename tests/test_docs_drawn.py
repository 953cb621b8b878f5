"""What the documentation sets and draws: formulas as MathML, ways as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from docs_site import function_pages, mathml
from docs_site.curves import Curve, curves
from docs_site.picture import Words, picture
from docs_site.way import way

from ladera import rules
from ladera.explaining import explain, function_overview
from ladera.locale import translator
from ladera.tracing import trace

MATHML = "{http://www.w3.org/1998/Math/MathML}"
SVG = "{http://www.w3.org/2000/svg}"


def texts(element: ET.Element) -> str:
    return "".join(element.itertext())


def math(html: str) -> ET.Element:
    found = re.search(r"<math.*</math>", html, re.DOTALL)
    assert found is not None
    return ET.fromstring(found[0])


def test_a_formula_of_several_lines_is_a_table_set_out_at_its_signs_of_equality():
    latex = r"\begin{aligned} m_{t} &= \beta_{1} m_{t-1} \\ x_{t} &= x_{t-1} - \frac{a}{b} \end{aligned}"
    rows = math(mathml.display(latex)).findall(f"{MATHML}mtable/{MATHML}mtr")
    assert [[texts(cell) for cell in row] for row in rows] == [["mt", "=β1mt−1"], ["xt", "=xt−1−ab"]]
    assert [cell.get("class") for cell in rows[0]] == ["right", "left"]


def test_the_lines_of_cases_stay_within_their_line():
    latex = (
        r"\begin{aligned} d &= \begin{cases} 0 & t < 2 \\ g & t \geq 2 \end{cases} \\ x &= d \end{aligned}"
    )
    rows = math(mathml.display(latex)).findall(f"{MATHML}mtable/{MATHML}mtr")
    assert [texts(row) for row in rows] == ["d={0t<2gt≥2", "x=d"]


def test_a_step_with_its_numbers_goes_on_in_a_second_line():
    latex = r"\begin{aligned} g &= a = 1 \\ m &= b g = 2 \cdot 1 = 2 \end{aligned}"
    rows = math(mathml.display(latex, broken=True)).findall(f"{MATHML}mtable/{MATHML}mtr")
    assert [texts(row) for row in rows] == ["g=a=1", "m=bg", "=2·1=2"]
    whole = math(mathml.display(latex)).findall(f"{MATHML}mtable/{MATHML}mtr")
    assert [texts(row) for row in whole] == ["g=a=1", "m=bg=2·1=2"]


@pytest.mark.parametrize(
    ("latex", "word"),
    [
        (r"\operatorname{newton\_schulz}\left(x\right)", "newton_schulz"),
        (r"\mathrm{ratio}_{t}", "ratio"),
        (r"\operatorname{sign}{\left(c\right)}", "sign"),
        (r"\min\left(a, b\right)", "min"),
    ],
)
def test_words_are_words(latex, word):
    assert word in [element.text for element in math(mathml.inline(latex)).iter(f"{MATHML}mi")]


def test_a_norm_has_its_bars_and_a_text_its_formula():
    assert "‖x‖" in texts(math(mathml.inline(r"\left\lVert x \right\rVert")))
    said = math(mathml.inline(r"\text{taken at $\left(1,\, 2\right)$}"))
    assert "$" not in texts(said)
    assert [e.text for e in said.iter(f"{MATHML}mn")] == ["1", "2"]


def test_the_minus_of_a_number_is_no_difference():
    minus = [e.get("form") for e in math(mathml.inline(r"\left(-1,\, -2\right) - x")).iter(f"{MATHML}mo")]
    assert minus == ["prefix", "prefix", None, "prefix", "postfix", None]


def test_a_word_keeps_its_distance_from_the_letters_beside_it():
    product = math(mathml.inline(r"\alpha \mathrm{ratio}_{t} r_{t} + \min\left(a, b\right)"))
    kinds = [element.tag.removeprefix(MATHML) for element in next(iter(product))]
    assert kinds == ["mi", "mspace", "msub", "mspace", "msub", "mo", "mi", "mrow"]


def test_nothing_in_a_line_is_markdown():
    assert not set("*_`|[]\\") & set(mathml.inline(r"a_{1} \left|b\right| * \left[c\right]"))


# Ways and pictures


def test_the_picture_shows_the_trace():
    gone = way(rules.make("sgd"))
    words = Words("a title", "what it shows", "way", "step 2", "against", "minimum", "step")
    drawn = ET.fromstring(picture(gone.drawn, words, 2, "sgd"))
    dots = [(float(dot.get("cx", 0)), float(dot.get("cy", 0))) for dot in drawn.iter(f"{SVG}circle")]
    shown = np.array(dots) * [1, -1] / 32 + [-6.4375, 5.4375]  # 320 pixels for ten, from (46, 14) on
    np.testing.assert_allclose(shown, gone.drawn.x, atol=0.05 / 32 + 1e-9)
    assert drawn.findtext(f"{SVG}title") == "a title"
    assert drawn.findtext(f"{SVG}desc") == "what it shows"


@pytest.mark.parametrize(("name", "moves"), [("sgd", True), ("lookahead", False)])
def test_a_step_is_an_arrow_or_a_ring_where_it_is_too_short(name, moves):
    rule: Any = rules.by_name(name)
    gone = way(rule() if moves else rule(rules.make("adam")))
    drawn = picture(gone.drawn, Words(*"abcdefg"), 2, name)
    assert (f'marker-end="url(#{name}-step)"' in drawn) == moves
    assert ("a6 6" in drawn) != moves


def test_its_lines_are_lines_of_equal_height():
    gone = way(rules.make("sgd"))
    drawn = ET.fromstring(picture(gone.drawn, Words(*"abcdefg"), 2, "sgd"))
    heights = []
    for ellipse in drawn.iter(f"{SVG}ellipse"):
        rx, ry = float(ellipse.get("rx", 0)) / 32, float(ellipse.get("ry", 0)) / 32
        turned = re.match(r"rotate\((.*?) ", ellipse.get("transform", ""))
        assert turned is not None
        turn = -np.radians(float(turned[1]))
        ends = [(rx * np.cos(turn), rx * np.sin(turn)), (-ry * np.sin(turn), ry * np.cos(turn))]
        heights.append([gone.drawn.surface.value_at(*end) for end in ends])
    np.testing.assert_allclose(heights, np.transpose([[0.1, 1, 4, 10, 20, 35, 55, 80]] * 2), rtol=0.02)


def test_the_rate_of_a_picture_is_the_smallest_that_arrives():
    gone = way(rules.make("adamax"))
    assert gone.arrives
    slower, given, faster = (trace("valley", (-4, 3), "adamax", 40, lr=lr).fun.min() for lr in (0.1, 0.3, 1))
    assert gone.shown.method.hyperparameters()["lr"] == 0.3
    assert slower > 0.1 > given > faster
    assert not gone.as_neuron
    assert gone.alone is None


def test_a_wrapper_is_shown_beside_the_rule_inside_where_it_is_seen():
    gone = way(rules.by_name("l2")(rules.make("adam")))  # type: ignore[call-arg]
    assert gone.alone is not None
    assert np.linalg.norm(gone.drawn.x - gone.alone.x, axis=1).max() > 0.3
    assert gone.shown.method.hyperparameters()["weight_decay"] == 0.1
    assert gone.alone.method == rules.make("adam", lr=gone.shown.method.hyperparameters()["lr"])


def test_a_rule_of_matrices_is_shown_on_one():
    gone = way(rules.make("muon"))
    assert gone.as_neuron
    moved = np.linalg.norm(np.diff(gone.drawn.x, axis=0), axis=1)
    assert moved.max() / moved.min() < 2  # nearly orthogonal steps have nearly one length


# Curves


def test_curves_are_drawn_where_they_are():
    x = np.linspace(-2, 2, 401)
    corner = Curve("a < b", x, np.maximum(x, 0))
    drawn = ET.fromstring(
        curves([corner, Curve("derivative", x, x**2)], "x", "title", "what it shows", "relu")
    )
    assert drawn.findtext(f"{SVG}desc") == "what it shows"
    assert [word.text for word in drawn.iter(f"{SVG}text")][-2:] == ["a < b", "derivative"]
    ways = [path for path in drawn.iter(f"{SVG}path") if path.get("stroke") in ("#0072B2", "#D55E00")]
    bent, curved = (
        np.array([pair.split() for pair in path.get("d", "M")[1:].split("L")], float) for path in ways[:2]
    )
    assert len(bent) == 3  # a straight line needs no points between its ends
    found = {(word.text, word.get("text-anchor")): word for word in drawn.iter(f"{SVG}text")}
    across = [float(found[end, "middle"].get("x", 0)) for end in ("-2", "2")]
    up = [float(found[end, "end"].get("y", 0)) for end in ("0", "4")]
    for points, y in ((bent, [0, 0, 2]), (curved[[0, len(curved) // 2, -1]], [4, 0, 4])):
        np.testing.assert_allclose(points[:, 0], np.interp([-2, 0, 2], [-2, 2], across), atol=0.06)
        np.testing.assert_allclose(points[:, 1] + 4, up[0] + np.array(y) / 4 * (up[1] - up[0]), atol=0.06)


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(-5, 5, "-4 -2 0 2 4"), (0, 1, "0 0.2 0.4 0.6 0.8 1"), (-0.011, 0.279, "0 0.05 0.1 0.15 0.2 0.25")],
)
def test_ticks_are_round(low, high, told):
    x = np.array([low, high], float)
    drawn = ET.fromstring(curves([Curve("c", x, x)], "x", "t", "d", "n"))
    across = [word.text for word in drawn.iter(f"{SVG}text") if word.get("text-anchor") == "middle"]
    assert across == [*told.split(), "x"]


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_page_of_a_function_has_its_curves_and_its_table(tmp_path, lang):
    function_pages.write(tmp_path, ["mae", "one-cycle"], lang)
    loss = (tmp_path / "losses" / "mae.md").read_text(encoding="utf-8")
    assert texts(math(loss)) == "L=|z−y|∂L∂zj=sign(z−y)"
    assert ("from 0 to 5, the derivative from -1 to 1" in loss) == (lang == "en")
    cycle = (tmp_path / "schedules" / "one-cycle.md").read_text(encoding="utf-8")
    assert cycle.count('stroke-width="2.5"') == 4  # the rate, momentum beside it, and both in the legend
    index = (tmp_path / "schedules" / "index.md").read_text(encoding="utf-8")
    (row,) = [line for line in index.splitlines() if line.startswith("| [")]
    assert row.startswith("| [one-cycle](one-cycle.md) | <math")
    assert row.count("<math") == 2
    assert not (tmp_path / "activations").exists()


def test_a_table_shortens_long_numbers():
    found = function_overview.overview([explain("selu")], str, str, translator("en"))  # type: ignore[list-item]
    assert r"1.0507… \cdot 1.6732… \left(e^{x} - 1\right)" in found

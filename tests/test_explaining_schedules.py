"""A schedule explained: words, formula, hyperparameters with domains, and a training drawn."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

import ladera
from ladera import schedules
from ladera.base import UsageError
from ladera.explaining import explain
from ladera.explaining.schedule import ScheduleExplanation

NAMES = schedules.names()


def explained(*args, **kwargs) -> ScheduleExplanation:
    found = explain(*args, **kwargs)
    assert isinstance(found, ScheduleExplanation)
    return found


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_schedule_says_everything(name, lang):
    e = explained(name, lang)
    page = e.markdown()
    assert e.name == name
    assert page.startswith(f"# {e.title}\n\n{e.summary}")
    assert e.formula_text() in page
    for h in e.hyperparameters:
        assert h.meaning
        assert f"| `{h.name}` | {h.domain} | {h.default:g} | {h.meaning} |" in page
    if lang == "es" and e.hyperparameters:
        assert e.summary != explained(name).summary
        assert e.hyperparameters[0].meaning != explained(name).hyperparameters[0].meaning
    assert e._repr_markdown_() == page
    assert inspect.getsource(schedules.get(name)).strip() in page


@pytest.mark.parametrize("name", NAMES)
def test_the_formula_names_every_hyperparameter(name):
    words = set(re.findall(r"\w+", explained(name).formula_text()))
    along = {"momentum"} if name == "one-cycle" else set()  # of the companion, whose line it is not
    assert set(schedules.get(name).domains()) - words <= along


@pytest.mark.parametrize("name", [name for name in NAMES if not schedules.get(name).reacts])
def test_the_figure_draws_the_factors(name):
    e = explained(name)
    figure: Any = e.figure(epochs=4, steps_per_epoch=10)
    np.testing.assert_array_equal(figure.data[0].y, schedules.make(name).factors(40, 10))
    np.testing.assert_allclose(figure.data[0].x, np.arange(40) / 10)
    assert len(figure.data) == (2 if e.along else 1)
    if e.along:
        np.testing.assert_array_equal(figure.data[1].y, schedules.make(name).companion_factors(40, 10))
        assert figure.data[1].name == "momentum, b1"
    assert e.along in ("", "momentum, b1")
    spanish: Any = explained(name, "es").figure()
    assert spanish.layout.xaxis.title.text == "épocas"


def test_what_follows_the_losses_is_drawn_beside_some():
    e = explained("plateau:0.5,3")
    figure: Any = e.figure(epochs=20, steps_per_epoch=2)
    factors, losses = (np.asarray(line.y)[::2] for line in figure.data)
    np.testing.assert_array_equal(factors, schedules.Plateau(0.5, 3).follow(losses))
    assert set(factors) == {1, 0.5, 0.25, 0.125}
    assert factors[4 + 4] == 1 > factors[4 + 5]  # the last better loss is that of epoch 4
    assert [line.name for line in figure.data] == ["lr", "validation loss"]
    assert explained("plateau", "es").along == "pérdida de validación"
    assert "L[e] is the validation loss" in e.markdown()
    assert "L[e]" not in explained("cosine").markdown()


def test_values_texts_and_classes_are_explained():
    assert explained("cosine:0.1").schedule == schedules.Cosine(0.1)
    assert explained(schedules.Cosine).schedule == schedules.Cosine()
    assert explained(schedules.Cosine(0.1)).hyperparameters[0].default == 0.1
    assert explained("cosine", end=0.2).schedule == schedules.Cosine(0.2)
    assert explained(" Cosine ").name == "cosine"
    assert isinstance(ladera.explain("cosine"), ScheduleExplanation)


def test_its_plain_data():
    told = explained("one-cycle", "es").as_dict()
    assert told["kind"] == "schedule"
    assert told["along"] == ["momentum", "b1"]
    assert [h["name"] for h in told["hyperparameters"]] == ["warmup", "start", "end", "momentum"]


def test_a_wrong_name_gets_the_nearest_of_all():
    with pytest.raises(UsageError, match="nearest name is 'cosine'"):
        explain("cosin")
    with pytest.raises(UsageError, match="nearest name is 'adam'"):
        explain("adm")
    with pytest.raises(UsageError, match="nearest name is 'end'"):
        explain("cosine", edn=0.1)


def test_a_formula_computes_its_factors():
    """The line that people read, computed as it stands, is what the engine is told."""
    pi, cos = np.pi, np.cos
    values = {"pi": pi, "cos": cos, "n": 30, "s": 5}
    for name in ("exponential", "inverse-time", "polynomial", "cosine", "step"):
        one = schedules.make(name)
        text = explained(name).formula_text().removeprefix("f[t] = ").partition(", P")[0]
        for sign, code in {"−": "-", "·": "*", "^": "**", "π": "pi", "⌊": "(", "⌋": ")"}.items():
            text = text.replace(sign, code)
        t = np.arange(30)
        known = {**values, **one.hyperparameters(), "t": t}
        if name == "step":
            text, known["P"] = text.replace("t/P", "t//P"), known["every"] * 5
        np.testing.assert_allclose(eval(text, known), one.factors(30, 5), rtol=1e-12)

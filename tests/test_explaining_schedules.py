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
    assert e.latex() in page
    assert e.as_dict()["latex"] == e.latex()
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


# A formula as people read it, sign by sign, as Python; so that lengths are whole in 40 steps of 5 an epoch.
SIGNS = {"−": "-", "·": "*", "^": "**", "π": "pi", "⌊": "floor(", "⌋": ")", "Pᵢ": "P", "max": "maximum"}
STEPS, PER_EPOCH = 40, 5


def python(text: str) -> str:
    for sign, code in SIGNS.items():
        text = text.replace(sign, code)
    return re.sub(r"(\d)([kP])", r"\1*\2", re.sub(r"\|(.*?)\|", r"abs(\1)", text))


def test_the_formula_of_what_follows_the_losses_computes_its_factors():
    one = schedules.Plateau(0.5, 2, 0.2)
    losses = np.random.default_rng(0).exponential(1, 30)
    lines = [re.fullmatch(r"(\S+) = (.*?)   \((.*)\)", each) for each in one.formula.splitlines()]
    pieces = [found.groups() for found in lines if found]
    assert len(pieces) == 4
    known = {"max": max, **one.hyperparameters(), "b": np.inf, "w": {-1: 0}, "f": {0: 1.0}, "L": losses}
    for e in range(len(losses)):
        known["e"] = e
        for left, right, where in pieces:
            if eval(_plain(where), {}, known):
                known[left[0]][eval(_plain(left[2:-1]), {}, known)] = eval(_plain(right), {}, known)
        known["b"] = losses[e] if known["w"][e] == 0 else known["b"]
        known["w"][e] *= known["w"][e] <= one.patience
    factors = [known["f"][e] for e in range(len(losses))]
    np.testing.assert_array_equal(factors, one.follow(losses))
    assert len(set(factors)) > 2


def _plain(text: str) -> str:
    return text.replace("−", "-").replace("·", "*")


@pytest.mark.parametrize("name", [name for name in NAMES if not schedules.get(name).reacts])
def test_a_formula_computes_its_factors(name):
    """The lines that people read, computed as they stand, are what the engine is told."""
    one, t = schedules.make(name), np.arange(STEPS)
    known: dict[str, Any] = {key: getattr(np, key) for key in ("pi", "cos", "floor", "maximum")}
    known |= {"n": STEPS, "s": PER_EPOCH, "t": t, **one.hyperparameters()}
    lines = [re.fullmatch(r"(\S+) = (.*?)(?:   \((.*)\))?", each) for each in one.formula.splitlines()]
    parts = [found.groups() for found in lines if found]
    assert len(parts) == len(lines)
    if name == "warm-restarts":
        _at, (left, _sum, where), (power, length, _) = parts
        assert (left, _sum, where) == ("u", "t − Σⱼ Pⱼ", "j < i, 0 <= u < Pᵢ")
        assert power == "Pᵢ"
        cycles = [eval(python(length), known | {"i": i}) for i in range(4)]
        i = [next(i for i in range(4) if step < sum(cycles[: i + 1])) for step in t]
        known |= {"P": np.array(cycles)[i], "u": t - [sum(cycles[:k]) for k in i]}
    else:
        for left, text, _ in (part for part in parts if part[0] != "f[t]"):
            known[left] = eval(python(text), known)
    pieces = [(python(text), where) for left, text, where in parts if left == "f[t]"]
    holds = [_holds(where, known) if where else t >= 0 for _, where in pieces]
    assert np.sum(holds, axis=0).tolist() == [1] * STEPS
    values = [eval(text, known) + 0.0 * t for text, _ in pieces]
    np.testing.assert_allclose(
        np.select(holds, values), one.factors(STEPS, PER_EPOCH), rtol=1e-12, atol=1e-15
    )


def _holds(where: str, known: dict[str, Any]) -> np.ndarray:
    """W <= t < n as W <= t and t < n, of an array."""
    terms, signs = re.split("<=|>=|<|>", python(where)), re.findall("<=|>=|<|>", where)
    pairs = zip(terms, signs, terms[1:], strict=False)
    return np.all([eval(f"{left}{sign}{right}", known) for left, sign, right in pairs], axis=0)

"""Activations and losses explained: what is shown is what is computed, in both languages."""

from __future__ import annotations

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ladera
from ladera import rules, solvers
from ladera.base import UsageError
from ladera.explaining import FunctionExplanation, explain_method, function_named, function_names
from ladera.networks import losses
from ladera.networks.activations import ACTIVATIONS
from ladera.networks.losses import LOSSES, Smoothness


def explained(name: str, lang: str = "en") -> FunctionExplanation:
    found = function_named(name, lang)
    assert found is not None
    return found


def test_no_name_means_two_things():
    names = [*function_names(), *rules.names(), *rules.wrappers(), *solvers.names()]
    assert len(set(names)) == len(names)
    assert set(function_names()) == {*ACTIVATIONS, *LOSSES}


@pytest.mark.parametrize("name", function_names())
def test_the_page_says_what_the_table_says_in_both_languages(name: str):
    english, spanish = explained(name), explained(name, "es")
    for e in (english, spanish):
        page = e.markdown()
        for part in (e.summary, e.latex(), e.paper, f"def {name}(", *e.facts.values()):
            assert part in page
        assert e.as_dict()["text"] == e.formula_text()
        assert e.as_dict()["latex"] == e.latex()
        assert e.formula_text() in str(e)
    assert english.summary != spanish.summary
    assert english.facts.keys() != spanish.facts.keys()
    assert english.formula_text() == spanish.formula_text()


@pytest.mark.parametrize("name", [*function_names(), "cross_entropy:0.2", "focal:1", "huber:0.5"])
def test_the_figure_shows_the_value_and_its_derivative(name: str):
    drawn = explained(name, "es").figure()
    value, derivative = drawn.data
    assert (value.name, derivative.name) == ("valor", "derivada")
    # the slope of the drawn line is the drawn derivative, but at corners
    between = np.diff(value.y) / np.diff(value.x)
    mean = (np.array(derivative.y)[1:] + np.array(derivative.y)[:-1]) / 2
    assert np.sum(np.abs(between - mean) > 1e-3) <= 4


# By hand, where x is 2 and where it is -2.
SHARE = 1 / (1 + math.exp(-2))
DRAWN = {
    "relu": (2, 0),
    "softmax": (SHARE, 1 - SHARE),
    "mse": (4, 4),
    "mae": (2, 2),
    "huber:0.5": (0.875, 0.875),
    "hinge": (0, 1.5),
    "cross_entropy": (-math.log(SHARE), 2 - math.log(SHARE)),
    "binary_cross_entropy": (-math.log(SHARE), 2 - math.log(SHARE)),
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_figure_shows_what_is_found_by_hand(name: str):
    value = explained(name).figure().data[0]
    where = [int(np.argmin(np.abs(np.array(value.x) - x))) for x in (2, -2)]
    assert [value.y[at] for at in where] == pytest.approx(DRAWN[name], abs=1e-12)


@pytest.mark.parametrize(
    ("name", "y"),
    [
        *(("binary_cross_entropy", 0), ("binary_cross_entropy", 1), ("cross_entropy:0.2", 2), ("focal:3", 1)),
        *(("hinge", 0), ("huber:0.5", 0.2), ("mae", 0.2), ("mse", 0.2)),
    ],
)
def test_the_derivative_that_is_shown_is_what_is_computed(name: str, y: float):
    told, number = LOSSES[name.partition(":")[0]], float(name.partition(":")[2] or 0)
    size = 3 if told.needs_classes and name != "binary_cross_entropy" else 1
    differentiated = jax.jit(jax.value_and_grad(lambda z, y: losses.loss(name)(z, y)[0]))
    for z in np.random.default_rng(0).normal(scale=1.5, size=(5, size)):
        with jax.enable_x64(True):
            raw = jnp.asarray(z[None])
            target = jnp.asarray([int(y)]) if told.needs_classes else jnp.asarray([[y]], raw.dtype)
            value, [slope] = differentiated(raw, target)
        for j in range(size):
            known = _letters(z, y, j, number, size)
            shown = [eval(_python(p.text), known) for p in told.slope if _holds(p.where, known)]
            assert shown[:1] == [pytest.approx(float(slope[j]), abs=1e-12)], (j, told.slope)
        formulas = [p for p in told.formula if "Σ" not in p.text and _holds(p.where, known)]
        for piece in formulas:
            assert eval(_python(piece.text), known) == pytest.approx(float(value), abs=1e-12)


def _letters(z: np.ndarray, y: float, j: int, number: float, size: int) -> dict:
    """What the letters of the formulas stand for."""
    p = np.exp(z) / np.exp(z).sum()
    hot = np.eye(max(size, 2))[int(y)]
    t = (1 - number) * hot + number / size if number < 1 else hot
    known = {
        "p": p[int(y) % size],
        "pj": p[j],
        "tj": t[j],
        "γ": number,
        "δ": number,
        "k": size,
        "y": y,
        "j": j,
    }
    known |= {"z": float(z[0]), "d": float(z[0]) - y, "zj": z[j], "z_y": z[int(y) % size], "zs": z}
    return known | {"ln": math.log, "exp": math.exp, "sign": np.sign}


def _python(text: str) -> str:
    """A formula as Python; its indices become letters, as Python itself reads them."""
    others = "-sum(1 - z_y + v > 0 for i, v in enumerate(zs) if i != j)/k"
    text = text.replace("-Σᵢ [1 - z_y + zᵢ > 0]/k", others)
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text).replace("[", "(").replace("]", ")")
    return text.replace("^", "**").replace("γ ln", "γ*ln").replace("ⱼ", "j")


def _holds(where: str, known: dict) -> bool:
    """Whether a piece holds; what only says what letters are always does."""
    first = re.split(r", (?:d|t|i) ", where)[0]
    if not first or first.startswith(("p = ", "t = ")):
        return True
    first = re.sub(r"\|([^|]+)\|", r"abs(\1)", first).replace("≠", "!=")
    return bool(eval(re.sub(r"(?<![<>!])=", "==", first) if "<" not in first else first, dict(known)))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_says_who_takes_it(name: str):
    said = explained(name).facts["Curvature"]
    kind = LOSSES[name].smoothness
    assert ("solvers do not" in said) == (kind is Smoothness.CORNERS)
    assert ("all solvers take it" in said) == (kind is Smoothness.CONVEX)
    assert (LOSSES[name].root is None) == (kind is not Smoothness.CONVEX)


def test_names_are_read_as_people_write_them():
    assert ladera.explain("Leaky-ReLU").name == "leaky_relu"
    assert ladera.explain("huber:0.50").name == "huber:0.5"
    assert ladera.explain("adam").kind == "rule"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"method": "rely"},
            "no rule, solver, schedule, activation or loss 'rely'; the nearest name is 'relu'",
        ),
        ({"method": "huber:0"}, "delta, from"),
        ({"method": "relu", "lr": 0.1}, "'relu' has no hyperparameter 'lr'"),
        ({"method": "relu", "lang": "xx"}, "language"),
    ],
)
def test_what_cannot_be_explained_is_told(arguments: dict, said: str):
    with pytest.raises(UsageError, match=said):
        ladera.explain(**arguments)


def test_a_function_is_no_method():
    with pytest.raises(UsageError, match="no method 'relu'"):
        explain_method("relu")

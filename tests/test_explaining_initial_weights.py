"""What is said of initial weights is what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from ladera.explaining.function_overview import initialisers
from ladera.explaining.initial_weights import TOLD
from ladera.locale import languages, translator
from ladera.networks.initialisers import INITIALISERS, draw


@pytest.mark.parametrize("name", INITIALISERS)
def test_the_variance_and_the_distribution_are_those_of_the_draws(name):
    told = TOLD[name]
    for inputs, units in ((300, 200), (150, 400)):
        w = draw(name, np.random.default_rng(0), inputs, units).astype(np.float64)
        said = eval(told.variance, {"max": max}, {"inputs": inputs, "units": units})
        assert w.mean() == pytest.approx(0, abs=0.02 * w.std())
        assert w.var() == pytest.approx(said, rel=0.02)
        # the fourth moment tells a normal (3) from a uniform distribution (9/5)
        fourth = {"a normal distribution": 3, "a uniform distribution": 1.8}.get(told.drawn)
        assert fourth is None or (w**4).mean() / w.var() ** 2 == pytest.approx(fourth, rel=0.05)


@pytest.mark.parametrize("lang", languages())
def test_the_table_has_all_of_them(lang):
    assert set(TOLD) == set(INITIALISERS)
    _ = translator(lang)
    page = initialisers(lambda latex: f"${latex}$", _)
    assert r"$\frac{2}{\mathrm{inputs} + \mathrm{units}}$" in page
    for name, told in TOLD.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        assert row.endswith(f"| {_(told.drawn)} | {_(told.said)} | {told.source or '–'} |")
        assert lang == "en" or _(told.said) != told.said

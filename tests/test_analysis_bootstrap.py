"""The bootstrap against enumeration by hand, and against the coverage it promises."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.stats

from ladera.analysis.bootstrap import (
    Resamples,
    expanded_levels,
    expanded_probability,
    interval,
    medians,
    resamples,
)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_few_seeds_are_enumerated(n):
    """Against all nⁿ resamples, one by one."""
    values = np.random.default_rng(n).normal(size=n)
    means = np.array([np.mean(values[list(chosen)]) for chosen in product(range(n), repeat=n)])
    drawn = resamples(n)
    ours = drawn.counts @ values / n
    assert drawn.probability.sum() == pytest.approx(1)
    assert (drawn.counts.sum(axis=1) == n).all()
    for threshold in np.quantile(means, [0.1, 0.5, 0.9]):
        assert drawn.share(ours <= threshold + 1e-12) == pytest.approx(np.mean(means <= threshold + 1e-12))


def test_many_seeds_are_drawn_from_one_root():
    first = resamples(20)
    resamples.cache_clear()
    second = resamples(20)
    assert np.array_equal(first.counts, second.counts)
    assert len(first.counts) == 10_000
    assert first.counts.mean() == pytest.approx(1)


@pytest.mark.parametrize("n", [1, 4, 5, 12])
def test_medians_are_those_of_the_repeated_values(n):
    values = np.random.default_rng(0).normal(size=(n, 3))
    values[0, 1] = -np.inf
    drawn = resamples(n)
    some = slice(None, None, max(1, len(drawn.counts) // 50))
    expected = [np.median(np.repeat(values, counts, axis=0), axis=0) for counts in drawn.counts[some]]
    assert np.array_equal(medians(values, drawn)[some], np.array(expected))


@pytest.mark.parametrize("n", [2, 5, 20, 1000])
def test_levels_are_those_of_hesterberg(n):
    low, high = expanded_levels(n)
    expected = scipy.stats.norm.cdf(np.sqrt(n / (n - 1)) * scipy.stats.t.ppf(0.025, n - 1))
    assert low == pytest.approx(expected)
    assert high == pytest.approx(1 - expected)
    assert low < 0.025


def test_one_seed_has_the_widest_interval():
    assert expanded_levels(1) == (0.0, 1.0)


@pytest.mark.parametrize("n", [5, 10, 30])
def test_probabilities_and_levels_are_one_map(n):
    """A share at the expanded level is worth exactly the nominal one."""
    low, high = expanded_levels(n)
    assert expanded_probability(np.array([low, 0.5, high]), n) == pytest.approx([0.025, 0.5, 0.975])


def test_no_sample_gives_certainty():
    at_most = [float(expanded_probability(np.array(1.0), n)) for n in (1, 2, 3, 4, 5, 10)]
    assert at_most == sorted(at_most)
    assert at_most[0] == 0.5
    assert at_most[3] < 0.975 < at_most[4] < at_most[5] < 1


def test_an_interval_holds_values_that_occurred():
    drawn = Resamples(np.eye(4, dtype=int), np.full(4, 0.25))
    statistic = np.array([[-np.inf, 3.0], [1.0, 1.0], [2.0, 2.0], [4.0, 4.0]])
    low, high = interval(statistic, drawn, (0.25, 0.75))
    assert (low.tolist(), high.tolist()) == ([-np.inf, 1.0], [2.0, 3.0])
    low, high = interval(statistic, drawn, (0.0, 1.0))
    assert (low.tolist(), high.tolist()) == ([-np.inf, 1.0], [4.0, 4.0])


@pytest.mark.parametrize(("n", "least"), [(5, 0.92), (7, 0.94), (20, 0.93)])
def test_intervals_of_the_median_cover(n, least):
    """Nominal 95 %. Five values span their median with probability 1 − 2/2⁵ = 0.9375 at most."""
    generator, drawn, levels = np.random.default_rng(1), resamples(n), expanded_levels(n)
    values = generator.normal(size=(n, 400))
    low, high = interval(medians(values, drawn), drawn, levels)
    assert np.mean((low <= 0) & (high >= 0)) >= least


def test_the_plain_percentile_interval_of_five_would_not():
    """Why the levels are expanded: the mean of five normal values, at the levels 2.5 and 97.5 %."""
    drawn = resamples(5)
    values = np.random.default_rng(2).normal(size=(5, 4000))
    means = drawn.counts @ values / 5
    cover = {}
    for name, levels in {"plain": (0.025, 0.975), "expanded": expanded_levels(5)}.items():
        low, high = interval(means, drawn, levels)
        cover[name] = np.mean((low <= 0) & (high >= 0))
    assert cover["plain"] < 0.85 < 0.90 < cover["expanded"] < 0.97
    student = scipy.stats.ttest_1samp(values, 0).pvalue
    assert np.mean(student > 0.05) == pytest.approx(0.95, abs=0.01)

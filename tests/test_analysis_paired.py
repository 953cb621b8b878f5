"""Paired tests against SciPy and against hand calculation; stand-ins for diverged runs."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from ladera.analysis.paired import (
    Paired,
    holm,
    least_advantage,
    paired,
    plain_advantage,
    seeds_needed,
)

NEVER = -np.inf


@pytest.mark.parametrize("n", [2, 5, 12])
def test_the_paired_t_test_is_scipys(n):
    one, other = np.random.default_rng(n).normal(size=(2, n, 4))
    ours, judge = paired(one - other), scipy.stats.ttest_rel(one, other)
    assert ours.p == pytest.approx(judge.pvalue)
    low, high = judge.confidence_interval(0.95)
    assert ours.low == pytest.approx(low)
    assert ours.high == pytest.approx(high)


def test_without_spread_the_test_is_certain():
    ours = paired(np.array([[0.0, 0.25, -0.25]] * 5))
    assert ours.p.tolist() == [1.0, 0.0, 0.0]
    assert ours.low.tolist() == ours.high.tolist() == [0.0, 0.25, -0.25]


def test_one_seed_proves_nothing():
    ours = paired(np.array([[0.5]]))
    assert (ours.p[0], ours.low[0], ours.high[0]) == (1.0, NEVER, np.inf)


def test_the_resolution_of_the_metric_is_spread():
    """Five seeds that all differ by one row in 36 are no certainty, five that differ by ten are."""
    row = 1 / 36
    one, ten = paired(np.array([[row, 10 * row]] * 5), resolution=row).p
    assert one == pytest.approx(scipy.special.stdtr(4, -row / np.sqrt(row**2 / 6 / 5)) * 2)
    assert ten < 1e-4 < one
    assert paired(np.zeros((5, 1)), resolution=row).p[0] == 1.0


def test_holm_by_hand():
    """Holm 1979: smallest times 4, next times 3 ..., never falling, at most 1."""
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.6])).tolist() == [1.0, 1.0]
    assert holm(np.array([0.02])).tolist() == [0.02]
    assert len(holm(np.array([]))) == 0


def test_holm_is_between_bonferroni_and_nothing():
    p = np.random.default_rng(0).uniform(size=9) ** 3
    assert (holm(p) >= p).all()
    assert (holm(p) <= np.minimum(9 * p, 1) + 1e-15).all()
    assert (np.diff(holm(p)[np.argsort(p)]) >= 0).all()


def test_a_rivals_rare_divergence_is_the_least_proven_loss():
    good = np.array([[0.98, 0.90], [0.97, 0.91], [0.98, 0.90], [0.97, 0.89], [0.98, NEVER]])
    least, plain = least_advantage(good, 0, 0.1)[:, 1], plain_advantage(good, 0, 0.1)[:, 1]
    assert least == pytest.approx([0.08, 0.06, 0.08, 0.08, 0.98 - 0.89])
    assert plain == pytest.approx([0.08, 0.06, 0.08, 0.08, 0.98 - 0.10])
    # The outlier hides what four seeds and a divergence show.
    assert paired(least[:, None]).p[0] < 0.001 < 0.1 < paired(plain[:, None]).p[0]


def test_a_rival_that_mostly_diverges_is_as_bad_as_untrained():
    good = np.array([[0.98, 0.97], [0.97, NEVER], [0.98, NEVER], [0.97, NEVER], [0.98, NEVER]])
    assert least_advantage(good, 0, 0.1)[1:, 1] == pytest.approx([0.87, 0.88, 0.87, 0.88])


def test_a_winners_divergence_counts_in_full():
    good = np.array([[0.98, 0.95], [0.98, 0.95], [0.98, 0.95], [0.98, 0.95], [NEVER, 0.95]])
    assert least_advantage(good, 0, 0.1)[:, 1] == pytest.approx([0.03] * 4 + [0.1 - 0.95])


def test_two_divergences_are_equal_and_nothing_is_infinite():
    good = np.array([[NEVER, NEVER], [0.9, 0.8], [0.9, 0.8]])
    for advantage in (least_advantage(good, 0, 0.1), plain_advantage(good, 0, 0.1)):
        assert advantage[0].tolist() == [0.0, 0.0]
        assert np.isfinite(advantage).all()
    nothing = np.full((5, 2), NEVER)
    assert not least_advantage(nothing, 0, 0.1).any()


def test_a_run_below_the_start_is_worse_than_untrained():
    good = np.array([[0.9, NEVER, 0.05], [0.9, NEVER, 0.05]])
    assert plain_advantage(good, 0, 0.1)[:, 1] == pytest.approx([0.85, 0.85])


@pytest.mark.parametrize("effect", [3.0, 1.5, 1.0, 0.5, 0.2])
@pytest.mark.parametrize("comparisons", [1, 8])
def test_the_plan_is_that_of_the_noncentral_t(effect, comparisons):
    """The exact power of the two-sided t test, from SciPy's noncentral t distribution."""
    level = 0.05 / comparisons
    n = np.arange(2, 1001)
    critical = scipy.stats.t.isf(level / 2, n - 1)
    power = scipy.stats.nct.sf(critical, n - 1, effect * np.sqrt(n))
    exact = n[np.argmax(power >= 0.8)]
    gap = Paired(np.array([effect]), np.ones(1), *[np.zeros(1)] * 3)
    planned = seeds_needed(gap, gap, margin=0.0, comparisons=comparisons)[0]
    assert abs(planned - exact) <= max(1, 0.05 * exact)


def test_equality_is_planned_where_it_is_nearer():
    same = Paired(np.zeros(1), np.full(1, 0.01), *[np.zeros(1)] * 3)
    assert seeds_needed(same, same, margin=0.01, comparisons=1)[0] == pytest.approx(10, abs=1)
    assert seeds_needed(same, same, margin=0.0, comparisons=1)[0] == np.inf

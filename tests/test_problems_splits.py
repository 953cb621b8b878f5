"""Splits: disjoint, complete, stratified, from one seed."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from ladera.base import UsageError
from ladera.problems.splits import Split, split

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}
seeds = st.integers(0, 2**32)
class_sizes = st.lists(st.integers(5, 60), min_size=2, max_size=8)


def shuffled(sizes: list[int]) -> tuple[np.ndarray, tuple[str, ...]]:
    y = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(0).permutation(y), tuple(f"c{k}" for k in range(len(sizes)))


def parts(made: Split) -> dict[str, np.ndarray]:
    return {name: getattr(made, name) for name in SHARES}


@given(class_sizes, seeds)
@settings(max_examples=60, deadline=None)
def test_classes_keep_their_shares_to_within_one_row(sizes, seed):
    y, classes = shuffled(sizes)
    made = split(y, classes, seed)
    assert sorted(np.concatenate(list(parts(made).values()))) == list(range(len(y)))
    assert made.disjoint
    for name, rows in parts(made).items():
        assert abs(len(rows) - SHARES[name] * len(y)) < 1
        counts = np.bincount(y[rows], minlength=len(sizes))
        assert (np.abs(counts - SHARES[name] * np.array(sizes)) < 1).all()


@given(st.integers(10, 300), seeds)
@settings(max_examples=60, deadline=None)
def test_a_quantity_is_split_by_the_same_shares(rows, seed):
    made = split(np.linspace(0, 1, rows), (), seed)
    assert sorted(np.concatenate(list(parts(made).values()))) == list(range(rows))
    assert all(abs(len(part) - SHARES[name] * rows) < 1 for name, part in parts(made).items())


@given(class_sizes.map(lambda sizes: [2 * size for size in sizes]), seeds)
@settings(max_examples=60, deadline=None)
def test_a_given_test_set_is_kept_and_validation_is_a_sixth_of_the_rest(sizes, seed):
    y, classes = shuffled(sizes)
    given_rows = np.concatenate([np.flatnonzero(y == k)[:3] for k in range(len(sizes))])
    made = split(y, classes, seed, given_rows)
    assert made.test.tolist() == sorted(given_rows)
    assert sorted(np.concatenate(list(parts(made).values()))) == list(range(len(y)))
    for rows, share in ((made.validation, 1 / 6), (made.train, 5 / 6)):
        left = np.array(sizes) - 3
        assert (np.abs(np.bincount(y[rows], minlength=len(sizes)) - share * left) < 1).all()


def test_classes_get_what_scikit_learn_gives_them():
    y = sklearn.datasets.load_digits().target
    made = split(y, tuple("0123456789"))
    train, rest = train_test_split(y, train_size=0.6, stratify=y, random_state=0)
    validation, test = train_test_split(rest, train_size=0.5, stratify=rest, random_state=0)
    for ours, theirs in ((made.train, train), (made.validation, validation), (made.test, test)):
        assert (np.abs(np.bincount(y[ours]) - np.bincount(theirs)) <= 1).all()


@given(class_sizes, seeds)
@settings(max_examples=20, deadline=None)
def test_a_seed_decides_and_no_global_generator_does(sizes, seed):
    y, classes = shuffled(sizes)
    one = split(y, classes, seed)
    np.random.default_rng().random(100)
    assert split(y, classes, seed).hash() == one.hash()
    assert split(y, classes, seed + 1).hash() != one.hash()


def test_rows_are_drawn_evenly():
    """Every row is in train in 60 % of 2,000 seeds, to within five standard errors."""
    y, classes = shuffled([12, 28])
    drawn = np.zeros(len(y))
    for seed in range(2000):
        drawn[split(y, classes, seed).train] += 1
    # A class of 12 rows may get 7 of them into train at any seed: the share is within one row.
    share = np.array([(y[split(y, classes).train] == k).sum() / (y == k).sum() for k in (0, 1)])[y]
    assert (np.abs(drawn / 2000 - share) < 5 * np.sqrt(0.25 / 2000)).all()


def test_disjointness_is_counted():
    overlapping = Split(np.array([0, 1]), np.array([1]), np.array([2]))
    assert not overlapping.disjoint


def test_the_hash_tells_where_a_row_is():
    rows = np.arange(4)
    assert Split(rows[:2], rows[2:3], rows[3:]).hash() != Split(rows[:1], rows[1:3], rows[3:]).hash()


@pytest.mark.parametrize(
    ("y", "classes", "test", "pieces"),
    [
        (np.repeat([0, 1], [30, 2]), ("a", "b"), None, ("class 'b' has 2", "none in", "add rows")),
        (np.repeat([0, 1], [1, 30]), ("a", "b"), None, ("class 'a' has 1", "none in", "add rows")),
        (np.repeat([0, 1], 20), ("a", "b"), np.arange(20, 40), ("class 'b' has 20", "none in train")),
        (np.repeat([0, 1], 20), ("a", "b"), np.arange(5), ("class 'b' has 20", "none in test")),
        (np.arange(9.0), (), None, ("at least 10 rows", "received 9", "add rows")),
        (np.arange(20.0), (), np.arange(15), ("at least 10 rows", "received 5", "add rows")),
        (np.empty(0), (), None, ("at least 10 rows", "received 0", "add rows")),
    ],
)
def test_what_cannot_be_split_says_why(y, classes, test, pieces):
    with pytest.raises(UsageError) as caught:
        split(y, classes, 0, test)
    for piece in pieces:
        assert piece in str(caught.value)

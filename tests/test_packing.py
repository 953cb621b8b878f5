"""Several rules' states in the same slots: each finds its own again, and no room is wasted."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera import rules
from ladera.networks import parse
from ladera.train.packing import pack

FIXED = settings(derandomize=True, database=None, deadline=None, max_examples=60)


class Pair(NamedTuple):
    m: Any
    v: Any


# A state of one parameter array: nothing, an array, several of them, with shapes and dtypes of any kind.
leaves = st.builds(
    jax.ShapeDtypeStruct,
    st.sampled_from([(), (2,), (3, 2), (2, 3)]),
    st.sampled_from([np.dtype(np.float32), np.dtype(np.int32)]),
)
states = st.recursive(
    leaves | st.just(()),
    lambda inner: (
        st.builds(Pair, inner, inner)
        | st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=1), inner, max_size=2)
    ),
    max_leaves=4,
)
programs = st.lists(st.lists(states, max_size=4), min_size=1, max_size=4)


def filled(shapes: Any, start: int) -> Any:
    """Arrays of these shapes, every one with a number of its own."""
    numbers = iter(range(start, start + 1000))
    return jax.tree.map(lambda leaf: np.full(leaf.shape, next(numbers), leaf.dtype), shapes)


def same(one: Any, other: Any) -> bool:
    equal = jax.tree.map(lambda a, b: a.dtype == b.dtype and np.array_equal(a, b), one, other)
    return all(jax.tree.leaves(equal))


@FIXED
@given(programs)
def test_every_rule_finds_its_states_again(program):
    for shapes, packing in zip(program, pack(program), strict=True):
        mine = filled(shapes, 1)
        slots = packing.fill(mine, packing.empty())
        back = packing.states(slots)
        assert jax.tree.structure(back) == jax.tree.structure(mine)
        assert same(back, mine)


@FIXED
@given(programs)
def test_all_rules_have_the_same_slots_and_no_more_than_the_largest_needs(program):
    packings = pack(program)
    shapes = packings[0].shapes
    assert all(packing.shapes == shapes for packing in packings)
    needs = [Counter((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(rule)) for rule in program]
    least = Counter()
    for need in needs:
        least |= need  # of every kind, as many as the rule with most of them
    assert Counter((slot.shape, slot.dtype) for slot in shapes) == least
    for packing in packings:
        places = [place for state in packing.places for place in state]
        assert len(set(places)) == len(places)


@FIXED
@given(programs)
def test_filling_touches_nothing_else(program):
    for shapes, packing in zip(program, pack(program), strict=True):
        before = filled(list(packing.shapes), 500)
        kept = [np.array(slot) for slot in before]
        after = packing.fill(filled(shapes, 1), before)
        assert same(before, kept)
        mine = {place for state in packing.places for place in state}
        assert all(after[k] is before[k] for k in range(len(before)) if k not in mine)
        assert [(slot.shape, slot.dtype) for slot in after] == [(s.shape, s.dtype) for s in packing.shapes]


def test_empty_slots_are_zero():
    [packing] = pack([[Pair(jax.ShapeDtypeStruct((2,), np.float32), jax.ShapeDtypeStruct((), np.int32))]])
    assert same(packing.empty(), [np.zeros(2, np.float32), np.int32(0)])


def test_states_that_do_not_fit_are_refused():
    one = jax.ShapeDtypeStruct((2,), np.float32)
    [packing] = pack([[Pair(one, one)]])
    with pytest.raises(ValueError, match="zip"):
        packing.fill([np.zeros(2, np.float32)], packing.empty())
    with pytest.raises(ValueError, match="zip"):
        packing.fill([], packing.empty())


@pytest.fixture(scope="module")
def params() -> list[Any]:
    return jax.tree.leaves(parse("mlp:5").init(np.random.default_rng(0), (4,), 3))


def shapes_of(rule: rules.Rule, params: list[Any]) -> list[Any]:
    return jax.eval_shape(lambda: [rule.init(jnp.asarray(x)) for x in params])


def test_all_rules_share_the_slots_of_the_largest(params):
    """Of every shape there are as many slots as the rule needs that needs most of it."""
    every = [rules.get(name)() for name in rules.names()]
    every += [rules.RMSprop(centered=True, momentum=0.9)]
    states = [shapes_of(rule, params) for rule in every]
    needs = [Counter(leaf.shape for leaf in jax.tree.leaves(state)) for state in states]
    most = {shape: max(need[shape] for need in needs) for need in needs for shape in need}
    assert Counter(slot.shape for slot in pack(states)[0].shapes) == most


def test_as_branches_of_one_program_each_rule_steps_as_alone(params):
    """What the engine does with it: `lax.switch` over rules that remember more or less."""
    every = [rules.get(name)() for name in rules.names()]
    packings = pack([shapes_of(rule, params) for rule in every])

    def step(which: int, slots: Any) -> Any:
        rule, packing = every[which], packings[which]
        moved = [
            rule.step(jnp.float32(1), jnp.ones_like(x), s, jnp.asarray(x))
            for s, x in zip(packing.states(slots), params, strict=True)
        ]
        return packing.fill([s for s, _ in moved], slots), [x for _, x in moved]

    branches = [lambda slots, k=k: step(k, slots) for k in range(len(every))]
    program = jax.jit(lambda which, slots: jax.lax.switch(which, branches, slots))
    for which, (rule, packing) in enumerate(zip(every, packings, strict=True)):
        start = packing.fill([rule.init(jnp.asarray(x)) for x in params], packing.empty())
        slots, moved = program(jnp.int32(which), start)
        alone = [rule.step(jnp.float32(1), jnp.ones_like(x), rule.init(x), jnp.asarray(x)) for x in params]
        for (state, x), mine, point in zip(alone, packing.states(slots), moved, strict=True):
            np.testing.assert_allclose(point, x, rtol=1e-6, atol=1e-9)
            for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(state), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)

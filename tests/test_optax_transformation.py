"""ladera.optax: every rule, found by its name, as a gradient transformation of optax's.

Judges: the rule on NumPy, optax's own optimizers, and what optax's generic tests ask of each of those.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from dropin_cases import RULES, along, close, descend, one_of_each_kind, slope, start

import ladera.optax
from ladera.base import UsageError
from ladera.dropin.traits import looks_ahead
from ladera.rules import (
    SAM,
    SGD,
    Adam,
    AdamW,
    Blocks,
    Momentum,
    Nesterov,
    RMSprop,
    Rule,
    ScheduleFreeAdamW,
    blocks,
)

each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
ONE_GRADIENT = {name: rule for name, rule in RULES.items() if rule.evaluations == 1}
each_with_one_gradient = pytest.mark.parametrize("rule", ONE_GRADIENT.values(), ids=ONE_GRADIENT)
KINDS = {rule.describe(): rule for rule in one_of_each_kind()}
each_kind = pytest.mark.parametrize("rule", KINDS.values(), ids=KINDS)


@pytest.fixture(params=["strict", "standard"])
def promotion(request):
    """Whether JAX promotes dtypes and ranks by itself."""
    strict = request.param == "strict"
    with (
        jax.numpy_dtype_promotion(request.param),
        jax.numpy_rank_promotion("raise" if strict else "allow"),
    ):
        yield


def tree(arrays: Any, dtype: Any = None) -> Any:
    """Four arrays as a tree with a hole."""
    a, b, c, d = (jnp.asarray(array, dtype) for array in arrays)
    return {"layer": (a, b), "none": None, "others": [c, d]}


def slopes(t: int, params: Any) -> Any:
    leaves, structure = jax.tree.flatten(params)
    found = [
        jnp.asarray(slope(t, i, np.asarray(p, np.float64))).astype(p.dtype) for i, p in enumerate(leaves)
    ]
    return structure.unflatten(found)


def go(tx: Any, params: Any, steps: Any, state: Any = None, jit: Any = lambda f: f) -> tuple[Any, Any]:
    """(params, state) after some steps."""
    update = jit(tx.update)
    state = tx.init(params) if state is None else state
    for t in steps:
        updates, state = update(slopes(t, params), state, params)
        params = optax.apply_updates(params, updates)
    return params, state


def same(a: Any, b: Any, rtol: float = 1e-12) -> None:
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-14), a, b)


# The rule itself


@each_rule
def test_is_the_rule_on_numpy(rule):
    """The parameters are where gradients are taken, eval_params the answer; compiled once."""
    with jax.enable_x64(True):
        params = tree(start())
        tx = ladera.optax.transformation(rule)
        update, state = jax.jit(tx.update, static_argnames="grad_fn"), tx.init(params)
        steps = 20
        for t, (points, answer) in enumerate(descend(rule, start(), steps)):
            assert close(jax.tree.leaves(params), points), t
            assert close(jax.tree.leaves(ladera.optax.eval_params(state, params)), answer), t
            if t < steps and rule.evaluations == 1:
                updates, state = update(slopes(t + 1, params), state, params)
                params = optax.apply_updates(params, updates)
            elif t < steps:
                g = slopes(t + 1, params)
                updates, state = tx.update(g, state, params, grad_fn=lambda p, i, t=t: slopes(t + 1, p))
                params = optax.apply_updates(params, updates)
        assert update._cache_size() <= 1
        assert state.count == steps
        assert state.count.dtype == jnp.int32


@each_rule
def test_state_is_trees_of_arrays_like_the_parameters(rule):
    params = tree(start())
    state = ladera.optax.transformation(rule).init(params)
    assert all(isinstance(leaf, jax.Array) and not leaf.weak_type for leaf in jax.tree.leaves(state))
    assert (state.x is not None) == looks_ahead(rule)
    places = [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves((params, state))]
    assert len(places) == len(set(places))  # all of it can be donated
    for name, slots in state.slots.items():
        structure = jax.tree.structure(slots, is_leaf=lambda x: x is None)
        assert structure in (
            jax.tree.structure(params, is_leaf=lambda x: x is None),
            jax.tree.structure(0),
        ), name


# What optax's own tests ask of its optimizers


@each_with_one_gradient
def test_shapes_and_dtypes_are_stable_in_16_bits(rule):
    shapes_and_dtypes_are_stable(rule, "bfloat16")


@each_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shapes_and_dtypes_are_stable(rule, dtype, promotion):
    shapes_and_dtypes_are_stable(rule, dtype)


def shapes_and_dtypes_are_stable(rule: Rule, dtype: str) -> None:
    """Through a scan and a cond, which take nothing that changes; traced, and not computed."""
    with jax.enable_x64(dtype == "float64"):
        params = tree(start(), dtype)
        tx = ladera.optax.transformation(rule)

        def step(carry: Any, take: Any) -> Any:
            params, state = carry

            def move() -> Any:
                updates, after = tx.update(params, state, params)
                return optax.apply_updates(params, updates), after

            return jax.lax.cond(take, move, lambda: (params, state)), tx.update(params, state, params)[0]

        def run(params: Any) -> Any:
            return jax.lax.scan(step, (params, tx.init(params)), jnp.array([True, False]))

        (after, state), updates = jax.eval_shape(run, params)
        assert {leaf.dtype for leaf in jax.tree.leaves((after, updates))} == {jnp.dtype(dtype)}
        wide = "float64" if dtype == "float64" else "float32"
        assert all(leaf.dtype == wide for leaf in jax.tree.leaves(state.slots))


@each_kind
def test_steps_16_bits_in_float32(rule):
    """As the rule does on such arrays itself."""
    rule, x = rule.replace(lr=0.01), Blocks([jnp.asarray(a, "bfloat16") for a in start()])
    tx, params, s = ladera.optax.transformation(rule), tree(x.parts), blocks.init(rule, x)
    state = tx.init(params)
    for t in range(1, 4):
        g = slopes(t, params)
        updates, state = tx.update(g, state, params)
        params = optax.apply_updates(params, updates)
        s, x = blocks.step(rule, jnp.float32(t), Blocks(jax.tree.leaves(g)), s, x)
        point = blocks.read(rule, s, x)
        for ours, expected in zip(jax.tree.leaves(params), point.parts, strict=True):
            np.testing.assert_allclose(ours.astype("float32"), expected.astype("float32"), rtol=2**-7)


TARGETS: dict[str, tuple[Any, Any, Callable[[Any], Any]]] = {
    "parabola": ([-1.0, 10.0, 1.0], [1.0, -1.0, 1.0], lambda p: jnp.sum((p - jnp.array([1.0, -1, 1])) ** 2)),
    "rosenbrock": ([0.0, 0.0], [1.0, 1.0], lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2),
}
# As in optax's alias_test, at its learning rates.
RATES = {"sgd": 1e-3, "momentum": 1e-3, "nesterov": 1e-3, "adam": 0.1, "adamw": 0.1, "adabelief": 0.01}
RATES |= {"adagrad": 1.0, "adamax": 0.1, "amsgrad": 0.1, "nadam": 0.01, "radam": 5e-3, "rmsprop": 5e-3}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", RATES)
def test_converges_where_optax_does(name, target):
    first, last, objective = TARGETS[target]
    decay = {"weight_decay": 1e-4} if name == "adamw" else {}
    tx = ladera.optax.transformation(ladera.rules.get(name)(lr=RATES[name], **decay))

    @jax.jit
    def train(params):
        def step(carry, _):
            params, state = carry
            updates, state = tx.update(jax.grad(objective)(params), state, params)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (params, tx.init(params)), length=10_000)[0][0]

    np.testing.assert_allclose(train(jnp.array(first)), last, rtol=3e-2, atol=3e-2)


@each_with_one_gradient
def test_map_params_finds_what_is_like_the_parameters(rule):
    params = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    tx = ladera.optax.transformation(rule)
    state = tx.init(params)
    mapped = optax.tree.map_params(tx, lambda leaf: leaf, state)
    assert jax.tree.structure(mapped) == jax.tree.structure(state)


def test_map_params_gives_specifications_of_the_parameters():
    params = {"w": jnp.ones((2, 2)), "b": jnp.ones(2)}
    tx = ladera.optax.transformation(Nesterov())
    specified = optax.tree.map_params(tx, lambda _, name: name, tx.init(params), {"w": "W", "b": "B"})
    assert specified.slots == {"v": {"w": "W", "b": "B"}}
    assert specified.x == {"w": "W", "b": "B"}


@each_with_one_gradient
def test_takes_arguments_that_are_others(rule):
    params = tree(start())
    tx = optax.chain(ladera.optax.transformation(rule), optax.identity())
    updates = jax.eval_shape(lambda p: tx.update(p, tx.init(p), p, value=1.0, unexpected=2)[0], params)
    assert jax.tree.structure(updates) == jax.tree.structure(params)


def injected(rule: Rule) -> Any:
    """optax.inject_hyperparams of all numbers of a rule; it reads their names off a signature."""

    def factory(**numbers: Any) -> Any:
        return ladera.optax.transformation(rule.replace(**numbers))

    names = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in rule.numbers()]
    factory.__signature__ = inspect.Signature(names)  # type: ignore[attr-defined]
    return optax.inject_hyperparams(factory)(**rule.numbers())


@each_kind
def test_hyperparameters_are_injected(rule):
    """All numbers as arrays in the state, one of which is then set: as that rule from there on."""
    later = rule.replace(lr=rule.numbers()["lr"] / 2)
    with jax.enable_x64(True):
        update, tx = jax.jit(injected(rule).update), injected(rule)
        params, state = go(tx, tree(start()), range(1, 4), jit=lambda _: update)
        state.hyperparams["lr"] = jnp.asarray(later.numbers()["lr"])
        params, _ = go(tx, params, range(4, 7), state, jit=lambda _: update)
    *_, (points, _) = along([rule] * 3 + [later] * 3, start())
    assert close(jax.tree.leaves(params), points)


@each_with_one_gradient
def test_injected_hyperparameters_keep_dtypes(rule):
    params = tree(start(), "bfloat16")
    tx = injected(rule)
    updates, state = jax.eval_shape(lambda p: tx.update(p, tx.init(p), p), params)
    assert all(leaf.dtype == "bfloat16" for leaf in jax.tree.leaves(updates))
    assert all(leaf.dtype == "float32" for leaf in jax.tree.leaves(state.inner_state.slots))


@each_kind
def test_a_schedule_is_of_the_steps_done(rule):
    """optax's, and one that gives a Python number; the rule of each step has its value."""
    lr = rule.numbers()["lr"]
    schedules = (optax.exponential_decay(lr, 1, 0.8), lambda count: 0.5 * lr)
    with jax.enable_x64(True):
        for schedule in schedules:
            tx = ladera.optax.transformation(rule, lr=schedule)
            params, _ = go(tx, tree(start()), range(1, 9), jit=jax.jit)
            rules = [rule.replace(lr=float(schedule(jnp.int32(t)))) for t in range(9)]
            *_, (points, _), _ = along(rules, start())
            assert close(jax.tree.leaves(params), points)


def test_a_schedule_may_begin_at_0():
    tx = ladera.optax.transformation(Adam(), lr=optax.linear_schedule(0.0, 0.1, 10))
    params, _ = go(tx, tree(start()), [1])
    same(params, tree(start()))


@each_kind
def test_many_runs_are_mapped(rule):
    """vmap over starts: each as it goes alone."""
    tx = ladera.optax.transformation(rule)
    with jax.enable_x64(True):
        starts = jnp.asarray(np.random.default_rng(0).normal(size=(3, 2, 4)))

        def run(x):
            params, state = {"w": x}, tx.init({"w": x})
            for _ in range(4):
                updates, state = tx.update(jax.tree.map(jnp.tanh, params), state, params)
                params = optax.apply_updates(params, updates)
            return params["w"]

        together = jax.jit(jax.vmap(run))(starts)
        same(together, jnp.stack([run(x) for x in starts]), 1e-10)


@each_kind
def test_state_and_parameters_can_be_donated(rule):
    tx = ladera.optax.transformation(rule)
    params = tree(start())
    expected, _ = go(tx, tree(start()), [1, 2])

    @functools.partial(jax.jit, donate_argnums=(1, 2))
    def step(gradients, state, params):
        updates, state = tx.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    state = tx.init(params)
    for t in (1, 2):
        params, state = step(slopes(t, params), state, params)
    same(params, expected, 1e-5)


# optax's combinators


@each_kind
def test_masked_parameters_stay(rule):
    params = tree(start())
    mask = {"layer": (True, False), "none": None, "others": [True, False]}
    tx = optax.masked(ladera.optax.transformation(rule), mask)
    state = tx.init(params)
    for t in (1, 2, 3):
        g = slopes(t, params)
        updates, state = tx.update(g, state, params)
        same(updates["layer"][1], g["layer"][1])  # masked leaves pass through, as in optax
        updates = jax.tree.map(lambda u, m: u if m else jnp.zeros_like(u), updates, mask)
        params = optax.apply_updates(params, updates)
    alone = {
        "layer": (tree(start())["layer"][0], None),
        "none": None,
        "others": [tree(start())["others"][0], None],
    }
    tx, state = ladera.optax.transformation(rule), ladera.optax.transformation(rule).init(alone)
    expected = alone
    for t in (1, 2, 3):
        g = slopes_of(t, expected, (0, 2))
        updates, state = tx.update(g, state, expected)
        expected = optax.apply_updates(expected, updates)
    same(params["layer"][0], expected["layer"][0], 1e-6)
    same(params["others"][0], expected["others"][0], 1e-6)


def slopes_of(t: int, params: Any, places: Any) -> Any:
    leaves, structure = jax.tree.flatten(params)
    return structure.unflatten(
        [jnp.asarray(slope(t, i, np.asarray(p))).astype(p.dtype) for i, p in zip(places, leaves, strict=True)]
    )


@each_kind
def test_accumulated_gradients_are_one_step(rule):
    with jax.numpy_dtype_promotion("standard"):  # which optax needs there
        accumulated(rule)


def accumulated(rule: Rule) -> None:
    tx = optax.MultiSteps(ladera.optax.transformation(rule), every_k_schedule=4)
    params = tree(start())
    update, state = jax.jit(tx.update), tx.init(params)
    for count in range(8):
        g = slopes(1 + count // 4, params)
        updates, state = update(g, state, params)
        if count % 4 < 3:
            same(updates, jax.tree.map(jnp.zeros_like, params))
        params = optax.apply_updates(params, updates)
    expected, _ = go(ladera.optax.transformation(rule), tree(start()), [1, 2])
    same(params, expected, 1e-5)


@each_kind
def test_groups_have_rules_of_their_own(rule):
    labels = {"layer": ("mine", "other"), "none": None, "others": ["mine", "other"]}
    parts = {"mine": ladera.optax.transformation(rule), "other": optax.sgd(0.1)}
    params, state = go(optax.partition(parts, labels), tree(start()), [1, 2], jit=jax.jit)
    expected, _ = go(optax.sgd(0.1), tree(start()), [1, 2])
    same(params["layer"][1], expected["layer"][1])
    same(params["others"][1], expected["others"][1])
    answer = ladera.optax.eval_params(state, params)
    same(answer["layer"][1], params["layer"][1])
    assert jax.tree.structure(answer) == jax.tree.structure(params)


@each_kind
def test_a_gradient_that_is_not_finite_is_left_out(rule):
    tx = optax.apply_if_finite(ladera.optax.transformation(rule), 3)
    params, state = go(tx, tree(start()), [1], jit=jax.jit)
    updates, state = jax.jit(tx.update)(jax.tree.map(lambda p: p * jnp.nan, params), state, params)
    same(updates, jax.tree.map(jnp.zeros_like, params))
    params, _ = go(tx, params, [2], state, jit=jax.jit)
    expected, _ = go(ladera.optax.transformation(rule), tree(start()), [1, 2])
    same(params, expected, 1e-5)


def test_clipping_before_it_is_the_clipping_wrapper():
    with jax.enable_x64(True):
        chained = optax.chain(optax.clip_by_global_norm(0.5), ladera.optax.transformation(Adam()))
        wrapped = ladera.optax.transformation(ladera.rules.ClipGlobalNorm(Adam(), 0.5))
        ends = [go(tx, tree(start()), range(1, 6))[0] for tx in (chained, wrapped)]
        same(*ends)


OPTAX = {
    "sgd": (SGD(lr=0.1), optax.sgd(0.1)),
    "adam": (Adam(lr=0.1), optax.adam(0.1)),
    "adamw": (AdamW(lr=0.1, eps=0.1), optax.adamw(0.1, eps=0.1, weight_decay=0.01)),
    "rmsprop": (RMSprop.like("optax", lr=0.1), optax.rmsprop(0.1)),
    "schedule_free": (
        ScheduleFreeAdamW.like("optax", lr=0.1),
        optax.contrib.schedule_free_adamw(0.1, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0),
    ),
}


@pytest.mark.parametrize("name", OPTAX)
def test_goes_as_optaxs_own(name):
    rule, judge = OPTAX[name]
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        ours, state = go(ladera.optax.transformation(rule), tree(start()), range(1, 8))
        theirs, their_state = go(judge, tree(start()), range(1, 8))
        same(ours, theirs)
        if name == "schedule_free":
            judged = optax.contrib.schedule_free_eval_params(their_state, theirs)
            same(ladera.optax.eval_params(state, ours), judged)


def test_two_gradients_as_optaxs_own():
    """optax.contrib.sam in its opaque mode, around plain descent."""
    up = optax.chain(optax.contrib.normalize(), optax.sgd(0.05))
    judge = optax.contrib.sam(optax.sgd(0.1), up, opaque_mode=True)
    ends = []
    with jax.enable_x64(True):
        for tx in (ladera.optax.transformation(SAM(SGD(lr=0.1), radius=0.05)), judge):
            params = tree(start())
            state = tx.init(params)
            for t in range(1, 5):
                updates, state = tx.update(
                    slopes(t, params), state, params, grad_fn=lambda p, i, t=t: slopes(t, p)
                )
                params = optax.apply_updates(params, updates)
            ends.append(params)
        same(*ends)


# Trees


@each_kind
@pytest.mark.parametrize("empty", [{}, (), {"a": None}], ids=str)
def test_takes_empty_trees(rule, empty):
    tx = ladera.optax.transformation(rule)
    updates, state = tx.update(empty, tx.init(empty), empty)
    assert jax.tree.structure(updates) == jax.tree.structure(empty)
    assert state.count == 1
    assert ladera.optax.eval_params(state, empty) == empty


@each_kind
def test_takes_dtypes_side_by_side(rule):
    with jax.enable_x64(True):
        params = {"a": jnp.ones((2, 3), "float32"), "b": jnp.ones(3, "float64"), "c": jnp.ones(2, "bfloat16")}
        tx = ladera.optax.transformation(rule)
        after, state = go(tx, params, range(1, 4), jit=jax.jit)
        assert jax.tree.map(lambda p: p.dtype, after) == jax.tree.map(lambda p: p.dtype, params)
        if rule.scope != "whole":
            alone, _ = go(tx, {"b": params["b"]}, [])
            alone, state = {"b": params["b"]}, tx.init({"b": params["b"]})
            for t in range(1, 4):
                g = slopes_of(t, alone, [1])
                updates, state = tx.update(g, state, alone)
                alone = optax.apply_updates(alone, updates)
            same(after["b"], alone["b"])


def test_takes_numpy_parameters_and_gradients_of_another_dtype():
    tx = ladera.optax.transformation(SGD(lr=0.5))
    params = {"w": np.ones(2, np.float32)}
    updates, _ = tx.update({"w": jnp.ones(2, "bfloat16")}, tx.init(params), params)
    assert updates["w"].dtype == "float32"
    same(updates["w"], -0.5 * np.ones(2))


# What is refused


def test_needs_the_parameters():
    tx = ladera.optax.transformation(Adam())
    with pytest.raises(
        ValueError, match=r"adam steps from the parameters: call update\(gradients, state, params\)"
    ):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)))


def test_needs_a_gradient_function_for_two_gradients():
    tx = ladera.optax.transformation(SAM(SGD()))
    with pytest.raises(UsageError, match=r"sgd\+sam takes two gradients a step: call update\(.*grad_fn=f"):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)), jnp.ones(2))


def test_refuses_what_is_no_rule_and_what_is_no_schedule():
    with pytest.raises(UsageError, match=r"needs a rule, for example .*, received 'adam'"):
        ladera.optax.transformation("adam")
    with pytest.raises(UsageError, match="no hyperparameter 'ir'; the nearest name is 'lr'"):
        ladera.optax.transformation(Adam(), ir=optax.constant_schedule(1.0))
    with pytest.raises(UsageError, match=r"received 0.1 for lr; .* Adam\(lr=0.1\)"):
        ladera.optax.transformation(Adam(), lr=0.1)


@pytest.mark.parametrize("dtype", ["complex64", "int32"])
def test_refuses_parameters_that_are_no_real_numbers(dtype):
    with pytest.raises(UsageError, match=f"received one of dtype {dtype}"):
        ladera.optax.transformation(Adam()).init({"w": jnp.ones(2, dtype)})


def test_eval_params_needs_a_state_of_its_own():
    with pytest.raises(
        UsageError, match=r"no state of ladera\.optax\.transformation in what eval_params was given"
    ):
        ladera.optax.eval_params(optax.adam(0.1).init(jnp.ones(2)), jnp.ones(2))


def test_momentum_is_ours_where_the_rate_changes():
    """A velocity that holds lr, beside optax's that does not: the same at a constant rate alone."""
    with jax.enable_x64(True):
        ours, _ = go(ladera.optax.transformation(Momentum(lr=0.1)), tree(start()), range(1, 6))
        theirs, _ = go(optax.sgd(0.1, momentum=0.9), tree(start()), range(1, 6))
        same(ours, theirs)

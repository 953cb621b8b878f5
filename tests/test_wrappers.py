"""What holds for every wrapper around every kind of rule: found by their names, none is named in the
generic part."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
import torch
from studies import at, cohort, same_bits, task

import ladera
import ladera.rules
from ladera import Problem
from ladera.base import UsageError
from ladera.rules import (
    EMA,
    L2,
    SAM,
    SGD,
    Adam,
    AdamW,
    Blocks,
    Centralized,
    ClipGlobalNorm,
    ClipNorm,
    ClipValue,
    Decoupled,
    Lookahead,
    Momentum,
    Nesterov,
    RMSprop,
    Rule,
    Wrapper,
    blocks,
)
from ladera.train.cohort import train
from ladera.train.recipe import Recipe

CLASSES: dict[str, Any] = {
    c.name(): c
    for c in (Centralized, ClipGlobalNorm, ClipNorm, ClipValue, Decoupled, EMA, L2, Lookahead, SAM)
}
each_wrapper = pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
START = np.array([[0.7, -1.3], [2.1, 0.2], [-0.6, 1.1]])
CURVATURE = np.array([[1.0, 4.0], [0.5, 2.0], [3.0, 1.5]])
PARTS = (START, np.array([0.4, -0.9, 1.7]))
CURVATURES = (CURVATURE, np.array([2.0, 0.3, 1.0]))


def turned(cls: type[Wrapper], rule: Rule) -> Wrapper:
    """The wrapper with its flags the other way round, and numbers that are not its defaults."""
    flags = {k: not v for k, v in cls.defaults().items() if isinstance(v, bool)}
    numbers = {k: d.low + 0.4 * min(d.high - d.low, 4.0) for k, d in cls.domains().items()}
    return cls(rule, **flags, **numbers)


def wrapped() -> dict[str, Wrapper]:
    """Every wrapper around rules of every kind, as it comes and turned."""
    inside = {"adam": Adam(lr=0.05), "nesterov": Nesterov(lr=0.05), "clipped": ClipGlobalNorm(Momentum())}
    found: dict[str, Wrapper] = {}
    for name, cls in CLASSES.items():
        for what, rule in inside.items():
            if name != rule.name():
                found[f"{name}-{what}"] = cls(rule)
        found[f"{name}-turned"] = turned(cls, Adam(lr=0.05))
    return found


WRAPPED = wrapped()
each_wrapped = pytest.mark.parametrize("rule", WRAPPED.values(), ids=WRAPPED)


def descend(rule: Rule, x: Any, curvature: Any, steps: int, number: Any = int) -> tuple[Any, Any]:
    """(state, x) after some steps on ½ Σ a x², with the second gradient where the rule takes one."""
    s = blocks.init(rule, x)
    for t in range(1, steps + 1):
        g = curvature * blocks.read(rule, s, x)
        if rule.evaluations == 2:
            g = curvature * blocks.probe(rule, g, s, x)
        s, x = blocks.step(rule, number(t), g, s, x)
    return s, x


def close(a: Any, b: Any, rtol: float = 1e-12) -> None:
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=rtol, atol=rtol)


def parts(x: Any) -> Any:
    """Blocks as a tuple, wherever they are in a state."""
    return jax.tree.map(
        lambda leaf: leaf.parts if isinstance(leaf, Blocks) else leaf,
        x,
        is_leaf=lambda leaf: isinstance(leaf, Blocks),
    )


def test_every_wrapper_is_here():
    assert sorted(CLASSES) == ladera.rules.wrappers()


# What a wrapper is


@each_wrapper
def test_is_found_by_its_name_and_says_what_it_is(cls):
    assert getattr(ladera.rules, cls.__name__) is cls
    assert cls.__doc__
    assert cls.paper
    rule = cls(Adam())
    assert rule.label() == f"adam+{cls.name()}"
    assert rule.identity() == f"adam-1+{cls.name()}-1"


@each_wrapper
def test_needs_a_rule(cls):
    with pytest.raises(UsageError, match=f"{cls.__name__} is put around a rule, received 'adam'"):
        cls("adam")


@each_wrapped
def test_has_the_hyperparameters_of_both(rule):
    both = {**rule.rule.hyperparameters(), **{name: getattr(rule, name) for name in rule.defaults()}}
    assert rule.hyperparameters() == both
    numbers = {**rule.rule.numbers(), **{name: getattr(rule, name) for name in rule.domains()}}
    assert rule.numbers() == numbers
    assert rule.changed().keys() >= rule.defaults().keys()


@each_wrapped
def test_replaces_what_belongs_to_either(rule):
    for name, value in rule.numbers().items():
        changed = rule.replace(**{name: value / 2 + 0.5})
        assert changed.hyperparameters() == rule.hyperparameters() | {name: value / 2 + 0.5}
        assert type(changed) is type(rule)
        assert type(changed.rule) is type(rule.rule)
    with pytest.raises(UsageError, match="no hyperparameter 'lrr'; the nearest name is 'lr'"):
        rule.replace(lrr=1.0)


@each_wrapper
def test_refuses_a_second_one_of_its_own_name(cls):
    with pytest.raises(UsageError, match=f"{cls.__name__} would give adam.* a second hyperparameter"):
        cls(cls(Adam()))


@each_wrapper
def test_refuses_values_outside_its_domains(cls):
    for name, domain in cls.domains().items():
        for value in (domain.low - 1.0, np.nan, np.inf, "0.1", None, True):
            with pytest.raises(UsageError, match=f"{cls.__name__} needs {name} in "):
                cls(Adam(), **{name: value})


@pytest.mark.parametrize("cls", [L2, Decoupled])
def test_refuses_a_rule_that_decays_already(cls):
    with pytest.raises(UsageError, match=r"would give adamw a second hyperparameter 'weight_decay'"):
        cls(AdamW())


class Unscaled(Rule):
    paper = "none"

    def step(self, t, g, s, x):
        return s, x - 0.1 * g


def test_decoupled_needs_a_learning_rate():
    with pytest.raises(UsageError, match="Decoupled multiplies the decay by the rule's lr, and unscaled has"):
        Decoupled(Unscaled())


@pytest.mark.parametrize("cls", [EMA, Lookahead])
def test_what_moves_x_stays_inside_of_an_average(cls):
    with pytest.raises(UsageError, match=r"adam\+.* is an average.*put Decoupled inside"):
        Decoupled(cls(Adam()))
    assert cls(Decoupled(Adam())).averages
    with pytest.raises(UsageError, match=r"Lookahead moves the x of the rule inside.*put the average around"):
        Lookahead(L2(EMA(Adam())))


@pytest.mark.parametrize("name", [*ladera.rules.names(), *ladera.rules.wrappers()])
def test_averages_says_whether_descent_follows_x(name):
    rule = CLASSES[name](Momentum()) if name in CLASSES else ladera.rules.get(name)()
    s = rule.init(START)
    follows = np.allclose(rule.read(s, START + 1.0), rule.read(s, START) + 1.0)
    assert rule.averages == (not follows)


def test_sam_takes_no_rule_that_takes_a_second_gradient():
    class Twice(SGD):
        evaluations = 2

    with pytest.raises(UsageError, match="SAM takes a second gradient at each step, and twice takes one"):
        SAM(Twice())


def test_a_framework_without_the_argument_gets_no_weight_decay():
    assert Adam.like("torch", weight_decay=0.1) == L2(Adam(), 0.1)
    assert Adam.like("keras", weight_decay=0.1) == Decoupled(Adam.like("keras"), 0.1)
    for framework in ("paper", "optax"):
        with pytest.raises(UsageError, match=rf"Adam has no weight_decay in {framework}; wrap it as.*L2"):
            Adam.like(framework, weight_decay=0.1)


# What a wrapper computes


@each_wrapped
def test_is_the_same_on_every_algebra(rule):
    s, x = descend(rule, START, CURVATURE, 12)
    with jax.enable_x64(True):
        close(descend(rule, jnp.asarray(START), jnp.asarray(CURVATURE), 12, jnp.float64), (s, x))
    close(descend(rule, torch.tensor(START), torch.tensor(CURVATURE), 12), (s, x))


@each_wrapped
def test_is_the_same_formula_on_symbols(rule):
    """One number, by Python and by formulas of symbols into which the numbers go afterwards."""
    symbols = {name: sympy.Symbol(name, positive=True) for name in rule.numbers()}
    x, a = sympy.symbols("x a", real=True)
    steps = 3 - rule.evaluations  # formulas grow
    _, formula = descend(rule.replace(**symbols), x, a, steps)
    values = {symbols[name]: value for name, value in rule.numbers().items()}
    for at_x, at_a in ((0.7, 3.0), (-1.3, 0.5)):
        _, expected = descend(rule, at_x, at_a, steps)
        assert float(formula.subs(values | {x: at_x, a: at_a})) == pytest.approx(expected, rel=1e-12)


@each_wrapped
def test_several_arrays_are_as_one_where_it_says_so(rule):
    """Element by element and whole: Blocks as one long vector. Block by block: each on its own."""
    s, x = descend(rule, Blocks(PARTS), Blocks(CURVATURES), 12)
    flat = [np.concatenate([np.ravel(p) for p in pair]) for pair in (PARTS, CURVATURES)]
    if rule.scope == "block":
        each = [descend(rule, *pair, 12) for pair in zip(PARTS, CURVATURES, strict=True)]
        close((s, x.parts), (tuple(state for state, _ in each), tuple(new for _, new in each)))
    elif not any(isinstance(r, (ClipNorm, Centralized)) for r in (rule, rule.rule)):
        _, whole = descend(rule, *flat, 12)
        close(np.concatenate([np.ravel(p) for p in x.parts]), whole)


@each_wrapped
@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
def test_keeps_the_dtype(rule, kind):
    """x and what is read of it stay; the state of 16 bits is float32."""
    state = "float32"
    for x, a in (
        (jnp.asarray(START, kind), jnp.asarray(CURVATURE, kind)),
        (torch.tensor(START).to(getattr(torch, kind)), torch.tensor(CURVATURE).to(getattr(torch, kind))),
    ):
        s, new = descend(rule, x, a, 3)
        assert new.dtype == x.dtype
        assert rule.read(s, new).dtype == x.dtype
        assert all(str(leaf.dtype).endswith(state) for leaf in jax.tree.leaves(s))


@each_wrapped
def test_lanes_are_as_many_runs(rule):
    """By vmap of JAX and of PyTorch, each lane with numbers of its own."""
    points = [rule.numbers(), {k: v / 2 + 0.5 for k, v in rule.numbers().items()}]
    alone = [descend(rule.replace(**h), START, CURVATURE, 8)[1] for h in points]
    table = {k: np.array([h[k] for h in points]) for k in points[0]}
    with jax.enable_x64(True):
        x, a = jnp.asarray(START), jnp.asarray(CURVATURE)
        lanes = jax.jit(jax.vmap(lambda h: descend(rule.replace(**h), x, a, 8, jnp.float64)[1]))
        close(lanes(table), np.array(alone))
    x, a = torch.tensor(START), torch.tensor(CURVATURE)
    run = torch.func.vmap(lambda h: descend(rule.replace(**h), x, a, 8)[1])
    close(run({k: torch.tensor(v) for k, v in table.items()}), np.array(alone))


@each_wrapped
def test_leaves_its_arguments_as_they_were(rule):
    x, g = START.copy(), CURVATURE.copy()
    s = rule.init(x)
    rule.step(1, g, s, x)
    assert np.array_equal(x, START)
    assert np.array_equal(g, CURVATURE)
    close(s, rule.init(START), rtol=0)


@each_wrapped
def test_no_gradient_spoils_no_step(rule):
    """Where the gradient is 0, all at once or in one array, nothing is divided by it."""
    for g in (Blocks(map(np.zeros_like, PARTS)), Blocks([CURVATURE, np.zeros(3)])):
        x = Blocks(PARTS)
        s = blocks.init(rule, x)
        for t in (1, 2):
            if rule.evaluations == 2:
                assert all(np.isfinite(p).all() for p in blocks.probe(rule, g, s, x).parts)
            s, x = blocks.step(rule, t, g, s, x)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(parts((s, x))))


# One within the other

NESTED = {
    "clip of a decay": ClipGlobalNorm(L2(Momentum(lr=0.1), 0.1), 0.5),
    "decay of a clip": L2(ClipGlobalNorm(Momentum(lr=0.1), 0.5), 0.1),
    "decay of a look at the point ahead": L2(Nesterov(lr=0.1), 0.1),
    "average of a sharpness": EMA(SAM(Adam(lr=0.05), 0.3), 0.9, True),
    "look-ahead of a sharpness": Lookahead(SAM(Adam(lr=0.05), 0.3), 3.0),
    "average of a look-ahead": EMA(Lookahead(Nesterov(lr=0.05), 3.0), 0.9),
    "five of them": EMA(Lookahead(ClipNorm(Centralized(Decoupled(RMSprop(lr=0.05)))))),
}
each_nested = pytest.mark.parametrize("rule", NESTED.values(), ids=NESTED)


@each_nested
def test_the_trainer_hands_over_what_it_was_given(rule):
    """A recipe, which is what the compiled program holds, builds the same rule again."""
    recipe = Recipe.of(rule)
    assert recipe.build(recipe.numbers_of(rule)) == rule
    assert recipe.build([*recipe.numbers_of(rule), 7.0]) == rule
    assert set(recipe.numbers) == rule.numbers().keys()
    assert recipe.evaluations == rule.evaluations
    assert recipe.name == rule.identity()
    assert recipe.looks_ahead == (not np.array_equal(*reading(rule)))


def reading(rule: Rule) -> tuple[Any, Any]:
    """(where the third gradient is wanted, x)."""
    s, x = descend(rule, START, CURVATURE, 2)
    return blocks.read(rule, s, x), x


def test_the_order_of_a_clip_and_a_decay_counts():
    first, second = (
        descend(NESTED[name], Blocks(PARTS), Blocks(CURVATURES), 3)[1]
        for name in ("clip of a decay", "decay of a clip")
    )
    assert not np.allclose(first.parts[0], second.parts[0])


def test_the_probe_of_sharpness_is_beside_the_raw_weights():
    """Not beside the average, or the slow weights, around it."""
    for around in (EMA(SAM(SGD(lr=0.1), 0.3)), Lookahead(SAM(SGD(lr=0.1), 0.3))):
        s, x = descend(around, START, CURVATURE, 3)
        g = CURVATURE * around.read(s, x)
        np.testing.assert_allclose(around.probe(g, s, x), s.z + 0.3 * g / np.linalg.norm(g), rtol=1e-14)
        assert not np.allclose(s.z, x)


def test_the_norm_of_a_clip_is_of_all_arrays_or_of_each():
    g = Blocks([np.array([3.0, 0.0]), np.array([0.0, 4.0])])
    x = Blocks([np.zeros(2), np.zeros(2)])
    each, whole = ([-1, 0], [0, -1]), ([-0.6, 0], [0, -0.8])
    around_a_whole_one = ClipNorm(ClipGlobalNorm(SGD(lr=1.0), 100.0))
    for rule, expected in (
        (ClipGlobalNorm(SGD(lr=1.0)), whole),
        (ClipNorm(SGD(lr=1.0)), each),
        (around_a_whole_one, each),
    ):
        _, new = blocks.step(rule, 1, g, blocks.init(rule, x), x)
        np.testing.assert_allclose(new.parts, expected, rtol=1e-15)


def test_an_average_of_16_bits_moves():
    """A share of 0.001 is lost beside a bfloat16; the average is kept in float32."""
    rule = EMA(SGD(lr=0.5), 0.999)
    x = jnp.ones(2, jnp.bfloat16)
    _, x = descend(rule, x, jnp.ones(2, jnp.bfloat16), 1500)
    np.testing.assert_allclose(np.asarray(x, np.float32), 0.999**1500, rtol=0.02)


# In the engine

TASK = task(Problem("iris", network="mlp:8"), epochs=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clip of a decay", "average of a sharpness", "five of them"])
def test_a_wrapped_rule_trains_in_lanes(name):
    """It learns, and has the same bits alone, or beside itself in a program of several rules."""
    rule = NESTED[name]
    alone = train(cohort(TASK, [rule], [3], width=2)).curves[0]
    beside = [*at(SGD(), 0.1, 0.2), rule.replace(lr=0.3), rule]
    assert same_bits(alone, train(cohort(TASK, beside, [3, 3, 4, 3], width=2)).curves[3])
    assert alone["train_loss"][-1] < alone["train_loss"][0]


@pytest.mark.slow
def test_a_comparison_takes_wrapped_rules(tmp_path):
    study = ladera.compare(
        Problem("iris", network="mlp:8"),
        optimizers=[SGD(), ClipGlobalNorm(SGD()), EMA(SAM(Adam()), 0.9)],
        lr="0.01,0.1",
        seeds=2,
        epochs=3,
        out=tmp_path / "study",
        workers=1,
        width=4,
    )
    runs = study.runs()
    labels = {name.partition("-")[0] for name in runs["optimizer"]}
    assert labels == {"sgd", "sgd+clipglobalnorm", "adam+sam+ema"}
    assert (runs[runs["lr"] <= 0.1]["status"] == "finished").all()


def test_dataclasses_replace_keeps_the_checks():
    with pytest.raises(UsageError, match="ClipNorm needs clip_norm"):
        dataclasses.replace(ClipNorm(Adam()), clip_norm=-1.0)

"""ladera.torch: every rule, found by its name, as an optimizer of PyTorch's.

Judges: the rule on NumPy, and torch.optim's own optimizers under all of its schedulers.
"""

from __future__ import annotations

import copy
import io
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from dropin_cases import RULES, along, close, descend, one_of_each_kind, slope, start
from torch.nn import Parameter
from torch.optim import lr_scheduler

import ladera
import ladera.torch
from ladera.base import UsageError
from ladera.dropin import fused
from ladera.dropin.records import start as begin
from ladera.dropin.slots import items
from ladera.dropin.traits import looks_ahead, needs_shapes
from ladera.rules import SAM, SGD, Adam, AdamW, Momentum, Nesterov, RMSprop, Rule
from ladera.rules._xp import machine_epsilon, size, total, zeros_like

each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
ONE_GRADIENT = {name: rule for name, rule in RULES.items() if rule.evaluations == 1}
each_with_one_gradient = pytest.mark.parametrize("rule", ONE_GRADIENT.values(), ids=ONE_GRADIENT)
KINDS = {rule.describe(): rule for rule in one_of_each_kind()}
each_kind = pytest.mark.parametrize("rule", KINDS.values(), ids=KINDS)
SEPARATE = {name: rule for name, rule in KINDS.items() if rule.scope != "whole"}
each_separate_kind = pytest.mark.parametrize("rule", SEPARATE.values(), ids=SEPARATE)


def parameters(x: Sequence[np.ndarray] | None = None, dtype: Any = torch.float64) -> list[Parameter]:
    return [Parameter(torch.tensor(array, dtype=dtype)) for array in (start() if x is None else x)]


def slopes(t: int, params: Sequence[Parameter], skipped: Sequence[int] = ()) -> None:
    """Give the parameters the gradients of step t."""
    for i, p in enumerate(params):
        g = torch.tensor(slope(t, i, p.detach().double().numpy())).to(p.dtype)
        p.grad = None if i in skipped else g


def go(optimizer: Any, params: Sequence[Parameter], steps: Sequence[int], skip: Any = lambda t: ()) -> None:
    for t in steps:

        def closure(t=t):
            slopes(t, params, skip(t))

        closure()
        optimizer.step(closure)


def values(params: Sequence[Parameter]) -> list[np.ndarray]:
    return [p.detach().double().numpy().copy() for p in params]


def same_bits(a: Sequence[torch.Tensor], b: Sequence[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture(params=["large_cache", "small_cache"])
def cache(request, monkeypatch):
    """Tensors larger than a cacheful are cut, and few go into one."""
    if request.param == "small_cache":
        monkeypatch.setattr(fused, "_CACHEFUL", 7)
        monkeypatch.setattr(fused, "_PER_THREAD", 1)


# The rule itself


@each_rule
def test_is_the_rule_on_numpy(rule, cache):
    """The parameters are where gradients are taken, eval() makes them the answer, train() undoes that."""
    params = parameters()
    optimizer = ladera.torch.optimizer(params, rule)
    steps = 25
    for t, (points, answer) in enumerate(descend(rule, start(), steps)):
        assert close(values(params), points), t
        before = values(params)
        optimizer.eval()
        optimizer.eval()
        assert close(values(params), answer), t
        optimizer.train()
        assert all(map(np.array_equal, values(params), before))
        if t < steps:
            go(optimizer, params, [t + 1])
    moved = [np.abs(a - b).max() > 0 for a, b in zip(values(params), start(), strict=True)]
    assert all(moved)


@each_rule
def test_is_fused_unless_it_needs_shapes(rule):
    """What falls back would still be right, but slow."""
    params = parameters()
    optimizer = ladera.torch.optimizer(params, rule)
    go(optimizer, params, range(1, 13))
    assert optimizer._known(0).plan.fused == (not needs_shapes(rule))


@each_rule
def test_state_is_named_tensors_with_memory_of_their_own(rule):
    params = parameters()
    optimizer = ladera.torch.optimizer(params, rule)
    assert not optimizer.state
    go(optimizer, params, [1, 2])
    places = [p.data_ptr() for p in params]
    for p in params:
        held = optimizer.state[p]
        assert held["step"] == 2
        assert ("x" in held) == looks_ahead(rule)
        assert all(isinstance(x, torch.Tensor) and not x.requires_grad for x in held.values())
        places += [x.data_ptr() for x in held.values() if x.shape]
        places += [p.grad.data_ptr()]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
@each_kind
def test_steps_16_bits_in_float32(rule, dtype, cache):
    """As the rule does on the tensors themselves; float32 is stepped in float32."""
    rule = rule.replace(lr=0.01)
    params, x = parameters(dtype=dtype), [p.detach() for p in parameters(dtype=dtype)]
    optimizer = ladera.torch.optimizer(params, rule)
    whole = ladera.rules.Blocks(x)
    s = ladera.rules.blocks.init(rule, whole)
    for t in range(1, 6):
        point = ladera.rules.blocks.read(rule, s, whole)
        for p, y in zip(params, point.parts, strict=True):
            torch.testing.assert_close(p.detach(), y, rtol=2 * torch.finfo(dtype).eps, atol=1e-6)
            p.data.copy_(y)  # a rounding that goes the other way is not to grow
        slopes(t, params)
        g = ladera.rules.Blocks([p.grad for p in params])
        s, whole = ladera.rules.blocks.step(rule, t, g, s, whole)
        optimizer.step()
    for p in params:
        assert p.dtype == dtype
        assert all(v.dtype == torch.float32 for k, v in optimizer.state[p].items() if v.shape and k != "x")


@each_kind
def test_takes_dtypes_side_by_side(rule):
    """A float64 parameter is as exact beside a float32 one as alone."""
    mixed = [*parameters(start()[:2]), *parameters(start()[2:], torch.float32)]
    optimizer = ladera.torch.optimizer(mixed, rule)
    go(optimizer, mixed, range(1, 6))
    *_, (points, _) = descend(rule, start(), 5)
    assert close(values(mixed[2:]), points[2:], 1e-5)
    assert close(values(mixed[:2]), points[:2], 1e-12 if rule.scope != "whole" else 1e-6)


@each_with_one_gradient
def test_any_memory_layout_is_the_same(rule, cache):
    shape = (4, 5)
    straight = Parameter(torch.tensor(start([shape])[0]))
    turned = Parameter(torch.tensor(start([shape])[0]).T.contiguous().T)
    for p, turn in ((straight, False), (turned, True)):
        optimizer = ladera.torch.optimizer([p], rule)
        for t in range(1, 6):
            slopes(t, [p])
            p.grad = p.grad.T.contiguous().T if turn else p.grad
            optimizer.step()
    assert not turned.is_contiguous()
    torch.testing.assert_close(turned, straight, rtol=1e-12, atol=1e-14)


# PyTorch's own optimizers


class Pair(NamedTuple):
    rule: Rule
    theirs: Callable[..., torch.optim.Optimizer]


PAIRS = {
    "sgd": Pair(SGD(lr=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "adam": Pair(Adam(lr=0.1), lambda p: torch.optim.Adam(p, lr=0.1)),
    "adam-decay": Pair(
        Adam.like("torch", lr=0.1, weight_decay=0.2), lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.2)
    ),
    "adamw": Pair(AdamW(lr=0.1, eps=0.1), lambda p: torch.optim.AdamW(p, lr=0.1, eps=0.1)),
    "rmsprop": Pair(
        RMSprop(lr=0.1, centered=True), lambda p: torch.optim.RMSprop(p, lr=0.1, alpha=0.9, centered=True)
    ),
}
each_pair = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)

SCHEDULERS: dict[str, Callable[[Any], Any]] = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda t: t / 5),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda t: 0.9),
    "StepLR": lambda o: lr_scheduler.StepLR(o, 3),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [2, 5]),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, 0.5, 4),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, 0.1, 1.0, 6),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.8),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o, 0.1, 4), lr_scheduler.ExponentialLR(o, 0.9)], [4]
    ),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, 0.1, 4), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 6),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.2, 3, cycle_momentum="betas" in o.defaults),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 4),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(
        o, 0.3, total_steps=12, cycle_momentum="betas" in o.defaults
    ),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, 8),
}


@pytest.mark.parametrize("name", sorted({*lr_scheduler.__all__} - {"LRScheduler"}))
@each_pair
def test_goes_as_pytorchs_own_under_every_scheduler(pair, name):
    ends = []
    for make in (lambda p: ladera.torch.optimizer(p, pair.rule), pair.theirs):
        params = parameters()
        optimizer = make(params)
        scheduler = SCHEDULERS[name](optimizer)
        rates = []
        for t in range(1, 11):
            go(optimizer, params, [t])
            rates.append(optimizer.param_groups[0]["lr"])
            scheduler.step(*([1.0] if name == "ReduceLROnPlateau" else []))
        ends.append((rates, values(params)))
    (our_rates, ours), (their_rates, theirs) = ends
    assert our_rates == their_rates
    assert len(set(our_rates)) > 1
    assert close(ours, theirs)


@each_pair
def test_maximizes_as_pytorchs_own(pair):
    params, theirs = parameters(), parameters()
    go(ladera.torch.optimizer(params, pair.rule, maximize=True), params, range(1, 6))
    judge = pair.theirs(theirs)
    judge.param_groups[0]["maximize"] = True
    go(judge, theirs, range(1, 6))
    assert close(values(params), values(theirs))


@each_pair
def test_groups_have_their_own_settings_as_pytorchs_own(pair):
    params, theirs = parameters(), parameters()
    optimizer = ladera.torch.optimizer([{"params": params[:1], "lr": 0.02}], pair.rule)
    judge = pair.theirs([{"params": theirs[:1], "lr": 0.02}])
    for o, p in ((optimizer, params), (judge, theirs)):
        go(o, p[:1], range(1, 4))
        o.add_param_group({"params": p[1:], "lr": 0.3})
        go(o, p, range(4, 8))
    assert close(values(params), values(theirs))
    assert optimizer.state[params[0]].get("step", 7) == 7
    assert optimizer.state[params[1]].get("step", 4) == 4


@each_pair
def test_skips_parameters_without_a_gradient_as_pytorchs_own(pair):
    params, theirs = parameters(), parameters()
    for p in (params[3], theirs[3]):
        p.requires_grad_(False)

    def skip(t):
        return [3, *([1] if t % 2 else []), *([2] if t < 4 else [])]

    optimizer = ladera.torch.optimizer(params, pair.rule)
    go(optimizer, params, range(1, 10), skip)
    go(pair.theirs(theirs), theirs, range(1, 10), skip)
    assert close(values(params), values(theirs))
    assert [int(optimizer.state[p]["step"]) for p in params[:3]] == [9, 4, 6]
    assert not optimizer.state.get(params[3])


# Parts that go their own ways


@each_separate_kind
def test_each_parameter_has_a_history_of_its_own(rule):
    """Side by side, with gradients now and then and a schedule, as each alone."""
    together = parameters()
    optimizer = ladera.torch.optimizer(together, rule)
    skipped = {0: (), 1: (2, 3, 7), 2: (1, 4), 3: (2, 3, 7)}

    def run(optimizer, params, places):
        for t in range(1, 11):
            optimizer.param_groups[0]["lr"] = rule.lr / t
            for p, i in zip(params, places, strict=True):
                slope_there = torch.tensor(slope(t, i, p.detach().numpy()))
                p.grad = None if t in skipped[i] else slope_there
            optimizer.step()

    run(optimizer, together, range(4))
    for i, p in enumerate(parameters()):
        run(ladera.torch.optimizer([p], rule), [p], [i])
        assert close(values([together[i]]), values([p])), i


def test_a_rule_of_all_parameters_sees_those_of_its_group():
    for rule in (rule for rule in RULES.values() if rule.scope == "whole" and rule.evaluations == 1):
        params = parameters()
        groups = [{"params": params[:2]}, {"params": params[2:]}]
        go(ladera.torch.optimizer(groups, rule), params, range(1, 6))
        alone = parameters()
        go(ladera.torch.optimizer(alone[:2], rule), alone[:2], range(1, 6))
        assert close(values(params[:2]), values(alone[:2]))


def test_a_rule_of_all_parameters_takes_in_those_that_join():
    for rule in (rule for rule in RULES.values() if rule.scope == "whole"):
        params = parameters()
        optimizer = ladera.torch.optimizer(params, rule)
        go(optimizer, params, range(1, 8), lambda t: (0, 2) if t < 4 else (1,))
        assert [int(optimizer.state[p]["step"]) for p in params] == [7, 3, 7, 7]
        others = parameters()
        judge = ladera.torch.optimizer(others, rule)
        judge._known(0).plan.fused = False
        go(judge, others, range(1, 8), lambda t: (0, 2) if t < 4 else (1,))
        assert close(values(params), values(others))


def test_those_that_join_take_over_what_belongs_to_all():
    found = 0
    for rule in (rule for rule in RULES.values() if rule.scope == "whole"):
        params = parameters()
        optimizer = ladera.torch.optimizer(params, rule)
        go(optimizer, params, range(1, 4), lambda t: (0,))
        elder, plan = optimizer.state[params[1]], optimizer._known(0).plan
        (joins,) = begin(rule, plan, params[:1], elder)
        (first,) = begin(rule, plan, params[:1], None)
        shared = [slot.name for slot, _, _ in items(plan.bones, plan.bones) if slot.shared]
        assert all(joins[name] is elder[name] for name in shared)
        found += any(first[name] != elder[name] for name in shared)
    assert found


@each_kind
def test_a_learning_rate_of_0_moves_nothing_far(rule):
    params = parameters()
    optimizer = ladera.torch.optimizer(params, rule)
    optimizer.param_groups[0]["lr"] = 0.0
    go(optimizer, params, range(1, 4))
    assert close(values(params), start(), 1e-9) or rule.scope == "whole"
    assert all(np.isfinite(x).all() for x in values(params))


# Settings


def test_momentum_is_cycled_too():
    """OneCycleLR finds `momentum`, and the rule of each step has it."""
    params, rules = parameters(), []
    optimizer = ladera.torch.optimizer(params, Momentum())
    scheduler = lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=12)
    for t in range(1, 11):
        group = optimizer.param_groups[0]
        rules.append(Momentum(lr=group["lr"], momentum=group["momentum"]))
        go(optimizer, params, [t])
        scheduler.step()
    assert len({rule.momentum for rule in rules}) > 5
    *_, (points, _) = along(rules, start())
    assert close(values(params), points)


def test_betas_and_single_rates_are_the_same_setting():
    p = parameters()[0]
    optimizer = ladera.torch.optimizer([{"params": [p], "b2": 0.7}], Adam())
    group = optimizer.param_groups[0]
    assert group["betas"] == (0.9, 0.7)
    group["b1"] = 0.5
    assert (optimizer._known(0).rule.b1, group["betas"]) == (0.5, (0.5, 0.7))
    group["betas"] = (0.6, 0.8)
    assert (optimizer._known(0).rule.b1, group["b1"], group["b2"]) == (0.6, 0.6, 0.8)
    optimizer.add_param_group({"params": parameters(), "betas": (0.1, 0.2)})
    assert optimizer._known(1).rule == Adam(b1=0.1, b2=0.2)
    with pytest.raises(UsageError, match=r"decay rates b1, b2, received betas of \(0.1,\)"):
        optimizer.add_param_group({"params": parameters(), "betas": (0.1,)})


def test_every_hyperparameter_is_a_setting():
    for rule in RULES.values():
        optimizer = ladera.torch.optimizer(parameters(), rule)
        assert optimizer.defaults.items() >= rule.hyperparameters().items()
        assert optimizer.param_groups[0].items() >= rule.hyperparameters().items()


def test_takes_a_learning_rate_that_is_a_tensor():
    params, theirs = parameters(), parameters()
    lr = torch.tensor(0.1)
    optimizer = ladera.torch.optimizer([{"params": params, "lr": lr}], SGD())
    go(optimizer, params, [1])
    lr.fill_(0.02)
    go(optimizer, params, [2])
    judge = torch.optim.SGD(theirs, lr=lr.new_tensor(0.1).item())
    go(judge, theirs, [1])
    judge.param_groups[0]["lr"] = lr.item()
    go(judge, theirs, [2])
    assert close(values(params), values(theirs))


def test_refuses_a_setting_outside_its_domain():
    params = parameters()
    with pytest.raises(UsageError, match=r"lr in \(0, inf\), received -1"):
        ladera.torch.optimizer([{"params": params, "lr": -1.0}], Adam())
    optimizer = ladera.torch.optimizer(params[:1], Adam())
    with pytest.raises(UsageError, match="b1 in"):
        optimizer.add_param_group({"params": params[1:], "b1": 1.5})
    assert len(optimizer.param_groups) == 1
    optimizer.param_groups[0]["lr"] = -1.0
    with pytest.raises(UsageError, match="lr in"):
        go(optimizer, params[:1], [1])


def test_refuses_a_setting_that_is_no_single_number():
    params = parameters()
    for rates in (torch.ones(3), np.ones(3)):
        with pytest.raises(UsageError, match=r"one number, received an array of shape \(3,\) for lr"):
            ladera.torch.optimizer([{"params": params, "lr": rates}], Adam())
    ladera.torch.optimizer(params, Adam(lr=jnp.float32(0.1)))


def test_takes_named_parameters():
    named = list(zip("abcd", parameters(), strict=True))
    optimizer = ladera.torch.optimizer(named, Adam())
    go(optimizer, [p for _, p in named], [1])
    fresh = ladera.torch.optimizer(named, Adam())
    fresh.load_state_dict(saved(optimizer))
    assert fresh.param_groups[0]["param_names"] == ["a", "b", "c", "d"]


def test_flags_may_change_until_the_first_step():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, RMSprop())
    optimizer.param_groups[0]["momentum"] = 0.5
    go(optimizer, params, [1])
    assert "u" in optimizer.state[params[0]]
    optimizer.param_groups[0]["centered"] = True
    with pytest.raises(UsageError, match="rmsprop cannot change centered from False to True"):
        go(optimizer, params, [2])


# Saved and loaded


def saved(optimizer: torch.optim.Optimizer) -> Any:
    """Its state, by way of a file that holds nothing but tensors and plain values."""
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
@each_rule
def test_goes_on_bit_for_bit(rule, dtype):
    params = parameters(dtype=dtype)
    optimizer = ladera.torch.optimizer(params, rule)
    go(optimizer, params, range(1, 5), lambda t: (1,) if t == 2 else ())
    others = [Parameter(p.detach().clone()) for p in params]
    fresh = ladera.torch.optimizer(others, rule.replace(lr=rule.hyperparameters()["lr"] * 3))
    fresh.load_state_dict(saved(optimizer))
    assert fresh.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    for p, other in zip(params, others, strict=True):
        assert optimizer.state[p].keys() == fresh.state[other].keys()
        for name, x in optimizer.state[p].items():
            y = fresh.state[other][name]
            assert torch.equal(x, y)
            assert x.dtype == y.dtype
    for o, p in ((optimizer, params), (fresh, others)):
        go(o, p, range(5, 9))
        o.eval()
    assert same_bits(params, others)


@each_kind
def test_a_loaded_state_is_a_copy(rule):
    params = parameters()
    optimizer = ladera.torch.optimizer(params, rule)
    go(optimizer, params, [1, 2])
    others = [Parameter(p.detach().clone()) for p in params]
    fresh = ladera.torch.optimizer(others, rule)
    fresh.load_state_dict(optimizer.state_dict())
    before = copy.deepcopy(optimizer.state_dict()["state"])
    go(fresh, others, [3])
    for i, p in enumerate(params):
        assert same_bits(list(before[i].values()), list(optimizer.state[p].values()))


@each_rule
def test_copies_go_on_as_the_original(rule):
    """By copy.deepcopy and, together with the parameters, by pickle as torch.save does it."""
    params = parameters()
    optimizer = ladera.torch.optimizer(params, rule)
    go(optimizer, params, [1, 2, 3])
    file = io.BytesIO()
    torch.save((params, optimizer), file)
    file.seek(0)
    twins = [copy.deepcopy((params, optimizer)), torch.load(file, weights_only=False)]
    go(optimizer, params, [4, 5])
    for others, twin in twins:
        go(twin, others, [4, 5])
        assert same_bits(params, others)


def test_settings_that_changed_are_kept():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, Adam())
    optimizer.param_groups[0].update(lr=0.5, b1=0.3)
    go(optimizer, params, [1])
    fresh = ladera.torch.optimizer(parameters(), Adam())
    fresh.load_state_dict(saved(optimizer))
    assert fresh._known(0).rule == Adam(lr=0.5, b1=0.3)
    fresh.param_groups[0]["b1"] = 0.4
    assert fresh._known(0).rule.b1 == 0.4


def test_flags_come_with_the_state():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, RMSprop(centered=True))
    go(optimizer, params, [1, 2])
    others = [Parameter(p.detach().clone()) for p in params]
    fresh = ladera.torch.optimizer(others, RMSprop())
    fresh.load_state_dict(saved(optimizer))
    go(optimizer, params, [3])
    go(fresh, others, [3])
    assert same_bits(params, others)


def test_refuses_a_state_that_is_not_its_own():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, Adam())
    go(optimizer, params, [1])
    state = optimizer.state_dict()
    with pytest.raises(UsageError, match="saved by adam, and the optimizer runs momentum"):
        ladera.torch.optimizer(params, Momentum()).load_state_dict(state)
    with pytest.raises(
        UsageError, match=r"groups of \[4\] parameters, and the optimizer has groups of \[3\]"
    ):
        ladera.torch.optimizer(params[:3], Adam()).load_state_dict(state)
    others = parameters(start([(3, 4), (6,), (2, 3, 2), ()]))
    fresh = ladera.torch.optimizer(others, Adam())
    with pytest.raises(UsageError, match=r"m has the shape \(5,\), and a parameter of shape \(6,\) needs"):
        fresh.load_state_dict(state)
    assert not fresh.state
    judge = torch.optim.Adam(params)
    with pytest.raises(UsageError, match="not saved by an optimizer of Ladera's"):
        optimizer.load_state_dict(judge.state_dict())
    del state["state"][0]["m"]
    with pytest.raises(UsageError, match="adam needs m, step, v, and the state that is loaded has step, v"):
        optimizer.load_state_dict(state)


def test_hooks_see_a_state_that_is_loaded_and_may_change_it():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, Adam())
    go(optimizer, params, [1])
    state = optimizer.state_dict()
    fresh = ladera.torch.optimizer(params[:3], Adam())

    def drop_the_last(_: Any, state: Any) -> Any:
        groups = [{**group, "params": group["params"][:3]} for group in state["param_groups"]]
        return {"state": {i: state["state"][i] for i in range(3)}, "param_groups": groups}

    seen = []
    fresh.register_load_state_dict_pre_hook(drop_the_last)
    fresh.register_load_state_dict_post_hook(lambda o: seen.append(o.state[params[0]]["m"].clone()))
    fresh.load_state_dict(state)
    assert torch.equal(seen[0], state["state"][0]["m"])


# Closures, hooks, and what PyTorch's loops do besides


def test_a_closure_is_called_with_gradients_on_and_its_loss_returned():
    p = Parameter(torch.tensor([1.0, 2.0]))
    optimizer = ladera.torch.optimizer([p], SGD(lr=0.1))

    def closure():
        optimizer.zero_grad()
        loss = (p**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 5
    torch.testing.assert_close(p.detach(), torch.tensor([0.8, 1.6]))
    assert optimizer.step() is None


@each_kind
def test_gradients_are_left_as_they_are(rule):
    """Also under zero_grad(set_to_none=False), which changes them in place."""
    params, others = parameters(), parameters()
    optimizer = ladera.torch.optimizer(params, rule)
    go(ladera.torch.optimizer(others, rule), others, [1, 2, 3])
    for t in (1, 2, 3):
        slopes(t, params)
        before = [p.grad.clone() for p in params]
        optimizer.step()
        assert same_bits(before, [p.grad for p in params])
        optimizer.zero_grad(set_to_none=False)
    assert same_bits(params, others)


def test_hooks_are_called():
    seen = []
    params = parameters()
    optimizer = ladera.torch.optimizer(params, SGD())
    optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    go(optimizer, params, [1])
    assert seen == ["before", "after"]


def test_two_gradients_need_a_closure():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, SAM(SGD()))
    slopes(1, params)
    with pytest.raises(UsageError, match=r"sgd\+sam takes two gradients a step and needs a closure"):
        optimizer.step()


def test_a_closure_that_fails_leaves_the_parameters_where_they_were():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, SAM(SGD(), radius=1.0))
    calls, seen = [], []

    def closure():
        seen.append(values(params))
        slopes(1, params)
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("out of data")

    with pytest.raises(RuntimeError, match="out of data"):
        optimizer.step(closure)
    assert not close(seen[0], seen[1], 0.01)
    assert close(values(params), start(), 0.0)


def test_stepping_after_eval_is_refused():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, Nesterov())
    go(optimizer, params, [1, 2])
    optimizer.eval()
    with pytest.raises(UsageError, match=r"nesterov was told eval\(\).*call optimizer.train\(\)"):
        go(optimizer, params, [3])


def test_a_state_saved_after_eval_goes_on_after_train():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, Nesterov())
    go(optimizer, params, [1, 2])
    optimizer.eval()
    others = [Parameter(p.detach().clone()) for p in params]
    fresh = ladera.torch.optimizer(others, Nesterov())
    fresh.load_state_dict(saved(optimizer))
    for o, p in ((optimizer, params), (fresh, others)):
        o.train()
        go(o, p, [3])
    assert same_bits(params, others)


# What is refused, and what falls back


def test_refuses_what_is_no_rule():
    with pytest.raises(UsageError, match=r"needs a rule, for example .*, received 'adam'"):
        ladera.torch.optimizer(parameters(), "adam")
    with pytest.raises(ValueError, match="needs a rule"):
        ladera.torch.optimizer(parameters(), Adam)


def test_refuses_complex_parameters_and_sparse_gradients():
    with pytest.raises(UsageError, match=r"real numbers, received a parameter of dtype torch\.complex64"):
        ladera.torch.optimizer([Parameter(torch.zeros(2, dtype=torch.complex64))], Adam())
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(UsageError, match=r"received one of layout torch.sparse_coo.*sparse=False"):
        ladera.torch.optimizer(embedding.parameters(), Adam()).step()


class Rounding(Rule):
    """What no list of tensors can be asked to do."""

    def step(self, t, g, s, x):
        return s, x - self.lr * g.round()

    lr: float = 0.1


class Tiny(Rule):
    """What depends on how it is computed: on the dtype, and on how many elements there are."""

    scope = "whole"
    lr: float = 1.0

    def step(self, t, g, s, x):
        return s, x - self.lr * g * (machine_epsilon(x) * 2**20 + size(x) / 1024)


class Wrong(Rule):
    lr: float = 0.1

    def step(self, t, g, s, x):
        return s, x - self.rate * g


def test_a_rule_that_cannot_be_fused_is_run_on_the_tensors():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, Rounding())
    go(optimizer, params, [1, 2])
    *_, (points, _) = descend(Rounding(), start(), 2)
    assert close(values(params), points)
    assert not optimizer._known(0).plan.fused


class Grain(Rule):
    """As the one above, but array by array."""

    lr: float = 1.0

    def step(self, t, g, s, x):
        return s, x - self.lr * g * machine_epsilon(x) * 2**20


def test_a_rule_knows_the_dtype_of_each_array():
    params = [Parameter(torch.zeros(2, dtype=dtype)) for dtype in (torch.float32, torch.float64)]
    optimizer = ladera.torch.optimizer(params, Grain())
    for p in params:
        p.grad = torch.ones_like(p)
    optimizer.step()
    assert params[0][0] == -(2.0**-3)
    assert params[1][0] == -(2.0**-32)


class Far(NamedTuple):
    length: Any


class Growing(Rule):
    """Looks ahead by a number of its state."""

    lr: float = 0.1

    def init(self, x):
        return Far(length=total(zeros_like(x)))

    def read(self, s, x):
        return x + s.length

    def step(self, t, g, s, x):
        return Far(s.length + 1.0), x - self.lr * g


def test_reads_with_the_numbers_after_the_step():
    params = parameters()
    optimizer = ladera.torch.optimizer(params, Growing())
    for t, (points, _) in enumerate(descend(Growing(), start(), 3)):
        assert close(values(params), points)
        go(optimizer, params, [t + 1])
    assert optimizer._known(0).plan.fused


@pytest.mark.parametrize(("dtype", "epsilon"), [(torch.float32, 2.0**-23), (torch.float64, 2.0**-52)])
def test_a_rule_knows_the_dtype_and_the_number_of_elements(dtype, epsilon):
    params = [Parameter(torch.zeros(shape, dtype=dtype)) for shape in ((2, 3), (4,))]
    optimizer = ladera.torch.optimizer(params, Tiny())
    for p in params:
        p.grad = torch.ones_like(p)
    optimizer.step()
    assert optimizer._known(0).plan.fused
    for p in params:
        torch.testing.assert_close(p.detach(), torch.full_like(p, -(epsilon * 2**20 + 10 / 1024)))


def test_a_rule_that_fails_fails_in_its_own_words():
    params = parameters()
    with pytest.raises(AttributeError, match="'Wrong' object has no attribute 'rate'"):
        go(ladera.torch.optimizer(params, Wrong()), params, [1])


class Step(NamedTuple):
    step: Any


class Mine(Rule):
    lr: float = 0.1

    def init(self, x):
        return Step(x)


def test_a_state_that_takes_a_name_of_the_optimizers_is_refused():
    with pytest.raises(UsageError, match="mine names a part of its state 'step'"):
        ladera.torch.optimizer(parameters(), Mine())


@pytest.mark.parametrize("library", ["torch", "optax"])
def test_a_missing_library_is_an_import_error_with_the_way_out(library):
    code = f"""
import sys
sys.modules["{library}"] = None
import ladera
try:
    ladera.{library}
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f'pip install "ladera[{library}]"' in done.stdout


def test_is_imported_when_it_is_used():
    code = "import sys, ladera; print('torch' in sys.modules, ladera.torch.optimizer, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False <function")
    assert done.stdout.rstrip().endswith("True")


def test_a_training_loop_of_pytorchs():
    """A module, mini-batches, weights under weight decay and biases without, a schedule: it learns."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    x = torch.randn(64, 2)
    y = (x[:, :1] * x[:, 1:]).detach()
    weights = [p for p in model.parameters() if p.ndim == 2]
    biases = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": weights}, {"params": biases, "weight_decay": 0.0}]
    optimizer = ladera.torch.optimizer(groups, AdamW(lr=0.02))
    scheduler = lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=200)
    losses = []
    with warnings.catch_warnings(action="error"):
        for _ in range(200):
            optimizer.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]

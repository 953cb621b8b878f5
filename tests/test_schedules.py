"""Schedules against PyTorch, optax and Keras in float64, over all sorts of settings; and their text."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax
import keras
import numpy as np
import optax
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler as of_torch

from ladera import rules, schedules, solvers, surfaces
from ladera.base import UsageError
from ladera.schedules import CONSTANT, Schedule, Schedules

S = schedules
NAMES = [name for name in schedules.names() if not schedules.get(name).reacts]  # plateau: test_epoch_end
Make = Callable[[torch.optim.Optimizer], of_torch.LRScheduler]


def by_torch(make: Make, n: int, every: int = 1, momentum: bool = False) -> np.ndarray:
    """What a scheduler of PyTorch makes of a learning rate of 1 (or of a momentum) at n steps, stepped
    every so many."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=1.0)
    with warnings.catch_warnings():  # PyTorch's own: SequentialLR steps its parts by number
        warnings.simplefilter("ignore")
        scheduler = make(optimizer)
        found = []
        for t in range(n):
            found.append(optimizer.param_groups[0]["momentum" if momentum else "lr"])
            optimizer.step()
            if (t + 1) % every == 0:
                scheduler.step()
    return np.array([float(value) for value in found])


def by_optax(schedule: optax.Schedule, n: int) -> np.ndarray:
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        return np.array([float(np.asarray(schedule(np.int64(t)))) for t in range(n)])


def by_keras(schedule: keras.optimizers.schedules.LearningRateSchedule, n: int) -> np.ndarray:
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        return np.array([float(schedule(t)) for t in range(n)])


# ---- who judges: a schedule, n, s -> what another library says, one or two of them ---------------------


def _step(one: S.Step, n: int, s: int) -> Iterator[np.ndarray]:
    if one.every == int(one.every):
        yield by_torch(lambda o: of_torch.StepLR(o, int(one.every), one.factor), n, every=s)
    yield by_torch(lambda o: of_torch.StepLR(o, max(1, round(one.every * s)), one.factor), n)


def _exponential(one: S.Exponential, n: int, s: int) -> Iterator[np.ndarray]:
    yield by_torch(lambda o: of_torch.ExponentialLR(o, one.rate ** (1 / s)), n)
    yield by_optax(optax.exponential_decay(1.0, s, one.rate), n)


def _inverse_time(one: S.InverseTime, n: int, s: int) -> Iterator[np.ndarray]:
    floatx = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield by_keras(keras.optimizers.schedules.InverseTimeDecay(1.0, s, one.decay), n)
    keras.config.set_floatx(floatx)


def _polynomial(one: S.Polynomial, n: int, s: int) -> Iterator[np.ndarray]:
    yield by_optax(optax.polynomial_schedule(1.0, one.end, one.power, n), n)
    if one.end == 0:
        yield by_torch(lambda o: of_torch.PolynomialLR(o, n, one.power), n)


def _cosine(one: S.Cosine, n: int, s: int) -> Iterator[np.ndarray]:
    yield by_torch(lambda o: of_torch.CosineAnnealingLR(o, n, one.end), n)
    yield by_optax(optax.cosine_decay_schedule(1.0, n, one.end), n)


def _warm_restarts(one: S.WarmRestarts, n: int, s: int) -> Iterator[np.ndarray]:
    first = max(1, round(one.period * s))
    yield by_torch(lambda o: of_torch.CosineAnnealingWarmRestarts(o, first, int(one.multiplier), one.end), n)


def _cyclic(one: S.Triangular, n: int, s: int) -> Iterator[np.ndarray]:
    mode: Any = {"exp-range": "exp_range"}.get(one.name(), one.name())
    gamma = one.decay ** (1 / s) if isinstance(one, S.ExpRange) else 1.0
    half = max(1, round(one.half * s))
    yield by_torch(
        lambda o: of_torch.CyclicLR(o, one.low, 1.0, half, mode=mode, gamma=gamma, cycle_momentum=False), n
    )


def _one_cycle(one: S.OneCycle, n: int, s: int) -> Iterator[np.ndarray]:
    yield by_torch(lambda o: _torch_one_cycle(one, n, o), n)


def _torch_one_cycle(one: S.OneCycle, n: int, optimizer: torch.optim.Optimizer) -> of_torch.OneCycleLR:
    assume(one.warmup * n != 1)  # PyTorch divides by zero where the peak is at step 0
    return of_torch.OneCycleLR(
        optimizer,
        1.0,
        total_steps=n,
        pct_start=one.warmup,
        div_factor=1 / one.start,
        final_div_factor=one.start / one.end,
        base_momentum=one.momentum,
        max_momentum=1.0,
    )


def _linear(o: torch.optim.Optimizer, first: float, last: float, steps: int) -> of_torch.LinearLR:
    return of_torch.LinearLR(o, first, last, max(steps, 1))


def _warmup(one: S.Warmup, n: int, s: int) -> Iterator[np.ndarray]:
    rise = round(one.warmup * n)
    if rise:
        yield by_torch(lambda o: _linear(o, one.start, 1.0, rise), n)
    yield by_optax(optax.warmup_constant_schedule(one.start if rise else 1.0, 1.0, rise), n)


def _warmup_cosine(one: S.WarmupCosine, n: int, s: int) -> Iterator[np.ndarray]:
    rise = round(one.warmup * n)
    if 0 < rise < n:
        yield by_torch(
            lambda o: of_torch.SequentialLR(
                o,
                [_linear(o, one.start, 1.0, rise), of_torch.CosineAnnealingLR(o, n - rise, one.end)],
                [rise],
            ),
            n,
        )
        yield by_optax(optax.warmup_cosine_decay_schedule(one.start, 1.0, rise, n, one.end), n)


def _warmup_stable_decay(one: S.WarmupStableDecay, n: int, s: int) -> Iterator[np.ndarray]:
    rise, fall = round(one.warmup * n), min(round(one.decay * n), n - round(one.warmup * n))
    parts = [
        optax.linear_schedule(one.start if rise else 1.0, 1.0, rise),
        optax.constant_schedule(1.0),
        optax.linear_schedule(1.0, one.end, fall),
    ]
    yield by_optax(optax.join_schedules(parts, [rise, n - fall]), n)


JUDGES: dict[str, Callable[..., Iterator[np.ndarray]]] = {
    "constant": lambda one, n, s: iter([np.ones(n)]),
    "step": _step,
    "exponential": _exponential,
    "inverse-time": _inverse_time,
    "polynomial": _polynomial,
    "cosine": _cosine,
    "warm-restarts": _warm_restarts,
    "triangular": _cyclic,
    "triangular2": _cyclic,
    "exp-range": _cyclic,
    "one-cycle": _one_cycle,
    "warmup": _warmup,
    "warmup-cosine": _warmup_cosine,
    "warmup-stable-decay": _warmup_stable_decay,
}


def agrees(one: Schedule, n: int, s: int) -> bool:
    mine = one.factors(n, s)
    assert mine.shape == (n,)
    assert mine.dtype == np.float64
    said = list(JUDGES[one.name()](one, n, s))
    return all(np.allclose(mine, other, rtol=0, atol=1e-12) for other in said)


@st.composite
def made(draw: st.DrawFn, name: str) -> Schedule:
    """A schedule of that name with any numbers of its domains."""
    cls, values = schedules.get(name), {}
    for field, domain in cls.domains().items():
        low, high = domain.low, min(domain.high, 20.0)
        if field == "multiplier":
            values[field] = float(draw(st.integers(1, 4)))
        elif field == "every" and draw(st.booleans()):
            values[field] = float(draw(st.integers(1, 5)))
        elif high == 1:
            values[field] = draw(st.floats(0.01 if field != "end" else 1e-6, 0.99))
        else:
            values[field] = draw(st.floats(max(low, 0.05), high))
    if name == "warmup-stable-decay":
        values["decay"] *= 1 - values["warmup"]
    return cls(**values)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_others_say_the_same(name, data):
    one = data.draw(made(name))
    n, s = data.draw(st.integers(2, 70)), data.draw(st.integers(1, 9))
    assert agrees(one, n, s)
    factors = one.factors(n, s)
    assert (factors >= 0).all()
    assert (factors <= 1).all()


@settings(max_examples=15, deadline=None)
@given(one=made("one-cycle"), n=st.integers(2, 70))
def test_momentum_goes_the_other_way_as_in_torch(one, n):
    theirs = by_torch(lambda o: _torch_one_cycle(one, n, o), n, momentum=True)
    np.testing.assert_allclose(one.companion_factors(n, 1), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_at_its_defaults_and_at_its_shortest(name):
    one = schedules.make(name)
    assert agrees(one, 60, 3)
    for n in (1, 2, 3):
        assert np.isfinite(one.factors(n, 1)).all()
        assert np.isfinite(one.companion_factors(n, 1)).all()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_pasted_computes_the_same(name, data):
    one = data.draw(made(name))
    n, s = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 9))
    names: dict[str, Any] = {"xp": np, "math": math}
    exec("\n    ".join(["def f(t):", *one.written(n, s)]), names)
    pasted = [float(names["f"](t)) for t in range(n)]
    np.testing.assert_allclose(pasted, one.factors(n, s), rtol=0, atol=1e-13)


# ---- plausible slips, each of which a judge must reject ------------------------------------------------


def _shifted(cls: type[Schedule], by: int) -> type:
    return type("M", (), {"at": lambda self, t, n, s: cls.at(self, np.maximum(t + by, 0), n, s)})


def _of_length(cls: type[Schedule], longer: int) -> type:
    return type("M", (), {"at": lambda self, t, n, s: cls.at(self, t, n + longer, s)})


def _of_epochs(cls: type[Schedule]) -> type:
    return type("M", (), {"at": lambda self, t, n, s: cls.at(self, t, n, s + 1)})


def _with(cls: type[Schedule], change: Callable[[Any], dict[str, float]]) -> type:
    return type("M", (), {"at": lambda self, t, n, s: cls.at(self.replace(**change(self)), t, n, s)})


def _by(function: Callable[..., np.ndarray]) -> type:
    return type("M", (), {"at": function})


OF_EPOCHS = ("step", "exponential", "inverse-time", "warm-restarts", "triangular", "triangular2", "exp-range")
OF_LENGTH = [name for name in NAMES if name not in (*OF_EPOCHS, "constant")]
SPECIAL = {
    "step-smooth": ("step", _by(lambda o, t, n, s: o.factor ** (t / (o.every * s)))),
    "exponential-staircase": ("exponential", _by(lambda o, t, n, s: o.rate ** (t // s))),
    "exponential-natural": ("exponential", _by(lambda o, t, n, s: np.exp(-(1 - o.rate) * t / s))),
    "inverse-of-steps": ("inverse-time", _by(lambda o, t, n, s: 1 / (1 + o.decay * t))),
    "polynomial-end-added": ("polynomial", _by(lambda o, t, n, s: o.end + (1 - t / n) ** o.power)),
    "polynomial-rising": ("polynomial", _by(lambda o, t, n, s: 1 - (1 - o.end) * (t / n) ** o.power)),
    "cosine-whole-wave": (
        "cosine",
        _by(lambda o, t, n, s: o.end + (1 - o.end) * (1 + np.cos(2 * np.pi * t / n)) / 2),
    ),
    "cosine-end-ignored": ("cosine", _with(S.Cosine, lambda o: {"end": 0.0})),
    "restarts-never-longer": ("warm-restarts", _with(S.WarmRestarts, lambda o: {"multiplier": 1.0})),
    "restarts-longer-by-one": (
        "warm-restarts",
        _with(S.WarmRestarts, lambda o: {"multiplier": o.multiplier + 1}),
    ),
    "triangle-upside-down": ("triangular", _by(lambda o, t, n, s: 1 + o.low - S.Triangular.at(o, t, n, s))),
    "triangle-whole-period": ("triangular", _with(S.Triangular, lambda o: {"half": o.half / 2})),
    "triangle-low-added": (
        "triangular",
        _by(lambda o, t, n, s: o.low + S.Triangular.at(o.replace(low=1e-300), t, n, s)),
    ),
    "triangular2-never-lower": ("triangular2", type("M", (), {"height": S.Triangular.height})),
    "triangular2-too-soon": ("triangular2", type("M", (), {"height": lambda o, t, n, s: 0.5 ** (t // s)})),
    "exp-range-of-steps": ("exp-range", type("M", (), {"height": lambda o, t, n, s: o.decay**t})),
    "one-cycle-peak-late": (
        "one-cycle",
        _with(S.OneCycle, lambda o: {"warmup": min(o.warmup * 1.05, 0.99)}),
    ),
    "one-cycle-ends-where-it-began": ("one-cycle", _with(S.OneCycle, lambda o: {"end": o.start})),
    "warmup-from-zero": ("warmup", _with(S.Warmup, lambda o: {"start": 1e-9})),
    "warmup-a-step-early": (
        "warmup",
        _by(
            lambda o, t, n, s: np.minimum(1, o.start + (1 - o.start) * (t + 1) / max(1, round(o.warmup * n)))
        ),
    ),
    "warmup-of-what-is-left": (
        "warmup-cosine",
        _by(
            lambda o, t, n, s: np.where(
                t < round(o.warmup * n),
                S.WarmupCosine.at(o, t, n, s),
                o.end + (1 - o.end) * (1 + np.cos(np.pi * t / n)) / 2,
            )
        ),
    ),
    "warmup-cosine-swapped": (
        "warmup-cosine",
        _with(S.WarmupCosine, lambda o: {"end": o.start, "start": max(o.end, 1e-9)}),
    ),
    "wsd-swapped": (
        "warmup-stable-decay",
        _with(S.WarmupStableDecay, lambda o: {"warmup": o.decay, "decay": o.warmup}),
    ),
    "wsd-decay-of-what-is-left": (
        "warmup-stable-decay",
        _with(S.WarmupStableDecay, lambda o: {"decay": o.decay * (1 - o.warmup)}),
    ),
}
MUTANTS = {
    **{f"{name}{by:+d}": (name, _shifted(S.get(name), by)) for name in NAMES[1:] for by in (1, -1)},
    **{f"{name}-n{by:+d}": (name, _of_length(S.get(name), by)) for name in OF_LENGTH for by in (1, -1)},
    **{f"{name}-s+1": (name, _of_epochs(S.get(name))) for name in OF_EPOCHS},
    **SPECIAL,
}
MUTANTS = {key: pair for key, pair in MUTANTS.items() if pair[0] != "constant"}
# Numbers of which none is a default, none is 0 and no two are alike, in the order of the fields.
SETTINGS = {
    "step": (0.3, 2.0),
    "exponential": (0.7,),
    "inverse-time": (0.6,),
    "polynomial": (1.7, 0.2),
    "cosine": (0.2,),
    "warm-restarts": (1.0, 2.0, 0.2),
    "triangular": (2.0, 0.3),
    "triangular2": (1.0, 0.3),
    "exp-range": (2.0, 0.3, 0.6),
    "one-cycle": (0.35, 0.1, 0.01, 0.8),
    "warmup": (0.3, 0.1),
    "warmup-cosine": (0.3, 0.2, 0.1),
    "warmup-stable-decay": (0.3, 0.4, 0.2, 0.1),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_slip_is_rejected(mutant):
    name, slip = MUTANTS[mutant]
    right = schedules.get(name)
    wrong = type(right.__name__, (slip, right), {})
    numbers = dict(zip(right.defaults(), SETTINGS[name], strict=True))
    lengths = (40, 45, 48)  # a share of a step more is no step more everywhere
    assert all(agrees(right(**numbers), n, 4) for n in lengths)
    assert not all(agrees(wrong(**numbers), n, 4) for n in lengths)


# ---- the text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_text_reads_back_as_the_schedule(name, data):
    one = data.draw(made(name))
    assert schedules.make(str(one)) == one
    both = Schedules.of({"lr": one, "b1": "warmup:0.2"})
    assert Schedules.of(str(both)) == both
    assert hash(Schedules.of(str(both))) == hash(both)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("cosine", "cosine"),
        (" Cosine:0.01 ", "cosine:0.01"),
        ("cosine:0", "cosine"),
        ("step:0.5,10", "step:every=10"),
        ("step:0.1,10", "step:0.1,10"),
        ("warmup-cosine:0.1", "warmup-cosine"),
        ("warmup-cosine:0.2", "warmup-cosine:0.2"),
        ("one-cycle:0.3,end=0", "one-cycle:end=0"),
        ("lr=cosine", "cosine"),
        ("b1=warmup:0.2", "b1=warmup:0.2"),
        ("b1=warmup:0.2 cosine", "lr=cosine b1=warmup:0.2"),
        ("lr=cosine:end=0.1", "cosine:0.1"),
        ("constant", "constant"),
        ("lr=constant b1=constant", "constant"),
    ],
)
def test_texts_and_what_is_printed_of_them(text, printed):
    assert str(Schedules.of(text)) == printed


def test_values_and_classes_are_schedules_too():
    assert Schedules.of(S.Cosine) == Schedules.of(S.Cosine()) == Schedules.of({"lr": "cosine"})
    assert Schedules.of(CONSTANT).constant
    assert not Schedules.of("cosine").constant


def test_a_table_moves_what_is_scheduled_and_what_goes_along():
    numbers = ("lr", "b1", "b2")
    table = Schedules.of("cosine").table(numbers, 10, 2)
    np.testing.assert_array_equal(table[:, 0], S.Cosine().factors(10, 2))
    assert (table[:, 1:] == 1).all()
    cycle = S.OneCycle()
    table = Schedules.of("one-cycle").table(numbers, 10, 2)
    np.testing.assert_array_equal(table[:, 1], cycle.companion_factors(10, 2))
    assert (table[:, 2] == 1).all()
    own = Schedules.of("one-cycle b1=cosine").table(numbers, 10, 2)  # its own schedule goes before
    np.testing.assert_array_equal(own[:, 1], S.Cosine().factors(10, 2))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("cosin", ["cosin", "'cosine'"]),
        ("", ["nearest"]),
        ("lr=cosinus", ["cosinus", "'cosine'"]),
        ("cosine:1", ["end in [0, 1)", "1.0"]),
        ("cosine:-0.1", ["end in [0, 1)"]),
        ("cosine:nan", ["end in [0, 1)"]),
        ("cosine:x", ["cosine", "end", "'x'"]),
        ("cosine:0.1,0.2", ["at most 1", "0.1,0.2"]),
        ("cosine:0.1,end=0.2", ["once", "end"]),
        ("cosine:ned=0.1", ["ned", "'end'"]),
        ("step:0", ["factor in (0, 1)"]),
        ("constant:1", ["at most 0"]),
        ("warm-restarts:2,1.5", ["whole number", "1.5"]),
        ("warmup-stable-decay:0.6,0.6", ["at most 1", "0.6"]),
        ("cosine lr=cosine", ["one schedule", "lr"]),
        (3, ["3", "cosine"]),
        ({"lr": None}, ["None"]),
    ],
)
def test_what_is_no_schedule_is_refused_in_a_sentence(asked, words):
    with pytest.raises(UsageError) as refused:
        Schedules.of(asked)
    said = str(refused.value)
    assert all(word in said for word in words), said
    assert "\n" not in said


def test_no_name_is_anothers():
    others = {*rules.names(), *rules.wrappers(), *solvers.names(), *surfaces.names()}
    assert not others & set(NAMES)


def test_lengths_that_no_training_reaches():
    for text in ("step:0.5,1e300", "warm-restarts:1e300,1e300", "triangular:1e300", "warm-restarts:1,1e300"):
        assert np.isfinite(schedules.make(text).factors(50, 3)).all()

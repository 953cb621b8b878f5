"""What is asked: names that say everything, grids of learning rates, requests that make no sense."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera import configs, rules, solvers
from ladera.base import UsageError
from ladera.configs import Configuration, Optimizer
from ladera.rules import Positive, Rule

FIXED = settings(derandomize=True, database=None, deadline=None, max_examples=200)

ASKED = {"problem": {"data": "digits", "network": "mlp:64,64"}, "epochs": 20, "batch": 32, "schema": 1}
ADAM = Configuration(Optimizer.of(rules.Adam()), 0.003, 7, "tune")

# ---- names -------------------------------------------------------------------------------------


def test_a_name_reads_and_ends_in_the_hash_of_what_was_asked():
    text = (
        '{"batch":32,"epochs":20,"hyperparameters":{},"lr":0.003,'
        '"problem":{"data":"digits","network":"mlp:64,64"},"reads_test":false,'
        f'"rule":"adam-{rules.Adam.version}","schema":1,"seed":7}}'
    )
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    assert ADAM.name(ASKED) == f"adam-lr3e-3-s7-{digest}"


def test_a_name_is_the_same_in_another_process():
    """Whatever the order of the dictionaries and of the hashes of texts."""
    code = (
        "from ladera import rules\n"
        "from ladera.configs import Configuration, Optimizer\n"
        f"asked = dict(reversed({ASKED!r}.items()))\n"
        "rule = rules.Adam(b2=0.99, b1=0.8)\n"
        "print(Configuration(Optimizer.of(rule), 0.003, 7, 'tune').name(asked))"
    )
    command = [sys.executable, "-c", code]
    names = {
        subprocess.run(
            command, check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("1", "2")
    }
    adam = Configuration(Optimizer.of(rules.Adam(b1=0.8, b2=0.99)), 0.003, 7, "tune")
    assert names == {adam.name(ASKED)}


def changed(table: dict, *path: str, to: object) -> dict:
    first, *rest = path
    return {**table, first: changed(table[first], *rest, to=to) if rest else to}


@pytest.mark.parametrize(
    "other",
    [
        (dataclasses.replace(ADAM, seed=8), ASKED),
        (dataclasses.replace(ADAM, lr=0.0030000000000000005), ASKED),  # one bit
        (dataclasses.replace(ADAM, purpose="test"), ASKED),
        (dataclasses.replace(ADAM, optimizer=Optimizer.of(rules.Adam(b1=0.8))), ASKED),
        (dataclasses.replace(ADAM, optimizer=Optimizer.of(rules.Adam(eps=1e-9))), ASKED),
        (dataclasses.replace(ADAM, optimizer=Optimizer.of(rules.RAdam())), ASKED),
        (ADAM, changed(ASKED, "epochs", to=21)),
        (ADAM, changed(ASKED, "batch", to=64)),
        (ADAM, changed(ASKED, "schema", to=2)),
        (ADAM, changed(ASKED, "problem", "network", to="mlp:64")),
        (ADAM, changed(ASKED, "problem", "new", to=None)),
    ],
    ids=str,
)
def test_whatever_is_asked_otherwise_changes_the_hash(other):
    configuration, asked = other
    hashes = {one.name(what).rpartition("-")[2] for one, what in ((ADAM, ASKED), (configuration, asked))}
    assert len(hashes) == 2


def test_a_flag_and_a_version_change_the_hash(monkeypatch):
    rmsprop = [
        Configuration(Optimizer.of(r), 0.01, 0, "tune")
        for r in (rules.RMSprop(), rules.RMSprop(centered=True))
    ]
    assert rmsprop[0].name(ASKED)[-8:] != rmsprop[1].name(ASKED)[-8:]
    before = ADAM.name(ASKED)
    monkeypatch.setattr(rules.Adam, "version", rules.Adam.version + 1)
    assert ADAM.name(ASKED)[-8:] != before[-8:]


def test_defaults_and_the_rate_of_the_rule_itself_do_not_change_the_name():
    same = Configuration(Optimizer.of(rules.Adam(lr=0.5, b1=0.9, eps=1e-8)), 0.003, 7, "report")
    assert same.name(ASKED) == ADAM.name(ASKED)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (rules.Adam(lr=0.5), "adam"),
        (rules.Adam(b2=0.99, b1=0.8), "adam-b1=0.8-b2=0.99"),
        (rules.Adam(b2=0.9999999), "adam-b2=0.9999999"),
        (rules.Momentum(momentum=0.0), "momentum-momentum=0"),
        (rules.RMSprop(centered=True, momentum=0.9, eps=1e-6), "rmsprop-eps=1e-6-momentum=0.9-centered=True"),
    ],
)
def test_an_optimizer_is_named_after_what_is_not_its_default(rule, name):
    assert sorted(Optimizer.of(rule).name.split("-")) == sorted(name.split("-"))


class Moded(Rule):
    lr: Positive = 0.1
    mode: str = "plain"

    def step(self, t, g, s, x):
        return s, x - self.lr * g


SAFE = re.compile(r"[\w.+=-]+")


@pytest.mark.parametrize("mode", ["a/b", "../up", "a b", "C:\\x", "a\0b", "ñ", "x*?"])
def test_names_are_safe_as_names_of_files(mode):
    name = Optimizer.of(Moded(mode=mode)).name
    assert SAFE.fullmatch(name)
    assert name != Optimizer.of(Moded()).name


@FIXED
@given(lr=st.floats(min_value=0, exclude_min=True, allow_infinity=False), seed=st.integers(0, 10**9))
def test_names_of_runs_are_safe_and_say_their_seed_and_rate(lr, seed):
    name = dataclasses.replace(ADAM, lr=lr, seed=seed).name(ASKED)
    assert SAFE.fullmatch(name)
    said = re.fullmatch(r"adam-lr(.+)-s(\d+)-[0-9a-f]{8}", name)
    assert int(said[2]) == seed
    assert float(said[1]) == pytest.approx(lr, rel=1e-5)


def test_the_rule_of_a_configuration_is_at_its_rate():
    one = Configuration(Optimizer.of(rules.Adam(b1=0.8)), 0.25, 0, "tune")
    assert one.rule == rules.Adam(lr=0.25, b1=0.8)


# ---- grids -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", rules.names())
def test_the_automatic_grid_is_centred_on_the_rules_own_rate(name):
    rule = rules.get(name)()
    rates = configs.grid("auto", rule)
    assert len(rates) == 9
    assert rates[0] * rates[8] == pytest.approx(rates[4] ** 2)
    assert rule.lr / rates[4] == pytest.approx(1, rel=0.8)  # on the nearest rung
    assert {f"{rate:e}"[0] for rate in rates} == {"1", "3"}
    assert rates[8] / rates[0] == pytest.approx(1e4)


def test_the_automatic_grid_of_adam():
    assert configs.grid("auto", rules.Adam()) == (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
    assert configs.grid(" auto ", rules.Adam(lr=0.002)) == configs.grid("auto", rules.Adam(lr=0.003))


@pytest.mark.parametrize(
    ("asked", "rates"),
    [
        ("0.1,0.01", (0.01, 0.1)),
        (" 1e-1 , .01", (0.01, 0.1)),
        ("0.1", (0.1,)),
        ("0.1,0.1,1e-1", (0.1,)),
        (0.1, (0.1,)),
        (1, (1.0,)),
        ([0.3, 0.1], (0.1, 0.3)),
        (np.array([0.5, 0.25]), (0.25, 0.5)),
        (np.float32(0.5), (0.5,)),
        ({0.5, 0.25}, (0.25, 0.5)),
        ("1e-4:1e0:5", (1e-4, 1e-3, 1e-2, 1e-1, 1.0)),
        ("0.0012345:1:2", (0.0012345, 1.0)),
        ("1e-300:1e300:3", (1e-300, 1.0, 1e300)),
    ],
)
def test_grids_that_are_asked_for(asked, rates):
    assert configs.grid(asked, rules.SGD()) == rates


positive = st.floats(1e-12, 1e6)


@FIXED
@given(low=positive, ratio=st.floats(1.0001, 1e12), count=st.integers(2, 60))
def test_a_geometric_grid_rises_in_even_steps_from_edge_to_edge(low, ratio, count):
    high = low * ratio
    rates = configs.grid(f"{low!r}:{high!r}:{count}", rules.SGD())
    assert len(rates) == count
    assert (rates[0], rates[-1]) == (low, high)
    steps = np.diff(np.log(rates))
    assert (steps > 0).all()
    np.testing.assert_allclose(
        steps, math.log(ratio) / (count - 1), atol=math.log(ratio) / (count - 1) * 1.001
    )
    np.testing.assert_allclose(rates, np.geomspace(low, high, count), rtol=6e-3)


@FIXED
@given(st.lists(positive, min_size=1, max_size=20))
def test_a_listed_grid_is_what_was_listed_in_order(rates):
    for asked in (rates, ",".join(map(repr, rates))):
        assert configs.grid(asked, rules.SGD()) == tuple(sorted(set(rates)))


WRONG_RATES = [
    *("0", "-0.1", "0.1,-1", "nan", "inf", "0.1,inf", "ten", "", " ", ",", "0.1,", "0.1;0.2", "Auto"),
    *(0, -1.0, math.nan, math.inf, None, [], [0.1, 0.0], [0.1, None], [[0.1]], np.array(0.1), {}),
    *(10**400, [10**400], (k for k in (0.1, 0.2)), object()),
]


@pytest.mark.parametrize("asked", WRONG_RATES, ids=lambda value: f"{type(value).__name__}-{value!r:.12}")
def test_rates_that_are_not_positive_numbers_are_refused(asked):
    with pytest.raises(UsageError) as caught:
        configs.grid(asked, rules.SGD())
    start, end = str(caught.value).split(", received ")
    assert start == "Learning rates are positive numbers (at most 1000 of them)"
    assert end.endswith("; for example 0.1,0.01 or 1e-4:1e0:9 or auto.")
    if isinstance(asked, (str, int, float)):
        assert str(asked)[:10] in end


def test_too_many_rates_are_refused_without_listing_them():
    assert len(configs.grid(list(range(1, 1001)), rules.SGD())) == 1000
    with pytest.raises(
        UsageError, match=r"\(at most 1000 of them\), received '\[1, 2, .*\.\.\.\]'"
    ) as caught:
        configs.grid(list(range(1, 1002)), rules.SGD())
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "asked",
    [
        *("1:0.1:5", "0.1:0.1:5", "0:1:5", "-1:1:5", "nan:1:5", "1e-3:inf:5", "1e-3:nan:5"),
        *("1e-3:1:0", "1e-3:1:1", "1e-3:1:-3", "1e-3:1:1001", "1e-3:1:2.5", "1e-3:1:many"),
        *("1e-3:1", "1e-3:1:3:4", ":", "::", "a:b:3", "0.1,0.2:3:4"),
    ],
)
def test_geometric_grids_that_make_no_sense_are_refused(asked):
    with pytest.raises(UsageError) as caught:
        configs.grid(asked, rules.SGD())
    assert str(caught.value) == (
        "A grid of learning rates is low:high:count with 0 < low < high and a count from 2 to 1000, "
        f"received '{asked}'; for example 1e-4:1e0:9."
    )


# ---- widening ----------------------------------------------------------------------------------


@st.composite
def grids(draw) -> list[float]:
    """Ascending rates, evenly spaced or not, from a hundredth of a per cent to decades apart."""
    rates = [draw(st.floats(1e-8, 1.0))]
    for ratio in draw(st.lists(st.floats(1.0001, 100.0), max_size=9)):
        rates.append(rates[-1] * ratio)
    return rates


@settings(FIXED, max_examples=500)
@given(rates=grids(), which=st.integers(0, 9), count=st.integers(1, 5))
def test_widening_adds_as_many_new_rates_where_the_best_one_lies(rates, which, count):
    best = rates[which % len(rates)]
    added = configs.widened(rates, best, count)
    assert len(added) == count  # the same for every optimizer: budgets stay equal
    assert not set(added) & set(rates)
    assert list(added) == sorted(added)
    if best == rates[-1]:
        assert added[0] > best
    elif best == rates[0]:
        assert 0 < added[-1] < best
    else:
        at = rates.index(best)
        below = [rate for rate in added if rates[at - 1] < rate < best]
        above = [rate for rate in added if best < rate < rates[at + 1]]
        assert below + above == list(added)
        assert len(below) - len(above) in (0, 1)


@settings(FIXED, max_examples=100)
@given(rates=grids(), which=st.lists(st.integers(0, 100), min_size=4, max_size=4))
def test_widening_again_and_again_never_repeats_a_rate(rates, which):
    for k in which:
        rates = sorted([*rates, *configs.widened(rates, rates[k % len(rates)], 2)])
    assert all(low < high for low, high in itertools.pairwise(rates))


@pytest.mark.parametrize(
    ("rates", "best", "added"),
    [
        ((0.03, 0.1, 0.3), 0.3, (1.0, 3.0)),  # a 1-3-10 ladder goes on as one
        ((0.03, 0.1, 0.3), 0.03, (0.003, 0.01)),
        ((0.03, 0.1, 0.3), 0.1, (0.055, 0.17)),
        ((0.003, 0.03, 0.3), 0.3, (3.0, 30.0)),
        ((0.1, 0.2, 0.4), 0.4, (0.8, 1.6)),
        ((0.1,), 0.1, (0.3, 1.0)),
        ((0.1, 0.101, 0.102), 0.102, (0.103, 0.104)),  # closer together than two digits can tell
        ((0.1, 0.101, 0.102), 0.101, (0.1005, 0.1015)),
    ],
)
def test_widened_by_two(rates, best, added):
    assert configs.widened(rates, best, 2) == added


# ---- optimizers --------------------------------------------------------------------------------


def names(asked) -> list[str]:
    return [optimizer.name for optimizer in configs.optimizers(asked)]


def test_all_is_every_rule():
    assert names("all") == rules.names()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("adam", ["adam"]),
        ("sgd, adam,", ["sgd", "adam"]),
        ("Adam,SGD", ["adam", "sgd"]),
        (["sgd", rules.Adam, rules.Adam(b1=0.8)], ["sgd", "adam", "adam-b1=0.8"]),
        (("sgd",), ["sgd"]),
        (rules.Adam, ["adam"]),
        (rules.Adam(b1=0.8), ["adam-b1=0.8"]),
    ],
    ids=str,
)
def test_optimizers_by_name_class_and_value(asked, expected):
    assert names(asked) == expected
    if isinstance(asked, (list, tuple)):
        assert names(iter(asked)) == expected


def test_optimizers_from_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from ladera.rules import Positive, Rule\n\n"
        "class Signed(Rule):\n    lr: Positive = 0.1\n\n"
        "    def step(self, t, g, s, x):\n        return s, x - self.lr*g\n"
    )
    assert names(f"adam, {path}:Signed") == ["adam", "signed"]
    with pytest.raises(UsageError) as caught:
        configs.optimizers(f"{path}:Missing")
    assert str(caught.value) == (
        f"The file '{path}' holds no rule 'Missing' (a class that derives from ladera.rules.Rule); "
        "it holds: Signed."
    )
    with pytest.raises(UsageError) as caught:
        configs.optimizers(f"{tmp_path}/none.py:Signed")
    assert str(caught.value) == f"There is no file '{tmp_path}/none.py' to take the rule 'Signed' from."


class Rateless(Rule):
    step_size: Positive = 0.1

    def step(self, t, g, s, x):
        return s, x - self.step_size * g


KNOWN = f"(known: {', '.join(sorted({*rules.names(), *solvers.names(), 'gauss-newton', 'kfac'}))})"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("adm", f"There is no optimizer 'adm'; the nearest name is 'adam' {KNOWN}."),
        ("sgd,Nestrov", f"There is no optimizer 'Nestrov'; the nearest name is 'nesterov' {KNOWN}."),
        ("adam,sgd,adam", "The optimizer 'adam' is asked for twice; name each one once."),
        ("adam,Adam", "The optimizer 'adam' is asked for twice; name each one once."),
        (
            [rules.Adam(lr=0.1), rules.Adam(lr=0.2)],
            "The optimizer 'adam' is asked for twice; name each one once.",
        ),
        ("", "A comparison needs at least one optimizer, received none; 'all' takes every rule."),
        (" , ", "A comparison needs at least one optimizer, received none; 'all' takes every rule."),
        ([], "A comparison needs at least one optimizer, received none; 'all' takes every rule."),
        (None, "An optimizer is a name, a rule, a rule class or 'file.py:Rule', received None."),
        (5, "An optimizer is a name, a rule, a rule class or 'file.py:Rule', received 5."),
        (["sgd", 5], "An optimizer is a name, a rule, a rule class or 'file.py:Rule', received 5."),
        (str, "An optimizer is a name, a rule, a rule class or 'file.py:Rule', received <class 'str'>."),
        (
            [Rateless()],
            "A comparison sweeps the learning rate, and the rule Rateless has no hyperparameter 'lr' with a "
            "domain; give it one, such as 'lr: Positive = 0.01'.",
        ),
    ],
    ids=str,
)
def test_requests_that_make_no_sense_are_refused(asked, sentence):
    with pytest.raises(UsageError) as caught:
        configs.optimizers(asked)
    assert str(caught.value) == sentence

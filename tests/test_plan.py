"""How a study is laid out: which width, one program or many, and cohorts that a resumed study finds again."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera import rules
from ladera.networks import parse, penalties
from ladera.train.plan import Plan, Timing, cache_folder, cohorts, make_plan
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Task, Trial

FIXED = settings(derandomize=True, database=None, deadline=None, max_examples=100)


def task(*hidden: int, epochs: int = 20, **changed) -> Task:
    """Six steps of 16 examples an epoch; of a small network, in 3 µs a step or so."""
    made = Task(
        examples=Path("nowhere"),
        network=parse("mlp:" + ",".join(map(str, hidden or (8,)))),
        shape=(4,),
        outputs=3,
        loss="cross_entropy",
        classifies=True,
        penalty=penalties.Penalty(),
        dropout=0.0,
        target_scale=1.0,
        train_size=96,
        batch=16,
        epochs=epochs,
    )
    return dataclasses.replace(made, **changed)


# ---- cohorts -----------------------------------------------------------------------------------

OPTIMIZERS = {"sgd": rules.SGD(), "adam": rules.Adam(), "adam-b1=0.8": rules.Adam(b1=0.8)}
RECIPES = tuple(dict.fromkeys(Recipe.of(rule) for rule in OPTIMIZERS.values()))
TASK = task()


def trials(counts: Sequence[int]) -> dict[str, list[Trial]]:
    return {
        name: [Trial(f"{name}-s{seed}-0123abcd", rule, seed) for seed in range(count)]
        for (name, rule), count in zip(OPTIMIZERS.items(), counts, strict=False)
    }


studies = st.lists(st.integers(0, 30), min_size=1, max_size=3).map(trials)
plans = st.builds(
    lambda width, together, fillings: Plan(width, together, width * fillings),
    st.sampled_from([1, 2, 5, 8]),
    st.booleans(),
    st.integers(1, 4),
)


@FIXED
@given(plan=plans, asked=studies)
def test_every_trial_is_in_one_cohort_of_its_optimizer(plan, asked):
    cut = cohorts(plan, TASK, "tune", asked, RECIPES)
    for optimizer, mine in asked.items():
        parts = [cohort.trials for cohort in cut if cohort.name.startswith(f"{optimizer}-tune-")]
        assert [trial for part in parts for trial in part] == mine
        assert all(len(part) == plan.cohort for part in parts[:-1])
        assert all(0 < len(part) <= plan.cohort for part in parts[-1:])
    assert sum(len(cohort.trials) for cohort in cut) == sum(map(len, asked.values()))
    assert len({cohort.name for cohort in cut}) == len(cut)
    for cohort in cut:
        mine = Recipe.of(cohort.trials[0].rule)
        assert cohort.recipes == (RECIPES if plan.together else (mine,))
        assert mine in cohort.recipes
        assert (cohort.task, cohort.width, cohort.reads_test) == (TASK, plan.width, False)


@FIXED
@given(plan=plans, asked=studies, data=st.data())
def test_what_is_left_after_some_cohorts_is_cut_as_before(plan, asked, data):
    whole = cohorts(plan, TASK, "tune", asked, RECIPES)
    done = data.draw(st.sets(st.sampled_from([c.name for c in whole])) if whole else st.just(set()))
    finished = {trial.run for cohort in whole if cohort.name in done for trial in cohort.trials}
    left = {name: [t for t in mine if t.run not in finished] for name, mine in asked.items()}
    assert cohorts(plan, TASK, "tune", left, RECIPES) == [c for c in whole if c.name not in done]


@FIXED
@given(plan=plans, other=plans, asked=studies)
def test_a_name_depends_on_the_trials_alone(plan, other, asked):
    def contents(plan: Plan, task: Task, asked: dict[str, list[Trial]]) -> dict[str, tuple[str, ...]]:
        cut = cohorts(dataclasses.replace(plan, cohort=4), task, "tune", asked, RECIPES)
        return {cohort.name: tuple(trial.run for trial in cohort.trials) for cohort in cut}

    mine = contents(plan, TASK, asked)
    backwards = dict(reversed(asked.items()))
    assert mine == contents(other, task(16, batch=8), backwards)
    for name, part in asked.items():
        assert contents(plan, TASK, {name: part}).items() <= mine.items()
    cut = {
        cohort.name: tuple(t.run for t in cohort.trials)
        for cohort in cohorts(other, TASK, "tune", asked, RECIPES)
    }
    assert len({*mine.items(), *cut.items()}) == len({*mine, *cut})  # one name, one content


def test_purposes_keep_apart_and_one_reads_the_test_set():
    asked = trials([3])
    cut: dict[str, Cohort] = {
        purpose: cohorts(Plan(2, False, 4), TASK, purpose, asked, RECIPES)[0]
        for purpose in ("tune", "report", "test")
    }
    assert [purpose for purpose, cohort in cut.items() if cohort.reads_test] == ["test"]
    assert len({cohort.name for cohort in cut.values()}) == 3
    assert all(cohort.name.startswith(f"sgd-{purpose}-") for purpose, cohort in cut.items())
    assert {cohort.checkpoints for cohort in cut.values()} == {None}
    [kept] = cohorts(Plan(2, False, 4), TASK, "tune", asked, RECIPES, Path("kept"))
    assert kept == dataclasses.replace(cut["tune"], checkpoints=Path("kept"))


# ---- the plan ----------------------------------------------------------------------------------

NINE = [Recipe.of(rules.get(name)()) for name in rules.CLASSIC]
ONE = NINE[:1]
SHORT, MEDIUM, LONG = 20, 1000, 30_000  # epochs: less than compiling, seconds, minutes
GROUPS = [45] * 9 + [5] * 9


class Probe:
    """Measures widths without training, and remembers what it was asked for."""

    def __init__(self, seconds: dict[int, float]):
        self.seconds = seconds
        self.asked: list[tuple[list[int], bool]] = []

    def __call__(self, widths: list[int], together: bool) -> list[Timing]:
        self.asked.append((widths, together))
        timings = [Timing(width, self.seconds[width]) for width in widths]
        random.Random(len(self.asked)).shuffle(timings)
        return timings


def even(seconds: float = 1e-6) -> Probe:
    return Probe(dict.fromkeys(range(1, 33), seconds))


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch) -> Path:
    """A machine of which nothing is known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "ladera"
    return tmp_path / "ladera" / "widths"


@pytest.mark.parametrize(
    ("network", "epochs", "widths"),
    [
        ((8,), MEDIUM, [8, 5]),  # 5 fills its lanes with 45 and with 5 seeds
        ((100, 100, 100, 100, 100), MEDIUM // 10, [8, 5]),
        ((200, 300), MEDIUM // 20, [4, 5]),
        ((400, 400), MEDIUM // 50, [1, 4]),
        ((8,), LONG, [8, 1, 2, 4, 16, 32]),
        ((200, 300), LONG // 20, [4, 1, 2, 8, 16]),
        ((400, 400), LONG // 50, [1, 2, 4]),
    ],
)
def test_widths_that_are_measured(network, epochs, widths):
    probe = even()
    make_plan(task(*network, epochs=epochs), GROUPS, ONE, 2, probe)
    assert probe.asked == [(widths, False)]


def test_of_the_widths_that_idle_least_the_widest_is_measured():
    probe = even()
    make_plan(task(epochs=MEDIUM), [30] * 20, ONE, 2, probe)
    assert probe.asked == [([8, 15], False)]


def test_one_seed_of_each_optimizer_leaves_no_lane_idle():
    probe = Probe({4: 1e-6, 1: 1e-6})
    plan = make_plan(task(200, 300, epochs=MEDIUM), [1] * 9, ONE, 2, probe)
    assert probe.asked == [([4, 1], False)]
    assert plan.width == 1


@pytest.mark.parametrize(
    ("network", "epochs", "widths"), [("lstm:8", MEDIUM // 10, [8, 5]), ("lstm:64", MEDIUM // 200, [1, 4])]
)
def test_lanes_of_a_recurrent_network_are_as_large_as_its_work(network, epochs, widths):
    """lstm:64 has 24,000 weights, but leaves 28 moments behind."""
    probe = even()
    make_plan(task(epochs=epochs, network=parse(network), shape=(28, 28)), GROUPS, ONE, 2, probe)
    assert probe.asked == [(widths, False)]


@pytest.mark.parametrize(("share", "width"), [(0.94, 5), (0.96, 8), (1.0, 8)])
def test_noise_does_not_decide_the_width(share, width):
    """Filled by 45 and 5 seeds, 8 lanes do the work of 48 and 8 runs, 5 lanes that of 45 and 5."""
    probe = Probe({8: 1e-6, 5: share * 1e-6 * (48 + 8) / (45 + 5)})
    assert make_plan(task(epochs=MEDIUM), GROUPS, ONE, 2, probe).width == width


@pytest.mark.parametrize(("network", "width"), [((8,), 8), ((200, 300), 4), ((400, 400), 1)])
def test_a_short_study_takes_the_usual_width_unmeasured(network, width, memory):
    probe = even()
    plan = make_plan(task(*network, epochs=1), [5], ONE, 2, probe)
    assert plan.width == width
    assert probe.asked == []
    assert not memory.exists()


def test_a_width_that_is_asked_for_is_taken():
    probe = even()
    for width in (1, 3, 64):
        plan = make_plan(task(epochs=MEDIUM), GROUPS, NINE, 2, probe, width)
        assert plan.width == width
    assert probe.asked == []


@FIXED
@given(
    seconds=st.lists(st.floats(1e-7, 1e-4), min_size=6, max_size=6),
    groups=st.lists(st.integers(1, 60), min_size=1, max_size=20),
)
def test_the_width_is_the_cheapest_if_that_is_clear(tmp_path_factory, seconds, groups):
    """By the work of all lanes, idle ones counted; the usual width, 8, where none is 5 % cheaper."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("machine")))
        probe = Probe(dict(zip((1, 2, 4, 8, 16, 32), seconds, strict=True)))
        one = task(epochs=10_000_000)
        plan = make_plan(one, groups, ONE, 2, probe)
        assert make_plan(one, groups, ONE, 2, probe) == plan  # as remembered
        assert len(probe.asked) == 1
    work = {w: s * sum(-(-n // w) * w for n in groups) for w, s in probe.seconds.items()}
    cheapest = min(work, key=work.get)
    assert plan.width == (cheapest if work[cheapest] <= 0.95 * work[8] else 8)


@FIXED
@given(
    epochs=st.integers(1, 10**6),
    groups=st.lists(st.integers(1, 60), min_size=1, max_size=20),
    recipes=st.integers(1, 9),
    workers=st.integers(1, 64),
)
def test_a_plan_is_the_same_again_and_its_cohorts_are_whole_fillings(
    tmp_path_factory, epochs, groups, recipes, workers
):
    made = []
    for machine in ("one", "two"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp(machine)))
            made.append(make_plan(task(epochs=epochs), groups, NINE[:recipes], workers, even()))
    assert made[0] == made[1]
    assert made[0].cohort > 0
    assert made[0].cohort % made[0].width == 0
    assert Plan(**made[0].as_dict()) == made[0]
    if recipes == 1:
        assert not made[0].together


def test_rules_share_a_program_where_compiling_is_the_larger_part():
    def together(epochs: int, recipes: int, workers: int) -> bool:
        return make_plan(task(epochs=epochs), GROUPS, NINE[:recipes], workers, even()).together

    assert together(SHORT, 9, 2)
    assert not together(LONG, 9, 2)
    assert not together(SHORT, 2, 2)  # one each
    assert not together(SHORT, 9, 9)
    with_epochs = [together(epochs, 9, 2) for epochs in (1, 10, 100, 1000, 10_000, 100_000)]
    assert with_epochs == sorted(with_epochs, reverse=True)


def test_cohorts_are_short_against_a_study_and_long_against_overheads():
    short, medium, long = (
        make_plan(task(epochs=epochs), GROUPS, ONE, 2, even()) for epochs in (SHORT, MEDIUM, LONG)
    )
    assert short.cohort > medium.cohort > long.cohort
    assert long.cohort == long.width


# ---- what is remembered of the machine ---------------------------------------------------------

MINUTES = task(epochs=MEDIUM)


def test_measured_once_a_machine(memory):
    probe = Probe({8: 1e-6, 5: 1e-7})
    plan = make_plan(MINUTES, GROUPS, ONE, 2, probe)
    assert plan.width == 5
    assert make_plan(MINUTES, GROUPS, ONE, 2, Probe({})) == plan
    assert len(list(memory.iterdir())) == 1


def test_only_widths_that_are_not_known_are_measured():
    make_plan(MINUTES, GROUPS, ONE, 2, even())
    probe = even()
    make_plan(task(epochs=LONG), GROUPS, ONE, 2, probe)
    assert probe.asked == [([1, 2, 4, 16, 32], False)]
    make_plan(task(epochs=LONG), GROUPS, ONE, 2, Probe({}))  # now all are known


def test_rules_of_their_own_program_are_measured_once_for_all():
    make_plan(MINUTES, GROUPS, NINE[:2], 2, even())
    plan = make_plan(MINUTES, GROUPS, NINE[2:4], 2, Probe({}))
    assert not plan.together


def test_rules_in_one_program_are_measured_together():
    several = task(epochs=300)
    asked = []
    for recipes in (NINE, NINE[1:], list(reversed(NINE))):
        probe = even()
        assert make_plan(several, GROUPS, recipes, 1, probe).together
        asked += probe.asked
    assert asked == [([8, 5], True)] * 2


OTHERS = [
    task(9, epochs=MEDIUM),
    task(epochs=MEDIUM, shape=(5,)),
    task(epochs=MEDIUM, outputs=4),
    task(epochs=MEDIUM, loss="mse"),
    task(epochs=MEDIUM, batch=15),
    task(epochs=MEDIUM, penalty=penalties.Penalty(l2=0.1)),
    task(epochs=MEDIUM, network=parse("mlp:8", "gelu")),
]


def test_another_program_is_measured_anew():
    asked = []
    for one in (MINUTES, *OTHERS):
        probe = even()
        make_plan(one, GROUPS, ONE, 2, probe)
        asked += probe.asked
    assert len(asked) == 1 + len(OTHERS)
    make_plan(MINUTES, GROUPS, ONE, 2, Probe({}))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"\xff\xfe", b"[8, 5]", b"null", b"8", b'"8"', b'{"8": null, "5": 1}', b'{"8": "fast"}'),
        *(b'{"eight": 1e-6}', b'{"8": [1]}', b'{"8": NaN, "5": 1e-6}', b'{"8": -1e-6, "5": 1e-6}'),
        *(b'{"8": 0, "5": 1e-6}', b'{"8": 1e-6, "5": Infinity}'),
    ],
)
def test_a_damaged_memory_is_ignored_and_mended(memory, content):
    make_plan(MINUTES, GROUPS, ONE, 2, even())
    [file] = memory.iterdir()
    whole = file.read_bytes()
    file.write_bytes(content)
    probe = even()
    make_plan(MINUTES, GROUPS, ONE, 2, probe)
    assert probe.asked == [([8, 5], False)]
    assert file.read_bytes() == whole
    make_plan(MINUTES, GROUPS, ONE, 2, Probe({}))


def test_a_memory_cut_off_anywhere_is_ignored(memory):
    make_plan(MINUTES, GROUPS, ONE, 2, even())
    [file] = memory.iterdir()
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        probe = even()
        make_plan(MINUTES, GROUPS, ONE, 2, probe)
        assert probe.asked, length


def test_a_memory_that_cannot_be_written_costs_a_measurement_not_the_study(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        probe = even()
        make_plan(MINUTES, GROUPS, ONE, 2, probe)
        assert len(probe.asked) == 1


def test_a_folder_in_the_place_of_the_memory(memory):
    make_plan(MINUTES, GROUPS, ONE, 2, even())
    [file] = memory.iterdir()
    file.unlink()
    file.mkdir()
    probe = even()
    make_plan(MINUTES, GROUPS, ONE, 2, probe)
    assert len(probe.asked) == 1


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        {"width": 8},
        {"width": 0, "together": True, "cohort": 8},
        {"width": 8, "together": 1, "cohort": 8},
    ],
)
def test_a_plan_that_cannot_be_followed_is_not_read(found):
    assert Plan.read(found) is None
    plan = Plan(8, True, 16)
    assert Plan.read(plan.as_dict()) == plan

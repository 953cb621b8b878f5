"""The speed of networks: one step of four programs beside peers, what options cost, a whole table of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks import table_of_source, versus
from benchmarks.problem import NO_MNIST, Asked, mnist_is_here
from benchmarks.section import Section
from benchmarks.share import PRODUCTS, peak, reached
from benchmarks.sides import Measured
from benchmarks.sides import measure as measure_sides
from benchmarks.sizes import Size
from benchmarks.table import Table, number
from benchmarks.versus import LADERA, PEERS, Race, engine, race

__all__ = ["measure"]

_PT, _TF, _JAX = "PyTorch, fused Adam", "Keras fit on TensorFlow", "Keras fit on JAX"
_SKLEARN = "scikit-learn MLPClassifier"
_PLANNED = 100  # trainings
_EPOCHS = 2  # of one alone, what is done once would be a share, such as the look at its start


@dataclass(frozen=True)
class _Program:
    """A network on data, and how many times faster than which peers it is wanted."""

    name: str
    asked: Asked
    planned: int
    wanted: Mapping[str, float]


def measure(size: Size) -> Section:
    if not mnist_is_here():
        return Section.skipped("networks", NO_MNIST)
    # Four races, and each of a side's rounds is shorter than where there is one.
    shorter = replace(size, seconds=size.seconds / 2)
    programs = _programs(size)
    races, products = [], []
    for program in programs:
        sides = [side for side in PEERS if side.side in program.wanted]
        others = [] if products else PRODUCTS[:2]
        everyone = race(program.asked, program.planned, shorter, others, sides)
        products += [r for r in everyone.results if r.arrangement.module == "matrix_product"]
        races.append(Race(everyone.task, [r for r in everyone.results if r not in products]))
    options, cost = _options(shorter)
    studies = [] if size.repeats == 1 else table_of_source.measure()
    tables = [_whole(made, program, shorter) for made, program in zip(races, programs, strict=True)]
    tables += [_short(races, programs, products), cost, *table_of_source.tables(studies)]
    data = {
        **{program.name: made.as_dict() for made, program in zip(races, programs, strict=True)},
        "options": [one.as_dict() for one in options],
        "table": studies,
    }
    measured = [*(r for made in races for r in made.results), *options, *products]
    return Section("networks", tables, data, measured)


def _programs(size: Size) -> list[_Program]:
    few = size.mnist_rows * 2 // 5  # of networks whose steps are long
    epochs = 1 if size.repeats == 1 else _EPOCHS
    return [
        _Program(
            "MNIST, 784-128-10",
            Asked("mnist", "mlp:128", epochs, 32, size.mnist_rows),
            _PLANNED,
            {_PT: 2.4, _TF: 10.0, _JAX: 1.7},
        ),
        _Program(
            "MNIST, two convolutions, cnn:32,64/64",
            Asked("mnist", "cnn:32,64/64", epochs, 32, few),
            _PLANNED,
            {_PT: 1.7, _TF: 1.2},
        ),
        _Program(
            "MNIST, rows of pixels, lstm:64",
            Asked("mnist", "lstm:64", epochs, 32, few),
            _PLANNED,
            {_PT: 1.3, _TF: 4.0},
        ),
        _Program(
            "digits, mlp:64,64",
            Asked("digits", "mlp:64,64", size.digits_epochs, 32),
            min(1000, size.planned),
            {_PT: 10.0, _SKLEARN: 10.0},
        ),
    ]


def _microseconds(made: Race, rate: float) -> float:
    """For one step of one network, from trainings per second."""
    return 1e6 / (rate * made.task.steps_per_epoch * made.task.epochs)


def _whole(made: Race, program: _Program, size: Size) -> Table:
    title = f"{program.name}, batch 32, Adam: one step of one network on the whole machine"
    return made.table(title, "µs per step", lambda rate: _microseconds(made, rate), program.wanted, size)


def _short(races: Sequence[Race], programs: Sequence[_Program], products: Sequence[Measured]) -> Table:
    """One row for each program, each side in its faster arrangement."""
    peers = (_PT, _TF, _JAX, _SKLEARN)
    table = Table(
        "µs for a step of one network on the whole machine (batch 32, Adam), and how much faster Ladera is",
        (
            "",
            "Ladera",
            "of the machine's products",
            "PyTorch",
            "Keras on TensorFlow",
            "Keras on JAX",
            "scikit-learn",
        ),
        markdown=True,
    )
    whole = peak(products)
    for made, program in zip(races, programs, strict=True):
        ladera, rate = made.best(LADERA), reached(made, LADERA)
        cells = [number(_microseconds(made, ladera)) if ladera else "–"]
        cells.append(f"{rate / whole:.0%}" if rate and whole else "–")
        for peer in peers:
            best, wanted = made.best(peer), program.wanted.get(peer)
            if best and ladera:
                cells.append(
                    f"{number(_microseconds(made, best))} ({ladera / best:.1f}×, wanted {wanted:g}×)"
                )
            else:
                cells.append("–")
        table.rows.append((program.name, f"**{cells[0]}**", *cells[1:]))
    if whole:
        table.notes.append(
            f"The machine multiplies matrices of 1024×1024 at {number(whole / 1e9)} GFLOP/s; a step's "
            "products are counted by the definition, those of convolutions too, with the evaluation after "
            "the epoch."
        )
    return table


# ---- what options cost ----------------------------------------------------------------------------

_PLAIN = "plain"
_MOST = 0.15


def _options(size: Size) -> tuple[list[Measured], Table]:
    """The step of the first program with one thing more, beside the plain one."""
    plain = Asked("mnist", "mlp:128", 1, 32, size.mnist_rows)
    asked = {
        _PLAIN: (plain, "constant"),
        "dropout 0.2": (replace(plain, dropout=0.2), "constant"),
        "l1:1e-5": (replace(plain, penalty="l1:1e-5"), "constant"),
        "l2:1e-4": (replace(plain, penalty="l2:1e-4"), "constant"),
        "max-norm:3": (replace(plain, penalty="max-norm:3"), "constant"),
        "schedule cosine": (plain, "cosine"),
    }
    sides = [
        engine("adam", 1e-3, _PLANNED, name, schedule, problem=versus.as_spec(one))
        for name, (one, schedule) in asked.items()
    ]
    # Shorter rounds and more of them: what is looked for is a few per cent.
    made = measure_sides(sides, {}, 2 * size.repeats, size.seconds / 2)
    table = Table(
        f"One thing more in the step of 784-128-10: what it costs (wanted: under {_MOST:.0%})",
        ("", "µs per step", "costs", "best round costs"),
        markdown=True,
    )
    first = made[0]
    steps = size.mnist_rows // 32
    for one in made:
        if one.best is None or first.best is None:
            table.rows.append((one.arrangement.side, one.failure, "", ""))
            continue
        cost = median(a / b for a, b in zip(first.rates, one.rates, strict=True)) - 1
        cells = ("", "") if one is first else (f"{cost:+.0%}", f"{first.best / one.best - 1:+.0%}")
        table.rows.append((one.arrangement.side, number(1e6 / (one.best * steps)), *cells))
    table.notes.append("The median over rounds, of which each side has one in turn.")
    return made, table

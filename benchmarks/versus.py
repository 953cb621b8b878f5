"""Ladera against its peers on one problem: who trains how fast, on the whole machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.problem import Asked, write
from benchmarks.sides import Arrangement, Measured, arrangements, measure
from benchmarks.sizes import Size
from benchmarks.table import Table, number
from ladera.train.work import Task

__all__ = ["LADERA", "PEERS", "Race", "as_spec", "engine", "race"]

LADERA = "Ladera"
_LR = 1e-3


def _keras(backend: str, package: str, epoch_per_call: bool = False) -> list[Arrangement]:
    return arrangements(
        f"Keras fit on {backend}" + ", steps_per_execution" * epoch_per_call,
        "keras_fit",
        ["keras", package],
        options={"epoch_per_call": epoch_per_call},
        environment={"KERAS_BACKEND": package},
    )


PEERS: list[Arrangement] = [
    *arrangements("PyTorch, fused Adam", "pytorch", ["torch"]),
    *_keras("TensorFlow", "tensorflow"),
    *_keras("JAX", "jax"),
    *_keras("JAX", "jax", epoch_per_call=True),
    *arrangements("scikit-learn MLPClassifier", "scikit_learn", ["sklearn"]),
]


def engine(
    optimizers: str,
    lr: float | None,
    planned: int,
    side: str = LADERA,
    schedule: str = "constant",
    **more: Any,
) -> Arrangement:
    """Ladera's side. lr None: every rule's own. planned: trainings of the study it is planned for.
    more: what else the specification says to this side alone."""
    options = {"optimizers": optimizers, "lr": lr, "planned": planned, "schedule": schedule, **more}
    return Arrangement(side, "engine", 1, False, (), options)


def as_spec(asked: Asked) -> dict[str, Any]:
    """The problem, as a specification holds it."""
    return asdict(asked)


@dataclass
class Race:
    """What came of a race; Ladera's result is the first."""

    task: Task
    results: list[Measured]

    def result(self, side: str) -> list[Measured]:
        return [r for r in self.results if r.arrangement.side == side]

    def best(self, side: str) -> float | None:
        """Trainings per second in the side's faster arrangement."""
        return max((r.best for r in self.result(side) if r.best), default=None)

    def table(
        self, title: str, unit: str, value: Callable[[float], float], wanted: Mapping[str, float], size: Size
    ) -> Table:
        """A row for each arrangement. value: what is shown of trainings per second, in `unit`."""
        columns = (
            "side",
            "arrangement",
            unit,
            "slowest round",
            "warm-up s",
            "loss, seed 0",
            "Ladera is",
            "wanted",
        )
        rows = [self._row(result, value, wanted) for result in self.results]
        return Table(title, columns, rows, _notes(size, self.task.epochs))

    def _row(
        self, result: Measured, value: Callable[[float], float], wanted: Mapping[str, float]
    ) -> tuple[str, ...]:
        side, label = result.arrangement.side, result.arrangement.label
        if result.best is None:
            return (side, label, result.failure, *[""] * 5)
        ladera, faster = self.best(LADERA), result.best == self.best(side)
        return (
            side + " *" * faster,
            label,
            number(value(result.best)),
            number(value(min(result.rates))),
            number(result.warm_up),
            "–" if result.loss is None else f"{result.loss:.5f}",
            f"{number(ladera / result.best)}×" if ladera and side != LADERA else "",
            f"≥ {wanted[side]:g}×" if faster and side in wanted else "",
        )

    def as_dict(self) -> list[dict[str, Any]]:
        return [r.as_dict() for r in self.results]


def race(
    asked: Asked,
    planned: int,
    size: Size,
    others: Sequence[Arrangement] = (),
    peers: Sequence[Arrangement] = PEERS,
) -> Race:
    """Ladera, its peers and `others`, in one run with turns, all at Adam's lr = 0.001."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "examples.npz"
        task = write(asked, file)
        spec = {"file": str(file), "problem": asdict(asked), "lr": _LR}
        sides = [*peers, *others, engine("adam", _LR, planned)]
        if not size.both:
            sides = [replace(one, processes=1) for one in sides if one.single or one.side == LADERA]
        *rest, ladera = measure(sides, spec, size.repeats, size.seconds)
        return Race(task, [ladera, *rest])


def _notes(size: Size, epochs: int) -> list[str]:
    return [
        f"Trainings of {epochs} epochs; best of {size.repeats} rounds of about {size.seconds:g} s, the sides "
        "taking turns; * is a side's faster arrangement.",
        "Same split, initial weights, batches and epochs, float32, Adam at lr 0.001, validation loss and "
        "accuracy after every epoch. Ladera trains many seeds, the peers seed 0 again and again; "
        "scikit-learn draws its own weights and batches.",
        "Keras's Adam adds epsilon before the bias correction, so its losses differ a little; convolutions "
        "carry that, and rounding, further with every step.",
        "Warm-up, not in the rates: imports, compiling, Ladera's choice of a width, and the first training.",
    ]

"""A step of ladera.torch's optimizer against torch.optim's own, foreach, on a model of 100 tensors."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.section import Section
from benchmarks.sides import cores
from benchmarks.sizes import Size
from benchmarks.table import Table, number
from ladera import rules

if TYPE_CHECKING:
    import torch

__all__ = ["measure"]

_WANTED = 1.5
_MODELS = {
    "small": [(64, 64)] * 100,
    "mixed": [(64, 64), (256,), (512, 128), (32, 16, 3, 3)] * 25,
    "medium": [(256, 256)] * 100,
}
_RULES: dict[str, tuple[rules.Rule, str, dict[str, Any]]] = {
    "sgd": (rules.SGD(), "SGD", {"lr": 0.01}),
    "momentum": (rules.Momentum(), "SGD", {"lr": 0.01, "momentum": 0.9}),
    "rmsprop": (rules.RMSprop(), "RMSprop", {"lr": 1e-3, "alpha": 0.9}),
    "adam": (rules.Adam(), "Adam", {}),
    "adamw": (rules.AdamW(), "AdamW", {}),
}
_COLUMNS = ("model", "rule", "threads", "torch.optim ms", "Ladera ms", "Ladera takes", "wanted")


@dataclass(frozen=True)
class Timed:
    """Seconds of the steps of both sides, which took turns."""

    model: str
    rule: str
    threads: int
    theirs: list[float]
    ours: list[float]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def row(self) -> tuple[str, ...]:
        times = (number(1e3 * statistics.median(side)) for side in (self.theirs, self.ours))
        return (self.model, self.rule, str(self.threads), *times, f"{self.ratio:.2f}×", f"≤ {_WANTED}×")

    def as_dict(self) -> dict[str, Any]:
        kept = {"model": self.model, "rule": self.rule, "threads": self.threads, "ratio": self.ratio}
        return kept | {"torch": statistics.median(self.theirs), "ladera": statistics.median(self.ours)}


def measure(size: Size) -> Section:
    if importlib.util.find_spec("torch") is None:
        return Section.skipped("dropin", "torch is not installed: pip install torch")
    done = [
        _timed(model, rule, threads, size.seconds / 2)
        for threads in sorted({1, cores()})
        for model in _MODELS
        for rule in _RULES
    ]
    title = "One optimizer step on 100 tensors, float32: ladera.torch and torch.optim with foreach=True"
    table = Table(title, _COLUMNS, [one.row() for one in done])
    table.notes.append("Medians of steps that take turns in one process; 'Ladera takes' is their ratio.")
    data = [one.as_dict() for one in done]
    return Section("dropin", [table], data, libraries={"torch": version("torch")})


def _timed(model: str, name: str, threads: int, seconds: float) -> Timed:
    import torch

    import ladera.torch

    rule, theirs, arguments = _RULES[name]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        judge = getattr(torch.optim, theirs)(_parameters(_MODELS[model]), foreach=True, **arguments)
        ours = ladera.torch.optimizer(_parameters(_MODELS[model]), rule)
        times = _turns((judge.step, ours.step), seconds)
    finally:
        torch.set_num_threads(before)
    return Timed(model, name, threads, *times)


def _parameters(shapes: Sequence[tuple[int, ...]]) -> list[torch.nn.Parameter]:
    import torch

    random = torch.Generator().manual_seed(0)
    params = [torch.nn.Parameter(torch.randn(shape, generator=random)) for shape in shapes]
    for p in params:
        p.grad = torch.randn(p.shape, generator=random)
    return params


def _turns(sides: Sequence[Callable[[], Any]], seconds: float) -> list[list[float]]:
    """Seconds of each call of each side, after three that warm up."""
    for _ in range(3):
        for side in sides:
            side()
    times: list[list[float]] = [[] for _ in sides]
    end = time.perf_counter() + seconds
    while not times[0] or time.perf_counter() < end:
        for side, kept in zip(sides, times, strict=True):
            began = time.perf_counter()
            side()
            kept.append(time.perf_counter() - began)
    return times

"""What every side has in common: it reads a specification, gets warm, and trains on request.

One JSON value a line. In: the specification, then how many trainings, again and again. Out: how
long getting warm took, then, after each request, what was trained.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Done", "Examples", "Initial", "again_and_again", "serve"]


class Done(NamedTuple):
    """What one request came to."""

    trainings: int  # may be more than were asked for
    loss: float | None  # validation loss of seed 0 after its last epoch


Train = Callable[[int], Done]


def serve(prepare: Callable[[Mapping[str, Any]], Train], *packages: str) -> None:
    """Be a side. `prepare` gets the specification and returns what trains."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries may print what they like

    def answer(**values: object) -> None:
        print(json.dumps(values), file=answers, flush=True)

    began = time.perf_counter()
    train = prepare(json.loads(sys.stdin.readline()))
    done = train(1)
    warm_up = time.perf_counter() - began
    began = time.perf_counter()
    again = train(1)
    seconds = (time.perf_counter() - began) / again.trainings
    versions = {name: version(name) for name in packages}
    answer(warm_up=warm_up, seconds=seconds, loss=done.loss, versions=versions)
    for line in sys.stdin:
        answer(**train(json.loads(line))._asdict())


class Initial(NamedTuple):
    """A layer before training: its kind and its arrays, which `benchmarks.problem` describes."""

    kind: str
    arrays: dict[str, np.ndarray]

    @property
    def units(self) -> int:
        return self.arrays["b"].size // (4 if self.kind == "lstm" else 1)


class Examples:
    """The arrays that all sides train on, with the initial weights and the batches of seed 0."""

    def __init__(self, spec: Mapping[str, Any]):
        with np.load(spec["file"], allow_pickle=False) as arrays:
            self._arrays = dict(arrays)

    def __getitem__(self, name: str) -> np.ndarray:
        """x_train, y_train, x_validation, y_validation, or orders [epochs, steps, batch]."""
        return self._arrays[name]

    @property
    def layers(self) -> list[Initial]:
        """All layers that have weights, in their order."""
        found: dict[str, Initial] = {}
        for key, array in self._arrays.items():
            number, *of_layer = key.split(".")
            if of_layer:
                kind, name = of_layer
                found.setdefault(number, Initial(kind, {})).arrays[name] = array
        return list(found.values())


def again_and_again(train_one: Callable[[], float]) -> Train:
    """One training after another, all of seed 0: the speed does not depend on the seed."""

    def train(count: int) -> Done:
        losses = [train_one() for _ in range(count)]
        return Done(count, losses[-1])

    return train

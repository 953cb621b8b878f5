"""Small real tasks for the tests of the engine."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
import pytest

from ladera.problems import Problem
from ladera.rules import Rule
from ladera.train import examples
from ladera.train.cohort import train
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Records, Task, Trial


def task(problem: Problem | None = None, *, batch: int = 16, epochs: int = 3) -> Task:
    return examples.task(problem or Problem("iris", network="mlp:8"), batch, epochs)


def cohort(task: Task, rules: list[Rule], seeds: list[int], *, width: int, name: str = "c") -> Cohort:
    """One trial per rule and seed, pairwise; all rules in one program."""
    trials = tuple(
        Trial(f"r{i}", rule, seed) for i, (rule, seed) in enumerate(zip(rules, seeds, strict=True))
    )
    recipes = tuple(dict.fromkeys(Recipe.of(rule) for rule in rules))
    return Cohort(name, task, recipes, width, trials)


def at(rule: Rule, *rates: float) -> list[Rule]:
    return [dataclasses.replace(rule, lr=lr) for lr in rates]


def crashed_and_resumed(one: Cohort, checkpoints: Path, at: int) -> tuple[Records, list[float]]:
    """The cohort's records where its training crashed at the progress heard as number `at` and was taken
    up again, and what was heard from then on."""
    kept = dataclasses.replace(one, checkpoints=checkpoints)

    class CrashError(Exception):
        pass

    heard: list[float] = []

    def crash(runs: float) -> None:
        heard.append(runs)
        if len(heard) == at:
            raise CrashError

    with pytest.raises(CrashError):
        train(kept, crash)
    heard.clear()
    return train(kept, heard.append), heard


@contextlib.contextmanager
def nothing_compiled() -> Iterator[None]:
    """Fails where a program is compiled within it."""
    heard: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: heard.append(event) if event.endswith("backend_compile_duration") else None
    )
    yield
    assert heard == []
    jax.jit(lambda x: x * 3.0)(np.float32(1))
    assert heard  # the listener does hear a compilation


def same_bits(one: dict, other: dict) -> bool:
    """Two curves, bit for bit; NaN equals NaN."""
    keys = [k for k in one if k != "run"]
    return all(np.asarray(one[k]).tobytes() == np.asarray(other[k]).tobytes() for k in keys)

"""Small real tasks for the tests of the engine."""

from __future__ import annotations

import dataclasses

import numpy as np

from ladera.problems import Problem
from ladera.rules import Rule
from ladera.train import examples
from ladera.train.recipe import Recipe
from ladera.train.work import Cohort, Task, Trial


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


def same_bits(one: dict, other: dict) -> bool:
    """Two curves, bit for bit; NaN equals NaN."""
    keys = [k for k in one if k != "run"]
    return all(np.asarray(one[k]).tobytes() == np.asarray(other[k]).tobytes() for k in keys)

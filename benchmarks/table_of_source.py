"""A course's table, trained again: seven optimizers on MNIST, and its convolutional network.

The tables of document 004 (`ladera reproduce sources`) name seven optimizers of Keras and the learning
rates of Adam, 0.001, and of Nesterov, 0.03; the others have Keras's defaults. Dropout 0.2 and 5 epochs, which
it does not print, are those of Keras's first example with its dense network of 128 units. Pixels go from
0 to 1.

`python -m benchmarks.table_of_source NETWORK DROPOUT NAMES` prints one study's runs and seconds.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from typing import Any

from benchmarks.program import run
from benchmarks.sides import ROOT
from benchmarks.table import Table, number

__all__ = ["measure", "tables"]

_EPOCHS, _BATCH = 5, 32
_RATES = {"Adam": 0.001, "Nesterov": 0.03}
_DENSE = ("mlp:128", 0.2, ("Adam", "SGD", "Momentum", "Nesterov", "Adagrad", "Adadelta", "RMSprop"))
_CONVOLUTIONS = ("cnn:32,64/64", 0.0, ("Adam",))
_WANTED = {"mlp:128": (15.0, 0.975), "cnn:32,64/64": (60.0, 0.985)}  # seconds, and the best's accuracy


def measure() -> list[dict[str, Any]]:
    """Both studies, each in a process of its own that begins with nothing compiled."""
    found = []
    for network, dropout, names in (_DENSE, _CONVOLUTIONS):
        command = [sys.executable, "-m", "benchmarks.table_of_source", network, str(dropout), ",".join(names)]
        with tempfile.TemporaryDirectory() as cache:
            ended = run(command, {**os.environ, "JAX_PLATFORMS": "cpu", "XDG_CACHE_HOME": cache}, ROOT)
        found.append(
            {"network": network, "failure": ended.failure} if ended.failure else json.loads(ended.out)
        )
    return found


def tables(studies: list[dict[str, Any]]) -> list[Table]:
    return [_table(study) for study in studies]


def _table(study: dict[str, Any]) -> Table:
    network = study["network"]
    seconds, accuracy = _WANTED[network]
    if study.get("failure"):
        return Table(f"MNIST, {network}", ("failed",), [(study["failure"],)])
    table = Table(
        f"MNIST, {network}, dropout {study['dropout']:g}, {_EPOCHS} epochs of {study['examples']:,} images",
        ("optimizer", "lr", "test accuracy", "test loss"),
        markdown=True,
    )
    for one in study["runs"]:
        table.rows.append(
            (one["optimizer"], f"{one['lr']:g}", f"{one['test_metric']:.4f}", f"{one['test_loss']:.4f}")
        )
    table.notes += [
        f"{number(study['seconds'])} s in all with nothing compiled before, of them "
        f"{number(study['compile'])} s compiling and {number(study['train'])} s training, the workers' "
        f"average (wanted: under {seconds:g} s). Best accuracy wanted: {accuracy:g}.",
        "One seed, hence no ranking: `ladera compare` makes one. Learning rates that the course does not "
        "print are Keras's defaults.",
    ]
    return table


def main() -> None:
    network, dropout, names = sys.argv[1:]
    from ladera import rules
    from ladera.problems import Problem
    from ladera.train.examples import task
    from ladera.train.plan import Timing, cohorts, make_plan
    from ladera.train.pool import Pool
    from ladera.train.recipe import Recipe
    from ladera.train.work import Records, Trial

    problem = Problem("mnist", network, dropout=float(dropout))
    data = _between_0_and_1(problem.prepared())
    asked_of_all = task(problem, _BATCH, _EPOCHS, data)
    began = time.perf_counter()
    pool = Pool()
    asked = {name: _rule(getattr(rules, name)) for name in names.split(",")}
    recipes = [Recipe.of(rule) for rule in asked.values()]

    def unmeasured(widths: list[int], together: bool) -> list[Timing]:
        raise AssertionError("a width was given")

    # One lane: every optimizer has one training, so that others would idle.
    plan = make_plan(asked_of_all, [1] * len(asked), recipes, pool.workers, unmeasured, width=1)
    trials = {name: [Trial(name, rule, 0)] for name, rule in asked.items()}
    kept: list[Records] = []
    pool.train(cohorts(plan, asked_of_all, "test", trials, recipes), kept.append)
    seconds = time.perf_counter() - began
    runs = {one["run"]: one for records in kept for one in records.runs}
    print(
        json.dumps(
            {
                "network": network,
                "dropout": float(dropout),
                "examples": len(data.train),
                "seconds": seconds,
                "compile": sum(records.compile_seconds for records in kept) / pool.workers,
                "train": sum(records.train_seconds for records in kept) / pool.workers,
                "runs": [
                    {
                        "optimizer": name,
                        "lr": rule.lr,
                        **{key: runs[name][key] for key in ("test_metric", "test_loss", "seconds")},
                    }
                    for name, rule in asked.items()
                ],
            }
        )
    )
    pool.stop()


def _between_0_and_1(data: Any) -> Any:
    """The prepared pixels as the course scales them, for which its learning rates are."""
    low, high = data.train.x.min(), data.train.x.max()
    parts = {
        name: replace(part, x=(part.x - low) / (high - low))
        for name, part in (("train", data.train), ("validation", data.validation), ("test", data.test))
    }
    return replace(data, **parts, split_hash=f"{data.split_hash}-between-0-and-1")


def _rule(kind: Any) -> Any:
    """Keras's algorithm of that name at the course's rate."""
    rule = kind.like("keras")
    return rule.replace(lr=_RATES.get(kind.__name__, rule.lr))


if __name__ == "__main__":
    main()

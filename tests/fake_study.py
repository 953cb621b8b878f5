"""Synthetic studies, written through the real store: the truth is known, nothing is trained.

    store = fake_study(tmp_path / "study", [Fake("adam", 0.98), Fake("sgd", 0.95)], noise=0.002)

Every optimizer has a U-curve over the learning rate around its own best one; each run adds noise
that belongs to its seed (shared by all optimizers: paired) and noise of its own.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladera.store import Store

GRID = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
CLASSES = {
    "sgd": "SGD",
    "momentum": "Momentum",
    "nesterov": "Nesterov",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "radam": "RAdam",
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9},
    "adagrad": {"eps": 1e-10},
    "adadelta": {"rho": 0.95, "eps": 1e-6},
    "rmsprop": {"decay": 0.9, "eps": 1e-8},
    "adam": {"b1": 0.9, "b2": 0.999, "eps": 1e-8},
    "adamw": {"b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 0.01},
    "radam": {"b1": 0.9, "b2": 0.999, "eps": 1e-8},
}
METRICS = {
    "classification": {"name": "accuracy", "direction": "max", "unit": "share"},
    "regression": {"name": "rmse", "direction": "min", "unit": "target units"},
}


@dataclass(frozen=True)
class Fake:
    """The truth about one optimizer."""

    name: str
    median: float  # true final validation metric at the best learning rate
    best_lr: float = 3e-3
    loss_per_decade: float = 0.1  # share of the way start -> median lost at one decade from the best
    diverges_from: float = math.inf  # every run with at least this learning rate diverges
    diverging_seeds: tuple[int, ...] = ()  # every run of these seeds diverges
    noise: float | None = None  # standard deviation of a run's own noise; None: the study's
    epochs_to_learn: float = 3.0  # time constant of the curve
    evaluations: int = 1  # gradient evaluations per step
    unpaired: bool = False  # starts elsewhere: its fingerprints disagree with the others'
    grid: tuple[float, ...] | None = None  # None: the study's


def fake_study(
    path: str | os.PathLike[str],
    optimizers: Sequence[Fake],
    *,
    task: str = "classification",
    grid: Iterable[float] = GRID,
    tune: Sequence[int] = (0, 1, 2, 3, 4),
    report: Sequence[int] = (5, 6, 7, 8, 9),
    noise: float = 0.002,
    seed_noise: float = 0.0,
    quantum: float = 0.0,
    start: float | None = None,
    epochs: int = 20,
    steps_per_epoch: int = 33,
    disjoint: bool = True,
    purposes: Sequence[str] = ("tune", "report", "test"),
    pending: Sequence[str] = (),
    winner: str | None = None,
    root: int = 0,
) -> Store:
    """Write a study and return its store.

    noise, seed_noise: standard deviations of a run's own noise and of the noise that all runs of
        one seed share. quantum: values are rounded to multiples of it (1/359 for 359 rows).
    start: the untrained metric (default 0.1 for accuracy, 1.0 for rmse).
    pending: optimizers that have no reporting runs yet. winner: the optimizer with test runs
        (default: the best true median).
    """
    metric = METRICS[task]
    start = start if start is not None else (0.1 if task == "classification" else 1.0)
    fakes = [
        dataclasses.replace(f, grid=tuple(f.grid or grid), noise=f.noise if f.noise is not None else noise)
        for f in optimizers
    ]
    shape = {
        "epochs": epochs,
        "steps_per_epoch": steps_per_epoch,
        "start": start,
        "metric": metric,
        "seed_noise": seed_noise,
        "quantum": quantum,
        "root": root,
    }
    store = Store(path)
    store.prepare()
    store.write_study(_study(fakes, task, metric, shape, tune, report, disjoint))
    order = sorted(fakes, key=lambda f: f.median, reverse=metric["direction"] == "max")
    winner = winner or order[0].name
    for fake in fakes:
        tuned = [_run(fake, "tune", lr, seed, shape) for lr in fake.grid or () for seed in tune]
        chosen = _chosen_lr(tuned, metric["direction"])
        cohorts = {"tune": tuned}
        if fake.name not in pending:
            cohorts["report"] = [_run(fake, "report", chosen, seed, shape) for seed in report]
        if fake.name == winner:
            cohorts["test"] = [_run(fake, "test", chosen, seed, shape) for seed in report]
        for purpose, pairs in cohorts.items():
            if purpose in purposes:
                cohort = f"{fake.name}-{purpose}"
                runs = [{**run, "cohort": cohort} for run, _ in pairs]
                store.append(
                    cohort, runs, [curve for _, curve in pairs], {k: str(v) for k, v in metric.items()}
                )
    return store


def _study(fakes, task, metric, shape, tune, report, disjoint) -> dict[str, Any]:
    problem = {
        "data": "digits" if task == "classification" else "diabetes",
        "network": "mlp:64,64",
        "activation": "relu",
        "loss": "cross_entropy" if task == "classification" else "mse",
        "penalty": "none",
        "task": task,
        "features": 64,
        "parameters": 8970,
        "train": 1078,
        "validation": 359,
        "test": 360,
        "data_hash": "0f3a",
        "split_hash": "9b1c",
        "disjoint": disjoint,
    }
    if task == "classification":
        problem["classes"] = 10
    return {
        "ladera": "0.1.0",
        "command": f"ladera compare {problem['data']}",
        "problem": problem,
        "metric": dict(metric),
        "training": {
            "epochs": shape["epochs"],
            "batch": 32,
            "steps_per_epoch": shape["steps_per_epoch"],
            "dtype": "float32",
        },
        "seeds": {"tune": list(tune), "report": list(report)},
        "optimizers": [
            {
                "name": f.name,
                "class": CLASSES.get(f.name, f.name.capitalize()),
                "evaluations_per_step": f.evaluations,
                "hyperparameters": {"lr": 1e-3, **DEFAULTS.get(f.name, {})},
                "lr": list(f.grid),
            }
            for f in fakes
        ],
        "machine": {"cpu": "a processor", "cores": 2, "platform": "Linux"},
        "versions": {"python": "3.11.7", "jax": "0.10.2", "numpy": "2.4.6", "ladera": "0.1.0"},
        "seconds": {"total": 9.1, "compile": 4.0, "train": 4.4},
    }


def _run(fake: Fake, purpose: str, lr: float, seed: int, shape: dict[str, Any]) -> tuple[dict, dict]:
    """One row of `runs` and one of `curves`. A test run equals its reporting run and adds the test set."""
    number = [
        shape["root"],
        int.from_bytes(fake.name.encode(), "little") % 2**32,
        round(-1000 * math.log10(lr)) + 10**6,
        seed,
    ]
    own = np.random.default_rng(number)
    shared = np.random.default_rng([shape["root"], 7, seed])
    decades = abs(math.log10(lr / fake.best_lr))
    peak, start = fake.median, shape["start"]
    final = peak + (start - peak) * min(1.0, fake.loss_per_decade * decades**2)
    final += shape["seed_noise"] * shared.standard_normal() + (fake.noise or 0.0) * own.standard_normal()
    if shape["metric"]["name"] == "accuracy":
        final = min(max(final, 0.0), 1.0)
    if shape["quantum"]:
        final = round(final / shape["quantum"]) * shape["quantum"]
    diverged = lr >= fake.diverges_from or seed in fake.diverging_seeds
    curve = _curve(start, float(final), diverged, fake, shape)
    last = {key: (math.nan if diverged else float(values[-1])) for key, values in curve.items()}
    last["validation_metric"] = math.nan if diverged else float(final)
    name = f"{fake.name}-lr{lr:g}-s{seed}-{purpose}"
    steps = shape["epochs"] * shape["steps_per_epoch"]
    run = {
        "run": name,
        "cohort": "",
        "purpose": purpose,
        "optimizer": fake.name,
        "lr": lr,
        "hyperparameters": json.dumps({"lr": lr, **DEFAULTS.get(fake.name, {})}, sort_keys=True),
        "seed": seed,
        "epochs": shape["epochs"],
        "batch": 32,
        "steps": steps,
        "status": "diverged" if diverged else "finished",
        "diverged_step": 40 if diverged else None,
        "evaluations": (40 if diverged else steps) * fake.evaluations,
        "width": 8,
        "device": "cpu",
        "versions": "jax 0.10.2",
        "seconds": 0.012,
        "compile_seconds": 1.5,
        "fingerprint": (2.3 + 0.01 * seed) * (1.001 if fake.unpaired else 1.0),
        **last,
        "test_loss": None,
        "test_metric": None,
    }
    if purpose == "test" and not diverged:
        run |= {"test_loss": last["validation_loss"] * 1.1, "test_metric": last["validation_metric"] * 0.99}
    return run, {"run": name, **{key: list(values) for key, values in curve.items()}, **_axis(shape)}


def _axis(shape: dict[str, Any]) -> dict[str, list[int]]:
    epochs = range(shape["epochs"] + 1)
    return {"epoch": list(epochs), "step": [e * shape["steps_per_epoch"] for e in epochs]}


def _curve(
    start: float, final: float, diverged: bool, fake: Fake, shape: dict[str, Any]
) -> dict[str, np.ndarray]:
    epoch = np.arange(shape["epochs"] + 1)
    progress = (1 - np.exp(-epoch / fake.epochs_to_learn)) / (1 - np.exp(-epoch[-1] / fake.epochs_to_learn))
    metric = start + (final - start) * progress
    loss = 2.3 - 2.2 * progress * abs(final - start) / max(abs(fake.median - start), 1e-12)
    better = 0.01 if shape["metric"]["direction"] == "max" else -0.01
    curve = {
        "train_loss": loss - 0.02 * progress,
        "train_metric": metric + better * progress,
        "validation_loss": loss,
        "validation_metric": metric,
    }
    if diverged:  # the first value is of the untrained network
        curve = {key: np.where(epoch >= 1, np.nan, values) for key, values in curve.items()}
    return {key: values.astype(np.float32) for key, values in curve.items()}


def _chosen_lr(tuned: list[tuple[dict, dict]], direction: str) -> float:
    """The learning rate that reporting runs use: best median, then lower loss, then the smaller."""
    sign = -1.0 if direction == "max" else 1.0
    by_lr: dict[float, list[tuple[float, float]]] = {}
    for run, _ in tuned:
        worst = run["status"] == "diverged"
        values = (math.inf, math.inf) if worst else (sign * run["validation_metric"], run["validation_loss"])
        by_lr.setdefault(run["lr"], []).append(values)
    return min(by_lr, key=lambda lr: (*np.median(np.array(by_lr[lr]), axis=0), lr))

"""What study.toml says: what was asked, of what data, on which machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ladera.base import UsageError
from ladera.configs import Optimizer
from ladera.networks import initialisers
from ladera.problems import Problem
from ladera.request import CHEAP, Request
from ladera.rules import Rule
from ladera.schedules import CONSTANT, NEVER
from ladera.suited import check_sizes
from ladera.train.pool import cores
from ladera.train.work import SHUFFLED

__all__ = ["check_same", "describe", "repeat"]


def describe(request: Request, command: str) -> dict[str, Any]:
    """The study's tables, in the order in which a person reads them."""
    check_sizes(request.problem, request.solvers)
    metric = request.problem.prepared().metric
    return {
        "ladera": version("ladera"),
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "problem": request.problem.describe(),
        "metric": {"name": metric.name, "direction": metric.direction, "unit": metric.unit},
        "training": {
            "epochs": request.epochs,
            "batch": request.examples_per_batch,
            "sampling": request.sampling,
            "steps_per_epoch": request.steps_per_epoch,
            "schedule": str(request.schedule),
            "stop": str(request.stop),
            "instruments": request.instruments,
            "dtype": "float32",
        },
        "seeds": {"tune": list(request.tuning_seeds), "report": list(request.report_seeds)},
        "optimizers": [_optimizer(o, request) for o in request.optimizers],
        "machine": {"cpu": _cpu(), "cores": cores(), "platform": platform.platform()},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("ladera", "jax", "jaxlib", "numpy")},
        },
    }


def repeat(request: Request, out: Path) -> str:
    """Python code that asks the same again, as far as values can be written down."""
    p = request.problem
    data = repr(str(p.data)) if isinstance(p.data, (str, Path)) else "..."
    default = Problem()
    others = ("loss", "penalty", "activation", "init", "norm", "residual", "dropout")
    others += ("target", "split_seed", "task", *p.reading.asked)
    given = {name: getattr(p, name) for name in others if getattr(p, name) != getattr(default, name)}
    said = "".join(f", {name}={value!r}" for name, value in given.items())
    names = [o.name for o in request.optimizers]
    moved = "" if request.schedule.constant else f"schedule={str(request.schedule)!r}, "
    moved += "" if request.sampling == SHUFFLED else f"sampling={request.sampling!r}, "
    moved += f"stop={str(request.stop)!r}, " if request.stop.early else ""
    moved += f"instruments={request.instruments!r}, " if request.instruments != CHEAP else ""
    return (
        f"ladera.compare(ladera.Problem({data}, {p.network!r}{said}), {names!r}, lr={request.lr!r}, "
        f"seeds={request.seeds}, epochs={request.epochs}, batch={request.batch!r}, {moved}"
        f"out={str(out)!r})"
    )


def _optimizer(o: Optimizer, request: Request) -> dict[str, Any]:
    known = {k: v for k, v in o.hyperparameters.items() if v is not None}
    if not isinstance(o.rule, Rule):
        return {
            "name": o.name,
            "class": o.title,
            "full_batch": True,
            "dtype": "float64",
            "evaluations_per_step": 1,
            "hyperparameters": known,
            "lr": [],
        }
    return {
        "name": o.name,
        "class": o.title,
        **({"rule": o.rule.expression(lr="{lr}")} if o.rule.ours else {"ours": False}),
        "evaluations_per_step": o.rule.evaluations,
        "hyperparameters": known,
        "lr": list(request.grids[o.name]),
    }


def check_same(stored: Mapping[str, Any], asked: Mapping[str, Any], path: Path) -> None:
    """Raise UsageError where the folder holds the study of another problem or training.

    Other optimizers, rates and seeds extend a study; another problem, batch or number of epochs
    would not be comparable.
    """
    if not stored.keys() >= {"problem", "training"}:
        return  # a study file that lost its parts is written anew; runs are known by their names
    for table, key in (("problem", k) for k in _PROBLEM_KEYS):
        _same(stored, asked, table, key, path)
    for key in ("epochs", "batch", "sampling", "schedule", "stop"):
        _same(stored, asked, "training", key, path)


_PROBLEM_KEYS = (
    "data",
    "target",
    "task",
    *("window", "horizon", "text", "vocabulary", "tokens", "steps"),
    "data_hash",
    "split_hash",
    "network",
    "activation",
    "init",
    "norm",
    "residual",
    "dropout",
    "loss",
    "penalty",
)

# What studies of earlier versions were that do not say it.
_BEFORE = {
    "init": initialisers.DEFAULT,
    "sampling": SHUFFLED,
    "schedule": str(CONSTANT),
    "stop": str(NEVER),
    "norm": "none",
    "residual": False,
    "dropout": 0.0,
}


def _same(stored: Mapping[str, Any], asked: Mapping[str, Any], table: str, key: str, path: Path) -> None:
    there, here = stored.get(table, {}).get(key, _BEFORE.get(key)), asked[table].get(key, _BEFORE.get(key))
    if there != here:
        raise UsageError(
            "The folder '{path}' holds another study ({key} is {there} there, {here} here); "
            "choose another folder with --out.",
            path=path,
            key=key,
            there=there,
            here=here,
        )


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()}"
    except OSError:
        pass
    return platform.processor() or platform.machine() or os.name

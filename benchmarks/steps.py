"""Traces of several rules, and thousands of descents in one program, beside what one would write by hand."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

import ladera
from benchmarks.section import Section
from benchmarks.sizes import Size
from benchmarks.table import Table, number
from ladera import rules

__all__ = ["measure"]

_LR = 1e-4
_TRACED = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "radam")
_TORCH: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, _LR),
    "momentum": lambda p: torch.optim.SGD(p, _LR, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, _LR, momentum=0.9, nesterov=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, _LR),
    "rmsprop": lambda p: torch.optim.RMSprop(p, _LR, alpha=0.9),
    "adam": lambda p: torch.optim.Adam(p, _LR),
    "adamw": lambda p: torch.optim.AdamW(p, _LR),
    "radam": lambda p: torch.optim.RAdam(p, _LR),
}
_START = (-1.2, 1.0)
_RATES = (1e-5, 3e-5, 1e-4, 2e-4, 3e-4, 5e-4, 7e-4, 1e-3)


def measure(size: Size) -> Section:
    steps, starts, many_steps = (int(size.share * whole) for whole in (1000, 10_000, 500))
    traced = _timed({"Ladera race": lambda: _race(steps), "PyTorch loop": lambda: _loops(steps)}, size)
    points = np.random.default_rng(0).uniform(-2, 2, size=(starts, 2))
    by_hand = _by_hand(many_steps)
    many = _timed(
        {
            "Ladera descend": lambda: ladera.descend("rosenbrock", points, "adam", many_steps, lr=_RATES),
            "optax under jit and vmap": lambda: by_hand(points),
        },
        size,
    )
    titles = (
        f"{len(_TRACED)} rules, {steps} steps each on Rosenbrock, every number kept (wanted: 0.3 s)",
        f"Adam from {starts:,} starts at {len(_RATES)} rates, {many_steps} steps, float64 (wanted: 2 s)",
    )
    tables = [_table(title, rows) for title, rows in zip(titles, (traced, many), strict=True)]
    tables[0].notes.append("PyTorch: one thread, gradients by autograd, points and values kept, no moments.")
    tables[1].notes.append("The first call, which compiles, is the warm-up.")
    libraries = {name: version(name) for name in ("jax", "torch", "optax")}
    return Section("steps", tables, {"trace": traced, "descend": many}, libraries=libraries)


def _race(steps: int) -> Any:
    return ladera.race("rosenbrock", _START, [rules.make(name, lr=_LR) for name in _TRACED], steps)


def _loops(steps: int) -> list[list[Any]]:
    torch.set_num_threads(1)
    return [_loop(make, steps) for make in _TORCH.values()]


def _loop(make: Callable[[Any], torch.optim.Optimizer], steps: int) -> list[Any]:
    x = torch.tensor(_START, dtype=torch.float64, requires_grad=True)
    optimizer, kept = make([x]), []
    for _ in range(steps):
        optimizer.zero_grad()
        f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
        f.backward()
        kept.append((x.tolist(), f.item()))
        optimizer.step()
    return kept


def _by_hand(steps: int) -> Callable[[np.ndarray], Any]:
    def f(x: Any) -> Any:
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    def alone(lr: Any, x: Any) -> Any:
        adam = optax.scale_by_adam()

        def step(_: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            x, state = carry
            direction, state = adam.update(jax.grad(f)(x), state)
            return x - lr * direction, state

        x, _ = jax.lax.fori_loop(0, steps, step, (x, adam.init(x)))
        return x, f(x)

    program = jax.jit(jax.vmap(jax.vmap(alone, (None, 0)), (0, None)))

    def run(points: np.ndarray) -> Any:
        with jax.enable_x64(True):
            return jax.block_until_ready(program(jnp.array(_RATES), jnp.asarray(points)))

    return run


def _timed(sides: dict[str, Callable[[], Any]], size: Size) -> list[dict[str, Any]]:
    """Median seconds of each side, the sides taking turns; the first call of each is its warm-up."""
    warm = {name: _seconds(run) for name, run in sides.items()}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(max(3, size.repeats)):
        for name, run in sides.items():
            taken[name].append(_seconds(run))
    return [
        {"side": name, "seconds": statistics.median(times), "slowest": max(times), "warm-up": warm[name]}
        for name, times in taken.items()
    ]


def _seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    mine = rows[0]["seconds"]
    table = Table(title, ("side", "seconds, median", "slowest", "warm-up", "Ladera is"))
    for row in rows:
        times = [number(row[key]) for key in ("seconds", "slowest", "warm-up")]
        table.rows.append(
            (row["side"], *times, "" if row is rows[0] else f"{number(row['seconds'] / mine)}×")
        )
    return table

"""Microseconds per step of MNIST, 784-128-10, batch 32, Adam, and the share of the machine's peak."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.peers.matrix_product import flops
from benchmarks.problem import Asked, step_flops
from benchmarks.section import Section
from benchmarks.sides import Arrangement, Measured, arrangements
from benchmarks.sizes import Size
from benchmarks.table import Table, number
from benchmarks.versus import Race, race

__all__ = ["measure"]

_WANTED = {"PyTorch, fused Adam": 2.5, "Keras fit on TensorFlow": 10.0, "Keras fit on JAX": 1.7}
_PLANNED = 100  # trainings of an epoch each
_PRODUCTS = [  # the smaller stays in one core's cache, the larger feeds many cores
    one
    for size in (1024, 2048)
    for one in arrangements(
        f"matrix product, {size}×{size}", "matrix_product", ["jax"], options={"size": size}
    )
]


def measure(size: Size) -> Section:
    folder = os.environ.get("LADERA_DATA")
    if not folder or not (Path(folder) / "mnist.npz").is_file():
        return Section.skipped("mnist", "MNIST is not here: set LADERA_DATA to a folder with mnist.npz.")
    everyone = race(Asked("mnist", "mlp:128", 1, 32, size.mnist_rows), _PLANNED, size, _PRODUCTS)
    products = [r for r in everyone.results if r.arrangement.module == "matrix_product"]
    made = Race(everyone.task, [r for r in everyone.results if r not in products])
    steps = made.task.steps_per_epoch * made.task.epochs
    title = f"MNIST, 784-128-10, batch 32, Adam, trainings of {steps:,} steps: one step on the whole machine"
    table = made.table(title, "µs per step", lambda rate: 1e6 / (rate * steps), _WANTED, size)
    return Section("mnist", [table, _shares(made, products)], everyone.as_dict(), everyone.results)


def _shares(made: Race, products: list[Measured]) -> Table:
    """How much of the rate of large matrix products each side's steps reach."""
    task = made.task
    each = step_flops(task)
    steps = task.steps_per_epoch * task.epochs
    table = Table("Share of the machine's own matrix-product rate", ("side", "GFLOP/s", "share"))
    peak = max((rate * flops(_size(r.arrangement)) for r in products for rate in r.rates), default=None)
    for result in products:
        if result.best:
            label = f"{result.arrangement.side}, {result.arrangement.label}"
            table.rows.append((label, number(result.best * flops(_size(result.arrangement)) / 1e9), ""))
    for side in dict.fromkeys(r.arrangement.side for r in made.results):
        if (best := made.best(side)) and peak:
            reached = best * steps * each
            table.rows.append((side, number(reached / 1e9), f"{reached / peak:.0%}"))
    table.notes.append(
        f"A step's matrix products are {each / 1e6:.1f} MFLOP: forward, gradients of the weights, gradient "
        "of the hidden layer (the input's is not needed), and the evaluation, spread over the epoch's steps."
    )
    return table


def _size(arrangement: Arrangement) -> int:
    return arrangement.options["size"]

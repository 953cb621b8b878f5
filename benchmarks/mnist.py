"""Microseconds per step of MNIST, 784-128-10, batch 32, Adam, and the share of the machine's peak."""

from __future__ import annotations

from benchmarks.problem import NO_MNIST, Asked, mnist_is_here
from benchmarks.section import Section
from benchmarks.share import PRODUCTS, shares
from benchmarks.sizes import Size
from benchmarks.versus import Race, race

__all__ = ["measure"]

_WANTED = {"PyTorch, fused Adam": 2.5, "Keras fit on TensorFlow": 10.0, "Keras fit on JAX": 1.7}
_PLANNED = 100  # trainings of an epoch each


def measure(size: Size) -> Section:
    if not mnist_is_here():
        return Section.skipped("mnist", NO_MNIST)
    everyone = race(Asked("mnist", "mlp:128", 1, 32, size.mnist_rows), _PLANNED, size, PRODUCTS)
    products = [r for r in everyone.results if r.arrangement.module == "matrix_product"]
    made = Race(everyone.task, [r for r in everyone.results if r not in products])
    steps = made.task.steps_per_epoch * made.task.epochs
    title = f"MNIST, 784-128-10, batch 32, Adam, trainings of {steps:,} steps: one step on the whole machine"
    table = made.table(title, "µs per step", lambda rate: 1e6 / (rate * steps), _WANTED, size)
    return Section("mnist", [table, shares(made, products)], everyone.as_dict(), everyone.results)

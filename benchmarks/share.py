"""How much of the machine's own matrix-product rate the sides of a race reach."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.peers.matrix_product import flops
from benchmarks.problem import step_flops
from benchmarks.sides import Arrangement, Measured, arrangements
from benchmarks.table import Table, number
from benchmarks.versus import Race

__all__ = ["PRODUCTS", "peak", "reached", "shares"]

PRODUCTS = [  # the smaller stays in one core's cache, the larger feeds many cores
    one
    for size in (1024, 2048)
    for one in arrangements(
        f"matrix product, {size}×{size}", "matrix_product", ["jax"], options={"size": size}
    )
]


def peak(products: Sequence[Measured]) -> float | None:
    """Floating-point operations per second of the fastest of `PRODUCTS` in its best round."""
    return max((rate * flops(_size(r.arrangement)) for r in products for rate in r.rates), default=None)


def reached(made: Race, side: str) -> float | None:
    """Floating-point operations per second of the matrix products that the side's steps need."""
    best = made.best(side)
    return best and best * made.task.steps_per_epoch * made.task.epochs * step_flops(made.task)


def shares(made: Race, products: Sequence[Measured]) -> Table:
    """How much of the rate of large matrix products each side's steps reach."""
    each = step_flops(made.task)
    table = Table("Share of the machine's own matrix-product rate", ("side", "GFLOP/s", "share"))
    whole = peak(products)
    for result in products:
        if result.best:
            label = f"{result.arrangement.side}, {result.arrangement.label}"
            table.rows.append((label, number(result.best * flops(_size(result.arrangement)) / 1e9), ""))
    for side in dict.fromkeys(r.arrangement.side for r in made.results):
        if (rate := reached(made, side)) and whole:
            table.rows.append((side, number(rate / 1e9), f"{rate / whole:.0%}"))
    table.notes.append(
        f"A step's matrix products are {each / 1e6:.1f} MFLOP: forward, gradients of the weights, gradient "
        "of the hidden layer (the input's is not needed), and the evaluation, spread over the epoch's steps."
    )
    return table


def _size(arrangement: Arrangement) -> int:
    return arrangement.options["size"]

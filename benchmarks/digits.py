"""Trainings per second of digits, mlp:64,64, batch 32, 20 epochs, Adam: Ladera against its peers."""

from __future__ import annotations

from benchmarks.problem import Asked
from benchmarks.section import Section
from benchmarks.sizes import Size
from benchmarks.versus import race

__all__ = ["measure"]

_WANTED = {"PyTorch, fused Adam": 10.0, "Keras fit on TensorFlow": 100.0}


def measure(size: Size) -> Section:
    asked = Asked("digits", "mlp:64,64", size.digits_epochs, 32)
    made = race(asked, size.planned, size)
    title = (
        f"digits, mlp:64,64, batch 32, {size.digits_epochs} epochs, Adam: many trainings on the whole machine"
    )
    table = made.table(title, "trainings/s", lambda rate: rate, _WANTED, size)
    return Section("digits", [table], made.as_dict(), made.results)

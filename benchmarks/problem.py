"""The problem that all sides train: Ladera's data, split, initial weights and batch orders, in one file.

The initial weights are arrays named layer.kind.name: `0.conv.w`, `0.conv.b`, `1.dense.w`. Kinds and their
arrays, which are Ladera's:

    dense  w [inputs, units], b [units]; a relu follows, but not the last layer
    conv   of images [height, width, channels]: w [9 channels, units] by row, column, channel of the window,
           b [units]; relu and 2x2 pooling follow
    lstm   w [inputs, 4 units], u [units, 4 units], b [4 units], gates i, f, g, o; of the
           hidden states the last alone goes on
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ladera.networks import Sequential
from ladera.networks.layers import ConvPool, Dense, Layer, Recurrent
from ladera.problems import Problem
from ladera.problems.prepare import Part, Prepared
from ladera.train.examples import task
from ladera.train.work import Task, initial, orders

__all__ = ["NO_MNIST", "Asked", "mnist_is_here", "step_flops", "task_of", "write"]

NO_MNIST = "MNIST is not here: set LADERA_DATA to a folder with mnist.npz."


def mnist_is_here() -> bool:
    folder = os.environ.get("LADERA_DATA")
    return bool(folder) and (Path(folder) / "mnist.npz").is_file()


@dataclass(frozen=True)
class Asked:
    """rows: at most so many for training, a fifth of that for validation; None takes all."""

    data: str
    network: str
    epochs: int
    batch: int
    rows: int | None = None
    penalty: str = "none"
    dropout: float = 0.0


def task_of(asked: Asked) -> tuple[Task, Prepared]:
    problem = Problem(asked.data, asked.network, penalty=asked.penalty, dropout=asked.dropout)
    data = problem.prepared()
    if asked.rows is not None:
        data = replace(
            data,
            train=_first(data.train, asked.rows),
            validation=_first(data.validation, asked.rows // 5),
            split_hash=f"{data.split_hash}-{asked.rows}",
        )
    return task(problem, asked.batch, asked.epochs, data), data


def _first(part: Part, rows: int) -> Part:
    return Part(part.x[:rows], part.y[:rows])


def write(asked: Asked, path: Path) -> Task:
    """Everything that a side outside Ladera needs to train seed 0, as an .npz file."""
    made, data = task_of(asked)
    network = made.network
    assert isinstance(network, Sequential)
    kinds = [*(_kind(layer) for layer in network.body if layer.learns), "dense"]
    params, _ = initial(made, 0)
    first = {
        f"{number}.{kind}.{name}": array
        for number, (kind, layer) in enumerate(zip(kinds, params, strict=True))
        for name, array in layer._asdict().items()
    }
    shape = {"dense": (-1,), "conv": (*data.shape[:2], -1)}.get(kinds[0], data.shape)
    np.savez(
        path,
        x_train=data.train.x.reshape(len(data.train), *shape),
        y_train=data.train.y,
        x_validation=data.validation.x.reshape(len(data.validation), *shape),
        y_validation=data.validation.y,
        orders=orders(made, 0, 0, made.epochs),
        allow_pickle=False,
        **first,
    )
    return made


def _kind(layer: Layer) -> str:
    if isinstance(layer, Recurrent):
        return layer.cell
    return {Dense: "dense", ConvPool: "conv"}[type(layer)]


def step_flops(task: Task) -> float:
    """Floating-point operations of the matrix products that one step needs, evaluation included.

    Forward, gradient of the weights, and gradient of the inputs, which the first layer does without.
    The evaluation of the validation set after every epoch is spread over the epoch's steps.
    """
    validation = len(np.load(task.examples / "y_validation.npy", mmap_mode="r"))
    network = task.network
    assert isinstance(network, Sequential)
    products = network.works(task.shape, task.outputs)
    training = 2 * task.batch * (3 * sum(products) - products[0])
    return training + 2 * validation * sum(products) / task.steps_per_epoch

"""The problem that all sides train: Ladera's data, split, initial weights and batch orders, in one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ladera.networks import Sequential
from ladera.problems import Problem
from ladera.problems.prepare import Part, Prepared
from ladera.train.examples import task
from ladera.train.work import Task, initial, orders

__all__ = ["Asked", "step_flops", "task_of", "write"]


@dataclass(frozen=True)
class Asked:
    """rows: at most so many for training, a fifth of that for validation; None takes all."""

    data: str
    network: str
    epochs: int
    batch: int
    rows: int | None = None


def task_of(asked: Asked) -> tuple[Task, Prepared]:
    problem = Problem(asked.data, asked.network)
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
    layers, _ = initial(made, 0)
    np.savez(
        path,
        x_train=data.train.x,
        y_train=data.train.y,
        x_validation=data.validation.x,
        y_validation=data.validation.y,
        orders=orders(made, 0, 0, made.epochs),
        **{f"w{k}": layer.w for k, layer in enumerate(layers)},
        **{f"b{k}": layer.b for k, layer in enumerate(layers)},
    )
    return made


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

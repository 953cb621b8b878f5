"""Losses by name: one number per example, from the network's raw outputs.

values.py holds what each computes, curvature.py the Hessian of each, table.py what is said of it,
names.py which text asks for which, and of which task.
"""

from ladera.networks.losses.names import (
    canonical,
    curvature_root,
    is_name,
    loss,
    outputs,
    resolve,
    smoothness,
)
from ladera.networks.losses.table import LOSSES, Loss, Number, Smoothness
from ladera.networks.losses.values import (
    binary_cross_entropy,
    correct,
    cross_entropy,
    focal,
    hinge,
    huber,
    mae,
    mse,
)

__all__ = [
    "LOSSES",
    "Loss",
    "Number",
    "Smoothness",
    "binary_cross_entropy",
    "canonical",
    "correct",
    "cross_entropy",
    "curvature_root",
    "focal",
    "hinge",
    "huber",
    "is_name",
    "loss",
    "mae",
    "mse",
    "outputs",
    "resolve",
    "smoothness",
]

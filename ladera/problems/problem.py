"""A problem: data, network, loss and penalty, named by texts and values alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ladera.base import UsageError
from ladera.problems import datasets, prepare
from ladera.problems.datasets import Dataset
from ladera.problems.files import is_file_name
from ladera.problems.prepare import Prepared
from ladera.problems.raw import is_frame
from ladera.problems.targets import TASKS

if TYPE_CHECKING:
    from ladera.networks import MLP
    from ladera.networks.penalties import Penalty

__all__ = ["Problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be trained, on what.

    >>> problem = Problem(data="digits", network="mlp:64,64")
    >>> problem.prepared().train.x.shape
    (1078, 64)

    data: a name (`ladera.problems.names()`), a file's path, openml:NAME, a pair (X, y), or a pandas
        DataFrame.
    network: "mlp:64,64", "linear", ...; activation: of its hidden layers; init: its initial weights
        ("he_normal", "glorot_uniform", "orthogonal", ...).
    loss: "auto" is cross_entropy for classes, mse for a quantity; or binary_cross_entropy, focal, hinge,
        huber, mae, or with a number, "cross_entropy:0.1" (smoothed labels), "huber:0.5", "focal:1".
    penalty: "none", "l1:A", "l2:A", "elastic:A,B".
    target: the column to predict, where data is a table.
    split_seed: decides which rows train, validate and test.
    task: "auto", "classification" or "regression".

    Raises UsageError at once for names that are not known; for what the data hold, when they are
    first read. Two problems are the same where their `identity()` is.
    """

    data: Any = "digits"
    network: str = "mlp:64,64"
    loss: str = "auto"
    penalty: str = "none"
    activation: str = "relu"
    target: Any = None
    split_seed: int = 0
    task: str = "auto"
    init: str = "he_normal"

    def __post_init__(self):
        from ladera import networks

        if self.task not in TASKS:
            raise UsageError(
                "A task is one of {known}, received '{received}'.", known=", ".join(TASKS), received=self.task
            )
        _ = self.parsed_network, self.parsed_penalty
        networks.losses.resolve(self.loss, "classification" if self.task == "auto" else self.task)
        if isinstance(self.data, (str, Path)):
            datasets.find(str(self.data), self.target)
        elif not is_frame(self.data) and not (isinstance(self.data, tuple) and len(self.data) == 2):
            raise UsageError(
                "Data is a name, a path, a pair (X, y) or a pandas DataFrame, received {received}; "
                "for example data='digits'.",
                received=type(self.data).__name__,
            )
        elif self.target is not None and isinstance(self.data, tuple):
            raise UsageError(
                "A target names a column of a table, received target '{received}' for a pair (X, y), "
                "whose target is y; leave the target out.",
                received=self.target,
            )

    def prepared(self) -> Prepared:
        """The data, read, split and scaled; kept after the first call."""
        return self._prepared

    def resolved_loss(self) -> str:
        """The loss with "auto" replaced by the one for the data's task. Reads the data."""
        from ladera.networks import losses

        return losses.resolve(self.loss, self._dataset.task, len(self._dataset.classes) or None)

    @property
    def outputs(self) -> int:
        """How many outputs the network has. Reads the data."""
        from ladera.networks import losses

        return losses.outputs(self.resolved_loss(), self.prepared().outputs)

    def describe(self) -> dict[str, Any]:
        """What study.toml says under [problem]: what was asked, and what the data turned out to be."""
        data = self.prepared()
        on_disk = isinstance(self.data, (str, Path)) and is_file_name(str(self.data))
        described = {
            "data": str(self.data) if on_disk else self._dataset.name,
            "target": self._dataset.target,
            "network": str(self.parsed_network),
            "activation": self.parsed_network.activation,
            "init": self.parsed_network.initialiser,
            "loss": self.resolved_loss(),
            "penalty": str(self.parsed_penalty),
            "task": data.task,
            "classes": data.classes,
            "features": data.features,
            "parameters": self.parsed_network.count(data.features, self.outputs),
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
            "split_seed": int(self.split_seed),
            "data_hash": data.data_hash,
            "split_hash": data.split_hash,
            "disjoint": data.disjoint,
            "description": data.description,
            "source": self._dataset.source,
        }
        return {key: value for key, value in described.items() if value not in (None, "")}

    def identity(self) -> dict[str, Any]:
        """What makes two problems the same, as JSON-able values: the content counts, not where it lies."""
        from ladera.networks import activations, initialisers

        data, network = self.prepared(), self.parsed_network
        other = network.initialiser != initialisers.DEFAULT  # the default is dropped: older names stay
        return {
            "data": self._dataset.name,
            "data_hash": data.data_hash,
            "split_seed": int(self.split_seed),
            "split_hash": data.split_hash,
            "preparation": prepare.VERSION,
            "task": data.task,
            "network": str(self.parsed_network),
            "activation": activations.identity(network.activation),
            **({"init": network.initialiser} if other else {}),
            "loss": self.resolved_loss(),
            "penalty": str(self.parsed_penalty),
        }

    @property
    def parsed_network(self) -> MLP:
        """The network that the text names."""
        from ladera import networks

        return networks.parse(str(self.network), self.activation, self.init)

    @property
    def parsed_penalty(self) -> Penalty:
        """The penalty that the text names."""
        from ladera.networks import penalties

        return penalties.parse(str(self.penalty))

    @cached_property
    def _prepared(self) -> Prepared:
        self.resolved_loss()  # a loss that does not fit the task is told before the data are scaled
        return prepare.prepare(self._dataset, self.split_seed)

    @cached_property
    def _dataset(self) -> Dataset:
        if isinstance(self.data, (str, Path)):
            return datasets.load(str(self.data), self.target, self.task)
        if isinstance(self.data, tuple):
            return datasets.from_arrays(*self.data, task=self.task)
        return datasets.from_arrays(self.data, target=self.target, task=self.task)

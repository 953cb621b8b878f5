"""A problem: data, network, loss and penalty, named by texts and values alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera.base import UsageError
from ladera.problems import datasets, prepare
from ladera.problems.datasets import Dataset
from ladera.problems.files import is_file_name
from ladera.problems.prepare import Prepared
from ladera.problems.raw import is_frame
from ladera.problems.reading import Reading
from ladera.problems.targets import TASKS

if TYPE_CHECKING:
    from ladera.networks import Network
    from ladera.networks.penalties import Penalty

__all__ = ["Problem"]

_OF_TRAINING = {"network", "activation", "init", "norm", "residual", "dropout", "loss", "penalty"}
_OF_TEXTS = ("activation", "init", "norm", "residual")


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be trained, on what.

    >>> problem = Problem(data="digits", network="mlp:64,64")
    >>> problem.prepared().train.x.shape
    (1078, 64)

    data: a name (`ladera.problems.names()`), a file's path, openml:NAME, a pair (X, y), or a pandas
        DataFrame. X may be a list of sequences, arrays [steps, inputs] of different lengths.
    network: "mlp:64,64", "cnn:32,64/64", "lstm:64", "linear", ... (`ladera.networks.texts`), or a
        `ladera.networks.Sequential` of layers. activation: of its hidden layers. init: its initial
        weights ("he_normal", "glorot_uniform", "orthogonal", ...). norm: "none", "batch" or "layer".
        residual: whether hidden layers add to what goes into them, where it is as wide.
        Or one of your own: functions (begin, forward), a Flax module, what makes Equinox modules
        (`ladera.networks.users`), or "file.py:name" of any of these.
    dropout: the share of hidden units that each training step leaves out, from 0 on, below 1.
    loss: "auto" is cross_entropy for classes, mse for a quantity; or binary_cross_entropy, focal, hinge,
        huber, mae, or with a number, "cross_entropy:0.1" (smoothed labels), "huber:0.5", "focal:1".
    penalty: "none", "l1:A", "l2:A", "elastic:A,B", the same "decoupled-", "max-norm:C", joined by "+".
    target: the column to predict, where data is a table.
    split_seed: decides which rows train, validate and test.
    task: "auto", "classification" or "regression".
    window, horizon: of a table whose rows are moments in order: an example sees all numeric columns over
        `window` rows, the target's own past among them, and answers the next `horizon` values of the
        target. Split by time (`ladera.problems.series`).
    text: the column of text that is split into words; vocabulary: how many of the most frequent ones of
        the train rows are told apart, padding and unknown words counted.
    tokens: whether the features are tokens, whole numbers from 0, the padding. steps: how many tokens an
        example has, the others cut at the end; of text by default enough for 95 % of the train rows.

    Raises UsageError at once for names that are not known; for what the data hold, when they are
    first read. Two problems are the same where their `identity()` is.
    """

    data: Any = "digits"
    network: Any = "mlp:64,64"
    loss: str = "auto"
    penalty: str = "none"
    activation: str = "relu"
    target: Any = None
    split_seed: int = 0
    task: str = "auto"
    init: str = "he_normal"
    norm: str = "none"
    dropout: float = 0.0
    residual: bool = False
    window: int | None = None
    horizon: int = 1
    text: str | None = None
    vocabulary: int = Reading.vocabulary
    tokens: bool = False
    steps: int | None = None

    def __post_init__(self):
        from ladera import networks

        if self.task not in TASKS:
            raise UsageError(
                "A task is one of {known}, received '{received}'.", known=", ".join(TASKS), received=self.task
            )
        for name in ("residual", "tokens"):
            if getattr(self, name) not in (True, False):
                raise UsageError(
                    "{name} is True or False, received {received}.",
                    name=name,
                    received=repr(getattr(self, name)),
                )
        _ = self.parsed_network, self.parsed_penalty, self.reading
        self._check_dropout()
        networks.penalties.check(self.parsed_penalty, self.parsed_network)
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

    def _check_dropout(self) -> None:
        try:
            rate = float(self.dropout)
        except (TypeError, ValueError):
            rate = -1.0
        if not 0 <= np.float32(rate) < 1:
            raise UsageError(
                "Dropout is the share of units that a step leaves out, from 0 on and below 1, received "
                "{received}; for example 0.2.",
                received=self.dropout,
            )
        object.__setattr__(self, "dropout", rate)
        if rate and not self.parsed_network.drops:
            raise UsageError(
                "Dropout needs hidden units to leave out, received dropout {rate:g} for the network "
                "'{network}'; take dropout 0, or a network such as mlp:64.",
                rate=rate,
                network=self.parsed_network,
            )

    def varied(self, **changes: Any) -> Problem:
        """The same with other values. Where those leave the data alone these are read once for both.

        Raises UsageError: see there.
        """
        made = replace(self, **changes)
        if changes.keys() <= _OF_TRAINING:
            made.__dict__["_reader"] = self
        return made

    @property
    def reading(self) -> Reading:
        """How sequences are read out of the data, as far as it was asked."""
        return Reading(self.window, self.horizon, self.text, self.vocabulary, bool(self.tokens), self.steps)

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
            **self._dataset.reading.said,
            "network": str(self.parsed_network),
            **self._style,
            "loss": self.resolved_loss(),
            "penalty": str(self.parsed_penalty),
            "dropout": self.dropout or None,
            "task": data.task,
            "classes": data.classes,
            "features": data.features,
            "shape": list(data.shape) if len(data.shape) > 1 else None,
            "parameters": self.fitted_network.count(data.shape, self.outputs),
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
            "split_seed": int(self.split_seed),
            "data_hash": data.data_hash,
            "split_hash": data.split_hash,
            "disjoint": data.disjoint,
            "naive": None if data.naive is None else vars(data.naive),
            "description": data.description,
            "source": self._dataset.source,
        }
        return {key: value for key, value in described.items() if value not in (None, "")}

    def identity(self) -> dict[str, Any]:
        """What makes two problems the same, as JSON-able values: the content counts, not where it lies."""
        from ladera.networks import activations

        data, style = self.prepared(), self._style
        if self._by_text:
            style["activation"] = activations.identity(style["activation"])
        if style.get("init") == Problem.init:  # what is by default is dropped: older names stay
            del style["init"]
        return {
            "data": self._dataset.name,
            "data_hash": data.data_hash,
            "split_seed": int(self.split_seed),
            "split_hash": data.split_hash,
            "preparation": prepare.VERSION,
            **self._dataset.reading.said,
            "task": data.task,
            "network": str(self.parsed_network),
            **style,
            **({} if self._by_text else self.parsed_network.identity()),
            "loss": self.resolved_loss(),
            "penalty": str(self.parsed_penalty),
            **({"dropout": self.dropout} if self.dropout else {}),
        }

    @property
    def _style(self) -> dict[str, Any]:
        """What the network's hidden layers share, norm and residual only where they are asked for."""
        from ladera.networks import activations, initialisers

        asked = {
            "activation": activations.canonical(self.activation),
            "init": initialisers.canonical(self.init),
        }
        if self.norm != Problem.norm:
            asked["norm"] = self.norm
        return {**asked, "residual": True} if self.residual else asked

    @property
    def _by_text(self) -> bool:
        """Whether the network is one of ours, by its text."""
        return isinstance(self.network, str) and ".py:" not in self.network

    @cached_property
    def parsed_network(self) -> Network:
        """The network that the text names, or that was given."""
        from ladera import networks

        asked = self.network
        if isinstance(asked, str):
            path, _, name = asked.strip().rpartition(":")
            if not path.endswith(".py"):
                return networks.parse(asked, self.activation, self.init, self.norm, self.residual)
            asked = networks.from_file(Path(path), name)
        network = asked if isinstance(asked, networks.Network) else networks.users(asked)
        if network is None:
            raise UsageError(
                "A network is a text such as mlp:64,64, a ladera.networks.Network, a Flax module, two "
                "functions (begin, forward) or one that makes Equinox modules, received {received}.",
                received=repr(asked),
            )
        for name in _OF_TEXTS:
            if getattr(self, name) != getattr(Problem, name):
                raise UsageError(
                    "{option} is of networks that are given as a text, received {value} with the network "
                    "{network}; leave it out, or write it into the network.",
                    option=name,
                    value=getattr(self, name),
                    network=network,
                )
        return network

    @property
    def fitted_network(self) -> Network:
        """The network with what the data tell of it: how many tokens there are, how far it forecasts.
        Reads the data."""
        return self._fitted(self.prepared())

    def _fitted(self, data: Prepared) -> Network:
        windows = data.naive is not None
        return self.parsed_network.fitted(data.outputs, data.vocabulary, data.padded, windows)

    @property
    def parsed_penalty(self) -> Penalty:
        """The penalty that the text names."""
        from ladera.networks import penalties

        return penalties.parse(str(self.penalty))

    @cached_property
    def _prepared(self) -> Prepared:
        self.resolved_loss()  # a loss that does not fit the task is told before the data are scaled
        found = self._split
        kind = str(self.network).strip().lower().rpartition("+")[2]
        if kind == "logistic" and found.task == "regression":
            raise UsageError(
                "The network 'logistic' tells classes apart, received numbers as target; take linear."
            )
        self._fitted(found).check(found.shape, found.outputs)
        return found

    @cached_property
    def _split(self) -> Prepared:
        reader = self.__dict__.get("_reader")
        return reader._split if reader else prepare.prepare(self._dataset, self.split_seed)

    @cached_property
    def _dataset(self) -> Dataset:
        if reader := self.__dict__.get("_reader"):
            return reader._dataset
        how: Any = {"task": self.task, "reading": self.reading}
        if isinstance(self.data, (str, Path)):
            return datasets.load(str(self.data), self.target, **how)
        if isinstance(self.data, tuple):
            return datasets.from_arrays(*self.data, **how)
        return datasets.from_arrays(self.data, target=self.target, **how)

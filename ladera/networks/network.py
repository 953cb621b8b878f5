"""What the engine asks of a network, whoever wrote it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ladera.networks import identities, trial
from ladera.networks.layers import ASKING, Pass, Shape

__all__ = ["Network"]


class Network:
    """A network that is trained: first parameters, and what it makes of inputs.

    `shape` is always that of one example, `outputs` how many raw numbers are wanted for each.
    Parameters are any tree of float32 arrays; weights are those with at least two axes, and the others
    are shifts and scales, which penalties leave alone.

    twice: whether its gradient can be differentiated again. wide: whether trainings gain from being side
    by side in a program. at_once: examples that are evaluated together. forced: whether it is told in
    training what it is to answer (`Pass.target`). units_last: whether the last axis of a weight goes over
    its units, so that a unit's incoming weights are all the others.
    """

    twice: bool = True
    wide: bool = True
    at_once: int = 512
    forced: bool = False
    units_last: bool = True

    def __str__(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        return f"{self} {self.identity()}"

    def init(self, rng: np.random.Generator, shape: Shape, outputs: int) -> Any:
        """The first parameters, NumPy float32."""
        raise NotImplementedError

    def state(self, shape: Shape, outputs: int) -> Any:
        """What training moves without a gradient, such as running means, as it begins: NumPy float32."""
        return []

    def apply(self, params: Any, state: Any, x: Any, how: Pass = ASKING) -> tuple[Any, Any]:
        """Raw outputs [n, outputs] of inputs `x` [n, *shape], and the next state."""
        raise NotImplementedError

    def fitted(self, outputs: int, vocabulary: int | None, padded: bool, series: bool) -> Network:
        """The network with what the data alone tell of it.

        outputs: raw numbers wanted for each example. vocabulary: how many tokens there are, whole numbers
        in examples of shape [steps], of which 0 is padding; None where examples are numbers. padded:
        whether the last input of every moment is 1 where it is there. series: whether examples are
        windows whose last input is the past of what is asked.

        Raises UsageError where it cannot do with such examples.
        """
        return self

    def check(self, shape: Shape, outputs: int) -> None:
        """Raise UsageError where it cannot take examples of that shape."""
        if not identities.is_ours(self):
            trial.check(self, shape, outputs)

    def work(self, shape: Shape, outputs: int) -> int:
        """Multiplications of one example on its way forward, or a guess at them."""
        return self.count(shape, outputs)

    def count(self, shape: Shape, outputs: int) -> int:
        """How many parameters it has."""
        try:
            return _count(self, shape, outputs)
        except TypeError:  # a network that holds a list has no hash
            return _count.__wrapped__(self, shape, outputs)

    def identity(self) -> dict[str, Any]:
        """What makes it another network than others of its text, as values that JSON can hold."""
        return {} if identities.is_ours(self) else {"source": identities.fingerprint(self)}

    def modules(self) -> set[str]:
        """The modules of what it is made of: a worker gets them whole where they are not ours."""
        return identities.modules(self)

    @property
    def drops(self) -> bool:
        """Whether it has units that dropout may leave out."""
        return False


@lru_cache(maxsize=32)
def _count(network: Network, shape: Shape, outputs: int) -> int:
    return sum(np.size(leaf) for leaf in _leaves(network.init(np.random.default_rng(0), shape, outputs)))


def _leaves(tree: Any) -> list[Any]:
    """The arrays of a tree, without JAX, which a first look at a problem leaves unimported."""
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in _leaves(part)]
    if isinstance(tree, (list, tuple)):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [] if tree is None else [tree]

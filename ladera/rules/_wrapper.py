"""What makes a rule of another rule: clipping, weight decay, averaging, look-ahead.

A wrapper is a rule whose first field is the rule inside. It has the hyperparameters of both, so that
a comparison sweeps the learning rate of what is inside, and it is as global as the more global one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Self

from ladera.base import UsageError, unknown_name
from ladera.rules import _blocks
from ladera.rules._blocks import Blocks
from ladera.rules._rule import Rule

__all__ = ["Averaging", "Iterate", "Wrapper", "by_array"]

_SCOPES = ("element", "block", "whole")


class Wrapper(Rule):
    """A rule around `rule`, whose state is that of the rule inside unless a subclass adds to it."""

    _not_hyperparameters: ClassVar[frozenset[str]] = frozenset({"rule"})

    rule: Rule

    def __post_init__(self):
        if not isinstance(self.rule, Rule):
            raise UsageError(
                "{wrapper} is put around a rule, received {received}; for example "
                "{wrapper}(ladera.rules.Adam()).",
                wrapper=type(self).__name__,
                received=repr(self.rule),
            )
        super().__post_init__()
        if both := self.rule.hyperparameters().keys() & self.defaults().keys():
            raise UsageError(
                "{wrapper} would give {rule} a second hyperparameter '{name}'; set the one it has, or "
                "wrap another rule.",
                wrapper=type(self).__name__,
                rule=self.rule.label(),
                name=min(both),
            )
        scope = max(type(self).scope, self.rule.scope, key=_SCOPES.index)
        object.__setattr__(self, "scope", scope)
        object.__setattr__(self, "averages", type(self).averages or self.rule.averages)
        object.__setattr__(self, "evaluations", self.rule.evaluations + type(self).evaluations - 1)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The wrapper's own fields with their defaults."""
        return {name: value for name, value in super().defaults().items() if name != "rule"}

    def hyperparameters(self) -> dict[str, Any]:
        return {**self.rule.hyperparameters(), **super().hyperparameters()}

    def numbers(self) -> dict[str, Any]:
        return {**self.rule.numbers(), **super().numbers()}

    def changed(self) -> dict[str, Any]:
        # what the wrapper itself is set to is told always: its label says only that it is there
        return {**self.rule.changed(), **super().hyperparameters()}

    def replace(self, **changes: Any) -> Self:
        own = {name: changes.pop(name) for name in list(changes) if name in self.defaults()}
        for name in changes:
            if name not in self.rule.hyperparameters():
                raise unknown_name("hyperparameter", name, self.hyperparameters())
        return dataclasses.replace(self, rule=self.rule.replace(**changes), **own)

    def label(self) -> str:
        return f"{self.rule.label()}+{self.name()}"

    def title(self) -> str:
        return f"{super().title()}({self.rule.title()})"

    def expression(self, lr: str | None = None) -> str:
        arguments = [self.rule.expression(lr), *self._arguments(None)]
        return f"ladera.rules.{type(self).__name__}({', '.join(arguments)})"

    @property
    def ours(self) -> bool:
        return super().ours and self.rule.ours

    def identity(self) -> str:
        return f"{self.rule.identity()}+{self.fingerprint()}"

    # The rule inside, on one array or on Blocks of them. A wrapper overrides what it changes.

    def init(self, x: Any) -> Any:
        return _blocks.init(self.rule, x)

    def read(self, s: Any, x: Any) -> Any:
        return _blocks.read(self.rule, s, x)

    def probe(self, g: Any, s: Any, x: Any) -> Any:
        return _blocks.probe(self.rule, g, s, x)

    def step(self, t: Any, g: Any, s: Any, x: Any) -> tuple[Any, Any]:
        return self.inside(t, g, s, x)

    def inside(self, t: Any, g: Any, s: Any, x: Any) -> tuple[Any, Any]:
        """A step of the rule inside."""
        return _blocks.step(self.rule, t, g, s, x)


class Iterate(NamedTuple):
    rule: Any  # the state of the rule inside
    z: Any  # the x of the rule inside


class Averaging(Wrapper):
    """A wrapper with an x of its own, which follows that of the rule inside: z in the state.

    The gradient is taken where the rule inside wants it.
    """

    averages = True

    def init(self, x: Any) -> Any:
        return Iterate(_blocks.init(self.rule, x), x)

    def read(self, s: Any, x: Any) -> Any:
        return _blocks.read(self.rule, s.rule, s.z)

    def probe(self, g: Any, s: Any, x: Any) -> Any:
        return _blocks.probe(self.rule, g, s.rule, s.z)


def by_array(function: Callable[[Any], Any], x: Any) -> Any:
    """The function of an array, or of every array of Blocks on its own."""
    return x.map(function) if isinstance(x, Blocks) else function(x)

"""Which hyperparameters of a training follow which schedule."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ladera.base import UsageError
from ladera.schedules._schedule import Schedule
from ladera.schedules.catalogue import make
from ladera.schedules.decays import Constant
from ladera.schedules.plateau import Plateau

__all__ = ["CONSTANT", "AskedSchedule", "Schedules"]

_One: TypeAlias = str | Schedule | type[Schedule]
AskedSchedule: TypeAlias = "_One | Mapping[str, _One] | Schedules"


@dataclasses.dataclass(frozen=True)
class Schedules:
    """Pairs of a hyperparameter's name and its schedule, the learning rate first; what stays constant is
    left out. A value, which may be a key; `str` of it is the text that `of` reads back."""

    pairs: tuple[tuple[str, Schedule], ...] = ()

    @classmethod
    def of(cls, asked: AskedSchedule) -> Schedules:
        """From a schedule or its text (of the learning rate), a text such as "lr=cosine b1=warmup:0.2",
        or a mapping of names to either.

        Raises UsageError for a hyperparameter that is given twice, and as `make` does.
        """
        if isinstance(asked, Schedules):
            return asked
        if isinstance(asked, Mapping):
            return cls._from(asked.items())
        if not isinstance(asked, str):
            return cls._from([("lr", asked)])
        return cls._from([_named(part) for part in asked.split()] or [("lr", asked)])

    @classmethod
    def _from(cls, asked: Iterable[tuple[Any, Any]]) -> Schedules:
        found: dict[str, Schedule] = {}
        for name, one in asked:
            if name in found:
                raise UsageError(
                    "A hyperparameter follows one schedule, and {name} is given two; name each one once, for "
                    "example 'lr=cosine b1=warmup'.",
                    name=name,
                )
            found[name] = make(one)
            if found[name].reacts and name != "lr":
                raise UsageError(
                    "The schedule {schedule} is of the learning rate alone, received {name}={schedule}; take "
                    "lr={schedule}.",
                    schedule=found[name].name(),
                    name=name,
                )
        moving = [pair for pair in found.items() if not isinstance(pair[1], Constant)]
        return cls(tuple(sorted(moving, key=lambda pair: (pair[0] != "lr", pair[0]))))

    @property
    def constant(self) -> bool:
        """Whether nothing moves."""
        return not self.pairs

    @property
    def tabled(self) -> tuple[tuple[str, Schedule], ...]:
        """The pairs whose factors are known before the training."""
        return tuple(pair for pair in self.pairs if not pair[1].reacts)

    @property
    def plateau(self) -> Plateau | None:
        """The schedule that follows the losses, which is of the learning rate."""
        return next((one for _, one in self.pairs if isinstance(one, Plateau)), None)

    def __str__(self) -> str:
        if not self.pairs:
            return Constant.name()
        alone = len(self.pairs) == 1 and self.pairs[0][0] == "lr"
        return str(self.pairs[0][1]) if alone else " ".join(f"{name}={one}" for name, one in self.pairs)

    def moving(self, numbers: Iterable[str]) -> list[str]:
        """Those of a rule's numbers that move, companions of the learning rate too."""
        return [name for name in numbers if self._moves(name)]

    def _moves(self, name: str) -> bool:
        own = dict(self.pairs)
        return name in own or ("lr" in own and name in own["lr"].companions)

    def table(self, numbers: Sequence[str], n: int, s: int) -> np.ndarray:
        """The factors of a rule's numbers, float64 [n, len(numbers)]: 1 where nothing moves, or the losses
        will decide."""
        table, own = np.ones((n, len(numbers))), dict(self.tabled)
        for at, name in enumerate(numbers):
            if name in own:
                table[:, at] = own[name].factors(n, s)
            elif "lr" in own and name in own["lr"].companions:
                table[:, at] = own["lr"].companion_factors(n, s)
        return table


CONSTANT = Schedules()


def _named(part: str) -> tuple[str, str]:
    """'b1=warmup:0.2' as its two halves; without a name it is of the learning rate. An equals sign behind
    the colon belongs to a schedule's own numbers."""
    head, colon, values = part.partition(":")
    name, sign, schedule = head.partition("=")
    return (name, f"{schedule}{colon}{values}") if sign else ("lr", part)

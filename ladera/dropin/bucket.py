"""Parameters of one group that take their next step together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from ladera.dropin.eager import Eager
from ladera.dropin.fused import Fused, FusionError
from ladera.dropin.records import Members, count

__all__ = ["Bucket", "buckets"]


class Bucket:
    """t: the steps that its members have behind them."""

    def __init__(self, members: Members, t: int, fused: bool):
        self.members = members
        self.t = t
        self.engine: Fused | Eager = Fused(members) if fused else Eager(members)

    def step(self) -> None:
        """The next step along the gradients, and then to where the following gradient is taken."""
        self._do(lambda engine: engine.step(self.t + 1))
        self.t += 1
        t = count(self.t)
        for record in self.members.records:
            record["step"] = t
        if self.members.plan.ahead:
            self.read()

    def read(self) -> None:
        """Put the point at which the next gradient is taken into the parameters."""
        self._do(lambda engine: engine.read())

    def probe(self) -> None:
        """Put the point at which a second gradient is taken into the parameters."""
        self._do(lambda engine: engine.probe())

    def _do(self, action: Callable[[Fused | Eager], None]) -> None:
        try:
            action(self.engine)
        except FusionError:
            self.members.plan.fused = False
            self.engine = Eager(self.members)
            action(self.engine)


def buckets(members: Members) -> Iterator[Bucket]:
    """Members in as few buckets as their histories allow.

    A rule that sees all parameters at once has one bucket, whose step count is the largest.
    """
    _, plan, params, _, records, _ = members
    if not params:
        return
    names = ("step", *plan.numbers) if plan.fused else ("step",)
    shared = all(len({id(record[name]) for record in records}) == 1 for name in names)
    if shared and len({p.dtype for p in params}) == 1:
        yield Bucket(members, int(records[0]["step"]), plan.fused)
        return
    histories = _histories(members, names)
    if plan.whole:
        alike = len({(is_double, *numbers) for is_double, _, *numbers in histories}) == 1
        yield Bucket(members, max(int(t) for _, t, *_ in histories), plan.fused and alike)
        return
    for (_, t, *_), some in histories.items():
        yield Bucket(members._replace(params=some[0], gradients=some[1], records=some[2]), int(t), plan.fused)


def _histories(members: Members, names: Sequence[str]) -> dict[tuple[Any, ...], list[list[Any]]]:
    """Parameters, gradients and records by what they are stepped in and by their numbers of these names."""
    found: dict[tuple[Any, ...], list[list[Any]]] = {}
    values: dict[int, float] = {}
    for p, g, record in zip(members.params, members.gradients, members.records, strict=True):
        held = [record[name] for name in names]
        for x in held:
            if id(x) not in values:
                values[id(x)] = x.item()
        key = (p.dtype == torch.float64, *(values[id(x)] for x in held))
        for column, item in zip(found.setdefault(key, [[], [], []]), (p, g, record), strict=True):
            column.append(item)
    return found

"""A rule run on the tensors themselves, array by array or on all as Blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ladera.dropin.records import Members, number
from ladera.dropin.slots import Slot, fill, items, skeleton
from ladera.rules import Blocks, blocks

__all__ = ["Eager"]


class Eager:
    """A rule on parameters with the same number of steps behind them."""

    def __init__(self, members: Members):
        self.rule, self.plan, self.params, self.gradients, self.records, self.sign = members
        self.bones = self.plan.of_these("skeleton", self.params, self._skeleton)

    def step(self, t: int) -> None:
        """Step t along the gradients."""
        s, x = blocks.step(self.rule, t, self._gradient(), self._state(), self._x())
        new: list[tuple[Tensor, Tensor]] = list(zip(self._x().parts, x.parts, strict=True))
        for slot, i, leaf in items(self.bones, s):
            if slot.name not in self.plan.numbers:
                new.append((self.records[i][slot.name], leaf))
                continue
            value = number(leaf)
            for record in self.records if slot.shared else (self.records[i],):
                record[slot.name] = value
        _replace(new)

    def read(self) -> None:
        """Put the point at which the next gradient is taken into the parameters."""
        self._move(blocks.read(self.rule, self._state(), self._x()))

    def probe(self) -> None:
        """Put the point at which the second gradient is taken into the parameters."""
        self._move(blocks.probe(self.rule, self._gradient(), self._state(), self._x()))

    def _x(self) -> Blocks:
        if self.plan.ahead:
            return Blocks([record["x"] for record in self.records])
        return Blocks([p.detach() for p in self.params])

    def _skeleton(self) -> Any:
        like = [torch.empty_like(p, device="meta") for p in self.params]
        return skeleton(blocks.init(self.rule, Blocks(like)))

    def _gradient(self) -> Blocks:
        return Blocks(self.gradients if self.sign == 1 else [-g for g in self.gradients])

    def _state(self) -> Any:
        def held(slot: Slot, i: int) -> Tensor:
            p, value = self.params[i], self.records[i][slot.name]
            if slot.name not in self.plan.numbers:
                return value
            return value.to(p.device, torch.float32 if p.dtype.itemsize == 2 else p.dtype)

        return fill(self.bones, held)

    def _move(self, points: Blocks) -> None:
        _replace(list(zip([p.detach() for p in self.params], points.parts, strict=True)))


def _replace(pairs: Sequence[tuple[Tensor, Tensor]]) -> None:
    """Put the second of each pair into the first. A rule may give one array's tensor to another."""
    places = {old.data_ptr() for old, _ in pairs}
    safe = [new.clone() if new.data_ptr() in places else new for old, new in pairs if new is not old]
    for old, new in zip([old for old, new in pairs if new is not old], safe, strict=True):
        old.copy_(new)

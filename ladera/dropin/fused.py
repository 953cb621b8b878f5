"""A rule written down once and done on lists of tensors, a cacheful at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ladera.dropin.lazy import Lazy, Leaf, Node
from ladera.dropin.program import Program, write
from ladera.dropin.records import Members, number
from ladera.dropin.slots import Slot, fill, items

__all__ = ["Fused", "FusionError"]

Column = list[Tensor]

_copy = torch._foreach_copy_  # pyright: ignore[reportPrivateImportUsage]

# Elements that all operations of a step go over before the next are looked at, so that they find them in
# the cache. Adam on 100 matrices of 256 x 256 takes 15 ms with 2^17 to 2^19, 25 with 2^15, where the calls
# cost more, and 38 without an end. A thread is given 2^15 at least: PyTorch gives it no fewer.
_CACHEFUL = 1 << 18
_PER_THREAD = 1 << 15


class FusionError(Exception):
    """The rule does what cannot be written down; nothing has been changed."""


class _Batch:
    """Some tensors of one dtype: the parameters, x, the arrays of the state, and the gradients."""

    def __init__(self, columns: Sequence[Column]):
        self.params, self.x, *self.arrays, self.gradients = columns
        self.is_half = self.x[0].dtype.itemsize == 2

    def columns(self) -> list[Column]:
        """x, the arrays and the gradients, in the precision that is stepped in."""
        wide = [self.x, self.gradients]
        x, gradients = [[t.float() for t in column] for column in wide] if self.is_half else wide
        return [x, *self.arrays, gradients]

    def update(self, program: Program) -> None:
        """Put the program's results where x and the arrays of the state are."""
        places = self.columns()
        results = program.run(places)
        places = places[:-1]
        for i, (made, place) in enumerate(zip(results, places, strict=True)):
            if made is not place and any(made is other for other in places):
                results[i] = [t.clone() for t in made]  # before that place is filled
        for made, place in zip(results, places, strict=True):
            if made is not place:
                _copy(place, made)
        if self.is_half:
            _copy(self.x, places[0])

    def move(self, program: Program) -> None:
        """Put the program's one result into the parameters."""
        (point,) = program.run(self.columns())
        _copy(self.params, point)


class Fused:
    """A rule on parameters with the same history, one flat array to it. Every step may raise FusionError."""

    def __init__(self, members: Members):
        self.rule, plan, params, _, records, self.sign = members
        self.plan = plan
        self.params = params
        self.records = records
        self.numbers = {name: np.float64(records[0][name].item()) for name in plan.numbers}
        self.dtype = np.dtype(np.float64 if params[0].dtype == torch.float64 else np.float32)
        self.batches = [_Batch(columns) for columns in _batches(members)]
        self.x, *arrays, self.g = (Leaf(self) for _ in range(len(plan.arrays) + 2))
        self.arrays = dict(zip(plan.arrays, arrays, strict=True))
        self.leaves = [self.x, *arrays, self.g]

    def step(self, t: int) -> None:
        """Step t along the gradients."""
        program, numbers = self._written(self._step, t)
        for batch in self.batches:
            batch.update(program)
        self.numbers = {name: np.float64(value) for name, value in numbers.items()}
        for name, value in numbers.items():
            new = number(value)
            for record in self.records:
                record[name] = new

    def read(self) -> None:
        """Put the point at which the next gradient is taken into the parameters."""
        self._move(lambda: self.rule.read(self._state(), Lazy(self.x)))

    def probe(self) -> None:
        """Put the point at which the second gradient is taken into the parameters."""
        self._move(lambda: self.rule.probe(self._gradient(), self._state(), Lazy(self.x)))

    @property
    def size(self) -> int:
        return sum(p.numel() for p in self.params)

    def total(self, x: Lazy) -> float:
        """The sum of all elements of all parameters."""
        program = write([x], self.leaves)
        found = 0.0
        for batch in self.batches:
            (column,) = program.run(batch.columns())
            found += torch.stack([t.sum() for t in column]).sum().item()
        return found

    def _gradient(self) -> Lazy:
        return Lazy(self.g, self.sign)

    def _state(self) -> Any:
        def held(slot: Slot, _: int) -> Any:
            leaf = self.arrays.get(slot.name)
            return self.numbers[slot.name] if leaf is None else Lazy(leaf)

        return fill(self.plan.bones, held)

    def _step(self, t: int) -> tuple[Program, dict[str, float]]:
        """The program of a step, and the numbers of the state after it."""
        s, x = self.rule.step(t, self._gradient(), self._state(), Lazy(self.x))
        made = {slot.name: value for slot, _, value in items(self.plan.bones, s)}
        values = [self._array(value) for value in (x, *(made[name] for name in self.plan.arrays))]
        program = write(values, self.leaves, writable=self.leaves[:-1])
        return program, {name: float(made[name]) for name in self.plan.numbers}

    def _move(self, point: Callable[[], Any]) -> None:
        program = self._written(lambda: write([self._array(point())], self.leaves))
        for batch in self.batches:
            batch.move(program)

    def _written(self, writer: Callable[..., Any], *arguments: Any) -> Any:
        try:
            with np.errstate(all="ignore"):  # as arrays divide by 0
                return writer(*arguments)
        except Exception as error:  # run on the tensors, a rule that is wrong says better what is
            raise FusionError from error

    def _array(self, value: Any) -> Lazy:
        return value if isinstance(value, Lazy) else Lazy(Node("full_like", self.x, float(value)))


def _batches(members: Members) -> Iterator[Sequence[Column]]:
    """Columns of a cacheful each, of one dtype and device: parameters, x, arrays, gradients."""
    _, plan, params, gradients, records, _ = members
    x = [record["x"] for record in records] if plan.ahead else params
    columns = [params, x, *([record[name] for record in records] for name in plan.arrays), gradients]
    limit = max(_CACHEFUL, _PER_THREAD * torch.get_num_threads())
    for pick in plan.of_these(limit, params, lambda: _partition(params, limit)):
        row = [pick(column) for column in columns]
        first = [column[0] for column in row]
        if _is_large(first[0], limit) and all(t.is_contiguous() for t in first):
            pieces = zip(*(t.view(-1).split(limit) for t in first), strict=True)
            yield from ([[t] for t in piece] for piece in pieces)
        else:
            yield row


def _partition(params: Sequence[Tensor], limit: int) -> list[Callable[[Column], Column]]:
    """What picks parameters that make a cacheful each; a larger one is alone."""
    done: list[list[int]] = []
    growing: dict[Any, tuple[list[int], int]] = {}
    for i, p in enumerate(params):
        places, size = growing.get((p.dtype, p.device), ([], 0))
        if places and _is_large(p, limit - size):
            done.append(places)
            places, size = [], 0
        growing[p.dtype, p.device] = [*places, i], size + p.numel()
    return [_picker(places) for places in (*done, *(places for places, _ in growing.values()))]


def _picker(places: list[int]) -> Callable[[Column], Column]:
    first, last = places[0], places[-1]
    if last - first + 1 == len(places):
        return lambda column: column[first : last + 1]
    return lambda column: [column[i] for i in places]


def _is_large(x: Tensor, limit: int) -> bool:
    """Elsewhere than on the CPU no cache is worth a further call."""
    return x.numel() > limit and x.device.type == "cpu"

"""What PyTorch's optimizer keeps of each parameter: the rule's state by name, as tensors.

An array of the rule's has its parameter's shape or another, and is updated in place. A number (the step
count, a sum of weights) is a tensor without axes that is replaced, never changed: parameters that have
the same history share it, which makes them easy to find.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ladera.base import UsageError
from ladera.dropin.plan import Plan
from ladera.dropin.slots import items, skeleton
from ladera.rules import Blocks, Rule, blocks

__all__ = ["Members", "Record", "checked", "count", "number", "start"]

Record = dict[str, Tensor]


class Members(NamedTuple):
    """Parameters that take their next step together; sign: what their gradients are multiplied by."""

    rule: Rule
    plan: Plan
    params: list[Tensor]
    gradients: list[Tensor]
    records: list[Record]
    sign: float


def number(value: Any) -> Tensor:
    return torch.tensor(float(value), dtype=torch.float64)


def count(t: int) -> Tensor:
    return torch.tensor(t, dtype=torch.int64)


def start(rule: Rule, plan: Plan, params: Sequence[Tensor], elder: Record | None) -> list[Record]:
    """The records before the first step of some parameters of a group.

    elder: the record of a parameter that has one already; what belongs to all of them is taken from it.
    """
    x = [p.detach() for p in params]
    state = blocks.init(rule, Blocks(x))
    zero, made, owned = count(0), _Shared(), {_memory(p) for p in x}
    records: list[Record] = [{"step": zero} for _ in x]
    for slot, i, leaf in items(skeleton(state), state):
        if slot.name not in plan.numbers:
            records[i][slot.name] = _own(leaf, owned)
        elif not slot.shared:
            records[i][slot.name] = made(slot.name, leaf)
        else:
            value = elder[slot.name] if elder else made(slot.name, leaf)
            for record in records:
                record[slot.name] = value
    if plan.ahead:
        for record, p in zip(records, x, strict=True):
            record["x"] = p.clone()
    return records


class _Shared:
    """Numbers as tensors, equal ones as the same."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, float], Tensor] = {}

    def __call__(self, name: str, value: Any) -> Tensor:
        key = (name, float(value))
        if key not in self.made:
            self.made[key] = number(value)
        return self.made[key]


def _own(leaf: Tensor, owned: set[int]) -> Tensor:
    """A tensor of its own: a rule may begin with x itself, or with the same zeros in two places."""
    leaf = leaf.clone() if _memory(leaf) in owned else leaf
    owned.add(_memory(leaf))
    return leaf


def _memory(x: Tensor) -> int:
    return x.untyped_storage().data_ptr()


def checked(
    rule: Rule, plan: Plan, params: Sequence[Tensor], saved: Sequence[dict[str, Any] | None]
) -> list[Record | None]:
    """Saved records of a group's parameters as records of theirs: own memory, their dtypes and devices.

    Raises UsageError where a name is missing or too many, or a shape is another.
    """
    like = [torch.empty_like(p, device="meta") for p in params]
    state = blocks.init(rule, Blocks(like))
    wanted: list[Record] = [{"x": x} if plan.ahead else {} for x in like]
    for slot, i, leaf in items(skeleton(state), state):
        for record in wanted if slot.shared else (wanted[i],):
            record[slot.name] = leaf
    shared = _Shared()
    return [
        None if record is None else _like(rule, plan, p, names, record, shared)
        for p, names, record in zip(params, wanted, saved, strict=True)
    ]


def _like(
    rule: Rule, plan: Plan, p: Tensor, wanted: Record, saved: dict[str, Any], shared: Callable[..., Tensor]
) -> Record:
    if wanted.keys() | {"step"} != saved.keys():
        raise UsageError(
            "Of a parameter of shape {shape} {rule} needs {wanted}, and the state that is loaded has "
            "{saved}; load the state of an optimizer with the same rule and flags.",
            rule=rule.label(),
            shape=tuple(p.shape),
            wanted=", ".join(sorted({*wanted, "step"})),
            saved=", ".join(sorted(map(str, saved))),
        )
    record = {"step": count(int(saved["step"]))}
    for name, like in wanted.items():
        shape = () if name in plan.numbers else tuple(like.shape)
        if tuple(saved[name].shape) != shape:
            raise UsageError(
                "The state's {name} has the shape {saved}, and a parameter of shape {shape} needs {wanted}; "
                "build the optimizer over the parameters that the state was saved for, in the same order.",
                name=name,
                saved=tuple(saved[name].shape),
                shape=tuple(p.shape),
                wanted=shape,
            )
        if name in plan.numbers:
            record[name] = shared(name, saved[name])
        else:
            record[name] = saved[name].to(device=p.device, dtype=like.dtype, copy=True)
    return record

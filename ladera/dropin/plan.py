"""How a rule is run on PyTorch's tensors, which is decided by the rule and its flags alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ladera.base import UsageError
from ladera.dropin.slots import alone, items, skeleton
from ladera.dropin.traits import looks_ahead, needs_shapes
from ladera.rules import Blocks, Rule, blocks

__all__ = ["Plan"]

_RESERVED = ("step", "x")  # what the optimizer itself keeps of a parameter
_REMEMBERED = 64  # sets of parameters; those that have a gradient may be others at every step


@dataclasses.dataclass
class Plan:
    """What does not change from step to step.

    bones: the skeleton of the state for one array that stands for all. arrays: names of what has the
    parameter's shape. numbers: names of what is one number per parameter, or for all of them. whole: the
    rule sees all parameters of a group at once. ahead: the gradient is taken elsewhere than at x.
    fused: the rule can be written down once and done on lists of tensors; else it is run on the tensors.
    known: what was found out about sets of parameters.
    """

    bones: Any
    arrays: tuple[str, ...]
    numbers: tuple[str, ...]
    whole: bool
    ahead: bool
    fused: bool
    known: dict[tuple[Any, ...], Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, rule: Rule) -> Plan:
        """Raises UsageError where the rule's state has a name that the optimizer needs."""
        vector = torch.zeros(2, device="meta")
        state = blocks.init(rule, Blocks([vector, vector]))
        bones = skeleton(state)
        shapes = {slot.name: getattr(leaf, "shape", ()) for slot, _, leaf in items(bones, state)}
        for name in _RESERVED:
            if name in shapes:
                raise UsageError(
                    "{rule} names a part of its state '{name}', which ladera.torch keeps for itself; give it "
                    "another name.",
                    rule=rule.label(),
                    name=name,
                )
        arrays = tuple(name for name, shape in shapes.items() if shape)
        numbers = tuple(name for name, shape in shapes.items() if not shape)
        fused = all(shapes[name] == vector.shape for name in arrays) and not needs_shapes(rule)
        return cls(alone(bones), arrays, numbers, rule.scope == "whole", looks_ahead(rule), fused)

    def of_these(self, what: Any, params: Sequence[Tensor], find: Callable[[], Any]) -> Any:
        """What `find` finds out about these parameters, which is remembered."""
        key = (what, *map(id, params))
        if key not in self.known:
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            self.known[key] = find()
        return self.known[key]

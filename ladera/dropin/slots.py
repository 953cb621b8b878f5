"""The arrays of a rule's state by name, for frameworks that keep a state in tables of arrays.

A state is a NamedTuple of arrays, of None, and of further states. Of several arrays (`Blocks`) it holds
Blocks, arrays that belong to all of them, and tuples of states, one per array, where a rule goes array by
array. Its skeleton is the same with a `Slot` in place of each array.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from ladera.rules import Blocks

__all__ = ["Slot", "alone", "fill", "items", "skeleton"]


@dataclasses.dataclass(frozen=True)
class Slot:
    """The place of an array: the names of the fields on the way to it, and whether it belongs to all
    arrays that the rule sees, instead of to one."""

    name: str
    shared: bool


def skeleton(state: Any, name: str = "", shared: bool = True) -> Any:
    """The skeleton of a state."""
    if state is None:
        return None
    if isinstance(state, Blocks):
        return Blocks([Slot(name, False)] * len(state.parts))
    if _is_named(state):
        names = (f"{name}.{field}" if name else field for field in state._fields)
        return type(state)(*(skeleton(v, name, shared) for name, v in zip(names, state, strict=True)))
    if isinstance(state, tuple):
        return tuple(skeleton(part, name, False) for part in state)
    return Slot(name, shared)


def fill(bones: Any, array: Callable[[Slot, int], Any], i: int = 0) -> Any:
    """The state of a skeleton. array: what a slot holds for the i-th array (0 where it is shared)."""
    if bones is None:
        return None
    if isinstance(bones, Slot):
        return array(bones, i)
    if isinstance(bones, Blocks):
        return Blocks([array(slot, i) for i, slot in enumerate(bones.parts)])
    if _is_named(bones):
        return type(bones)(*(fill(bone, array, i) for bone in bones))
    return tuple(fill(bone, array, i) for i, bone in enumerate(bones))


def items(bones: Any, state: Any, i: int = 0) -> Iterator[tuple[Slot, int, Any]]:
    """Each slot of a skeleton, for which array it is, and what a state holds there."""
    if isinstance(bones, Slot):
        yield bones, i, state
    elif isinstance(bones, Blocks):
        for k, (slot, part) in enumerate(zip(bones.parts, state.parts, strict=True)):
            yield slot, k, part
    elif bones is not None:
        numbered = not _is_named(bones)
        for k, (bone, part) in enumerate(zip(bones, state, strict=True)):
            yield from items(bone, part, k if numbered else i)


def alone(bones: Any) -> Any:
    """The skeleton for one array that stands for all of those which a skeleton is for."""
    if isinstance(bones, Blocks):
        return bones.parts[0]
    if _is_named(bones):
        return type(bones)(*map(alone, bones))
    return alone(bones[0]) if isinstance(bones, tuple) else bones


def _is_named(state: Any) -> bool:
    return isinstance(state, tuple) and hasattr(state, "_fields")

"""The states of several rules in the same slots, so that one program can hold them all.

Adam remembers two arrays per parameter array, SGD none. Every rule's state is laid into a list of
slots long enough for the largest, so that each rule's branch takes and returns the same shapes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["Packing", "pack"]


@dataclass(frozen=True)
class Packing:
    """Where one rule's states sit: the leaves of its i-th state in slots `places[i]`."""

    structures: tuple[Any, ...]
    places: tuple[tuple[int, ...], ...]
    shapes: tuple[Any, ...]  # of all slots, this rule's and the others'

    def empty(self) -> list[Any]:
        return [jnp.zeros(s.shape, s.dtype) for s in self.shapes]

    def states(self, slots: Sequence[Any]) -> list[Any]:
        """The rule's states again."""
        return [
            structure.unflatten([slots[place] for place in places])
            for structure, places in zip(self.structures, self.places, strict=True)
        ]

    def fill(self, states: Sequence[Any], slots: Sequence[Any]) -> list[Any]:
        """The slots with these states in their places, the others as they were."""
        slots = list(slots)
        for places, state in zip(self.places, states, strict=True):
            for place, leaf in zip(places, jax.tree.leaves(state), strict=True):
                slots[place] = leaf
        return slots


def pack(rules: Sequence[Sequence[Any]]) -> tuple[Packing, ...]:
    """A packing per rule, from each rule's states as shapes."""
    slots: list[tuple[tuple[int, ...], Any]] = []

    def place(leaf: Any, used: Counter[Any]) -> int:
        kind = (leaf.shape, leaf.dtype)
        mine = [i for i, slot in enumerate(slots) if slot == kind]
        used[kind] += 1
        if len(mine) < used[kind]:
            slots.append(kind)
            return len(slots) - 1
        return mine[used[kind] - 1]

    laid = []
    for states in rules:
        used: Counter[Any] = Counter()
        structures = tuple(jax.tree.structure(state) for state in states)
        places = tuple(tuple(place(leaf, used) for leaf in jax.tree.leaves(state)) for state in states)
        laid.append((structures, places))
    shapes = tuple(jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in slots)
    return tuple(Packing(structures, places, shapes) for structures, places in laid)

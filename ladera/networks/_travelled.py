"""Equinox classes that came from another process as they are, and not by their module's name.

An Equinox class learns its fields when it is made. Pickled whole it is made empty and filled afterwards,
so that in the other process it has none, and not even its `__init__` may set them. It is therefore made
again of what it was filled with, and put where the first one stood: in the globals and closures of the
functions that came with it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from functools import partial
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

__all__ = ["mended"]

_FIELD = ("default", "default_factory", "init", "repr", "hash", "compare", "metadata", "kw_only")
_AGAIN: WeakKeyDictionary[type, tuple[dict[str, Any], type]] = WeakKeyDictionary()
_MADE: WeakSet[type] = WeakSet()


def mended(make: Any) -> Any:
    """A function that makes Equinox modules, or such a class, with all classes that it reaches working."""
    functions, classes = _reached(make)
    again: dict[type, type] = {}
    for kind in sorted(classes, key=lambda kind: len(kind.__mro__)):  # bases first
        bases = tuple(again.get(base, base) for base in kind.__bases__)
        again[kind] = _made_again(kind, bases)
    for function in functions:
        for name, value in list(function.__globals__.items()):
            if isinstance(value, type) and value in again:
                function.__globals__[name] = again[value]
        for cell, value in _cells(function):
            if isinstance(value, type) and value in again:
                cell.cell_contents = again[value]
    return again.get(make, make) if isinstance(make, type) else make


def _made_again(kind: type, bases: tuple[type, ...]) -> type:
    """Once for each time that the class is filled: the same one is filled anew by what travels later."""
    filled = {name: value for name, value in vars(kind).items() if isinstance(value, FunctionType)}
    if kind not in _AGAIN or _AGAIN[kind][0] != filled:
        _AGAIN[kind] = filled, type(kind)(kind.__name__, bases, _namespace(kind))
        _MADE.add(_AGAIN[kind][1])
    return _AGAIN[kind][1]


def _reached(first: Any) -> tuple[list[FunctionType], list[type]]:
    """Functions and Equinox classes that came with it, whose code no module here holds."""
    import equinox

    functions, classes, met, left = [], [], set(), [first]
    while left:
        thing = left.pop()
        if id(thing) in met:
            continue
        met.add(id(thing))
        if isinstance(thing, FunctionType) and not _is_here(thing.__globals__):
            functions.append(thing)
            left += [*thing.__globals__.values(), *(value for _, value in _cells(thing))]
        elif isinstance(thing, type) and issubclass(thing, equinox.Module) and _has_travelled(thing):
            classes.append(thing)
            left += [*thing.__bases__, *vars(thing).values()]
        elif isinstance(thing, partial):
            left += [thing.func, *thing.args, *thing.keywords.values()]
        elif isinstance(thing, (classmethod, staticmethod)):
            left.append(thing.__func__)
        elif isinstance(thing, (list, tuple)):
            left += thing
        elif isinstance(thing, dict):
            left += thing.values()
        elif not isinstance(thing, (type, FunctionType)):
            left.append(getattr(thing, "__wrapped__", None))
    return functions, classes


def _is_here(space: dict[str, Any]) -> bool:
    """Whether a function's globals are a module's of this process."""
    module = sys.modules.get(space.get("__name__", ""))
    return module is not None and vars(module) is space


def _has_travelled(kind: type) -> bool:
    if kind in _MADE:
        return False
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is not kind


def _cells(function: FunctionType) -> Iterator[tuple[Any, Any]]:
    for cell in function.__closure__ or ():
        try:
            yield cell, cell.cell_contents
        except ValueError:  # nothing in it yet
            continue


def _namespace(kind: type) -> dict[str, Any]:
    """What the body of a class defined, its fields as they were written."""
    held = vars(kind)
    left_out = {"__dict__", "__weakref__", "__match_args__", "__dataclass_fields__", "__dataclass_params__"}
    left_out |= {"_abc_impl", *(name for name in held if name.startswith(("__abstract", "__annot")))}
    if held["__dataclass_params__"].init:
        left_out.add("__init__")  # which is made of the fields
    namespace = {name: value for name, value in held.items() if name not in left_out}
    annotations = namespace["__annotations__"] = {}  # as texts they would be looked up in a module
    inherited = {
        id(f) for base in kind.__mro__[1:] for f in vars(base).get("__dataclass_fields__", {}).values()
    }
    for name, field in held["__dataclass_fields__"].items():
        if id(field) not in inherited and field._field_type.name == "_FIELD":
            annotations[name] = Any
            parts = {part: getattr(field, part) for part in _FIELD}
            missing = type(dataclasses.MISSING)  # of which one that has travelled is another object
            given = {part: value for part, value in parts.items() if not isinstance(value, missing)}
            namespace[name] = dataclasses.field(**given)
    return namespace

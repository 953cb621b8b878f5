"""What makes objects of the user's own the same, in whichever process: their code and what it holds.

An object is told by its parts, theirs by their own, down to numbers and texts: a function by its
instructions, its closure, its defaults and the global names that it reads; a class by its methods and
bases; anything else by its class and what it holds. Never by `repr`, in which addresses stand.

Of code from a file the whole text of the file counts beside that, so that nothing in it can be missed. In
a notebook or a script that is run, whose other lines change all the time, what is reached counts alone.
What lies in a library is told by its name.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

__all__ = ["fingerprint", "is_ours", "modules"]

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))
_NAMED = {"equinox", "flax", "jax", "jaxlib", "ladera", "numpy", "optax", *sys.stdlib_module_names}
_INSTALLED = {"site-packages", "dist-packages"}


def fingerprint(*things: Any) -> str:
    """16 hexadecimal digits: alike in every process where the things are, and others where their code, or
    what it holds, is another."""
    walk = _Walk()
    return _hashed(*map(walk.digest, things))[:16]


def modules(*things: Any) -> set[str]:
    """The modules of the user's own that hold the code which `fingerprint` reaches."""
    walk = _Walk()
    for thing in things:
        walk.digest(thing)
    return walk.modules


def is_ours(thing: Any) -> bool:
    """Whether it is of a class of Ladera's, which its name and fields tell."""
    return type(thing).__module__.partition(".")[0] == "ladera"


def _is_own(module: str) -> bool:
    """Whether a module of that name is the user's, neither ours nor of an installed library. What runs
    is, even where an installed program runs it, such as a notebook's."""
    return module == "__main__" or not (_of_library(module) or _installed(module))


def _of_library(module: str) -> bool:
    return module.partition(".")[0] in _NAMED


def _installed(module: str) -> bool:
    return bool(_INSTALLED & set(Path(_file(module)).parts))


def _file(module: str) -> str:
    found = sys.modules.get(module) or sys.modules.get(module.partition(".")[0])
    return getattr(found, "__file__", None) or ""


def _text(module: str) -> str:
    """The whole file of a module, hashed; of a script that is run, and of what was typed in, nothing."""
    path = Path(_file(module))
    if module != "__main__" and not _of_library(module) and path.suffix == ".py":
        with suppress(OSError):
            return hashlib.sha256(path.read_bytes()).hexdigest()
    return ""


def _hashed(*texts: str) -> str:
    return hashlib.sha256(repr(texts).encode()).hexdigest()


class _Walk:
    """One walk: what was met keeps its digest, and its place in memory, by which it is known."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self._met: dict[int, tuple[Any, str]] = {}

    def digest(self, thing: Any) -> str:
        if type(thing) in _PLAIN:
            return _hashed(type(thing).__name__, repr(thing))
        if id(thing) not in self._met:
            self._met[id(thing)] = thing, "itself"  # what it is met as inside itself
            self._met[id(thing)] = thing, _hashed(*self._told(thing))
        return self._met[id(thing)][1]

    def _all(self, *things: Any) -> Iterator[str]:
        return map(self.digest, things)

    def _told(self, thing: Any) -> Iterator[str]:
        if named := _by_name(thing):
            yield from named
        elif isinstance(thing, ModuleType):
            yield from self._module(thing, set())
        elif isinstance(thing, type):
            yield from self._class(thing)
        elif isinstance(thing, FunctionType):
            yield from self._function(thing)
        elif isinstance(thing, CodeType):
            names = thing.co_names, thing.co_freevars
            yield from ("code", thing.co_code.hex(), *map(repr, names), *self._all(*thing.co_consts))
        else:
            yield self.digest(type(thing))
            yield from self._held(thing)

    def _held(self, thing: Any) -> Iterator[str]:
        """What an object holds beside its class."""
        if isinstance(thing, Enum):
            yield thing.name
        elif isinstance(thing, (list, tuple)):
            yield from self._all(*thing)
        elif isinstance(thing, (set, frozenset)):
            yield from sorted(self._all(*thing))
        elif isinstance(thing, Mapping):
            yield from self._items(thing)
        elif isinstance(thing, (classmethod, staticmethod)):
            yield from self._all(thing.__func__)
        elif isinstance(thing, MethodType):
            yield from self._all(thing.__func__, thing.__self__)
        elif isinstance(thing, property):
            yield from self._all(thing.fget, thing.fset)
        elif isinstance(thing, partial):
            yield from self._all(thing.func, thing.args, thing.keywords)
        elif hasattr(thing, "dtype") and hasattr(thing, "__array__"):
            array = np.asarray(thing)
            yield from (str(array.dtype), repr(array.shape))
            yield from (hashlib.sha256(array.tobytes()).hexdigest(),) if array.dtype != object else ()
        elif is_dataclass(thing):  # `parent` of a Flax module is its place in another one
            names = [f.name for f in fields(thing) if f.repr or f.name != "parent"]
            yield from self._items({name: getattr(thing, name, None) for name in names})
        elif isinstance(held := getattr(thing, "__dict__", None), Mapping):
            yield from self._items(
                {k: v for k, v in held.items() if not k.startswith("__") or k == "__wrapped__"}
            )
        else:
            with suppress(Exception):  # what cannot be taken apart is told by its class
                yield from self._all(*thing.__reduce_ex__(4)[1:3])

    def _items(self, held: Mapping[Any, Any]) -> Iterator[str]:
        yield from sorted(self.digest(key) + self.digest(value) for key, value in held.items())

    def _function(self, function: FunctionType) -> Iterator[str]:
        home = str(function.__globals__.get("__name__", ""))  # `__module__` is what a wrapper says
        yield function.__qualname__
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # nothing in it yet
                yield self.digest(cell.cell_contents)
        yield from self._all(function.__defaults__, function.__kwdefaults__)
        yield from self._of_module(home)
        if not _is_own(home):
            yield home
            return
        yield self.digest(function.__code__)
        names = set(_names(function.__code__))
        for name in sorted(names & function.__globals__.keys()):
            value = function.__globals__[name]
            yield from self._module(value, names) if isinstance(value, ModuleType) else self._all(value)

    def _module(self, module: ModuleType, names: set[str], within: tuple[int, ...] = ()) -> Iterator[str]:
        """A module of the user's by its text, and by what of it is read under one of the names."""
        name = module.__name__
        if not _is_own(name):
            yield name
        elif id(module) not in within:
            yield from self._of_module(name)
            for key in sorted(names & vars(module).keys()):
                value = vars(module)[key]
                if isinstance(value, ModuleType):
                    yield from self._module(value, names, (*within, id(module)))
                else:
                    yield self.digest(value)

    def _class(self, kind: type) -> Iterator[str]:
        yield kind.__qualname__
        yield from self._of_module(kind.__module__)
        if not _is_own(kind.__module__):
            yield kind.__module__
            return
        yield from self._all(*kind.__bases__)
        for name, value in sorted(vars(kind).items()):
            if name != "_abc_impl" and (callable(value) or not name.startswith("__")):
                yield from (name, self.digest(value))

    def _of_module(self, name: str) -> Iterator[str]:
        if name in sys.modules and name != "__main__" and _is_own(name):
            self.modules.add(name)
        yield _text(name)


def _by_name(thing: Any) -> tuple[str, ...]:
    """Module and name of what a library holds under that name; nothing of anything else."""
    module = getattr(thing, "__module__", None)
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str) or _is_own(module):
        return ()
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return ("named", module, name, _text(module)) if found is thing else ()


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function, and those inside it, look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)

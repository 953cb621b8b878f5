"""First-order update rules: one file per rule, found by its name.

A rule joins by existing: every public file of this folder holds the class of the same name.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ladera.base import LaderaError, UsageError, unknown_name
from ladera.rules import _xp as xp
from ladera.rules._rule import Domain, Fraction, NonNegative, Positive, Rule, Stateless

if TYPE_CHECKING:
    from ladera.rules.adadelta import Adadelta
    from ladera.rules.adagrad import Adagrad
    from ladera.rules.adam import Adam
    from ladera.rules.adamw import AdamW
    from ladera.rules.momentum import Momentum
    from ladera.rules.nesterov import Nesterov
    from ladera.rules.radam import RAdam
    from ladera.rules.rmsprop import RMSprop
    from ladera.rules.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Domain",
    "Fraction",
    "Momentum",
    "Nesterov",
    "NonNegative",
    "Positive",
    "RAdam",
    "RMSprop",
    "Rule",
    "Stateless",
    "from_file",
    "get",
    "names",
    "xp",
]


def names() -> list[str]:
    """Every rule known, as on the command line, in alphabetical order."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def get(name: str) -> type[Rule]:
    """The rule class of a command-line name.

    Raises UsageError, with the nearest known name, where there is none.
    """
    if name.lower() not in names():
        raise unknown_name("optimizer", name, names())
    module = importlib.import_module(f"{__name__}.{name.lower()}")
    return next(c for c in _rules_in(module) if c.name() == name.lower())


def from_file(path: Path, name: str) -> type[Rule]:
    """The rule class `name` of a Python file of the user's, which is run.

    Raises UsageError where the file or the class in it is missing, is no Rule, or fails.
    """
    if not path.is_file():
        raise UsageError("There is no file '{path}' to take the rule '{name}' from.", path=path, name=name)
    module = _run(path)
    found = {c.__name__: c for c in _rules_in(module)}
    if name not in found:
        raise UsageError(
            "The file '{path}' holds no rule '{name}' (a class that derives from ladera.rules.Rule); "
            "it holds: {found}.",
            path=path,
            name=name,
            found=", ".join(found) or "-",
        )
    return found[name]


def _run(path: Path) -> Any:
    """The module of a file of the user's, found again under a name of its own (type hints are
    looked up there, and files of one name in two folders must not meet)."""
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    loader = SourceFileLoader(f"ladera_user_{path.stem}_{place}", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        loader.exec_module(module)
    except LaderaError:
        raise
    except Exception as error:
        raise UsageError(
            "The file '{path}' fails when it is run ({kind}: {error}); mend it and try again.",
            path=path,
            kind=type(error).__name__,
            error=error,
        ) from error
    return module


def _rules_in(module: Any) -> list[type[Rule]]:
    """The rule classes that a module defines itself."""
    classes = vars(module).values()
    return [
        c for c in classes if inspect.isclass(c) and issubclass(c, Rule) and c.__module__ == module.__name__
    ]


def __getattr__(name: str) -> type[Rule]:
    if name.lower() in names() and get(name).__name__ == name:
        return get(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

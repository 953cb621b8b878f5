"""First-order update rules: one file per rule, found by its name.

A rule joins by existing: every public file of this folder holds the class of the same name, and
every file of `wrappers` a rule that is put around another.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ladera.base import UsageError, unknown_name
from ladera.rules import _blocks as blocks
from ladera.rules import _xp as xp
from ladera.rules import wrappers as _wrappers
from ladera.rules._blocks import Blocks
from ladera.rules._rule import FRAMEWORKS, Domain, Fraction, NonNegative, Positive, Rule, Stateless
from ladera.rules._wrapper import Wrapper
from ladera.users_file import run

if TYPE_CHECKING:  # for editors and type checkers; at run time a rule is imported when it is named
    from ladera.rules.adabelief import AdaBelief as AdaBelief
    from ladera.rules.adadelta import Adadelta as Adadelta
    from ladera.rules.adafactor import Adafactor as Adafactor
    from ladera.rules.adagrad import Adagrad as Adagrad
    from ladera.rules.adam import Adam as Adam
    from ladera.rules.adamax import AdaMax as AdaMax
    from ladera.rules.adamw import AdamW as AdamW
    from ladera.rules.adan import Adan as Adan
    from ladera.rules.amsgrad import AMSGrad as AMSGrad
    from ladera.rules.asgd import ASGD as ASGD
    from ladera.rules.lamb import LAMB as LAMB
    from ladera.rules.lars import LARS as LARS
    from ladera.rules.lion import Lion as Lion
    from ladera.rules.momentum import Momentum as Momentum
    from ladera.rules.muon import Muon as Muon
    from ladera.rules.nadam import NAdam as NAdam
    from ladera.rules.nesterov import Nesterov as Nesterov
    from ladera.rules.prodigy import Prodigy as Prodigy
    from ladera.rules.radam import RAdam as RAdam
    from ladera.rules.rmsprop import RMSprop as RMSprop
    from ladera.rules.rprop import Rprop as Rprop
    from ladera.rules.schedulefreeadamw import ScheduleFreeAdamW as ScheduleFreeAdamW
    from ladera.rules.schedulefreesgd import ScheduleFreeSGD as ScheduleFreeSGD
    from ladera.rules.sgd import SGD as SGD
    from ladera.rules.signsgd import SignSGD as SignSGD
    from ladera.rules.soap import SOAP as SOAP
    from ladera.rules.wrappers.centralized import Centralized as Centralized
    from ladera.rules.wrappers.clipglobalnorm import ClipGlobalNorm as ClipGlobalNorm
    from ladera.rules.wrappers.clipnorm import ClipNorm as ClipNorm
    from ladera.rules.wrappers.clipvalue import ClipValue as ClipValue
    from ladera.rules.wrappers.decoupled import Decoupled as Decoupled
    from ladera.rules.wrappers.ema import EMA as EMA
    from ladera.rules.wrappers.l2 import L2 as L2
    from ladera.rules.wrappers.lookahead import Lookahead as Lookahead
    from ladera.rules.wrappers.sam import SAM as SAM

__all__ = [
    "CLASSIC",
    "FRAMEWORKS",
    "Blocks",
    "Domain",
    "Fraction",
    "NonNegative",
    "Positive",
    "Rule",
    "Stateless",
    "Wrapper",
    "blocks",
    "by_name",
    "from_file",
    "get",
    "make",
    "names",
    "wrappers",
    "xp",
]

# What a comparison takes unless it is told: the rules that every course teaches.
CLASSIC = ("adadelta", "adagrad", "adam", "adamw", "momentum", "nesterov", "radam", "rmsprop", "sgd")


def names() -> list[str]:
    """Every rule known, as on the command line, in alphabetical order."""
    found = pkgutil.iter_modules(__path__)
    return sorted(m.name for m in found if not m.ispkg and not m.name.startswith("_"))


def wrappers() -> list[str]:
    """Every wrapper known, in alphabetical order."""
    return sorted(m.name for m in pkgutil.iter_modules(_wrappers.__path__))


def get(name: str) -> type[Rule]:
    """The rule class of a command-line name.

    Raises UsageError, with the nearest known name, where there is none.
    """
    if name.lower() not in names():
        raise unknown_name("optimizer", name, names())
    module = importlib.import_module(f"{__name__}.{name.lower()}")
    return next(c for c in _rules_in(module) if c.name() == name.lower())


def by_name(name: str) -> type[Rule]:
    """The class of a rule, or of a wrapper, by the name of its file."""
    if name not in wrappers():
        return get(name)
    module = importlib.import_module(f"{_wrappers.__name__}.{name}")
    return next(c for c in _rules_in(module) if c.name() == name)


def make(asked: Any, **hyperparameters: Any) -> Rule:
    """The rule that is asked for, by a name, "file.py:Rule", a rule or a rule class, some of its
    hyperparameters replaced.

    Raises UsageError for what is none of these, for an unknown name (with the nearest) and for a
    value outside its domain.
    """
    if isinstance(asked, str):
        path, colon, name = asked.strip().rpartition(":")
        asked = from_file(Path(path), name) if colon else get(asked.strip())
    if isinstance(asked, type) and issubclass(asked, Rule):
        return asked.create(**hyperparameters)
    if isinstance(asked, Rule):
        return asked.replace(**hyperparameters) if hyperparameters else asked
    raise UsageError(
        "An optimizer is a name, a rule, a rule class or 'file.py:Rule', received {received}.",
        received=repr(asked),
    )


def from_file(path: Path, name: str) -> type[Rule]:
    """The rule class `name` of a Python file of the user's, which is run.

    Raises UsageError where the file or the class in it is missing, is no Rule, or fails.
    """
    if not path.is_file():
        raise UsageError("There is no file '{path}' to take the rule '{name}' from.", path=path, name=name)
    module = run(path)
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


def _rules_in(module: Any) -> list[type[Rule]]:
    """The rule classes that a module defines itself."""
    classes = vars(module).values()
    return [
        c for c in classes if inspect.isclass(c) and issubclass(c, Rule) and c.__module__ == module.__name__
    ]


def __getattr__(name: str) -> type[Rule]:
    for module in (f"{__name__}.{name.lower()}", f"{_wrappers.__name__}.{name.lower()}"):
        if importlib.util.find_spec(module) is not None:
            for cls in _rules_in(importlib.import_module(module)):
                if cls.__name__ == name:
                    return cls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

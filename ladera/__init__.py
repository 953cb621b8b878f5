"""Ladera: which optimizer should train my network, with which settings, and how sure is that?

Everything here is imported when it is first used: `import ladera` costs nothing, and a study is
opened without JAX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ladera import analysis, optax, optimize, report, rules, schedules, solvers, surfaces, torch
    from ladera.base import LaderaError, UsageError
    from ladera.comparison import compare
    from ladera.explaining import catalogue, explain
    from ladera.finding import find_lr
    from ladera.fitting import curve_fit, fit
    from ladera.optimize import least_squares, minimize
    from ladera.problems import Problem
    from ladera.study import Study, open
    from ladera.sweeping import sweep
    from ladera.swept import Sweep
    from ladera.tracing import descend, race, trace

__all__ = [
    "LaderaError",
    "Problem",
    "Study",
    "Sweep",
    "UsageError",
    "__version__",
    "analysis",
    "catalogue",
    "compare",
    "curve_fit",
    "descend",
    "explain",
    "find_lr",
    "fit",
    "least_squares",
    "minimize",
    "open",
    "optax",
    "optimize",
    "race",
    "report",
    "rules",
    "schedules",
    "solvers",
    "surfaces",
    "sweep",
    "torch",
    "trace",
]

__version__ = "0.1.0"

_HOME = {
    "LaderaError": "ladera.base",
    "Problem": "ladera.problems",
    "Study": "ladera.study",
    "Sweep": "ladera.swept",
    "UsageError": "ladera.base",
    "catalogue": "ladera.explaining",
    "compare": "ladera.comparison",
    "curve_fit": "ladera.fitting",
    "descend": "ladera.tracing",
    "explain": "ladera.explaining",
    "find_lr": "ladera.finding",
    "fit": "ladera.fitting",
    "least_squares": "ladera.optimize",
    "minimize": "ladera.optimize",
    "open": "ladera.study",
    "race": "ladera.tracing",
    "sweep": "ladera.sweeping",
    "trace": "ladera.tracing",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in __all__:
        return importlib.import_module(f"ladera.{name}")
    raise AttributeError(f"module 'ladera' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

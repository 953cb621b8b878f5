"""Ladera: which optimizer should train my network, with which settings, and how sure is that?

Everything here is imported when it is first used: `import ladera` costs nothing, and a study is
opened without JAX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ladera import analysis, report, rules
    from ladera.base import LaderaError, UsageError
    from ladera.comparison import compare
    from ladera.problems import Problem
    from ladera.study import Study, open

__all__ = [
    "LaderaError",
    "Problem",
    "Study",
    "UsageError",
    "__version__",
    "analysis",
    "compare",
    "open",
    "report",
    "rules",
]

__version__ = "0.1.0"

_HOME = {
    "LaderaError": "ladera.base",
    "Problem": "ladera.problems",
    "Study": "ladera.study",
    "UsageError": "ladera.base",
    "compare": "ladera.comparison",
    "open": "ladera.study",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in __all__:
        return importlib.import_module(f"ladera.{name}")
    raise AttributeError(f"module 'ladera' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

"""Python files of the user's own, which are run where they are named."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from ladera.base import LaderaError, UsageError

__all__ = ["run"]


def run(path: Path) -> Any:
    """The module of a file of the user's, found again under a name of its own (type hints are
    looked up there, and files of one name in two folders must not meet).

    Raises UsageError where it fails.
    """
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

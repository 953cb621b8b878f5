"""The sentence for a library that is not installed."""

from __future__ import annotations

import importlib.util

from ladera.base import LaderaError

__all__ = ["MissingLibraryError", "require"]


class MissingLibraryError(LaderaError, ImportError):
    """A library that an extra of Ladera's brings is not installed."""


def require(library: str) -> None:
    """Raise MissingLibraryError, an ImportError, unless the library is installed."""
    if importlib.util.find_spec(library) is None:
        raise MissingLibraryError(
            'ladera.{library} needs {library}, which is not installed: pip install "ladera[{library}]".',
            library=library,
        )

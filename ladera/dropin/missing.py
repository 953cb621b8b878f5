"""The sentence for a library that is not installed."""

from __future__ import annotations

from ladera.base import LaderaError

__all__ = ["MissingLibraryError", "missing"]


class MissingLibraryError(LaderaError, ImportError):
    """A library that an extra of Ladera's brings is not installed."""


def missing(library: str, error: ModuleNotFoundError) -> ImportError:
    """What to raise after an import of the library failed: the error itself where it is about another."""
    if error.name != library:
        return error
    return MissingLibraryError(
        'ladera.{library} needs {library}, which is not installed: pip install "ladera[{library}]".',
        library=library,
    )

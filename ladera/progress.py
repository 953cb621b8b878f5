"""Who hears how far a study is: whoever was asked to show it, a bar in a terminal, or nobody."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Protocol

from ladera.locale import translator

__all__ = ["Progress", "shown"]


class Progress(Protocol):
    """Whoever shows how far a study is."""

    def extend(self, runs: int) -> None: ...
    def advance(self, runs: float) -> None: ...
    def best(self, optimizer: str, lr: float | None, value: float) -> None: ...
    def note(self, template: str, **fields: object) -> None: ...


@contextlib.contextmanager
def shown(progress: Progress | None) -> Iterator[Progress]:
    """Who shows how far it is: who was asked to, or a bar where standard error is a terminal, or nobody."""
    with contextlib.ExitStack() as stack:
        if progress is None and sys.stderr.isatty():
            from ladera.terminal import Progress as Bar

            progress = stack.enter_context(Bar(translator()))
        yield progress or _Silent()


class _Silent:
    """Shows nothing."""

    def extend(self, runs: int) -> None: ...
    def advance(self, runs: float) -> None: ...
    def best(self, optimizer: str, lr: float | None, value: float) -> None: ...
    def note(self, template: str, **fields: object) -> None: ...

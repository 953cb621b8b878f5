"""What may be asked for: a number of steps."""

from __future__ import annotations

from typing import Any

from ladera.base import UsageError

__all__ = ["check_steps"]

_MOST_STEPS = 1_000_000


def check_steps(steps: Any) -> None:
    """Raises UsageError for what is no number of steps."""
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= _MOST_STEPS:
        raise UsageError(
            "The number of steps is a whole number from 1 to {most}, received {received}.",
            most=_MOST_STEPS,
            received=steps,
        )

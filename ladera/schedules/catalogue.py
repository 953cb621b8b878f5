"""Schedules by name."""

from __future__ import annotations

from ladera.base import UsageError, unknown_name
from ladera.schedules import cycles, decays, plateau, warmups
from ladera.schedules._schedule import Schedule

__all__ = ["get", "make", "names"]

_BY_NAME: dict[str, type[Schedule]] = {
    cls.name(): cls
    for module in (decays, cycles, warmups, plateau)
    for cls in (getattr(module, name) for name in module.__all__)
}


def names() -> list[str]:
    """The names of all schedules, in alphabetical order."""
    return sorted(_BY_NAME)


def get(name: str) -> type[Schedule]:
    """The class of that name. Raises UsageError, with the nearest known name, where it is unknown."""
    if name.strip().lower() not in _BY_NAME:
        raise unknown_name("schedule", name.strip(), _BY_NAME)
    return _BY_NAME[name.strip().lower()]


def make(asked: str | Schedule | type[Schedule]) -> Schedule:
    """The schedule of a text such as "cosine:0.01", of a class, or the schedule itself.

    Raises UsageError for what is none of these, an unknown name and wrong numbers.
    """
    if isinstance(asked, Schedule):
        return asked
    if isinstance(asked, type) and issubclass(asked, Schedule):
        return asked()
    if not isinstance(asked, str):
        raise UsageError(
            "A schedule is a text such as 'cosine', or one of ladera.schedules, received {received}; all "
            "names: {known}.",
            received=repr(asked),
            known=", ".join(names()),
        )
    name, _, values = asked.partition(":")
    return get(name).parse(values)

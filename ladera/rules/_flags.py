"""The checks of flags: what a program is compiled for, and so no number with a domain."""

from __future__ import annotations

from ladera.base import UsageError
from ladera.rules._rule import Rule

__all__ = ["check_whole"]


def check_whole(rule: Rule, name: str, least: int = 1) -> None:
    """Raise UsageError unless the field `name` of the rule is a whole number of at least `least`."""
    value = getattr(rule, name)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(
            "{rule} needs {name} to be a whole number of at least {least}, received {received}; the default "
            "is {default}.",
            rule=type(rule).__name__,
            name=name,
            least=least,
            received=repr(value),
            default=rule.defaults()[name],
        )

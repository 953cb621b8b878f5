"""What a rule's file says of it in words: its summary, and the meaning of each hyperparameter."""

from __future__ import annotations

import inspect
import re
import sys

from ladera.rules import Rule

__all__ = ["meanings", "summary"]


def summary(cls: type[Rule]) -> str:
    """The sentence that opens the rule's file, without the name before it; of a rule that lies in a
    file of the user's own, the first sentence of the class."""
    module = sys.modules.get(cls.__module__)
    opening = (inspect.getdoc(module) or "").partition("\n\n")[0] if module else ""
    name, colon, said = opening.replace("\n", " ").partition(": ")
    if not colon or re.sub(r"\W", "", name.lower()) != cls.__name__.lower():
        said = " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())
    return said[:1].upper() + said[1:]


def meanings(cls: type[Rule]) -> dict[str, str]:
    """Hyperparameter -> what the class's docstring says of it: "lr: step size α. b1, b2: ..."."""
    text = " ".join((inspect.getdoc(cls) or "").split())
    known = "|".join(sorted(map(re.escape, cls.defaults()), key=len, reverse=True))
    if not known:
        return {}
    names = rf"(?:{known})(?:, (?:{known}))*"
    found: dict[str, str] = {}
    for match in re.finditer(rf"(?:^|(?<=[.;] ))({names}): (.*?)(?=(?:[.;] {names}: )|$)", text):
        for name in match[1].split(", "):
            found.setdefault(name, match[2].strip().rstrip("."))
    return found

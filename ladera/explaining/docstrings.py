"""What a method's file says of it in words: its summary, and the meaning of each hyperparameter."""

from __future__ import annotations

import inspect
import re
import sys

from ladera.hyperparameters import Hyperparameters

__all__ = ["meanings", "summary"]


def summary(cls: type[Hyperparameters]) -> str:
    """The sentence that opens the method's file, without the name before it; of a rule that lies in a
    file of the user's own, the first sentence of the class."""
    module = sys.modules.get(cls.__module__)
    opening = (inspect.getdoc(module) or "").partition("\n\n")[0] if module else ""
    name, colon, said = opening.replace("\n", " ").partition(": ")
    named = re.sub(r"\W", "", name.lower()) == cls.__name__.lower()
    if not colon or not (named or cls.__module__.startswith("ladera.solvers.")):
        said = " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())
    return said[:1].upper() + said[1:]


def meanings(cls: type[Hyperparameters]) -> dict[str, str]:
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

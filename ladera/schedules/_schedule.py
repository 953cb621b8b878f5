"""What every schedule is: hyperparameters, and the factor of each step of a training."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from ladera.base import UsageError, unknown_name
from ladera.hyperparameters import Domain, Hyperparameters

__all__ = ["Inside", "Schedule", "whole", "written_fall"]

# Never 0: some rules divide by what a schedule multiplies.
Inside = Annotated[float, Domain(0.0, 1.0, open_low=True)]


class Schedule(Hyperparameters):
    """By what a hyperparameter's own value is multiplied at each step of a training.

    The factor lies in [0, 1], so that a value never leaves its domain. Lengths that a schedule calls
    epochs are epochs, and all others are shares of the whole training; both are rounded to whole steps
    where something begins or ends there.

    formula: for people, in t = 0, 1, ... (the steps done before), n (the steps of the training) and s
    (the steps of an epoch): lines of "left = right", where it holds in brackets behind three spaces.
    """

    paper: ClassVar[str] = ""
    formula: ClassVar[str]
    # What moves along where the learning rate is scheduled: a rule's momentum under one cycle.
    companions: ClassVar[tuple[str, ...]] = ()
    # Whether it follows the losses: its factors are not known before the training.
    reacts: ClassVar[bool] = False

    @classmethod
    def name(cls) -> str:
        """The name in texts: warmup-cosine of WarmupCosine."""
        text = cls.__name__
        return "".join(f"-{c.lower()}" if c.isupper() and at else c.lower() for at, c in enumerate(text))

    def factors(self, n: int, s: int) -> np.ndarray:
        """The factor of every step, float64 [n], of a training of n steps with s steps per epoch."""
        factors = np.asarray(self.at(np.arange(n), n, s), np.float64)
        return np.minimum(factors, 1.0)  # end + (1 - end) may round to more

    def companion_factors(self, n: int, s: int) -> np.ndarray:
        """The same of what moves along with the learning rate, float64 [n]."""
        return np.asarray(self.companion_at(np.arange(n), n, s), np.float64)

    def at(self, t: np.ndarray, n: int, s: int) -> Any:
        """The factor of the steps t, integers from 0 to n - 1."""
        raise NotImplementedError

    def companion_at(self, t: np.ndarray, n: int, s: int) -> Any:
        return np.ones(t.shape)

    def written(self, n: int, s: int) -> list[str]:
        """`at` as the lines of a Python function of an integer t (a number or an array), in which
        `xp` is NumPy, jax.numpy or keras.ops: what people paste."""
        raise NotImplementedError

    @classmethod
    def parse(cls, values: str) -> Schedule:
        """The schedule of the text behind its name: "0.5,10", or "0.5,every=10".

        Raises UsageError for an unknown hyperparameter, one given twice, too many of them, and what is
        no number or lies outside its domain.
        """
        fields = list(cls.defaults())
        found: dict[str, float] = {}
        for at, part in enumerate(values.split(",") if values.strip() else []):
            name, sign, number = part.partition("=")
            if not sign and at >= len(fields):
                raise UsageError(
                    "The schedule {name} takes at most {most} numbers, received '{received}'; they are: "
                    "{fields}.",
                    name=cls.name(),
                    most=len(fields),
                    received=values,
                    fields=", ".join(fields) or "–",
                )
            key = name.strip() if sign else fields[at]
            if key not in fields:
                raise unknown_name("hyperparameter", key, fields)
            if key in found:
                raise UsageError(
                    "A schedule's numbers are given once each, received '{received}'; leave one {name} out.",
                    received=values,
                    name=key,
                )
            found[key] = _number(number if sign else part, cls.name(), key)
        return cls(**found)

    def __str__(self) -> str:
        """The text that `parse` reads back: by position as far as that goes, then by name."""
        changed, parts, gap = self.changed(), [], False
        for key in self.defaults():
            if key not in changed:
                gap = True
            else:
                parts.append(f"{key}={_short(changed[key])}" if gap else _short(changed[key]))
        return ":".join([self.name(), *([",".join(parts)] if parts else [])])


def whole(length: float, least: int = 0) -> int:
    """A length in steps, rounded to whole ones; one that no training reaches stays a machine's integer."""
    return max(least, round(min(length, _ENDLESS)))


_ENDLESS = 2.0**52


def written_fall(end: float, share: str) -> str:
    """Python text of a fall from 1 to `end`, along what `share` says in brackets."""
    return f"{end!r} + (1 - {end!r}) * {share}" if end else share


def _number(text: str, schedule: str, key: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            "The schedule {schedule} needs a number for {name}, received '{received}'; 'ladera explain "
            "{schedule}' shows which.",
            schedule=schedule,
            name=key,
            received=text.strip(),
        ) from None


def _short(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)

"""What is asked: optimizers, learning rates and seeds, as configurations with readable names.

An optimizer is a rule, which learns from mini-batches and has a learning rate, or a solver, which sees
the whole training set at once and finds its steps' lengths itself.

A configuration is one training. Its name ends in the hash of everything that was asked, so the same
question always has the same name, and asking again finds what was already done.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ladera import rules, solvers
from ladera.base import UsageError, unknown_name
from ladera.hyperparameters import Hyperparameters
from ladera.rules import Rule

if TYPE_CHECKING:
    from ladera.solvers import Solver

__all__ = ["REPORT_SEEDS", "Configuration", "Optimizer", "canonical", "grid", "optimizers", "widened"]

REPORT_SEEDS = 1000  # reporting seeds start here, so more tuning seeds never run into them
_LARGEST_GRID = 1000
_OF_NETWORKS = ("gauss-newton", "kfac", "lm")  # solvers that have another form, or only one, for networks
_DECADES = 2  # the automatic grid reaches so far to either side of the rule's customary rate


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """A rule, or a solver, with its hyperparameters and the name it goes by in the study."""

    name: str
    rule: Rule | Solver

    @classmethod
    def of(cls, rule: Rule | Solver) -> Optimizer:
        """Named after the rule, and after the hyperparameters that differ from its defaults."""
        if isinstance(rule, Rule) and "lr" not in rule.numbers():
            raise UsageError(
                "A comparison sweeps the learning rate, and the rule {rule} has no hyperparameter "
                "'lr' with a domain; give it one, such as 'lr: Positive = 0.01'.",
                rule=type(rule).__name__,
            )
        changed = {n: v for n, v in _plain(rule.changed()).items() if n != "lr"}
        return cls("-".join([rule.label(), *(f"{n}={_exact(v)}" for n, v in changed.items())]), rule)

    @property
    def solves(self) -> bool:
        """Whether it is a solver: full batch, and no learning rate."""
        return not isinstance(self.rule, Rule)

    @property
    def title(self) -> str:
        """How it is written for people."""
        if isinstance(self.rule, Rule):
            return self.rule.title()
        from ladera.solvers.curvature import catalogue

        return catalogue.title(self.rule)

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """All of them, as values that JSON can hold."""
        return _plain(self.rule.hyperparameters())

    def identity(self) -> dict[str, Any]:
        """What makes it another optimizer, the learning rate apart; defaults are dropped."""
        changed = {n: v for n, v in _plain(self.rule.changed()).items() if n != "lr"}
        if isinstance(self.rule, Rule):
            return {"rule": self.rule.identity(), "hyperparameters": changed}
        from ladera.solvers.curvature import catalogue

        return {"solver": catalogue.identity(self.rule), "hyperparameters": changed}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A solver's line search as the text that describes it, and everything else as it is."""
    return {n: v.describe() if isinstance(v, Hyperparameters) else v for n, v in values.items()}


@dataclasses.dataclass(frozen=True)
class Configuration:
    """One training. `purpose` is tune, report, inspect or test; lr is None for a solver."""

    optimizer: Optimizer
    lr: float | None
    seed: int
    purpose: str

    @property
    def rule(self) -> Rule | Solver:
        rule = self.optimizer.rule
        return rule if self.lr is None else rule.replace(lr=self.lr)

    def name(self, asked: Mapping[str, Any]) -> str:
        """For example adam-lr3e-3-s7-4f2a91c0; `asked` is what all runs of the study share."""
        whole = {
            **asked,
            **self.optimizer.identity(),
            "lr": self.lr,
            "seed": self.seed,
            "reads_test": self.purpose == "test",
            **({"inspects": True} if self.purpose == "inspect" else {}),
        }
        digest = hashlib.sha256(canonical(whole).encode()).hexdigest()[:8]
        rate = "" if self.lr is None else f"-lr{_short(self.lr)}"
        return f"{self.optimizer.name}{rate}-s{self.seed}-{digest}"


def optimizers(asked: Any) -> list[Optimizer]:
    """The optimizers of a request: names, rules, rule classes, "file.py:Rule", solvers, solver classes;
    or one of them; or "classic" (the nine that every course teaches), or "all" (every rule).

    Raises UsageError for an unknown name, an empty request, one optimizer named twice and a solver that
    trains no networks.
    """
    if isinstance(asked, str):
        groups = {"classic": rules.CLASSIC, "all": rules.names()}
        asked = groups.get(asked) or [part for part in asked.split(",") if part.strip()]
    elif not isinstance(asked, Iterable):
        asked = [asked]
    found = [Optimizer.of(_made(one)) for one in asked]
    names = [optimizer.name for optimizer in found]
    if not found:
        raise UsageError("A comparison needs at least one optimizer, received none; 'all' takes every rule.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError("The optimizer '{name}' is asked for twice; name each one once.", name=twice[0])
    return found


def _made(asked: Any) -> Rule | Solver:
    """The rule or solver that is asked for. JAX is imported where it is a solver."""
    if isinstance(asked, str) and ":" not in asked:
        name = asked.strip().lower()
        of_networks = {*solvers.names(), *_OF_NETWORKS}
        if name in of_networks:
            from ladera.solvers.curvature import catalogue

            return catalogue.make(name)
        if name not in rules.names():
            raise unknown_name("optimizer", asked.strip(), [*rules.names(), *of_networks])
    plain = asked if isinstance(asked, type) else type(asked)
    if issubclass(plain, Hyperparameters) and not issubclass(plain, Rule):
        from ladera.solvers.curvature import catalogue

        return catalogue.make(asked)
    return rules.make(asked)


def grid(asked: str | float | Sequence[float], rule: Rule) -> tuple[float, ...]:
    """Learning rates, ascending: "auto", "low:high:count" (geometric), "0.1,0.01", or numbers.

    "auto" is nine rates, 1-3-10, two decades to either side of the rule's own. Raises UsageError
    for rates that are not positive numbers and for a grid that makes no sense.
    """
    if isinstance(asked, str):
        if asked.strip() == "auto":
            centre = _rung(rule.hyperparameters()["lr"])
            return tuple(_ladder(k) for k in range(centre - 2 * _DECADES, centre + 2 * _DECADES + 1))
        return _geometric(asked) if ":" in asked else _rates(asked.split(","), asked)
    return _rates(asked if hasattr(asked, "__len__") else [asked], asked)


def _rates(values: Any, asked: Any) -> tuple[float, ...]:
    try:
        rates = sorted({float(v) for v in values})
    except (TypeError, ValueError, OverflowError):
        rates = []
    if not rates or not all(0 < rate < math.inf for rate in rates) or len(rates) > _LARGEST_GRID:
        raise UsageError(
            "Learning rates are positive numbers (at most {most} of them), received '{received}'; "
            "for example 0.1,0.01 or 1e-4:1e0:9 or auto.",
            most=_LARGEST_GRID,
            received=asked if isinstance(asked, str) else reprlib.repr(asked),
        )
    return tuple(rates)


def _geometric(asked: str) -> tuple[float, ...]:
    try:
        first, last, many = asked.split(":")
        low, high, count = float(first), float(last), int(many)
    except ValueError:
        low, high, count = 0.0, 0.0, 0
    if not (0 < low < high < math.inf) or not 2 <= count <= _LARGEST_GRID:
        raise UsageError(
            "A grid of learning rates is low:high:count with 0 < low < high and a count from 2 to "
            "{most}, received '{received}'; for example 1e-4:1e0:9.",
            most=_LARGEST_GRID,
            received=asked,
        )
    inside = _between(low, high, count - 2, digits=3)
    return low, *(rate for rate in inside if low < rate < high), high


def widened(rates: Sequence[float], best: float, count: int) -> tuple[float, ...]:
    """`count` more rates where they tell most about the best one.

    Beyond the edge that the best rate lies on; between the best rate and its neighbours where it
    lies inside (so that every optimizer is given the same number of configurations).
    """
    rates = sorted(rates)
    at = rates.index(best)
    if 0 < at < len(rates) - 1:
        below = _between(rates[at - 1], best, count - count // 2, digits=2)
        new = below + _between(best, rates[at + 1], count // 2, digits=2)
    else:
        step = math.log(10) / 2
        if len(rates) > 1:
            step = (math.log(rates[-1]) - math.log(rates[0])) / (len(rates) - 1)
        outwards = 1 if best == rates[-1] else -1
        new = [_tidy(best * math.exp(outwards * step * k), step, digits=2) for k in range(1, count + 1)]
    return tuple(sorted(set(new) - set(rates)))


def _between(low: float, high: float, count: int, digits: int) -> list[float]:
    """`count` rates between two, geometric."""
    step = (math.log(high) - math.log(low)) / (count + 1)  # high / low may overflow
    return [_tidy(math.exp(math.log(low) + step * k), step, digits) for k in range(1, count + 1)]


def _tidy(rate: float, step: float, digits: int) -> float:
    """The rate in so many digits, or in more where it would move half a step (in logarithm) or
    farther: rates that are a step apart never meet. In two digits, first on the 1-3-10 ladder."""
    forms = [float(f"{rate:.{more}g}") for more in range(digits, 18)]
    on_ladder = _ladder(_rung(rate))
    if digits == 2 and 0.9 < rate / on_ladder < 1.1:
        forms.insert(0, on_ladder)
    return next((form for form in forms if abs(math.log(form / rate)) < step / 2), rate)


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _ladder(k: int) -> float:
    """..., 1e-3, 3e-3, 1e-2, ...: two rungs a decade."""
    return float(f"{'3' if k % 2 else '1'}e{k // 2}")


def _rung(lr: float) -> int:
    return round(2 * math.log10(lr))


def _short(value: Any) -> str:
    """A value as short as it can be written in a file name: 3e-3, 0.95, 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return re.sub(r"[^\w.+-]+", "-", str(value))
    if value == 0 or 0.01 < abs(value) < 1000:
        return f"{value:g}"
    mantissa, _, exponent = f"{value:e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _exact(value: Any) -> str:
    """As short as that, but with all its digits: optimizers that differ have names that differ."""
    short = _short(value)
    return repr(value) if isinstance(value, float) and float(short) != value else short

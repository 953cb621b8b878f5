"""The hyperparameters of a rule as the settings of a parameter group, where schedulers change them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ladera.base import UsageError
from ladera.dropin.plan import Plan
from ladera.rules import Domain, Rule, Wrapper

__all__ = ["Known", "Settings"]

# What stands in for a learning rate of 0, which a schedule may begin or end with and a rule may divide
# by: too small to move a weight, and large enough for its square.
_ALMOST_ZERO = 1e-100

_RATES = ("b1", "b2", "b3")


@dataclasses.dataclass
class Known:
    """What the settings of a group were when they were last read, and what they made."""

    values: list[Any]
    betas: tuple[float, ...] | None
    rule: Rule
    plan: Plan


class Settings:
    """Reads the rule of each group from its settings; a rule is made only when they have changed.

    Every hyperparameter and flag is a setting by its name. Decay rates b1, b2, ... are `betas` as well,
    as PyTorch's schedulers know them: whichever was changed last counts.
    """

    def __init__(self, rule: Rule):
        self.rule = rule
        self.names = tuple(rule.hyperparameters())
        self.rates = tuple(name for name in _RATES if name in self.names)
        self.domains = _domains(rule)
        self._known: dict[int, Known] = {}

    def defaults(self) -> dict[str, Any]:
        """The settings that make the rule itself."""
        settings = self.rule.hyperparameters()
        return settings | ({"betas": tuple(settings[name] for name in self.rates)} if self.rates else {})

    def complete(self, group: dict[str, Any]) -> None:
        """Let `betas` and single rates of a new group agree."""
        if self.rates and "betas" in group:
            self._take_apart(group)
        elif self.rates:
            group["betas"] = tuple(group.get(name, self.defaults()[name]) for name in self.rates)

    def of(self, index: int, group: dict[str, Any], has_begun: Callable[[], bool]) -> Known:
        """The rule of the group with this index, and its plan.

        Raises UsageError where a setting lies outside its domain, or where a flag has changed since the
        first step.
        """
        known = self._known.get(index)
        if known is not None and self.rates:
            self._agree(group, known)
        values = [_number(name, group[name]) for name in self.names]
        if known is not None and known.values == values:
            return known
        rule, betas = self.made_from(group), tuple(group["betas"]) if self.rates else None
        if known is None:
            plan = Plan.of(rule)
        elif self._flags(known.values) == self._flags(values):
            plan = known.plan
        else:
            self._refuse_after_the_first_step(known.values, values, has_begun)
            plan = Plan.of(rule)
        self._known[index] = Known(values, betas, rule, plan)
        return self._known[index]

    def made_from(self, group: Mapping[str, Any]) -> Rule:
        """The rule that a group's settings make."""
        values = {name: _number(name, group[name]) for name in self.names}
        inside = {name: _inside(self.domains.get(name), value) for name, value in values.items()}
        return self.rule.replace(**inside)

    def _flags(self, values: list[Any]) -> list[Any]:
        """What decides how a rule is run: flags, and which hyperparameters are present."""
        pairs = zip(self.names, values, strict=True)
        return [value is None if name in self.domains else value for name, value in pairs]

    def _refuse_after_the_first_step(
        self, before: list[Any], after: list[Any], has_begun: Callable[[], bool]
    ) -> None:
        flags = zip(self.names, self._flags(before), self._flags(after), strict=True)
        name = next(name for name, old, new in flags if old != new)
        if has_begun():
            raise UsageError(
                "{rule} cannot change {name} from {before} to {after} after the first step: its state would "
                "be another; set it when the group is added.",
                rule=self.rule.label(),
                name=name,
                before=before[self.names.index(name)],
                after=after[self.names.index(name)],
            )

    def _agree(self, group: dict[str, Any], known: Known) -> None:
        rates = tuple(group[name] for name in self.rates)
        if tuple(group["betas"]) != known.betas:
            self._take_apart(group)
        elif rates != known.betas:
            group["betas"] = rates
        known.betas = tuple(group["betas"])

    def _take_apart(self, group: dict[str, Any]) -> None:
        if len(group["betas"]) != len(self.rates):
            raise UsageError(
                "{rule} has the decay rates {names}, received betas of {received}; give one number for each.",
                rule=self.rule.label(),
                names=", ".join(self.rates),
                received=tuple(group["betas"]),
            )
        group.update(zip(self.rates, group["betas"], strict=True))


def _domains(rule: Rule) -> dict[str, Domain]:
    inside = _domains(rule.rule) if isinstance(rule, Wrapper) else {}
    return inside | rule.domains()


def _number(name: str, value: Any) -> Any:
    """PyTorch lets a learning rate be a tensor, and a rule any array."""
    if getattr(value, "shape", None) is None:
        return value
    if value.shape == ():
        return value.item()
    raise UsageError(
        "A setting of a group is one number, received an array of shape {shape} for {name}; give each group "
        "of parameters a number of its own.",
        shape=tuple(value.shape),
        name=name,
    )


def _inside(domain: Domain | None, value: Any) -> Any:
    at_the_end = domain is not None and domain.open_low and value == domain.low == 0
    return _ALMOST_ZERO if at_the_end else value

"""Frozen dataclasses whose fields are hyperparameters, each with its domain as data.

Update rules and solvers are both of this kind: domains are read by checks, pages and tests alike.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, ClassVar, Self, dataclass_transform, get_type_hints

from ladera.base import UsageError, unknown_name

__all__ = ["Domain", "Fraction", "Hyperparameters", "NonNegative", "Positive", "plain"]

# What is surely no number, array, tracer, symbol or schedule.
_NO_DATA = (bool, complex, str, bytes, list, tuple, dict, set)


@dataclasses.dataclass(frozen=True)
class Domain:
    """An interval that a hyperparameter must lie in; `low` is excluded if `open_low`.

    optional: None, for a hyperparameter that is absent, is allowed too.
    """

    low: float
    high: float
    open_low: bool
    optional: bool = False

    def __str__(self) -> str:
        interval = f"{'(' if self.open_low else '['}{self.low:g}, {self.high:g})"
        return f"{interval} or None" if self.optional else interval

    def holds(self, value: Any) -> bool:
        """Whether a value, or every element of a NumPy array, lies inside.

        What has no number yet (a tracer, a symbol, a schedule) is taken to.
        """
        if value is None:
            return self.optional
        if isinstance(value, _NO_DATA):
            return False
        if not (isinstance(value, (int, float)) or type(value).__module__ == "numpy"):
            return True
        inside = ((value > self.low) if self.open_low else (value >= self.low)) & (value < self.high)
        return inside if isinstance(inside, bool) else bool(inside.all())


Positive = Annotated[float, Domain(0.0, float("inf"), open_low=True)]
NonNegative = Annotated[float, Domain(0.0, float("inf"), open_low=False)]
Fraction = Annotated[float, Domain(0.0, 1.0, open_low=False)]


class _AnyNumber:
    """Stands where a number will: no domain refuses it."""


_ANY_NUMBER = _AnyNumber()


@dataclass_transform(frozen_default=True)
class Hyperparameters:
    """A frozen dataclass of hyperparameters; every subclass becomes one.

    A field with a domain (`Positive`, `Fraction`, ...) is data: it may be an array, a tracer or a
    symbol. Any other field is a flag and belongs to the program. A domain with `| None` is data
    that may be absent. Every field has a default.
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]  # every subclass is a dataclass
    _domains: ClassVar[dict[str, Domain]] = {}
    _not_hyperparameters: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        dataclasses.dataclass(frozen=True)(cls)
        cls._domains = cls._read_domains()  # now: another process may lack the names of the hints
        for name, default in cls.defaults().items():
            if default is dataclasses.MISSING and name not in cls._not_hyperparameters:
                raise UsageError(
                    "{rule} gives its hyperparameter {name} no default, and every rule is compared out of "
                    "the box too: write one, for example '{name}: Positive = 0.1'.",
                    rule=cls.__name__,
                    name=name,
                )

    def __post_init__(self):
        for name, domain in self.domains().items():
            value = plain(getattr(self, name))
            object.__setattr__(self, name, value)
            if not domain.holds(value):
                raise UsageError(
                    "{rule} needs {name} in {domain}, received {received}; the default is {default}.",
                    rule=type(self).__name__,
                    name=name,
                    domain=domain,
                    received=value,
                    default=self.defaults()[name],
                )

    @classmethod
    def domains(cls) -> dict[str, Domain]:
        """The hyperparameters that are data, each with its domain."""
        return cls._domains

    @classmethod
    def _read_domains(cls) -> dict[str, Domain]:
        found = {}
        for name, hint in get_type_hints(cls, include_extras=True).items():
            parts = (hint, *getattr(hint, "__args__", ()))
            for extra in (extra for part in parts for extra in getattr(part, "__metadata__", ())):
                if isinstance(extra, Domain):
                    found[name] = dataclasses.replace(extra, optional=type(None) in parts)
        return found

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Every field with its default."""
        return {f.name: f.default for f in dataclasses.fields(cls)}

    @classmethod
    def create(cls, **hyperparameters: Any) -> Self:
        """The rule with these hyperparameters; an unknown name gets the nearest known one."""
        for name in hyperparameters:
            if name not in cls.defaults():
                raise unknown_name("hyperparameter", name, cls.defaults())
        return cls(**hyperparameters)

    def hyperparameters(self) -> dict[str, Any]:
        """Field name -> value, in the order of the class; a wrapper's after those of its rule."""
        return {name: getattr(self, name) for name in self.defaults()}

    def numbers(self) -> dict[str, Any]:
        """The hyperparameters that are data and present: what may change without a new program."""
        values = {name: getattr(self, name) for name in self.domains()}
        return {name: value for name, value in values.items() if value is not None}

    def skeleton(self) -> Self:
        """The same for all that differ in numbers alone: what a program is compiled for."""
        return self.replace(**dict.fromkeys(self.numbers(), _ANY_NUMBER))

    def changed(self) -> dict[str, Any]:
        """The hyperparameters that differ from their defaults."""
        defaults = self.defaults()
        return {name: value for name, value in self.hyperparameters().items() if value != defaults[name]}

    def replace(self, **changes: Any) -> Self:
        """The rule with some other hyperparameters; an unknown name gets the nearest known one."""
        for name in changes:
            if name not in self.hyperparameters():
                raise unknown_name("hyperparameter", name, self.hyperparameters())
        return dataclasses.replace(self, **changes)

    def label(self) -> str:
        """What it is called, hyperparameters apart: adam, or adam+l2 where it is wrapped."""
        return self.name()

    def describe(self) -> str:
        """Its label with the hyperparameters that differ from their defaults: adam lr=0.3."""
        return " ".join([self.label(), *(f"{k}={_shown(v)}" for k, v in self.changed().items())])

    def title(self) -> str:
        """What a reader is told it is: Adam, or L2(Adam) where it is wrapped."""
        return type(self).__name__

    @classmethod
    def name(cls) -> str:
        """The name on the command line: the class's in lower case."""
        return cls.__name__.lower()


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def plain(x: Any) -> Any:
    """A NumPy scalar as the Python number it holds; anything else as it is."""
    return x.item() if type(x).__module__ == "numpy" and x.ndim == 0 else x

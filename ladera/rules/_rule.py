"""The contract of an update rule: three small functions of one array.

    state        = rule.init(x)
    point        = rule.read(state, x)             where the gradient is taken (default: x)
    state, x     = rule.step(t, g, state, x)       t = 1, 2, ... belongs to the trainer

A rule is a frozen dataclass whose fields are its hyperparameters, each with its domain as data.
Rules use infix operators and `_xp`, never branch on a value and never update in place, so the same
file runs on NumPy, JAX, PyTorch and SymPy, and a batch of rules is the same dataclass holding
arrays.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import sys
from types import CodeType
from typing import Annotated, Any, ClassVar, NamedTuple, Self, dataclass_transform, get_type_hints

from ladera.base import UsageError, unknown_name
from ladera.rules._xp import plain

__all__ = ["Domain", "Fraction", "NonNegative", "Positive", "Rule", "Stateless"]


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


class Stateless(NamedTuple):
    """The state of a rule that remembers nothing."""


@dataclass_transform(frozen_default=True)
class Rule:
    """An update rule for one array. Subclass it, name the hyperparameters, write `step`.

    scope: what `x` may be: "element" (any slicing of the array gives the same result), "block"
        (one tensor with its shape) or "whole" (one flat vector of all parameters).
    evaluations: gradient evaluations that one step costs.
    version: raised when the same hyperparameters would give other numbers than before.

    A field with a domain (`Positive`, `Fraction`, ...) is data: it may be an array, a tracer or a
    symbol. Any other field is a flag and belongs to the program. A domain with `| None` is data
    that may be absent. Every field has a default.
    """

    scope: ClassVar[str] = "element"
    evaluations: ClassVar[int] = 1
    version: ClassVar[int] = 1
    paper: ClassVar[str] = ""
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]  # every subclass is a dataclass
    _domains: ClassVar[dict[str, Domain]] = {}

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        dataclasses.dataclass(frozen=True)(cls)
        cls._domains = cls._read_domains()  # now: another process may lack the names of the hints
        for name, default in cls.defaults().items():
            if default is dataclasses.MISSING:
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

    def init(self, x: Any) -> Any:
        """The state before the first step, for an array `x` of any shape."""
        return Stateless()

    def read(self, s: Any, x: Any) -> Any:
        """The point at which the gradient of the next step is taken."""
        return x

    def step(self, t: Any, g: Any, s: Any, x: Any) -> tuple[Any, Any]:
        """Step t = 1, 2, ...: gradient `g` taken at `read(s, x)` -> (new state, new x)."""
        raise NotImplementedError

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
        """Field name -> value, in the order of the class."""
        return {name: getattr(self, name) for name in self.defaults()}

    @classmethod
    def name(cls) -> str:
        """The name on the command line: the class's in lower case."""
        return cls.__name__.lower()

    @classmethod
    def fingerprint(cls) -> str:
        """What makes two rules of one name the same rule: ours by version, yours by source text
        (and by the version of the rule of ours that it may derive from).

        Of a rule of yours the whole file counts, so that its helpers do; in a notebook or a script
        that is run, whose other lines change all the time, the class alone.
        """
        if cls.__module__.startswith("ladera.rules."):
            return f"{cls.name()}-{cls.version}"
        try:
            source = inspect.getsource(cls if cls.__module__ == "__main__" else sys.modules[cls.__module__])
        except (KeyError, OSError, TypeError):  # typed at a prompt: no text, but still its instructions
            functions = (cls.init, cls.read, cls.step)
            source = repr((cls.defaults(), [_instructions(f.__code__) for f in functions]))
        digest = hashlib.sha256(f"{cls.version} {source}".encode()).hexdigest()
        return f"{cls.name()}-{digest[:8]}"


def _instructions(code: CodeType) -> str:
    """What a function does, without where it was written or where it lies in memory."""
    constants = [_instructions(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return repr((code.co_code, code.co_names, constants))

"""The contract of an update rule: three small functions of one array.

    state        = rule.init(x)
    point        = rule.read(state, x)             where the gradient is taken (default: x)
    state, x     = rule.step(t, g, state, x)       t = 1, 2, ... belongs to the trainer

x is the answer so far: what is evaluated and what training returns. A rule of two `evaluations`
(SAM) has the gradient taken again, at `rule.probe(g, state, x)`, and steps with that one.

A rule is a frozen dataclass whose fields are its hyperparameters, each with its domain as data.
Rules use infix operators and `_xp`, never branch on a value and never update in place, so the same
file runs on NumPy, JAX, PyTorch and SymPy, and a batch of rules is the same dataclass holding
arrays.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Mapping
from types import CodeType
from typing import Any, ClassVar, NamedTuple, dataclass_transform

from ladera.base import UsageError, unknown_name
from ladera.hyperparameters import Domain, Fraction, Hyperparameters, NonNegative, Positive
from ladera.rules._precision import METHODS, in_working_precision

__all__ = ["FRAMEWORKS", "Domain", "Fraction", "NonNegative", "Positive", "Rule", "Stateless"]

FRAMEWORKS = ("paper", "torch", "keras", "optax")


class Stateless(NamedTuple):
    """The state of a rule that remembers nothing."""


@dataclass_transform(frozen_default=True)
class Rule(Hyperparameters):
    """An update rule for one array. Subclass it, name the hyperparameters, write `step`.

    scope: what `x` may be: "element" (any slicing of the array gives the same result), "block"
        (one tensor with its shape) or "whole" (all parameters at once: one array, or several
        arrays, as `Blocks`, whose norms go over all of them).
    evaluations: gradient evaluations that one step costs, 1 or 2.
    averages: whether x is an average, so that descent does not follow where x is put.
    version: raised when the same hyperparameters would give other numbers than before.
    dialects: framework -> the hyperparameters and flags that make it that framework's algorithm of
        this name, with that framework's defaults; a framework without one has no such algorithm.
    decays: framework -> the wrapper that the argument `weight_decay` of that framework's optimizer is,
        where the rule has no such field; a framework without one has no such argument.
    letters: name of a statement or of a part of the state -> LaTeX, where the paper's letter is no
        Python name.
    """

    scope: ClassVar[str] = "element"
    evaluations: ClassVar[int] = 1
    averages: ClassVar[bool] = False
    version: ClassVar[int] = 1
    paper: ClassVar[str] = ""
    dialects: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    decays: ClassVar[Mapping[str, str]] = {"torch": "l2", "keras": "decoupled"}
    letters: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        for name in METHODS.keys() & vars(cls).keys():
            setattr(cls, name, in_working_precision(name, vars(cls)[name]))

    def init(self, x: Any) -> Any:
        """The state before the first step, for an array `x` of any shape."""
        return Stateless()

    def read(self, s: Any, x: Any) -> Any:
        """The point at which the gradient of the next step is taken."""
        return x

    def probe(self, g: Any, s: Any, x: Any) -> Any:
        """Where a rule of two evaluations wants a second gradient, `g` being that at `read(s, x)`."""
        raise NotImplementedError

    def step(self, t: Any, g: Any, s: Any, x: Any) -> tuple[Any, Any]:
        """Step t = 1, 2, ...: gradient `g` taken at `read(s, x)` -> (new state, new x)."""
        raise NotImplementedError

    @classmethod
    def like(cls, framework: str, **hyperparameters: Any) -> Rule:
        """This rule as "paper", "torch", "keras" or "optax" define it, with that framework's defaults.

        hyperparameters: replace the framework's defaults. Any rule takes `weight_decay`, too, which
            does what that framework's argument of this name does: L2 in the gradient in PyTorch,
            decoupled and times lr in Keras.

        Raises UsageError where the framework has no such algorithm, or no such argument.
        """
        if framework not in FRAMEWORKS:
            raise unknown_name("framework", framework, FRAMEWORKS)
        if framework != "paper" and framework not in cls.dialects:
            raise UsageError(
                "{framework} has no optimizer that is {rule}; its dialects are: {known}.",
                framework=framework,
                rule=cls.__name__,
                known=", ".join(sorted({"paper", *cls.dialects})),
            )
        decay = None if "weight_decay" in cls.defaults() else hyperparameters.pop("weight_decay", None)
        rule = cls.create(**{**cls.dialects.get(framework, {}), **hyperparameters})
        return rule if decay is None else _decayed(rule, framework, decay)

    def expression(self, lr: str | None = None) -> str:
        """Python that makes it, within `ladera.rules`; `lr` stands for the learning rate, if given."""
        return f"ladera.rules.{type(self).__name__}({', '.join(self._arguments(lr))})"

    def _arguments(self, lr: str | None) -> list[str]:
        own, changed = self.defaults(), self.changed()
        first = [f"lr={lr}"] if lr is not None and "lr" in own else []
        rest = [name for name in own if name in changed and not (name == "lr" and first)]
        return first + [f"{name}={changed[name]!r}" for name in rest]

    @property
    def ours(self) -> bool:
        """Whether `ladera.rules` has it, so that its name alone tells what it is."""
        return type(self).__module__.startswith("ladera.rules.")

    def identity(self) -> str:
        """What makes it the same algorithm as another, hyperparameters apart."""
        return self.fingerprint()

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
            functions = map(inspect.unwrap, (cls.init, cls.read, cls.step))
            source = repr((cls.defaults(), [_instructions(f.__code__) for f in functions]))
        digest = hashlib.sha256(f"{cls.version} {source}".encode()).hexdigest()
        return f"{cls.name()}-{digest[:8]}"


def _decayed(rule: Rule, framework: str, weight_decay: Any) -> Rule:
    from ladera.rules.wrappers.decoupled import Decoupled
    from ladera.rules.wrappers.l2 import L2

    decay = {"l2": L2, "decoupled": Decoupled}.get(rule.decays.get(framework, ""))
    if decay is not None:
        return decay(rule, weight_decay)
    raise UsageError(
        "{rule} has no weight_decay in {framework}; wrap it as ladera.rules.L2(rule, {decay}) for a term in "
        "the gradient, or as ladera.rules.Decoupled(rule, {decay}) for a shrinkage beside it.",
        rule=type(rule).__name__,
        framework=framework,
        decay=weight_decay,
    )


def _instructions(code: CodeType) -> str:
    """What a function does, without where it was written or where it lies in memory."""
    constants = [_instructions(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return repr((code.co_code, code.co_names, constants))

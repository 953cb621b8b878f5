"""Several arrays that a rule sees as one, and how a rule of one array acts on them.

A network is many arrays. Most rules take them one at a time. Some look at all of them at once (the
norm of the whole gradient): for those the arrays become `Blocks`, on which infix operators and `_xp`
work part by part, and norms and totals go over everything. Nothing is flattened: a rule inside, which
may need each tensor's shape, still gets its tensors.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ladera.rules._rule import Rule

__all__ = ["Blocks", "init", "probe", "read", "step"]


class Blocks:
    """Several arrays as one; `parts` are the arrays."""

    __slots__ = ("parts",)
    __array_ufunc__ = None  # a NumPy scalar on the left leaves the operation to us

    def __init__(self, parts: Iterable[Any]):
        self.parts = tuple(parts)
        for kind in {type(part) for part in self.parts}:
            _known_to_jax(kind)

    def __repr__(self) -> str:
        return f"Blocks({list(self.parts)!r})"

    def map(self, function: Callable[..., Any], *others: Any) -> Blocks:
        """The function of every part; `others` are Blocks, taken part by part, or one value for all."""
        rows = (other.parts if isinstance(other, Blocks) else [other] * len(self.parts) for other in others)
        return Blocks(map(function, self.parts, *rows))


def _prefix(function: Callable[[Any], Any]) -> Callable[[Blocks], Blocks]:
    return lambda self: self.map(function)


def _infix(function: Callable[[Any, Any], Any]) -> Callable[[Blocks, Any], Blocks]:
    return lambda self, other: self.map(function, other)


def _reflected(function: Callable[[Any, Any], Any]) -> Callable[[Blocks, Any], Blocks]:
    return lambda self, other: self.map(lambda part, value: function(value, part), other)


for _name in ("add", "sub", "mul", "truediv", "pow", "mod"):
    _function = getattr(operator, _name)
    setattr(Blocks, f"__{_name}__", _infix(_function))
    setattr(Blocks, f"__r{_name}__", _reflected(_function))
for _name in ("lt", "le", "gt", "ge", "and_", "or_"):
    setattr(Blocks, f"__{_name.rstrip('_')}__", _infix(getattr(operator, _name)))
for _name in ("neg", "abs"):
    setattr(Blocks, f"__{_name}__", _prefix(getattr(operator, _name)))


@functools.cache
def _known_to_jax(kind: type) -> None:
    """Blocks of JAX arrays travel through its transformations as any tuple does."""
    if kind.__module__.partition(".")[0] in ("jax", "jaxlib"):
        _register_with_jax()


@functools.cache
def _register_with_jax() -> None:
    from jax.tree_util import register_pytree_node

    register_pytree_node(Blocks, lambda blocks: (blocks.parts, None), lambda _, parts: _rebuilt(parts))


def _rebuilt(parts: Iterable[Any]) -> Blocks:
    """Without a look at the parts: while JAX builds trees they may be anything."""
    blocks = object.__new__(Blocks)
    blocks.parts = tuple(parts)
    return blocks


# A rule on one array, or on Blocks: part by part, or as a whole where that is its scope. The state
# of a rule that goes part by part is a tuple of states.


def _by_part(rule: Rule, x: Any) -> bool:
    return isinstance(x, Blocks) and rule.scope != "whole"


def init(rule: Rule, x: Any) -> Any:
    """The rule's state before the first step."""
    return tuple(rule.init(part) for part in x.parts) if _by_part(rule, x) else rule.init(x)


def read(rule: Rule, s: Any, x: Any) -> Any:
    """Where the rule wants the gradient."""
    return Blocks(map(rule.read, s, x.parts)) if _by_part(rule, x) else rule.read(s, x)


def probe(rule: Rule, g: Any, s: Any, x: Any) -> Any:
    """Where a rule of two evaluations wants the second gradient."""
    return Blocks(map(rule.probe, g.parts, s, x.parts)) if _by_part(rule, x) else rule.probe(g, s, x)


def step(rule: Rule, t: Any, g: Any, s: Any, x: Any) -> tuple[Any, Any]:
    """Step t along the gradient `g`: (new state, new x)."""
    if not _by_part(rule, x):
        return rule.step(t, g, s, x)
    pairs = [rule.step(t, *one) for one in zip(g.parts, s, x.parts, strict=True)]
    return tuple(state for state, _ in pairs), Blocks(new for _, new in pairs)

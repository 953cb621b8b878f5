"""What a drop-in must know of a rule, wrappers and what is inside them included."""

from __future__ import annotations

from ladera.rules import Rule, Wrapper

__all__ = ["looks_ahead", "needs_shapes"]


def looks_ahead(rule: Rule) -> bool:
    """Whether it takes its gradient elsewhere than at x."""
    inside = isinstance(rule, Wrapper) and looks_ahead(rule.rule)
    return inside or type(rule).read not in (Rule.read, Wrapper.read)


def needs_shapes(rule: Rule) -> bool:
    """Whether it, or a rule inside, takes tensors one by one with their shapes."""
    inside = isinstance(rule, Wrapper) and needs_shapes(rule.rule)
    return inside or type(rule).scope == "block"

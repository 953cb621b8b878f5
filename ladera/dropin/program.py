"""Lazy values as a list of operations on lists of PyTorch tensors, the fewest that PyTorch has.

Every operation goes over a list of tensors in one call (`torch._foreach_*`, as in torch.optim), and
overwrites its first operand as soon as nobody needs that any more: the moments of Adam are updated where
they are.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import torch

from ladera.dropin.lazy import Lazy, Leaf, Node

__all__ = ["Program", "write"]

Columns = list[Any]  # what the registers hold: a list of tensors each, or a number


class Operation(NamedTuple):
    function: Callable[..., Any]
    sources: tuple[int, ...]
    numbers: tuple[float, ...]
    keywords: dict[str, float]
    target: int  # -1: the first source is overwritten
    free: tuple[int, ...]  # nobody needs them any more


class Program(NamedTuple):
    operations: list[Operation]
    numbers: dict[int, float]  # registers that hold a number
    results: list[int]
    registers: int

    def run(self, columns: Sequence[Sequence[Any]]) -> list[Any]:
        """The results for the leaves' lists of tensors, which are overwritten where that was allowed."""
        held: Columns = [*columns, *[None] * (self.registers - len(columns))]
        for register, number in self.numbers.items():
            held[register] = number
        for function, sources, numbers, keywords, target, free in self.operations:
            made = function(*[held[i] for i in sources], *numbers, **keywords)
            if target >= 0:
                held[target] = made
            for i in free:
                held[i] = None
        return [held[i] for i in self.results]


def write(values: Sequence[Lazy], leaves: Sequence[Leaf], writable: Sequence[Leaf] = ()) -> Program:
    """The program that computes the values. Registers 0, 1, ... are the leaves.

    writable: leaves whose tensors may be overwritten.
    """
    nodes = [value.solid() for value in values]
    order, uses = _in_order(nodes)
    writer = _Writer(leaves, writable, uses)
    writer.fuse(order)
    for node in order:
        writer.write(node)
    return Program(writer.operations, writer.numbers, [writer.place[n] for n in nodes], writer.registers)


def _in_order(results: Sequence[Node]) -> tuple[list[Node], Counter[Node]]:
    """All nodes below the results, operands first, and how often each is needed."""
    order: dict[Node, None] = {}
    uses: Counter[Node] = Counter(results)

    def visit(node: Node) -> None:
        if node not in order:
            for operand in node.nodes:
                uses[operand] += 1
                visit(operand)
            order[node] = None

    for node in results:
        visit(node)
    return list(order), uses


class _Writer:
    """What has been written so far, where each node's value lies, and how often it is still needed."""

    def __init__(self, leaves: Sequence[Leaf], writable: Sequence[Leaf], uses: Counter[Node]):
        self.operations: list[Operation] = []
        self.numbers: dict[int, float] = {}
        self.uses = uses
        self.place: dict[Node, int] = {leaf: i for i, leaf in enumerate(leaves)}
        self.registers = len(leaves)
        self.given = len(leaves)
        self.kept = {self.place[leaf] for leaf in leaves if leaf not in writable}
        self.inner: dict[Node, Node] = {}  # a sum -> the product or quotient that is done within it
        self.fused: set[Node] = set()

    def fuse(self, order: Sequence[Node]) -> None:
        """Products and quotients that nothing but one sum needs are done within that sum."""
        for node in order:
            if node.function == "sum":
                for operand in reversed(node.nodes):
                    if operand.function in ("mul", "div") and self.uses[operand] == 1:
                        self.inner[node] = operand
                        self.fused.add(operand)
                        break

    def write(self, node: Node) -> None:
        if node in self.place or node in self.fused:
            return
        match node.function:
            case "sum":
                self.place[node] = self.write_sum(node)
            case "scale":
                self.place[node] = self.put("mul", node.nodes, node.arguments[1:])
            case "shift":
                self.place[node] = self.put("add", node.nodes, node.arguments[1:])
            case "divide":
                self.place[node] = self.put("div", node.nodes, node.arguments[1:])
            case "mul":
                self.place[node] = self.put("mul", self.overwritten_first(node.nodes))
            case "pow" | "clamp_min" | "clamp_max":
                self.place[node] = self.put(node.function, node.nodes, node.arguments[1:])
            case name if _listwise(name) and len(node.nodes) == len(node.arguments):
                self.place[node] = self.put(name, node.nodes)
            case name:
                self.place[node] = self.put_each(name, node.arguments)

    def write_sum(self, node: Node) -> int:
        """a x + b y; y may be a product or a quotient."""
        (x, y), (a, b) = node.nodes, node.arguments[2:]
        inner = self.inner.get(node)
        if inner is x:
            x, y, a, b = y, x, b, a
        if inner is not None:
            name = "addcmul" if inner.function == "mul" else "addcdiv"
            return self.put(name, (self.scaled(x, a), *inner.nodes), value=b)
        only_one_has_a_factor = (a == 1) != (b == 1)
        other_way_round = b == 1 if only_one_has_a_factor else self.overwritten_first((x, y))[0] is y
        if other_way_round:
            x, y, a, b = y, x, b, a
        return self.put("add", (self.scaled(x, a), y), alpha=b)

    def scaled(self, x: Node, factor: Any) -> Node:
        if factor == 1:
            return x
        scaled = Node("scale", x, factor)
        self.uses[scaled] = 1
        self.place[scaled] = self.put("mul", (x,), (factor,))
        return scaled

    def overwritten_first(self, pair: tuple[Node, ...]) -> tuple[Node, ...]:
        """Two operands in either order: first the one that may be overwritten."""
        x, y = pair
        return (y, x) if self.is_last_use(y, pair) and not self.is_last_use(x, pair) else pair

    def is_last_use(self, node: Node, operands: tuple[Node, ...]) -> bool:
        return self.uses[node] == operands.count(node) and self.place[node] not in self.kept

    def put(self, name: str, nodes: tuple[Node, ...], numbers: Any = (), **keywords: Any) -> int:
        """Write an operation on lists; the register of its result."""
        overwrites = self.is_last_use(nodes[0], nodes) and _listwise(f"{name}_") is not None
        function = _listwise(f"{name}_" if overwrites else name)
        assert function is not None
        return self.append(function, nodes, tuple(numbers), keywords, overwrites)

    def put_each(self, name: str, arguments: tuple[Any, ...]) -> int:
        """Write an operation that PyTorch has for single tensors alone."""
        operands = tuple(a if isinstance(a, Node) else self.number(a) for a in arguments)
        return self.append(_each(name), operands, (), {}, overwrites=False)

    def number(self, value: float) -> Node:
        node = Node("number", value)
        self.uses[node] = 1
        self.place[node] = self.registers
        self.numbers[self.registers] = value
        self.registers += 1
        return node

    def append(
        self,
        function: Callable[..., Any],
        nodes: tuple[Node, ...],
        numbers: tuple[float, ...],
        keywords: dict[str, float],
        overwrites: bool,
    ) -> int:
        sources = tuple(self.place[node] for node in nodes)
        target = sources[0] if overwrites else self.registers
        self.registers += not overwrites
        for node in nodes:
            self.uses[node] -= 1
        done = {self.place[node] for node in nodes if not self.uses[node]} - {target}
        free = tuple(i for i in done if i >= self.given)
        self.operations.append(
            Operation(function, sources, numbers, keywords, -1 if overwrites else target, free)
        )
        return target


@functools.cache
def _listwise(name: str) -> Callable[..., Any] | None:
    return getattr(torch, f"_foreach_{name}", None)


@functools.cache
def _each(name: str) -> Callable[..., Any]:
    """The function of single tensors, on lists; a number is the same for all tensors."""
    function = getattr(torch, name)

    def apply(*columns: Any) -> list[Any]:
        rows = zip(*(repeat(c) if isinstance(c, float) else c for c in columns), strict=False)
        return [function(*row) for row in rows]

    return apply

"""Arrays that hold nothing yet: a rule's arithmetic on them is written down, to be done on many at once.

A `Lazy` is a factor times a node, and a node is a function of nodes and numbers. Factors travel through
products, quotients and roots without an operation on arrays, and what is written down is mapped onto
the fused operations that array libraries have (`sum` below is `a x + b y`): Adam comes to seven passes
over memory, not sixteen.

Rules reach Lazy through infix operators and through NumPy's functions, which give way to the arguments'
own. A sum over all elements is done on the spot, and is a number. What cannot be written down raises a
TypeError, and the rule is run on the arrays themselves.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

__all__ = ["Home", "Lazy", "Leaf", "Node"]


class Home(Protocol):
    """Where the arrays are that leaves stand for, all of them as if they were one flat array."""

    @property
    def size(self) -> int: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def total(self, x: Lazy) -> float:
        """The sum of all elements."""
        ...


class Node:
    """A function, by its name, of nodes and numbers."""

    __slots__ = ("arguments", "function", "nodes")

    def __init__(self, function: str, *arguments: Node | float):
        self.function = function
        self.arguments = arguments
        self.nodes = tuple(a for a in arguments if isinstance(a, Node))


class Leaf(Node):
    """An array that is there from the start."""

    __slots__ = ("home",)

    def __init__(self, home: Home):
        super().__init__("leaf")
        self.home = home


class Lazy:
    """`factor` times what `node` will hold."""

    __slots__ = ("factor", "node")

    def __init__(self, node: Node, factor: float = 1.0):
        self.node = node
        self.factor = factor

    @property
    def home(self) -> Home:
        node = self.node
        while not isinstance(node, Leaf):
            node = node.nodes[0]
        return node.home

    @property
    def shape(self) -> tuple[int]:
        return (self.home.size,)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.home.dtype

    def sum(self) -> np.float64:
        return np.float64(self.home.total(self))

    def solid(self) -> Node:
        """A node that holds the whole value."""
        return self.node if self.factor == 1 else Node("scale", self.node, self.factor)

    def tame(self) -> Lazy:
        """The same with a factor that cannot make the node overflow, or 0, where the value does not."""
        return self if _is_moderate(self.factor) else Lazy(self.solid())

    # Infix operators. What they return NotImplemented for, Python makes a TypeError.

    def __add__(self, other: Any) -> Lazy:
        if isinstance(other, Lazy):
            return Lazy(Node("sum", self.node, other.node, self.factor, other.factor))
        if not _is_number(other):
            return NotImplemented
        x = self.tame()  # c x + k is c (x + k/c): one pass instead of two
        return Lazy(Node("shift", x.node, float(other) / x.factor), x.factor)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Lazy:
        return self + -other

    def __rsub__(self, other: Any) -> Lazy:
        return -self + other

    def __neg__(self) -> Lazy:
        return Lazy(self.node, -self.factor)

    def __mul__(self, other: Any) -> Lazy:
        if isinstance(other, Lazy):
            x, y = self.tame(), other.tame()
            return Lazy(Node("mul", x.node, y.node), x.factor * y.factor)
        return Lazy(self.node, self.factor * float(other)) if _is_number(other) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Lazy:
        if isinstance(other, Lazy):
            y = other.tame()
            return Lazy(Node("div", self.node, y.node), self.factor / y.factor)
        if not _is_number(other):
            return NotImplemented
        if _is_moderate(float(other)):
            return Lazy(self.node, self.factor / float(other))
        return Lazy(Node("divide", self.solid(), float(other)))  # by 0, for one, as arrays do it

    def __rtruediv__(self, other: Any) -> Lazy:
        if not _is_number(other):
            return NotImplemented
        return Lazy(Node("reciprocal", self.solid()), float(other))

    def __pow__(self, other: Any) -> Lazy:
        if not _is_number(other):
            return NotImplemented
        return self * self if other == 2 else Lazy(Node("pow", self.solid(), float(other)))

    def __abs__(self) -> Lazy:
        return Lazy(Node("abs", self.node), abs(self.factor))

    def __lt__(self, other: Any) -> Lazy:
        return _called("lt", self, other)

    def __le__(self, other: Any) -> Lazy:
        return _called("le", self, other)

    def __gt__(self, other: Any) -> Lazy:
        return _called("gt", self, other)

    def __ge__(self, other: Any) -> Lazy:
        return _called("ge", self, other)

    def __and__(self, other: Any) -> Lazy:
        return _called("logical_and", self, other)

    def __or__(self, other: Any) -> Lazy:
        return _called("logical_or", self, other)

    def __bool__(self) -> bool:
        raise TypeError("an array that holds nothing yet is neither true nor false")

    # NumPy's functions.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        name = ufunc.__name__
        if method != "__call__" or keywords or name not in _FUNCTIONS:
            return NotImplemented
        return _FUNCTIONS[name](*(x if isinstance(x, Lazy) else float(x) for x in inputs))

    def __array_function__(self, function: Any, types: Any, inputs: Any, keywords: Any) -> Any:
        if keywords or function not in (np.where, np.zeros_like):
            return NotImplemented
        return 0.0 if function is np.zeros_like else _where(*inputs)


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float, np.number))


def _is_moderate(factor: float) -> bool:
    """Whether a factor, or its inverse, brings no float32 near the ends of its range."""
    return 1e-6 < abs(factor) < 1e6


def _called(function: str, *arguments: Any) -> Lazy:
    """The function of whole values."""
    if not all(isinstance(x, Lazy) or _is_number(x) for x in arguments):
        raise TypeError(f"{function} is not written down for {arguments}")
    return Lazy(Node(function, *(x.solid() if isinstance(x, Lazy) else float(x) for x in arguments)))


def _sqrt(x: Lazy) -> Lazy:
    if x.factor > 0:
        return Lazy(Node("sqrt", x.node), math.sqrt(x.factor))
    return _called("sqrt", x)


def _sign(x: Lazy) -> Lazy:
    return Lazy(Node("sign", x.node)) if x.factor > 0 else _called("sign", x)


def _larger_or_smaller(of_two: str, than_a_number: str) -> Callable[[Any, Any], Lazy]:
    def apply(x: Any, y: Any) -> Lazy:
        if isinstance(x, Lazy) and isinstance(y, Lazy):
            return _called(of_two, x, y)
        return _called(than_a_number, x, y) if isinstance(x, Lazy) else _called(than_a_number, y, x)

    return apply


def _where(condition: Any, x: Any, y: Any) -> Lazy:
    if not (isinstance(condition, Lazy) and (isinstance(x, Lazy) or isinstance(y, Lazy))):
        raise TypeError("a choice between two numbers has no dtype")
    return _called("where", condition, x, y)


def _same(name: str) -> Callable[[Lazy], Lazy]:
    return lambda x: _called(name, x)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "absolute": abs,
    "add": operator.add,
    "divide": operator.truediv,
    "maximum": _larger_or_smaller("maximum", "clamp_min"),
    "minimum": _larger_or_smaller("minimum", "clamp_max"),
    "multiply": operator.mul,
    "power": operator.pow,
    "sign": _sign,
    "sqrt": _sqrt,
    "subtract": operator.sub,
    **{name: _same(name) for name in ("exp", "expm1", "log", "log1p", "tanh")},
}

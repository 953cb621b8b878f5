"""Arrays of 16 bits are stepped in float32, and keep their dtype.

In bfloat16 the rate 0.999 is 1 and 1 - 0.999 is lost beside 1: moments would never decay, or never
move. So the state of such an array is float32, the arithmetic too, and only the new x is rounded.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ladera.rules._blocks import Blocks

__all__ = ["METHODS", "in_working_precision"]


def _is_half(x: Any) -> bool:
    if type(x) is Blocks:
        return any(map(_is_half, x.parts))
    dtype = getattr(x, "dtype", None)
    return getattr(dtype, "itemsize", 0) == 2


def _wide(x: Any) -> Any:
    if type(x) is Blocks:
        return x.map(_wide)
    if not _is_half(x):
        return x
    return x.float() if hasattr(x, "float") else x.astype("float32")


def _as(x: Any, model: Any) -> Any:
    """`x` in the dtype of `model`."""
    if type(x) is Blocks:
        return x.map(_as, model)
    return x.to(model.dtype) if hasattr(x, "float") else x.astype(model.dtype)


def _init(method: Callable[..., Any], self: Any, x: Any) -> Any:
    return method(self, _wide(x) if _is_half(x) else x)


def _read(method: Callable[..., Any], self: Any, s: Any, x: Any) -> Any:
    return _as(method(self, s, _wide(x)), x) if _is_half(x) else method(self, s, x)


def _probe(method: Callable[..., Any], self: Any, g: Any, s: Any, x: Any) -> Any:
    return _as(method(self, _wide(g), s, _wide(x)), x) if _is_half(x) else method(self, g, s, x)


def _step(method: Callable[..., Any], self: Any, t: Any, g: Any, s: Any, x: Any) -> tuple[Any, Any]:
    if not _is_half(x):
        return method(self, t, g, s, x)
    s, new = method(self, t, _wide(g), s, _wide(x))
    return s, _as(new, x)


METHODS = {"init": _init, "read": _read, "probe": _probe, "step": _step}


def in_working_precision(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method of a rule, called with arrays of at least 32 bits."""
    around = METHODS[name]
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        if named:
            arguments = signature.bind(*arguments, **named).args
        return around(method, *arguments)

    return call

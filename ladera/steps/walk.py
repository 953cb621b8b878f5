"""A rule's step seen statement by statement: every name that it assigns, with its value.

The rule's own source is run, with one call behind each assignment. On numbers the walk gives the
table of m, v, m̂, v̂ that a course writes down; on symbols, where every assigned name becomes a symbol
again before the next line, it gives the formula as the paper prints it. Nothing is typed twice.
"""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import textwrap
import types
from collections.abc import Callable, Mapping
from typing import Any

from ladera.rules import Rule, Wrapper

__all__ = ["See", "seen"]

See = Callable[[str, Any], Any]  # (name, value) -> what the name stands for from here on

_MAKE, _SEE = "__make__", "__see__"


def seen(rule: Rule, see: See, functions: Mapping[str, Any] | None = None) -> Rule:
    """The same rule, whose `step` tells `see` of every assignment; of a wrapper, the inside too.

    functions: what some names of the rule's file stand for instead, for example `norm` where a
        formula is to show the norm and not its definition.
    """
    twin = copy.copy(rule)
    if isinstance(rule, Wrapper):
        object.__setattr__(twin, "rule", seen(rule.rule, see, functions))
    for name, method in vars(type(rule)).items() if functions else ():
        if (
            isinstance(method, types.FunctionType)
            and not name.startswith("_")
            and name not in ("init", "step")
        ):
            object.__setattr__(twin, name, _with(inspect.unwrap(method), functions or {}).__get__(twin))
    make = _maker(inspect.unwrap(type(rule).step))
    if make is not None:
        step = make(see, functions or {}, type(rule))
        object.__setattr__(twin, "step", step.__get__(twin))
    return twin


def _with(function: Any, functions: Mapping[str, Any]) -> types.FunctionType:
    """The function, for which some names of its file stand for something else."""
    space = {**function.__globals__, **functions}
    made = types.FunctionType(
        function.__code__, space, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


@functools.cache
def _maker(step: Callable[..., Any]) -> Callable[..., Any] | None:
    """What builds the telling twin of a `step`; None where the function has no text (typed at a prompt)."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(step)))
    except (OSError, TypeError, SyntaxError):
        return None
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef):  # a lambda assigns nothing
        return None
    function.decorator_list, function.returns = [], None
    for argument in function.args.args:
        argument.annotation = None
    _Telling().visit(function)
    free = dict(zip(step.__code__.co_freevars, step.__closure__ or (), strict=True))
    names = sorted({_SEE, "__class__", *free})  # __class__ is what super() looks for
    outer = ast.FunctionDef(
        name=_MAKE,
        args=ast.arguments(
            posonlyargs=[], args=[ast.arg(n) for n in names], kwonlyargs=[], kw_defaults=[], defaults=[]
        ),
        body=[function, ast.Return(ast.Name(function.name, ast.Load()))],
        decorator_list=[],
    )
    code = compile(ast.fix_missing_locations(ast.Module([outer], [])), f"<{step.__qualname__}>", "exec")

    def make(see: See, functions: Mapping[str, Any], cls: type[Rule]) -> Callable[..., Any]:
        space = {**step.__globals__, **functions}
        exec(code, space)  # noqa: S102 (the rule's own text, which has been imported already)
        cells = {name: cell.cell_contents for name, cell in free.items()}
        return space[_MAKE](**{**cells, "__class__": cls, _SEE: see})

    return make


class _Telling(ast.NodeTransformer):
    """Behind `name = ...` comes `name = see("name", name)`."""

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        names = [n for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        return [node, *(self._tell(n.id) for n in names if isinstance(n.ctx, ast.Store))]

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        return [node, self._tell(node.target.id)] if isinstance(node.target, ast.Name) else [node]

    @staticmethod
    def _tell(name: str) -> ast.stmt:
        call = ast.Call(
            ast.Name(_SEE, ast.Load()), [ast.Constant(name), ast.Name(name, ast.Load())], keywords=[]
        )
        return ast.Assign([ast.Name(name, ast.Store())], call)

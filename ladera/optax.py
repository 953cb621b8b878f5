"""Any rule as a gradient transformation of optax's: `ladera.optax.transformation(rule)`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ladera.base import UsageError, unknown_name
from ladera.dropin.missing import missing
from ladera.dropin.slots import Slot, fill, items, skeleton
from ladera.dropin.traits import looks_ahead
from ladera.rules import Blocks, Rule, blocks

try:
    import optax
except ModuleNotFoundError as error:
    raise missing("optax", error) from error

__all__ = ["State", "eval_params", "transformation"]


class State(NamedTuple):
    """The state of a transformation.

    count: steps done, int32. slots: the rule's state by the names of its fields, each a tree like the
    parameters, or one array for all of them. x: the answer, where the parameters are not; else None.
    """

    count: Any
    slots: dict[str, Any]
    x: Any


def transformation(rule: Rule, **schedules: Callable[[Any], Any]) -> optax.GradientTransformationExtraArgs:
    """The rule as a gradient transformation, whose `update` needs the parameters.

    schedules: name of a hyperparameter -> its value as a function of the steps done, 0, 1, ..., as optax's
    schedules are. Updates are differences of parameters, with the sign that optax.apply_updates expects.

    A rule that takes its gradient elsewhere than at the answer x (Nesterov, averages, schedule-free) keeps
    the reading point in the parameters, and `eval_params` gives x; in a chain nothing may change its updates
    after it. A rule of two gradients (SAM) takes the second from `update(..., grad_fn=f)`: f(parameters, 0),
    as optax.contrib.sam in its opaque mode does.

    Raises UsageError, a ValueError, where `rule` is none, a hyperparameter has another name, or a schedule
    is no function; so does `update` without parameters, or without `grad_fn` where that is needed.
    """
    if not isinstance(rule, Rule):
        raise UsageError(
            "ladera.optax.transformation needs a rule, for example ladera.rules.Adam(lr=1e-3), received "
            "{received}.",
            received=repr(rule),
        )
    for name, schedule in schedules.items():
        if name not in rule.numbers():
            raise unknown_name("hyperparameter", name, rule.numbers())
        if not callable(schedule):
            raise UsageError(
                "A schedule is a function of the step count, received {received} for {name}; a number is set "
                "where the rule is made: {rule}({name}={received}).",
                received=repr(schedule),
                name=name,
                rule=type(rule).__name__,
            )
    driver = _Driver(rule, schedules)
    return optax.GradientTransformationExtraArgs(driver.init, driver.update)


def eval_params(state: Any, params: Any) -> Any:
    """The answer x, to evaluate with: the parameters, but for rules that take their gradient elsewhere.

    state: of a transformation, or of optax's around it (chain, masked, MultiSteps, ...).

    Raises UsageError where no state of Ladera's is inside.
    """
    inside = jax.tree.leaves(state, is_leaf=lambda node: isinstance(node, State))
    found = [node for node in inside if isinstance(node, State)]
    if not found:
        raise UsageError(
            "There is no state of ladera.optax.transformation in what eval_params was given, a {received}; "
            "give it the state that init or update returned.",
            received=type(state).__name__,
        )
    for node in found:
        if node.x is not None:
            params = jax.tree.map(lambda p, x: p if isinstance(x, optax.MaskedNode) else x, params, node.x)
    return params


class _Group(NamedTuple):
    """Leaves that the rule is given together: those of one dtype, or all where it sees all at once."""

    rule: Rule  # its numbers in that dtype
    t: Any
    dtype: Any
    places: Sequence[int]

    def blocks(self, leaves: Sequence[Any]) -> Blocks:
        return Blocks([leaves[i].astype(self.dtype) for i in self.places])

    def bones(self, leaves: Sequence[Any]) -> Any:
        """The skeleton of the rule's state for its leaves, for which nothing is computed."""
        found = []

        def begin(x: Sequence[Any]) -> None:
            found.append(skeleton(blocks.init(self.rule, Blocks(x))))

        jax.eval_shape(begin, [jax.ShapeDtypeStruct(leaves[i].shape, self.dtype) for i in self.places])
        return found[0]


class _Driver:
    """init and update of a rule. Structures are looked up anew each time: a compiled program has done so
    once."""

    def __init__(self, rule: Rule, schedules: Mapping[str, Callable[[Any], Any]]):
        self.rule = rule
        self.schedules = schedules
        self.ahead = looks_ahead(rule)

    def init(self, params: Any) -> State:
        leaves, tree = jax.tree.flatten(params)
        x, count = [_real(p) for p in leaves], jnp.zeros((), jnp.int32)
        shared, columns = self._names(len(x))
        for group in self.groups(count, x):
            state = blocks.init(group.rule, group.blocks(x))
            for slot, k, leaf in items(skeleton(state), state):
                if slot.shared:
                    shared[slot.name] = leaf
                else:
                    columns.setdefault(slot.name, [None] * len(x))[group.places[k]] = leaf
        slots = {**{name: tree.unflatten(column) for name, column in columns.items()}, **shared}
        # as copies: what lies in the same memory twice, or where the parameters are, cannot be donated
        answer = tree.unflatten(map(jnp.array, x)) if self.ahead else None
        return State(count, jax.tree.map(jnp.array, slots), answer)

    def update(
        self, updates: Any, state: Any, params: Any = None, *, grad_fn: Any = None, **extra: Any
    ) -> tuple[Any, State]:
        if params is None:
            raise UsageError(
                "{rule} steps from the parameters: call update(gradients, state, params).",
                rule=self.rule.label(),
            )
        leaves, tree = jax.tree.flatten(params)
        points = [jnp.asarray(p) for p in leaves]
        step = _Step(self, tree, points, state)
        g = tree.flatten_up_to(updates)
        if self.rule.evaluations > 1:
            g = tree.flatten_up_to(self._second(grad_fn)(tree.unflatten(step.probe(g)), 0))
        after, following = step.step(g)
        moved = [(y - p).astype(p.dtype) for y, p in zip(following, points, strict=True)]
        return tree.unflatten(moved), after

    def _second(self, grad_fn: Any) -> Callable[..., Any]:
        if grad_fn is None:
            raise UsageError(
                "{rule} takes two gradients a step: call update(gradients, state, params, grad_fn=f), where "
                "f(params, 0) gives the gradients at other parameters.",
                rule=self.rule.label(),
            )
        return grad_fn

    def _names(self, leaves: int) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        """What the state of vectors and of matrices has for all leaves, and has for each, so that trees
        of all shapes, and of none, have states with the same names."""
        shared: dict[str, Any] = {}
        columns: dict[str, list[Any]] = {}
        for shape in ((2,), (2, 2)):
            with contextlib.suppress(Exception):  # a rule may be for matrices alone
                state = blocks.init(self.rule, Blocks([jnp.zeros(shape)] * 2))
                for slot, _, leaf in items(skeleton(state), state):
                    if slot.shared:
                        shared[slot.name] = leaf
                    else:
                        columns[slot.name] = [None] * leaves
        return shared, columns

    def groups(self, count: Any, leaves: Sequence[Any]) -> list[_Group]:
        """The leaves with the rule of the step after `count` steps."""
        dtypes = [_wide(p.dtype) for p in leaves]
        if self.rule.scope == "whole":
            dtypes = [max(dtypes, key=lambda dtype: dtype.itemsize) for _ in dtypes]
        found = []
        for dtype in dict.fromkeys(dtypes):
            places = [i for i, other in enumerate(dtypes) if other == dtype]
            found.append(_Group(self._at(count, dtype), (count + 1).astype(dtype), dtype, places))
        return found

    def _at(self, count: Any, dtype: Any) -> Rule:
        """The rule after `count` steps; its numbers that are arrays, in this dtype."""
        numbers = {name: value for name, value in self.rule.numbers().items() if hasattr(value, "dtype")}
        numbers |= {name: schedule(count) for name, schedule in self.schedules.items()}
        return self.rule.replace(**{name: jnp.asarray(value, dtype) for name, value in numbers.items()})


class _Step:
    """One update: the state and x, taken apart and put together again."""

    def __init__(self, driver: _Driver, tree: Any, points: Sequence[Any], state: State):
        self.driver = driver
        self.tree = tree
        self.state = state
        self.points = points
        self.x = tree.flatten_up_to(state.x) if driver.ahead else points
        self.groups = driver.groups(state.count, points)
        self.bones = [group.bones(points) for group in self.groups]

    def probe(self, g: Sequence[Any]) -> list[Any]:
        """Where the second gradient is wanted."""
        probes = list(self.points)
        for group, bones in zip(self.groups, self.bones, strict=True):
            state = self._held(self.state.slots, group, bones)
            found = blocks.probe(group.rule, group.blocks(g), state, group.blocks(self.x))
            self._put(probes, group, found)
        return probes

    def step(self, g: Sequence[Any]) -> tuple[State, list[Any]]:
        """The state after the step, and where the next gradient is taken."""
        slots, x = dict(self.state.slots), list(self.x)
        for group, bones in zip(self.groups, self.bones, strict=True):
            state = self._held(self.state.slots, group, bones)
            after, new = blocks.step(group.rule, group.t, group.blocks(g), state, group.blocks(self.x))
            self._store(slots, group, bones, after)
            self._put(x, group, new)
        count = optax.safe_increment(self.state.count)
        if not self.driver.ahead:
            return State(count, slots, None), x
        following = list(x)
        for group, bones in zip(self.driver.groups(count, self.points), self.bones, strict=True):
            state = self._held(slots, group, bones)
            self._put(following, group, blocks.read(group.rule, state, group.blocks(x)))
        return State(count, slots, self.tree.unflatten(x)), following

    def _held(self, slots: dict[str, Any], group: _Group, bones: Any) -> Any:
        columns: dict[str, list[Any]] = {}

        def held(slot: Slot, k: int) -> Any:
            if slot.shared:
                return slots[slot.name]
            if slot.name not in columns:
                columns[slot.name] = self.tree.flatten_up_to(slots[slot.name])
            return columns[slot.name][group.places[k]]

        return fill(bones, held)

    def _store(self, slots: dict[str, Any], group: _Group, bones: Any, state: Any) -> None:
        columns: dict[str, list[Any]] = {}
        for slot, k, leaf in items(bones, state):
            if slot.shared:
                slots[slot.name] = _like(leaf, slots[slot.name])
                continue
            if slot.name not in columns:
                columns[slot.name] = self.tree.flatten_up_to(slots[slot.name])
            column, i = columns[slot.name], group.places[k]
            column[i] = _like(leaf, column[i])
        slots |= {name: self.tree.unflatten(column) for name, column in columns.items()}

    def _put(self, leaves: list[Any], group: _Group, values: Blocks) -> None:
        for i, value in zip(group.places, values.parts, strict=True):
            leaves[i] = value.astype(leaves[i].dtype)


def _real(leaf: Any) -> Any:
    x = jnp.asarray(leaf)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise UsageError(
            "A rule steps parameters that are real numbers, received one of dtype {dtype}; leave it out by "
            "optax.masked.",
            dtype=x.dtype,
        )
    return x


def _wide(dtype: Any) -> np.dtype[Any]:
    """What is stepped in: float32 instead of 16 bits."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else np.dtype(dtype)


def _like(new: Any, old: Any) -> Any:
    """A state keeps its dtypes, so that it can be carried through a scan."""
    return jnp.asarray(new, old.dtype)

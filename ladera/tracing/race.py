"""Several methods from one start on one function: who arrives first, and who stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera import rules, surfaces
from ladera.base import UsageError, unknown_name
from ladera.locale import N_, Translator, translator
from ladera.rules import Rule
from ladera.steps.formula import number_text
from ladera.surfaces import Surface
from ladera.tracing.trace import Trace, trace

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["AXES", "Race", "race", "told"]

AXES = ("steps", "evaluations")
_CLOSE = 1e-3  # to the minimum, in f: what counts as arriving


@dataclass(frozen=True, eq=False)
class Race:
    """Traces by name, on one surface, and how near to its lowest value counts as arriving."""

    traces: dict[str, Trace]
    close: float

    @property
    def surface(self) -> Surface:
        return next(iter(self.traces.values())).surface

    @cached_property
    def lowest(self) -> float:
        """The surface's known minimum; where none is known, the lowest value that any method saw."""
        known = self.surface.minimum
        seen = min(float(t.fun.min()) for t in self.traces.values())
        return seen if known is None or not np.isfinite(known) else float(known)

    def arrival(self, name: str) -> int | None:
        """The first step after which f is within `close` of the lowest value; None: never."""
        near = self.traces[name].fun - self.lowest < self.close
        return int(np.argmax(near)) if near.any() else None

    def stays(self, name: str) -> bool:
        """Whether it is still there at the end."""
        fun = self.traces[name].fun
        return bool(fun[-1] - self.lowest < self.close)

    @cached_property
    def order(self) -> list[str]:
        """Names by arrival; those that never arrive last, by how low they end."""

        def key(name: str) -> tuple[float, float]:
            arrival = self.arrival(name)
            return (np.inf if arrival is None else arrival, float(self.traces[name].fun[-1]))

        return sorted(self.traces, key=key)

    def table(self) -> pd.DataFrame:
        """A row per method: arrival in steps and evaluations, whether it stays, its last x and f."""
        import pandas as pd

        rows = []
        for name in self.order:
            t, arrival = self.traces[name], self.arrival(name)
            rows.append(
                {
                    "method": name,
                    "arrives": arrival,
                    "evaluations": None if arrival is None else int(t.evaluations[arrival]),
                    "stays": self.stays(name) if arrival is not None else False,
                    **{v: t.x[-1, i] for i, v in enumerate(self.surface.variables)},
                    "f": t.fun[-1],
                    "steps": t.steps,
                    "status": str(t.status),
                }
            )
        return pd.DataFrame(rows).astype({"arrives": "Int64", "evaluations": "Int64"})

    def sentence(self, lang: str = "en") -> str:
        """Who arrives first, when the others do, and who leaves again or never comes."""
        return told(self, translator(lang))

    def figure(self, by: str = "steps", lang: str = "en") -> go.Figure:
        """The ways over the function, and f over the steps or the gradient evaluations.

        by: "steps" or "evaluations".
        """
        from ladera.tracing.figure import race_figure

        if by not in AXES:
            raise unknown_name("axis", by, AXES)
        return race_figure(self, by, translator(lang))


def race(
    f: Any,
    x0: Sequence[float] | np.ndarray | float,
    methods: Iterable[Any] | Mapping[str, Any],
    steps: int = 200,
    close: float = _CLOSE,
) -> Race:
    """Follow several methods from one start.

    methods: what `trace` takes, or a mapping from a name of yours to it. Without one a method is
        named after its rule and the hyperparameters that differ from the defaults.
    close: f within this of the lowest value counts as arriving, in units of f.

    Raises UsageError as `trace` does, and for methods of one name.
    """
    surface = surfaces.of(f, dimension=np.size(x0))
    named = _named(methods)
    return Race({name: trace(surface, x0, rule, steps) for name, rule in named.items()}, close)


def _named(methods: Iterable[Any] | Mapping[str, Any]) -> dict[str, Rule]:
    if isinstance(methods, Mapping):
        return {str(name): rules.make(one) for name, one in methods.items()}
    found: dict[str, Rule] = {}
    for one in [methods] if isinstance(methods, (str, Rule)) else methods:
        rule = rules.make(one)
        name = rule.describe()
        if name in found:
            raise UsageError("The method '{name}' races twice; name each one once.", name=name)
        found[name] = rule
    if not found:
        raise UsageError("A race needs at least one method, received none; for example 'sgd', 'adam'.")
    return found


_FIRST = N_("{method} arrives first: f within {close} of the minimum after step {step}.")
_THEN = N_("Then: {others}.")
_LEAVES = N_("{method} arrives after step {step} and leaves again: f = {value} at the end.")
_NEVER = N_("Not there after {steps} steps: {others}.")
_NOBODY = N_(
    "No method comes within {close} of the minimum in {steps} steps; the lowest is {method}, f = {value}."
)


def told(race: Race, _: Translator) -> str:
    """The sentence of a race in a language."""
    came = [name for name in race.order if race.arrival(name) is not None]
    late = [name for name in race.order if race.arrival(name) is None]
    steps = max(t.steps for t in race.traces.values())
    if not came:
        best = min(race.traces, key=lambda name: float(race.traces[name].fun.min()))
        value = number_text(race.traces[best].fun.min())
        return _(_NOBODY).format(close=f"{race.close:g}", steps=steps, method=best, value=value)
    said = [_(_FIRST).format(method=came[0], close=f"{race.close:g}", step=race.arrival(came[0]))]
    if came[1:]:
        said.append(_(_THEN).format(others=", ".join(f"{name} {race.arrival(name)}" for name in came[1:])))
    said += [
        _(_LEAVES).format(
            method=name, step=race.arrival(name), value=f"{race.traces[name].fun[-1] - race.lowest:.2g}"
        )
        for name in came
        if not race.stays(name)
    ]
    if late:
        said.append(_(_NEVER).format(steps=steps, others=", ".join(late)))
    return " ".join(said)

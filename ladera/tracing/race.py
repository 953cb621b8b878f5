"""Several methods from one start on one function: who arrives first, and who stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ladera import surfaces
from ladera.base import UsageError, unknown_name
from ladera.hyperparameters import Hyperparameters
from ladera.locale import N_, Translator, translator
from ladera.solvers._methods import method_of
from ladera.steps.formula import number_text
from ladera.surfaces import Surface
from ladera.tracing.trace import Trace, trace

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from ladera.rules import Rule
    from ladera.solvers import Solver

__all__ = ["AXES", "Race", "race", "told"]

AXES = ("steps", "evaluations", "seconds")
_CLOSE = 1e-3  # to the minimum, in f: what counts as arriving


@dataclass(frozen=True, eq=False)
class Race:
    """Traces by name, on one surface, how near to its lowest value counts as arriving, and by what it
    is decided who is first: one of AXES."""

    traces: dict[str, Trace]
    close: float
    by: str = "steps"

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

    def spent(self, name: str, by: str | None = None) -> np.ndarray:
        """What a method has spent when each point was there, (n + 1,): steps, gradient evaluations, or
        seconds, which are measured (see `timing`). by: one of AXES; the race's own where it is left out.
        """
        t = self.traces[name]
        if (by or self.by) == "steps":
            return np.arange(t.steps + 1)
        return t.evaluations if (by or self.by) == "evaluations" else self._seconds[name]

    @cached_property
    def _seconds(self) -> dict[str, np.ndarray]:
        from ladera.tracing.timing import seconds

        return {name: seconds(t) for name, t in self.traces.items()}

    @cached_property
    def order(self) -> list[str]:
        """Names by arrival; those that never arrive last, by how low they end."""

        def key(name: str) -> tuple[float, float]:
            arrival = self.arrival(name)
            when = np.inf if arrival is None else float(self.spent(name)[arrival])
            return when, float(self.traces[name].fun[-1])

        return sorted(self.traces, key=key)

    def table(self) -> pd.DataFrame:
        """A row per method: arrival in steps and evaluations (of a race by seconds, in those too),
        whether it stays, its last x and f, its steps, and how it ended."""
        import pandas as pd

        rows = []
        for name in self.order:
            t, arrival = self.traces[name], self.arrival(name)
            timed = {"seconds": None if arrival is None else self.spent(name, "seconds")[arrival]}
            rows.append(
                {
                    "method": name,
                    "arrives": arrival,
                    "evaluations": None if arrival is None else int(t.evaluations[arrival]),
                    **(timed if self.by == "seconds" else {}),
                    "stays": self.stays(name) if arrival is not None else False,
                    **{v: t.x[-1, i] for i, v in enumerate(self.surface.variables)},
                    "f": t.fun[-1],
                    "steps": t.steps,
                    "status": t.outcome,
                }
            )
        return pd.DataFrame(rows).astype({"arrives": "Int64", "evaluations": "Int64"})

    def sentence(self, lang: str = "en") -> str:
        """Who arrives first, when the others do, and who leaves again or never comes."""
        return told(self, translator(lang))

    def figure(self, by: str | None = None, lang: str = "en") -> go.Figure:
        """The ways over the function, and f over the steps, the gradient evaluations or the seconds.

        by: one of AXES; the race's own where it is left out.
        """
        from ladera.tracing.figure import race_figure

        return race_figure(self, _axis(by or self.by), translator(lang))


def race(
    f: Any,
    x0: Sequence[float] | np.ndarray | float,
    methods: Iterable[Any] | Mapping[str, Any],
    steps: int = 200,
    close: float = _CLOSE,
    by: str = "steps",
) -> Race:
    """Follow several methods, first and second order, from one start.

    methods: what `trace` takes, or a mapping from a name of yours to it. Without one a method is
        named after itself and the hyperparameters that differ from the defaults.
    close: f within this of the lowest value counts as arriving, in units of f.
    by: what decides who is first: "steps", "evaluations" (of the gradient; what a solver evaluates
        beside is charged in those: `charge` in ladera/solvers/_equations.py) or "seconds" (measured).

    Raises UsageError as `trace` does, and for methods of one name.
    """
    surface = surfaces.of(f, dimension=np.size(x0))
    named = _named(methods)
    traces = {name: trace(surface, x0, method, steps) for name, method in named.items()}
    return Race(traces, close, _axis(by))


def _axis(by: str) -> str:
    if by not in AXES:
        raise unknown_name("axis", by, AXES)
    return by


def _named(methods: Iterable[Any] | Mapping[str, Any]) -> dict[str, Rule | Solver]:
    if isinstance(methods, Mapping):
        return {str(name): method_of(one) for name, one in methods.items()}
    found: dict[str, Rule | Solver] = {}
    for one in [methods] if isinstance(methods, (str, Hyperparameters)) else methods:
        method = method_of(one)
        name = method.describe()
        if name in found:
            raise UsageError("The method '{name}' races twice; name each one once.", name=name)
        found[name] = method
    if not found:
        raise UsageError("A race needs at least one method, received none; for example 'sgd', 'adam'.")
    return found


_FIRST = {
    "steps": N_("{method} arrives first: f within {close} of the minimum after step {step}."),
    "evaluations": N_(
        "{method} arrives first: f within {close} of the minimum after {spent} gradient evaluations."
    ),
    "seconds": N_(
        "{method} arrives first: f within {close} of the minimum after {spent} ms, measured on the compiled "
        "program without its compilation; on so small a function most of that is the call itself."
    ),
}
_THEN = N_("Then: {others}.")
_LEAVES = N_("{method} arrives after step {step} and leaves again: f = {value} at the end.")
_NEVER = N_("Not there after {steps} steps: {others}.")
_ELSEWHERE = N_("{method} ends elsewhere after step {step}, at f = {value}. {why}")
_NOBODY = N_(
    "No method comes within {close} of the minimum in {steps} steps; the lowest is {method}, f = {value}."
)


def told(race: Race, _: Translator) -> str:
    """The sentence of a race in a language."""
    came = [name for name in race.order if race.arrival(name) is not None]
    late = [name for name in race.order if race.arrival(name) is None]
    elsewhere = [name for name in late if race.traces[name].code is not None and race.traces[name].ended]
    steps = max(t.steps for t in race.traces.values())
    said = []
    if not came:
        best = min(race.traces, key=lambda name: float(race.traces[name].fun.min()))
        value = number_text(race.traces[best].fun.min())
        said.append(_(_NOBODY).format(close=f"{race.close:g}", steps=steps, method=best, value=value))
    else:
        spent = {name: _spent(race, name) for name in came}
        said.append(
            _(_FIRST[race.by]).format(
                method=came[0], close=f"{race.close:g}", step=race.arrival(came[0]), spent=spent[came[0]]
            )
        )
        if came[1:]:
            said.append(_(_THEN).format(others=", ".join(f"{name} {spent[name]}" for name in came[1:])))
        said += [_leaves(race, name, _) for name in came if not race.stays(name)]
    for name in elsewhere:
        t = race.traces[name]
        said.append(
            _(_ELSEWHERE).format(method=name, step=t.steps, value=number_text(t.fun[-1]), why=t.told(_))
        )
    if came and (others := [name for name in late if name not in elsewhere]):
        said.append(_(_NEVER).format(steps=steps, others=", ".join(others)))
    return " ".join(said)


def _spent(race: Race, name: str) -> str:
    """What it cost to arrive; seconds in thousandths."""
    arrival = race.arrival(name)
    assert arrival is not None
    spent = race.spent(name)[arrival]
    return f"{1e3 * spent:.2g}" if race.by == "seconds" else str(int(spent))


def _leaves(race: Race, name: str, _: Translator) -> str:
    value = race.traces[name].fun[-1] - race.lowest
    return _(_LEAVES).format(method=name, step=race.arrival(name), value=f"{value:.2g}")

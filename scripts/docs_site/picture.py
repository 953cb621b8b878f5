"""The picture of a way: lines of equal f, the points of the way, one of its steps, and f over the steps.

SVG, drawn here: it needs no script, and what it shows is told in words too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np

from docs_site.svg import GREY, INK, Panel, cross, line, ring, words
from ladera.tracing import Trace

__all__ = ["Ground", "Words", "picture"]

_WIDTH, _HEIGHT = 720, 392
_SIDE = 5.0
_LEVELS = (0.1, 1.0, 4.0, 10.0, 20.0, 35.0, 55.0, 80.0)
_LOWEST, _HIGHEST = 1e-8, 1e8  # of f that the cost's panel shows
_WAY, _STEP, _OTHER = "#0072B2", "#D55E00", "#767676"
_DOTS, _DASHES = "2 3", "6 4"
_SHORTEST = 4  # arrow, in pixels


@dataclass(frozen=True)
class Words:
    """What the picture says: its title and description, and the names of what is drawn in it."""

    title: str
    description: str
    way: str
    step: str
    gradient: str
    minimum: str
    steps: str
    other: str = ""


@dataclass(frozen=True)
class Ground:
    """Where a way is drawn: what part of the plane, the ticks on both sides, and the lines of equal f."""

    across: tuple[float, float]
    up: tuple[float, float]
    ticks: tuple[list[tuple[float, str]], list[tuple[float, str]]]
    contours: Callable[[Trace, Panel], list[str]]

    @property
    def panel(self) -> Panel:
        return Panel(46, 14, 320, 320, self.across, self.up)


def picture(
    trace: Trace,
    said: Words,
    k: int,
    name: str,
    other: Trace | None = None,
    ground: Ground | None = None,
    beside: Callable[[Panel], list[str]] = lambda panel: [],
) -> str:
    """The SVG of a trace, step k drawn out.

    name: of its ids on the page. other: a second way, drawn behind it, dashed. ground: without one, that
    of a quadratic surface with its minimum at 0. beside: what else is drawn there, behind the way.
    """
    ground = ground or _QUADRATIC
    over = ground.panel
    cost = _cost_panel([trace, other] if other else [trace])
    drawn = [
        _head(said, name, over, cost),
        *over.frame(*ground.ticks),
        f'<g clip-path="url(#{name}-map)">',
        *ground.contours(trace, over),
        *([line(over.at(other.x), _OTHER, _DASHES)] if other else []),
        *beside(over),
        line(over.at(trace.x), _WAY),
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{_WAY}"/>' for x, y in over.at(trace.x)),
        *_step(trace, k, name, over),
        *(cross(*point) for point in over.at(np.array(trace.surface.minima))),
        "</g>",
        *cost.frame(_whole(0, trace.steps + 1, max(1, trace.steps // 4)), _powers(cost)),
        f'<g clip-path="url(#{name}-cost)">',
        *([_cost(other, cost, _OTHER, _DASHES)] if other else []),
        _cost(trace, cost, _WAY),
        "</g>",
        words(over.left + over.width / 2, 366, trace.surface.variables[0]),
        words(12, over.top + over.height / 2, trace.surface.variables[1]),
        words(cost.left + cost.width / 2, 366, said.steps),
        words(cost.left + cost.width - 8, cost.top + 16, "f", "end"),
        *_legend(said),
        "</svg>",
    ]
    return "".join(drawn)


def _head(said: Words, name: str, over: Panel, cost: Panel) -> str:
    clips = {"map": over.rectangle, "cost": cost.rectangle}
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" class="way">'
        f'<title id="{name}-title">{escape(said.title)}</title>'
        f'<desc id="{name}-desc">{escape(said.description)}</desc><defs>'
        + "".join(f'<clipPath id="{name}-{key}">{shape}</clipPath>' for key, shape in clips.items())
        + "".join(_arrow_head(name, key, colour) for key, colour in (("step", _STEP), ("slope", INK)))
        + f'</defs><rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
    )


def _arrow_head(name: str, key: str, colour: str) -> str:
    return (
        f'<marker id="{name}-{key}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8Z" fill="{colour}"/></marker>'
    )


def _ellipses(trace: Trace, over: Panel) -> list[str]:
    """Where f is one of the levels: an ellipse each."""
    curvatures, axes = np.linalg.eigh(np.asarray(trace.surface.hessian(np.zeros(2))))
    (x, y), scale = over.at(np.zeros((1, 2)))[0], over.width / (2 * _SIDE)
    turn = -np.degrees(np.arctan2(axes[1, 0], axes[0, 0]))
    radii = (np.sqrt(2 * level / curvatures) * scale for level in _LEVELS)
    return [
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="none" stroke="{GREY}" '
        f'transform="rotate({turn:.2f} {x:.1f} {y:.1f})"/>'
        for rx, ry in radii
    ]


def _step(trace: Trace, k: int, name: str, over: Panel) -> list[str]:
    """Step k: the direction against its gradient from where that was taken, and where the step went; a
    ring where that is too short for an arrow."""
    point, before, after = trace.points[k - 1], trace.x[k - 1], trace.x[k]
    downhill = -trace.gradients[k - 1]
    length = max(float(np.linalg.norm(after - before)), 0.125 * (over.across[1] - over.across[0]))
    tip = point + downhill * (length / max(float(np.linalg.norm(downhill)), 1e-300))
    slope = line(over.at(np.array([point, tip])), INK, _DOTS, f'marker-end="url(#{name}-slope)"')
    ends = over.at(np.array([before, after]))
    if np.linalg.norm(ends[1] - ends[0]) < _SHORTEST:
        return [slope, ring(*ends[1], _STEP)]
    return [slope, line(ends, _STEP, "", f'marker-end="url(#{name}-step)"', 3.5)]


def _cost_panel(traces: list[Trace]) -> Panel:
    """Powers of ten that hold every f of the ways."""
    fun = np.clip(np.concatenate([trace.fun for trace in traces]), _LOWEST, _HIGHEST)
    low, high = np.floor(np.log10(fun.min())), np.ceil(np.log10(fun.max()))
    return Panel(440, 14, 264, 320, (0, traces[0].steps), (float(low), float(max(high, low + 1))))


def _cost(trace: Trace, panel: Panel, colour: str, dash: str = "") -> str:
    power = np.log10(np.clip(trace.fun, _LOWEST, _HIGHEST))
    return line(panel.at(np.stack([np.arange(len(power)), power], axis=1)), colour, dash, "", 2)


def _whole(start: int, stop: int, step: int) -> list[tuple[float, str]]:
    return [(value, str(value)) for value in range(start, stop, step)]


def _powers(panel: Panel) -> list[tuple[float, str]]:
    low, high = map(int, panel.up)
    every = -(-(high - low) // 6)
    return [(p, f"1e{p}" if abs(p) > 3 else f"{10.0**p:g}") for p in range(high, low - 1, -every)]


_SIDES = (-_SIDE, _SIDE)
_QUADRATIC = Ground(_SIDES, _SIDES, (_whole(-4, 5, 2), _whole(-4, 5, 2)), _ellipses)


def _legend(said: Words) -> list[str]:
    """What each sign is, in a row below."""
    entries = [(said.way, _WAY, "", 2.0), (said.step, _STEP, "", 3.5), (said.gradient, INK, _DOTS, 1.5)]
    entries += [(said.other, _OTHER, _DASHES, 2.0)] if said.other else []
    drawn, x = [], 20.0
    for text, colour, dash, wide in entries:
        drawn += [line(np.array([[x, 384], [x + 24, 384]]), colour, dash, "", wide)]
        drawn += [words(x + 29, 388, text, "start")]
        x += 44 + 6.3 * len(text)
    return [*drawn, cross(x + 6, 384), words(x + 16, 388, said.minimum, "start")]

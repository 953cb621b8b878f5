"""The page of each solver, with its way over Rosenbrock's valley, and the page of them all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from docs_site import mathml
from docs_site.contour import level_lines
from docs_site.picture import Ground, Words, picture
from docs_site.solver_evidence import Evidence
from docs_site.svg import GREY, Panel, line
from ladera.explaining import explain_method
from ladera.explaining.captions import LEGEND, solver_evidence, solver_picture_words
from ladera.explaining.solver import SolverExplanation
from ladera.explaining.solver_page import markdown, overview
from ladera.locale import translator
from ladera.tracing import Trace, trace

__all__ = ["write"]

SURFACE, START, STEPS = "rosenbrock", (-1.2, 1.0), 200
_LEVELS = (0.3, 2.0, 8.0, 30.0, 100.0, 300.0)
_MODEL = "#767676"
_DASHES = "6 4"


def write(folder: Path, names: Iterable[str], lang: str, measured: Evidence) -> None:
    """The pages of these solvers and the table of them, into `folder`/solvers."""
    _ = translator(lang)
    (folder / "solvers").mkdir(parents=True, exist_ok=True)
    found = []
    for name in names:
        e = explain_method(name, lang)
        assert isinstance(e, SolverExplanation)
        found.append(e)
        (folder / "solvers" / f"{name}.md").write_text(_page(e, measured), encoding="utf-8")
    text = overview(found, lambda name: f"{name}.md", _)
    (folder / "solvers" / "index.md").write_text(text, encoding="utf-8")


def _page(e: SolverExplanation, measured: Evidence) -> str:
    _ = translator(e.lang)
    way = trace(SURFACE, START, e.solver, STEPS)
    k = _longest(way)
    numbers = mathml.display(way.latex(k, e.lang), broken=True)
    return markdown(
        e,
        display=mathml.display,
        inline=mathml.inline,
        picture=_figure(e, way, k),
        card=f"{_('Step {k} of that way, every statement with its numbers:').format(k=k)}\n\n{numbers}",
        evidence=solver_evidence(measured.get(e.name, {}), _),
    )


def _figure(e: SolverExplanation, way: Trace, k: int) -> str:
    _ = translator(e.lang)
    legend = {key: _(text) for key, text in LEGEND.items()}
    drawn = k in way.models
    said = solver_picture_words(
        *(way.method.describe(), way.surface.text, START, way.fun.tolist(), way.evaluations.tolist()),
        *(k if drawn else None, _),
    )
    words = Words(
        legend["title"].format(rule=e.title),
        said,
        *(legend["way"], legend["step"].format(k=k), legend["gradient"]),
        *(legend["minimum"], legend["steps"]),
        legend["model"] if drawn else "",
    )
    picked = picture(way, words, k, e.name, ground=_VALLEY, beside=lambda over: _model(way, k, over))
    return f"<figure>{picked}<figcaption>{said}</figcaption></figure>"


def _longest(way: Trace) -> int:
    """The step that is drawn and whose numbers are shown; not the first, before which nothing is learnt."""
    return 2 + int(np.argmax(np.linalg.norm(np.diff(way.x[1:], axis=0), axis=1)))


def _grid(over: Panel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = np.linspace(*over.across, 81), np.linspace(*over.up, 81)
    return x, y, np.stack(np.meshgrid(x, y), axis=-1)


def _contours(way: Trace, over: Panel) -> list[str]:
    x, y, points = _grid(over)
    f = np.asarray(way.surface.value(points))
    return [line(over.at(found), GREY, wide=1) for level in _LEVELS for found in level_lines(x, y, f, level)]


def _model(way: Trace, k: int, over: Panel) -> list[str]:
    """Where the model of the step is as high as where the step begins, and a quarter of that above its
    lowest value in sight."""
    if k not in way.models:
        return []
    model = way.models[k]
    x, y, points = _grid(over)
    z = model(points - model.at)
    low = float(z.min())
    return [
        line(over.at(found), _MODEL, _DASHES, wide=1.2)
        for share in (0.25, 1.0)
        for found in level_lines(x, y, z, low + share * (model.value - low))
    ]


def _ticks(*values: float) -> list[tuple[float, str]]:
    return [(value, f"{value:g}") for value in values]


_VALLEY = Ground((-1.6, 1.6), (-0.8, 2.4), (_ticks(-1, 0, 1), _ticks(0, 1, 2)), _contours)

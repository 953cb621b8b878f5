"""The pages of activations, losses, schedules and initialisers, and the table of each kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from docs_site import mathml
from docs_site.curves import Curve, curves
from ladera.explaining import FunctionExplanation, explain, function_names
from ladera.explaining.captions import LEGEND, function_words, schedule_words
from ladera.explaining.function_figure import NAMES, all_series, varied
from ladera.explaining.function_overview import initialisers, overview
from ladera.explaining.schedule import EPOCHS, LETTERS, STEPS_PER_EPOCH, ScheduleExplanation
from ladera.locale import Translator, translator
from ladera.schedules import names as schedule_names

__all__ = ["FOLDERS", "names", "write"]

FOLDERS = {"activation": "activations", "loss": "losses", "schedule": "schedules"}

_Told = FunctionExplanation | ScheduleExplanation


def names() -> list[str]:
    """Of all that have a page here."""
    return [*function_names(), *schedule_names()]


def write(folder: Path, asked: Iterable[str], lang: str) -> None:
    """The pages of these and the tables of them, into a folder of each kind, and `initialisers.md`."""
    _ = translator(lang)
    found = [_told(name, lang) for name in asked]
    pictures = _pictures(found, _)
    for kind, place in FOLDERS.items():
        own = [e for e in found if e.kind == kind]
        if own:
            (folder / place).mkdir(parents=True, exist_ok=True)
            more = _(LETTERS) if kind == "schedule" else ""
            text = overview(own, lambda name: f"{name}.md", mathml.inline, _, more)
            (folder / place / "index.md").write_text(text, encoding="utf-8")
        for e in own:
            text = e.markdown(mathml.display, pictures[e.name])
            (folder / place / f"{e.name}.md").write_text(text, encoding="utf-8")
    (folder / "initialisers.md").write_text(initialisers(mathml.inline, _), encoding="utf-8")


def _told(name: str, lang: str) -> _Told:
    e = explain(name, lang)
    assert isinstance(e, FunctionExplanation | ScheduleExplanation)
    return e


def _pictures(found: list[_Told], _: Translator) -> dict[str, str]:
    drawn = {e.name: _of_schedule(e, _) for e in found if isinstance(e, ScheduleExplanation)}
    functions = [e for e in found if isinstance(e, FunctionExplanation)]
    x, series = all_series(functions)
    for e, both in zip(functions, series, strict=True):
        over = _(varied(e))
        lines = [Curve(_(NAMES[key]), x, values) for key, values in both.items()]
        said = function_words(e.name, over, both["value"].tolist(), both["derivative"].tolist(), _)
        drawn[e.name] = _figure(e, lines, over, said, _)
    return drawn


def _of_schedule(e: ScheduleExplanation, _: Translator) -> str:
    at, factors, beside = e.points()
    lines = [Curve("lr", at, factors)] + ([Curve(e.along, at, beside)] if e.along else [])
    said = schedule_words(str(e.schedule), EPOCHS, STEPS_PER_EPOCH, factors, _)
    return _figure(e, lines, _("epochs"), said, _)


def _figure(e: _Told, lines: list[Curve], over: str, said: str, _: Translator) -> str:
    title = _(LEGEND["curve"]).format(name=e.name)
    return f"<figure>{curves(lines, over, title, said, e.name)}<figcaption>{said}</figcaption></figure>"

"""The report: one HTML file that opens offline and says the answer first."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ladera.analysis.answer import Answer
from ladera.analysis.words import full_batch, metric_name, metric_text
from ladera.base import UsageError, temporary
from ladera.locale import Translator, message, translator
from ladera.report.box import answer_box
from ladera.report.inside import inside_reading, inside_table
from ladera.report.plots import Study, convergence, inspection, sensitivity
from ladera.report.record import compared, record
from ladera.report.style import styles
from ladera.report.tables import ranking_rows

__all__ = ["check_place", "write_report"]

_HERE = Path(__file__).parent
_FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras", "optax": "optax"}


def write_report(study: Study, path: str | os.PathLike[str], lang: str = "en") -> Path:
    """Write the report in one piece, and return its path.

    Raises UsageError: the path cannot be written, or no such language.
    """
    path = Path(path)
    check_place(path)
    text = page(study, lang)
    unfinished = temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # a file name may hold bytes that are not text
        unfinished.write_text(text, encoding="utf-8", errors="replace")
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise _unwritable(path, error) from None
    return path


def check_place(path: str | os.PathLike[str]) -> None:
    """Raise UsageError where it is clear before a report is made that it cannot be written at the path."""
    path = Path(path)
    if not path.name:
        raise UsageError("A report is a file, received '{path}'; take for example report.html.", path=path)
    try:
        if path.is_dir():
            raise _os_error(errno.EISDIR)
        folder = next(above for above in path.parents if above.exists())
        if not folder.is_dir():
            raise _os_error(errno.ENOTDIR)
        if not os.access(folder, os.W_OK):
            raise _os_error(errno.EACCES)
    except OSError as error:
        raise _unwritable(path, error) from None


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        "The report '{path}' cannot be written ({reason}); choose another place for it.",
        path=path,
        reason=error.strerror,
    )


def page(study: Study, lang: str = "en") -> str:
    """The report as text. Raises UsageError: no such language."""
    _ = translator(lang)
    answer, asked = study.recommendation(), study.frames.study
    problem, metric = asked["problem"], metric_name(answer.metric, _)
    return _template().render(
        _=_,
        lang=lang,
        version=asked.get("ladera", ""),
        title=f"{problem['data']} · {problem['network']}",
        subtitle=_("{count} optimizers compared on {rows} training rows").format(
            count=len(answer.titles), rows=problem.get("train", "–")
        ),
        answer=study.as_json(lang),
        box=answer_box(answer, study.frames.damaged, _),
        rows=ranking_rows(answer, _),
        reading=_ranking_reading(answer, metric, _),
        styles=styles(answer.titles),
        plots=[convergence(study, _), sensitivity(study, _)],
        inspection=inspection(study, _),
        inside=inside_table(study.frames, answer, _),
        inside_reading=inside_reading(_),
        command=asked.get("command", ""),
        record=record(asked, _),
        compared=compared(asked),
        snippets=_snippets(study, lang, _),
        css=_asset("page.css"),
        script=_asset("page.js"),
        plotly=_plotly(),
        modebar={"Download plot as a PNG": _("Save as PNG"), "Reset axes": _("Reset the axes")},
    )


def _ranking_reading(answer: Answer, metric: str, _: Translator) -> dict[str, str]:
    target = "" if answer.target is None else metric_text(answer.target, answer.unit)
    return {
        "lead": _(
            "Validation {metric} after the last epoch, each optimizer at its best learning rate, best first."
        ).format(metric=metric),
        "value": _("median {metric}").format(metric=metric),
        "steps": _time_heading(answer, target, _),
        "notes": " ".join([_notes(answer, _), full_batch(answer, _)]),
    }


def _time_heading(answer: Answer, target: str, _: Translator) -> str:
    if answer.full_batch:
        return _("passes to {target}").format(target=target) if target else _("passes to the target")
    return _("steps to {target}").format(target=target) if target else _("steps to the target")


def _notes(answer: Answer, _: Translator) -> str:
    return _(
        "Medians and intervals over the {n} reporting seeds (95 % bootstrap); a diverged run counts "
        "as the worst. Seeds: a tick for each, red the median, grey its interval, one scale for all. "
        "Within 5 %: learning rates that lose at most 5 % of what training gained. "
        "P(beaten by the best): paired bootstrap over the seeds. "
        "Steps or passes: median until the target is first reached, – where fewer than half of the seeds "
        "reach it. Diverged runs: share of this optimizer's tuning and reporting runs."
    ).format(n=answer.seeds)


def _snippets(study: Study, lang: str, _: Translator) -> list[dict[str, str]]:
    """The winner in each framework, or why there is no code for it."""
    if study.recommendation().optimizer is None:
        return []
    found = []
    for framework, title in _FRAMEWORKS.items():
        heading = _("The winner in {framework}").format(framework=title)
        try:
            found.append({"heading": heading, "code": study.code(framework, lang), "without": ""})
        except UsageError as error:
            found.append({"heading": heading, "code": "", "without": message(error, _)})
    return found


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(_HERE)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"json": _json, "prose": _prose}
    return environment.get_template("page.html.jinja")


@cache
def _asset(name: str) -> Markup:
    return Markup(  # noqa: S704 (our own file)
        (_HERE / name).read_text(encoding="utf-8")
    )


@cache
def _plotly() -> Markup:
    return Markup(get_plotlyjs())  # noqa: S704 (Plotly's own file)


def _prose(text: str) -> str:
    """No line break between a number and its per cent sign."""
    return text.replace(" %", "\u00a0%")


def _json(value: Any) -> Markup:
    """JSON that can stand in a <script>: no "<" ends it, whatever a name holds."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 (no "<" is left)

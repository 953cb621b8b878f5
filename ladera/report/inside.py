"""What the instruments showed of each optimizer's trainings: a table, and how it is read."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from ladera.analysis.answer import Answer
from ladera.analysis.frames import Frames, instruments_frame
from ladera.locale import Translator
from ladera.report.tables import Table

__all__ = ["inside_reading", "inside_table"]


def inside_table(frames: Frames, answer: Answer, _: Translator) -> Table | None:
    """One row per optimizer at its best learning rate: medians over its reporting seeds, of the last epoch
    that was trained. None where nothing was recorded: of solvers, and by earlier versions."""
    reported = frames.purpose("report")
    found = instruments_frame(frames.store.curves(set(reported["cohort"])), reported).dropna(subset=["value"])
    head = [
        _("optimizer"),
        _("gradient norm, first to last layer"),
        _("update ratio, layers"),
        _("step quality"),
        _("cosine of steps"),
        _("way over distance"),
        _("dead units, layers"),
        _("saturated, layers"),
    ]
    rows = []
    for ranked in answer.ranking:
        own = found[(found["optimizer"] == ranked.optimizer) & (found["lr"] == ranked.lr)]
        if len(own):
            last = own[own["epoch"] == own.groupby("run")["epoch"].transform("max")]
            rows.append([answer.titles[ranked.optimizer], *_cells(last)])
    return Table(head, rows) if rows else None


def inside_reading(_: Translator) -> str:
    """What the columns say."""
    return _(
        "Of the last two steps of the last epoch, medians over the reporting seeds. Gradient norms that fall "
        "towards the first layer vanish, those that rise explode. An update is usually about a thousandth of "
        "its weights. Step quality: −1, the slope behind the step is as before it; 0, it reached the bottom; "
        "1, it is as far up the other side. Cosine of successive steps: near −1 they go to and fro. Way over "
        "distance: how much of the way was no progress. Dead units are 0 on the whole validation set; "
        "saturated ones stand within 3 % of their ends."
    )


def _cells(last: pd.DataFrame) -> list[str]:
    def layers(name: str) -> list[float]:
        part = last[last["instrument"] == name]
        return [float(values.median()) for _, values in part.groupby("layer")["value"]]

    def number(value: float) -> str:
        return "–" if not math.isfinite(value) else f"{value:.2g}"

    def ends(name: str) -> str:
        return _joined([number(v) for v in (layers(name)[:1] + layers(name)[-1:])], " → ")

    def span(name: str, text=number) -> str:
        values = layers(name)
        return _joined([text(v) for v in (np.min(values), np.max(values))], " … ") if values else "–"

    def share(value: float) -> str:
        return f"{100 * value:.0f} %"

    whole = [number(layers(name)[0]) if layers(name) else "–" for name in _WHOLE]
    return [
        ends("gradient_norm"),
        span("update_ratio"),
        *whole,
        span("dead", share),
        span("saturated", share),
    ]


_WHOLE = ("step_quality", "cosine", "path_ratio")


def _joined(texts: list[str], sign: str) -> str:
    """Two texts, or one where they are the same; a dash where there is none."""
    return sign.join(dict.fromkeys(texts)) or "–"

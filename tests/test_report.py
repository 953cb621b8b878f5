"""The report: one page that opens offline, says the answer first, and holds what it shows."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from fake_study import GRID, Fake, fake_study

import ladera
from ladera.analysis import words
from ladera.base import UsageError
from ladera.locale import translator
from ladera.report import plots, series, write_report
from ladera.report.html import page
from ladera.report.style import contrast, styles
from ladera.study import Study

NINE = [
    Fake("sgd", 0.945, 3e-2, diverges_from=1e-1),
    Fake("momentum", 0.972, 1e-2, diverges_from=3e-2),
    Fake("nesterov", 0.974, 1e-2, diverges_from=1e-1),
    Fake("adagrad", 0.968, 1e-2),
    Fake("adadelta", 0.90, 1e-1),
    Fake("rmsprop", 0.980, 1e-3),
    Fake("adam", 0.9815, 3e-3, diverges_from=1e-1),
    Fake("adamw", 0.981, 3e-3),
    Fake("radam", 0.9795, 3e-3, diverging_seeds=(2,)),
]
HOSTILE = '"><img src=x onerror=alert(1)> &amp; '
STUDIES: dict[str, dict[str, Any]] = {
    "nine": {"optimizers": NINE},
    "clear": {"optimizers": [Fake("adam", 0.98), Fake("sgd", 0.9)]},
    "one": {"optimizers": [Fake("adam", 0.98)]},
    "lost": {"optimizers": [Fake(name, 0.9, diverges_from=1e-9) for name in ("adam", "sgd")]},
    "regression": {
        "optimizers": [Fake("adam", 0.3), Fake("sgd", 0.4, diverges_from=1e-2)],
        "task": "regression",
    },
    "unfair": {"optimizers": [Fake("adam", 0.98), Fake("sgd", 0.9, unpaired=True)]},
    "unequal": {"optimizers": [Fake("adam", 0.98), Fake("sgd", 0.9, grid=GRID[:-1])]},
    "pending": {"optimizers": [Fake("adam", 0.98), Fake("sgd", 0.9)], "pending": ["sgd"]},
    "untrained": {"optimizers": [Fake("adam", 0.98), Fake("sgd", 0.9)], "purposes": ()},
    "hostile": {"optimizers": [Fake("adam", 0.98), Fake(HOSTILE, 0.9, diverges_from=1e-1)]},
}


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Study]:
    folder = tmp_path_factory.mktemp("studies")
    return {name: Study(fake_study(folder / name, **shape).path) for name, shape in STUDIES.items()}


def joined(text: str) -> str:
    """With every kind of white space as one space."""
    return " ".join(text.split())


class Page(HTMLParser):
    """A page taken apart; `text` is what a reader can see of it, `open` what was never closed."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: dict[str, str] = {}
        self.styles = self.text = ""
        self._script = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "script":
            self._script = dict(attrs).get("id") or f"script {len(self.scripts)}"

    def handle_endtag(self, tag: str):
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str):
        place = self.open[-1] if self.open else ""
        if place == "script":
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        elif place == "style":
            self.styles += data
        else:
            self.text += data

    def values(self, attribute: str) -> list[str]:
        return [found for _, attrs in self.tags if (found := attrs.get(attribute)) is not None]

    def json(self, name: str) -> Any:
        return json.loads(self.scripts[name])

    @property
    def plain(self) -> str:
        return joined(self.text)


@pytest.fixture(scope="module")
def pages(studies: dict[str, Study], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Page]:
    folder = tmp_path_factory.mktemp("pages")
    return {
        (name, lang): Page(write_report(study, folder / f"{name}-{lang}.html", lang))
        for name, study in studies.items()
        for lang in ("en", "es")
    }


every_study = pytest.mark.parametrize("name", STUDIES)
both_languages = pytest.mark.parametrize("lang", ["en", "es"])


# ------------------------------------------------------------------------------------------ the page


@every_study
@both_languages
def test_the_page_is_well_formed(pages, name: str, lang: str):
    page = pages[name, lang]
    assert page.open == []
    assert ("html", {"lang": lang}) in page.tags
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "aria-describedby"):
        assert set(page.values(attribute)) <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@every_study
@both_languages
def test_the_numbers_of_the_answer_are_in_the_page_as_json(studies, pages, name: str, lang: str):
    assert pages[name, lang].json("ladera-answer") == studies[name].as_json(lang)


@every_study
def test_nothing_is_loaded_from_outside(pages, name: str):
    page = pages[name, "en"]
    links = [
        link for attribute in ("src", "href", "srcset", "action", "data") for link in page.values(attribute)
    ]
    assert links
    assert all(link.startswith(("#", "data:text/csv")) for link in links)
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "img", "base", "form"}
    assert "url(" not in page.styles
    assert "@import" not in page.styles
    policy = page.values("content")
    assert any(text.startswith("default-src 'none';") and "http" not in text for text in policy)


@every_study
@both_languages
def test_the_answer_comes_first(studies, pages, name: str, lang: str):
    _, answer = translator(lang), studies[name].recommendation()
    text = pages[name, lang].plain
    sentence, grade = words.sentence(answer, _), words.grade_name(answer.grade, _)
    places = [text.index(grade), text.index(sentence), text.index(_("Ranking"))]
    assert places == sorted(places)


@both_languages
def test_every_warning_is_in_the_box(studies, pages, lang: str):
    _ = translator(lang)
    for name in ("nine", "unequal", "lost"):
        found = words.warnings(studies[name].recommendation(), _)
        assert found
        for warning in found:
            assert warning in pages[name, lang].plain


def test_damaged_files_are_named(tmp_path: Path):
    store = fake_study(tmp_path / "s", [Fake("adam", 0.98), Fake("sgd", 0.9)])
    (store.path / "runs" / "sgd-tune.parquet").write_bytes(b"not a table")
    page = Page(write_report(Study(store.path), tmp_path / "r.html"))
    assert "Damaged files, left out: runs/sgd-tune.parquet" in page.plain


def test_the_badge_says_whether_the_comparison_is_fair(pages):
    assert "Fair comparison" in pages["clear", "en"].plain
    assert "Not a fair comparison" in pages["unfair", "en"].plain
    assert Counter(pages["clear", "en"].values("class"))["no"] == 0
    assert Counter(pages["unfair", "en"].values("class"))["no"] == 1


def test_nothing_is_ranked_that_is_not_fair(pages):
    page = pages["unfair", "en"].plain
    assert "There is no ranking" in page
    assert "has the best median" not in page


def test_the_ranking_holds_its_numbers(studies, pages):
    answer, text = studies["nine"].recommendation(), pages["nine", "en"].plain
    for ranked in answer.ranking:
        low, high = ranked.interval
        assert f"{ranked.median:.3f} [{low:.3f}, {high:.3f}]" in text


def test_all_that_is_needed_to_do_it_again_is_there(studies, pages):
    asked, text = studies["nine"].asked, pages["nine", "en"].plain
    assert asked["command"] in text
    for value in (*asked["problem"].values(), *asked["machine"].values(), *asked["versions"].values()):
        assert isinstance(value, bool) or str(value) in text
    for framework in ("torch", "keras", "optax"):
        assert joined(studies["nine"].code(framework)) in text


def test_a_framework_without_the_winner_says_so(tmp_path: Path):
    fake_study(tmp_path / "s", [Fake("myrule", 0.98), Fake("sgd", 0.9)])
    page = Page(write_report(Study(tmp_path / "s"), tmp_path / "r.html", "es"))
    assert page.plain.count("no tiene un optimizador como Myrule") == 3


def test_names_from_outside_are_text(studies, tmp_path: Path, pages):
    page = pages["hostile", "en"]
    assert Counter(tag for tag, _ in page.tags)["img"] == 0
    assert len(page.scripts) == len(pages["clear", "en"].scripts)
    assert HOSTILE.lower().strip() in page.text.lower()
    asked = studies["clear"].asked
    asked["problem"]["data"], kept = "</script><script>alert(1)</script>", asked["problem"]["data"]
    try:
        page = Page(write_report(studies["clear"], tmp_path / "r.html"))
    finally:
        asked["problem"]["data"] = kept
    assert len(page.scripts) == len(pages["clear", "en"].scripts)
    assert "</script><script>alert(1)</script> · mlp:64,64" in page.text


def test_the_template_has_no_text_of_its_own():
    template = (Path(plots.__file__).parent / "page.html.jinja").read_text(encoding="utf-8")
    template = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", "", template, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", template)
    assert set(re.findall(r"[^\W\d_]{2,}", text)) == {"Ladera"}


def test_a_report_has_a_name(studies):
    with pytest.raises(UsageError, match=r"A report is a file"):
        studies["nine"].report("")


def test_the_test_set_that_was_read_before_is_told(tmp_path: Path):
    asked: Any = {"lr": [0.1], "seeds": 1, "epochs": 1, "workers": 1, "out": tmp_path / "s"}
    first = ladera.compare(ladera.Problem("iris", "mlp:4"), "sgd", **asked)
    assert first.recommendation().tested == 1
    assert "read once, for this choice only" in page(first)
    again = ladera.compare(ladera.Problem("iris", "mlp:4"), "adam", **asked)
    assert again.recommendation().tested == 2
    assert "read for 2 choices" in page(again)


def test_a_place_that_cannot_be_written_is_a_usage_error(studies, tmp_path: Path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "report.html", tmp_path / "folder", tmp_path / ("x" * 300)):
        with pytest.raises(UsageError, match="cannot be written"):
            write_report(studies["one"], path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_an_unknown_language_is_a_usage_error(studies, tmp_path: Path):
    with pytest.raises(UsageError, match="no language 'fr'"):
        write_report(studies["one"], tmp_path / "report.html", "fr")
    assert list(tmp_path.iterdir()) == []


def test_a_report_takes_the_place_of_the_one_before(studies, tmp_path: Path):
    path = tmp_path / "new" / "report.html"
    write_report(studies["one"], path)
    write_report(studies["clear"], str(path), "es")
    assert Page(path).json("ladera-answer") == studies["clear"].as_json("es")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


# --------------------------------------------------------------------------------------- the figures


@every_study
@pytest.mark.parametrize("plot", [plots.convergence, plots.sensitivity])
def test_plotly_knows_every_property(studies, name: str, plot):
    figure = plot(studies[name], translator("en")).figure
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure  # plain lists, no NumPy
    go.Figure(figure)


@every_study
@both_languages
def test_figures_have_their_words_and_their_data(studies, pages, name: str, lang: str):
    for plot in (plots.convergence, plots.sensitivity):
        shown = plot(studies[name], translator(lang))
        assert joined(shown.finding) in pages[name, lang].plain
        if shown.legend:
            assert shown.figure == pages[name, lang].json(f"{shown.id}-data")
            assert shown.table.link in pages[name, lang].values("href")


def test_convergence_is_the_median_and_the_range_of_the_reporting_seeds(studies):
    study = studies["nine"]
    table = csv_of(plots.convergence(study, translator("en")).table.link)
    curves = study.evidence.curves
    for row in table:
        if row["optimizer"] != "RAdam":
            continue
        values = curves[(curves["optimizer"] == "radam") & (curves["step"] == int(row["steps"]))][
            "validation_metric"
        ]
        assert float(row["validation accuracy, median"]) == pytest.approx(np.median(values), rel=1e-5)
        assert float(row["validation accuracy, lowest"]) == pytest.approx(values.min(), rel=1e-5)
        assert float(row["validation accuracy, highest"]) == pytest.approx(values.max(), rel=1e-5)
        assert row["validation accuracy, n"] == "5"
    assert len(table) == 9 * 21


def test_sensitivity_counts_what_diverged(studies):
    study = studies["nine"]
    table = csv_of(plots.sensitivity(study, translator("en")).table.link)
    rows = {(row["optimizer"], float(row["learning rate"])): row for row in table}
    assert len(rows) == 9 * len(GRID)
    assert rows["Adam", 0.1]["diverged"] == "5"
    assert rows["Adam", 0.1]["final validation accuracy, median"] == ""
    assert rows["RAdam", 1e-5]["diverged"] == "1"
    assert rows["RAdam", 1e-5]["final validation accuracy, median"] != ""
    assert rows["Adam", 3e-3]["runs"] == "5"
    assert sum(int(row["diverged"]) for row in table) == (study.frames.purpose("tune")["diverged"]).sum()


def test_every_diverged_point_has_its_cross(studies):
    figure = plots.sensitivity(studies["nine"], translator("en")).figure
    crosses = {t["name"]: t for t in figure["data"] if t.get("yaxis") == "y2"}
    assert set(crosses) == {"SGD", "Momentum", "Nesterov", "Adam", "RAdam"}
    assert crosses["Momentum"]["x"] == [0.03, 0.1]
    assert len({t["y"][0] for t in crosses.values()}) == len(crosses)  # none hides another
    widths = crosses["RAdam"]["marker"]["line"]["width"]
    assert max(widths) < min(crosses["Adam"]["marker"]["line"]["width"])


@pytest.mark.parametrize(("name", "below"), [("nine", True), ("regression", False)])
def test_the_crosses_stand_where_the_bad_values_are(studies, name: str, below: bool):
    layout = plots.sensitivity(studies[name], translator("en")).figure["layout"]
    assert (layout["yaxis2"]["domain"][1] < layout["yaxis"]["domain"][0]) == below


def test_a_band_ends_where_its_line_does(studies):
    figure = plots.sensitivity(studies["nine"], translator("en")).figure
    bands = {t["legendgroup"]: t["x"] for t in figure["data"] if t.get("fill") == "toself"}
    rates = list(GRID)
    assert bands["adagrad"] == [*rates, *reversed(rates), None]
    assert bands["adam"] == [*rates[:-1], *reversed(rates[:-1]), None]


def test_the_chosen_learning_rate_has_a_ring(studies):
    figure = plots.sensitivity(studies["nine"], translator("en")).figure
    rings = {t["name"]: t["x"] for t in figure["data"] if t.get("marker", {}).get("symbol") == "circle-open"}
    answer = studies["nine"].recommendation()
    assert rings == {answer.titles[ranked.optimizer]: [ranked.lr] for ranked in answer.ranking}


def test_the_words_of_a_figure_come_from_its_data(studies):
    study = studies["nine"]
    best = study.recommendation().ranking[0]
    finding = plots.convergence(study, translator("en")).finding
    assert f"{study.recommendation().titles[best.optimizer]} has the best median" in finding
    assert f"{best.median:.3f}" in finding
    lost = study.frames.purpose("tune")["diverged"]
    assert f"{lost.sum()} of {len(lost)} tuning runs" in plots.sensitivity(study, translator("en")).finding


def test_every_trace_knows_the_cost_of_a_step(tmp_path: Path):
    fake_study(tmp_path, [Fake("adam", 0.98), Fake("double", 0.9, evaluations=2)])
    shown = plots.convergence(Study(tmp_path), translator("en"))
    assert [unit for unit, _ in shown.units] == ["steps", "evaluations", "seconds"]
    costs = {trace["name"]: trace["meta"] for trace in shown.figure["data"]}
    assert costs["Adam"]["evaluations"] == 1
    assert costs["Double"]["evaluations"] == 2
    assert costs["Adam"]["seconds"] == pytest.approx(0.012 / 660)


def test_titles_are_not_read_as_tags_by_plotly(studies):
    figure = plots.sensitivity(studies["hostile"], translator("en")).figure
    assert not [trace["name"] for trace in figure["data"] if "<" in trace["name"]]
    assert not [text for text in figure["layout"]["yaxis2"]["ticktext"] if "<" in text]


# --------------------------------------------------------------------------------- series and styles


def frame(values: list[list[float]], direction: str = "max") -> series.Band:
    return series.summarise(pd.DataFrame(values, index=pd.Index(range(len(values)))), direction)


def test_a_lost_run_is_the_worst_in_the_median_and_not_in_the_range():
    nan = math.nan
    band = frame([[0.5, 0.7, 0.9], [0.5, nan, 0.9], [nan, nan, 0.9], [nan, nan, nan]])
    assert band.median == [0.7, 0.5, None, None]
    assert band.low == [0.5, 0.5, 0.9, None]
    assert band.high == [0.9, 0.9, 0.9, None]
    assert band.n == [3, 2, 1, 0]
    assert frame([[0.5, nan, 0.9]], "min").median == [0.9]


def test_a_run_of_1e30_does_not_flatten_the_rest():
    scale = series.Scale("rmse", "min", start=1.0)
    wild = frame([[1.0], [1e30]], "min")
    tame = frame([[1.0], [0.3]], "min")
    low, high = scale.metric_ends([tame, wild]) or (0, 0)
    assert low < 0.3
    assert 1.0 < high < 1.5
    low, high = scale.loss_ends([tame, wild]) or (0, 0)
    assert 10**low < 0.3
    assert 1.0 < 10**high < 4


@pytest.mark.parametrize("direction", ["min", "max"])
def test_the_axis_holds_every_sensible_median(direction: str):
    scale = series.Scale("m", direction, start=0.5)
    values = [[0.5], [0.45], [0.4]] if direction == "min" else [[0.5], [0.6], [0.8]]
    low, high = scale.metric_ends([frame(values, direction)]) or (0, 0)
    assert all(low < value < high for (value,) in values)


def test_without_values_an_axis_has_no_ends():
    scale = series.Scale("accuracy", "max", start=None)
    empty = frame([[math.nan]])
    assert scale.metric_ends([empty]) is None
    assert scale.loss_ends([empty]) is None


def test_styles_differ_and_stay_with_the_set_of_names():
    names = [f"rule{k}" for k in range(60)]
    looks = styles(names)
    assert len({(s.colour, s.marker, s.dash) for s in looks.values()}) == len(names)
    assert styles(reversed(names)) == looks
    first = list(styles(names[:9]).values())
    assert len({s.colour for s in first}) == 9


def test_every_colour_stands_out_on_white():
    for style in styles(map(str, range(30))).values():
        assert contrast(style.edge) >= 3
        assert style.cased == (contrast(style.colour) < 3)


def test_contrast_is_the_one_of_wcag():
    assert contrast("#000000") == pytest.approx(21)
    assert contrast("#ffffff") == pytest.approx(1)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)


def csv_of(link: str) -> list[dict[str, str]]:
    text = unquote(link.removeprefix("data:text/csv;charset=utf-8,"))
    return list(csv.DictReader(io.StringIO(text)))

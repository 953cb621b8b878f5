"""What the terminal shows, in both languages and in 80 columns."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fake_study import Fake, fake_study
from rich.cells import cell_len
from rich.console import Console

from ladera.analysis import words
from ladera.locale import translator
from ladera.study import Study
from ladera.terminal import Progress, show

WIDTH = 80


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Study:
    fakes = [
        Fake("nesterov", 0.98, diverges_from=1e-1),
        Fake("adadelta", 0.979, best_lr=0.023, grid=(1e-3, 0.0023, 0.023, 0.13)),
        Fake("rmsprop", 0.975),
        Fake("sgd", 0.7),
    ]
    return Study(fake_study(tmp_path_factory.mktemp("many") / "s", fakes, noise=0.004).path)


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Study:
    fakes = [Fake("momentum", 1234.5), Fake("nesterov", 1300.2)]
    folder = tmp_path_factory.mktemp("regression") / "s"
    return Study(fake_study(folder, fakes, task="regression", start=5000.0, noise=12.0).path)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Study:
    fakes = [Fake("adam", 0.9, diverges_from=1e-9), Fake("sgd", 0.9, diverges_from=1e-9)]
    return Study(fake_study(tmp_path_factory.mktemp("lost") / "s", fakes).path)


@pytest.fixture(params=["many", "regression", "lost"])
def study(request: pytest.FixtureRequest) -> Study:
    return request.getfixturevalue(request.param)


def shown(study: Study, lang: str = "en", report: Path | None = None) -> str:
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    show(study, report, translator(lang), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def joined(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("lang", ["en", "es"])
def test_it_fits_80_columns_and_cuts_nothing(study: Study, lang: str):
    text = shown(study, lang)
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= WIDTH
    assert "…" not in text


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_answer_comes_first_then_the_ranking_then_the_report(many: Study, lang: str):
    _ = translator(lang)
    text = joined(shown(many, lang, Path("runs/x/report.html")))
    sentence = joined(words.sentence(many.recommendation(), _))
    places = [text.index(part) for part in (sentence, "Adadelta 0.023", "SGD", "runs/x/report.html")]
    assert places == sorted(places)
    for warning in words.warnings(many.recommendation(), _):
        assert joined(warning) in text


def test_the_table_holds_the_numbers_of_the_ranking(many: Study):
    lines = shown(many).splitlines()
    for place, ranked in enumerate(many.recommendation().ranking, start=1):
        title = many.recommendation().titles[ranked.optimizer]
        row = next(line for line in lines if f"{place}  {title}" in line)
        assert words.lr_text(ranked.lr) in row
        assert f"{ranked.median:.3f}" in row
        assert f"[{ranked.interval[0]:.3f}, {ranked.interval[1]:.3f}]" in row
        assert f"{100 * ranked.diverged:.0f} %" in row


def test_no_escape_codes_where_it_is_no_terminal(study: Study):
    assert "\x1b" not in shown(study)


def test_a_long_path_stays_in_one_piece(many: Study):
    path = Path("runs/" + "long-name-" * 12 + "/report.html")
    assert f"Report: {path}" in shown(many, report=path).splitlines()


def test_a_name_is_not_read_as_markup(tmp_path: Path):
    fake_study(tmp_path, [Fake("adam", 0.98), Fake("[red]x", 0.9)])
    assert "[red]x" in shown(Study(tmp_path)).lower().replace("\n", "")


def progressed(console: Console, lang: str = "en") -> str:
    with Progress(translator(lang), console) as progress:
        progress.extend(10)
        progress.extend(2)
        progress.advance(3)
        progress.advance(0.5)
        progress.best("momentum", 3e-3, 0.98252)
        progress.note(
            "There is no file '{path}'; check the path (it starts at {folder}).", path="a", folder="b"
        )
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_progress_into_a_file_is_the_notes_and_one_line():
    lines = progressed(Console(file=io.StringIO(), width=WIDTH)).splitlines()
    assert lines == ["There is no file 'a'; check the path (it starts at b).", "3 runs in 0:00."]


@pytest.mark.parametrize(
    ("lang", "best"), [("en", "best momentum 3e-3 0.9825"), ("es", "mejor momentum 3e-3 0.9825")]
)
def test_progress_on_a_terminal_has_a_bar(lang: str, best: str):
    console = Console(file=io.StringIO(), width=WIDTH, force_terminal=True, color_system=None)
    text = progressed(console, lang)
    assert "3/12" in text
    assert best in text
    assert "━" in text

"""The documentation: every rule has its page in both languages, and nothing on it is missing or fetched."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from docs_site import function_pages, site

from ladera import rules, solvers
from ladera.explaining import explain
from ladera.networks.initialisers import INITIALISERS

ROOT = Path(__file__).parents[1]
LANGUAGES = tuple(site.LANGUAGES)
NAMES = [*rules.names(), *rules.wrappers()]
SVG = "{http://www.w3.org/2000/svg}"


def place(name: str) -> str:
    return f"{'rules' if name in rules.names() else 'wrappers'}/{name}"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "scripts/build_docs.py", "--known"]
    command += ["--out", str(folder / "site"), "--pages", str(folder / "pages")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "WARNING" not in run.stdout + run.stderr
    return folder / "site"


class Page(HTMLParser):
    """A page's headings, where its links lead, and the text of its article."""

    def __init__(self, path: Path):
        super().__init__()
        self.headings: list[str] = []
        self.links: list[str] = []
        self._within = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        if re.fullmatch("h[1-6]", tag):
            self._within = tag
            self.headings.append("")
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag):
        self._within = "" if tag == self._within else self._within

    def handle_data(self, data):
        if self._within:
            self.headings[-1] += data


def page_texts(built: Path) -> Iterator[tuple[str, str, str]]:
    for lang in LANGUAGES:
        for name in NAMES:
            yield lang, name, (built / lang / f"{place(name)}.html").read_text(encoding="utf-8")


def test_every_rule_has_a_page_with_all_there_is_to_say(built):
    for lang, name, text in page_texts(built):
        assert '<div class="formula"><math' in text, (lang, name)
        assert '<svg xmlns="http://www.w3.org/2000/svg"' in text
        assert text.count("<table>") >= 2  # hyperparameters and symmetries
        assert 'class="codehilite"' in text
        assert len(Page(built / lang / f"{place(name)}.html").headings) == 7


def test_every_hyperparameter_and_dialect_is_on_its_page(built):
    for lang, name, text in page_texts(built):
        for hyperparameter in rules.by_name(name).defaults():
            assert f"<td><code>{hyperparameter}</code></td>" in text, (lang, name)
        for framework in rules.by_name(name).dialects:
            assert {"torch": "PyTorch", "keras": "Keras", "optax": "optax"}[framework] + "</th>" in text


def test_formulas_and_pictures_are_well_formed_and_say_what_they_are(built):
    for _lang, _name, text in page_texts(built):
        assert [ET.fromstring(found).tag for found in re.findall(r"<math.*?</math>", text, re.DOTALL)]
        (picture,) = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
        drawn = ET.fromstring(picture)
        assert drawn.find(f"{SVG}title") is not None
        assert drawn.findtext(f"{SVG}desc") in text.partition("<figcaption>")[2]  # type: ignore[operator]
        assert len(list(drawn.iter(f"{SVG}circle"))) == 41


def test_every_solver_has_its_page_too(built):
    for lang in LANGUAGES:
        index = (built / lang / "solvers" / "index.html").read_text(encoding="utf-8")
        for name in solvers.names():
            page = built / lang / "solvers" / f"{name}.html"
            text = page.read_text(encoding="utf-8")
            assert text.count('<div class="formula"><math') == 2  # the equations, and a step with numbers
            assert '<svg xmlns="http://www.w3.org/2000/svg"' in text
            assert len(Page(page).headings) == 8
            assert f'href="{name}.html"' in index


def test_every_activation_loss_and_schedule_has_its_page(built):
    for lang in LANGUAGES:
        for name in function_pages.names():
            e = explain(name, lang)
            folder = built / lang / function_pages.FOLDERS[e.kind]
            text = (folder / f"{name}.html").read_text(encoding="utf-8")
            assert f'<h1 id="{e.title.lower()}">{e.title}</h1>' in text
            assert text.count('<div class="formula"><math') == 1
            picture = ET.fromstring(*re.findall(r"<svg.*?</svg>", text, re.DOTALL))
            assert picture.findtext(f"{SVG}desc") in text.partition("<figcaption>")[2]
            assert 'class="codehilite"' in text
            index = (folder / "index.html").read_text(encoding="utf-8")
            assert f'<td><a href="{name}.html">{name}</a></td>' in index
            assert index.count("<tr>") == 1 + len(list(folder.glob("*.html"))) - 1
        weights = (built / lang / "initialisers.html").read_text(encoding="utf-8")
        assert [name for name in INITIALISERS if f"<td><code>{name}</code></td>" not in weights] == []


def test_the_spanish_pages_have_no_english_headings(built):
    names = {rules.by_name(name).__name__ for name in NAMES} | {"Ladera", "PyTorch", "optax", "404"}
    names |= {solvers.get(name).__name__ for name in solvers.names()}
    names |= {explain(name).title for name in function_pages.names()}
    for path in sorted((built / "es").rglob("*.html")):
        english = built / "en" / path.relative_to(built / "es")
        both = set(Page(path).headings) & set(Page(english).headings)
        assert both <= names, (path, both)


def test_both_languages_have_the_same_pages_and_lead_to_each_other(built):
    pages = {
        lang: {p.relative_to(built / lang) for p in (built / lang).rglob("*.html")} for lang in LANGUAGES
    }
    assert pages["en"] == pages["es"]
    path = built / "en" / "rules" / "adam.html"
    assert "../../es/rules/adam.html" in Page(path).links


def test_every_link_within_the_site_leads_somewhere(built):
    for path in built.rglob("*.html"):
        for link in Page(path).links if path.name != "404.html" else ():
            target = link.partition("#")[0].partition("?")[0]
            if target and not target.startswith(("http:", "https:", "mailto:")):
                assert (path.parent / target).exists(), (path, link)


def test_no_page_asks_for_anything_beyond_the_site(built):
    assert list(site.requests(built)) == []


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<script async src=//cdn.example/x.js></script>",
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<link href="https://fonts.example/css" rel="stylesheet">',
        '<img alt="" src="http://example.org/x.png">',
        "<style>@import 'https://example.org/x.css';</style>",
        "<style>a { background: url(https://example.org/x.png) }</style>",
    ],
)
def test_what_a_page_would_ask_for_is_found(tmp_path, text):
    (tmp_path / "page.html").write_text(f'<a href="https://example.org">followed, not fetched</a>{text}')
    assert len(list(site.requests(tmp_path))) == 1


def test_a_link_that_a_reader_follows_is_no_request(tmp_path):
    text = '<a href="https://example.org">a</a><link rel="canonical" href="https://example.org">'
    (tmp_path / "page.html").write_text(f'{text}<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    assert list(site.requests(tmp_path)) == []


def test_a_warning_ends_the_build(tmp_path):
    pages = tmp_path / "pages"
    pages.mkdir()
    for text, wrong in (("# Home\n", False), ("# Home\n\n[nowhere](nowhere.md)\n", True)):
        for place in ("index.md", "dialects.md", "rules/index.md", "wrappers/index.md", "solvers/index.md"):
            (pages / place).parent.mkdir(exist_ok=True)
            (pages / place).write_text(text, encoding="utf-8")
        if wrong:
            with pytest.raises(Exception, match="strict"):
                site.built(pages, tmp_path / "site", "en")
        else:
            site.built(pages, tmp_path / "site", "en")

"""From pages to a site: MkDocs with a built-in theme, strict, and a check that no page asks for anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from pygments.formatters import HtmlFormatter

from docs_site import function_pages
from docs_site.function_pages import FOLDERS
from ladera import rules, solvers
from ladera.explaining.function_overview import TITLES as KINDS
from ladera.explaining.overview import TITLES
from ladera.explaining.solver_page import TITLE as SOLVERS
from ladera.locale import translator

__all__ = ["LANGUAGES", "asked", "built", "front_page", "requests"]

LANGUAGES = {"en": "English", "es": "Español"}
_BESIDE = Path(__file__).parent
_GUIDES = ("own-rule", "step-by-step", "solvers", "fit", "sequences", "inside", "dialects", "drop-ins")
_VALIDATION = {
    "nav": {"omitted_files": "warn", "not_found": "warn", "absolute_links": "warn"},
    "links": {"not_found": "warn", "anchors": "warn", "absolute_links": "warn", "unrecognized_links": "warn"},
}


def asked(only: str = "") -> tuple[list[str], list[str], list[str]]:
    """The rules and wrappers, the solvers, and the activations, losses and schedules, that the pages are
    of. only: names, separated by commas."""
    every = [*rules.names(), *rules.wrappers()], solvers.names(), function_pages.names()
    if not only:
        return every
    names, (_rules, solving, told) = only.split(","), every
    return (
        [name for name in names if name not in {*solving, *told}],
        [name for name in names if name in solving],
        [name for name in names if name in told],
    )


def built(pages: Path, site: Path, lang: str) -> None:
    """Build the Markdown in `pages` into `site`; any warning ends the build."""
    (pages / "site.css").write_text(
        (_BESIDE / "site.css").read_text(encoding="utf-8") + HtmlFormatter().get_style_defs(".codehilite"),
        encoding="utf-8",
    )
    config = load_config(
        config_file=str(_BESIDE / "mkdocs.yml"),
        strict=True,
        docs_dir=str(pages),
        site_dir=str(site),
        use_directory_urls=False,  # so that the site is read from a disk too
        extra_css=["site.css"],
        nav=_nav(pages, lang),
        validation=_VALIDATION,
        extra={"lang": lang, "languages": LANGUAGES},
        plugins=[{"search": {"lang": lang}}],
        theme={
            "name": "readthedocs",
            "locale": lang,
            "custom_dir": str(_BESIDE / "theme"),
            "highlightjs": False,
            "navigation_depth": 2,
            "collapse_navigation": False,
        },
    )
    build(config)


def _nav(pages: Path, lang: str) -> list[dict[str, object]]:
    """Guides, dialects, rules, wrappers, solvers and the rest, as far as their pages are there."""
    _ = translator(lang)

    def listed(*places: str) -> list[str]:
        return [place for place in places if (pages / place).is_file()]

    def folder(name: str) -> list[object]:
        rest = sorted(path.name for path in (pages / name).glob("*.md") if path.name != "index.md")
        return [{_(TITLES["overview"]): f"{name}/index.md"}, *(f"{name}/{file}" for file in rest)]

    guides = listed(*(f"guide/{name}.md" for name in _GUIDES))
    return [
        *({"Ladera": place} for place in listed("index.md")),
        *([{_(TITLES["guides"]): guides}] if guides else []),
        {_(TITLES["dialects"]): "dialects.md"},
        {_(TITLES["rules"]): folder("rules")},
        {_(TITLES["wrappers"]): folder("wrappers")},
        {_(SOLVERS): folder("solvers")},
        *({_(KINDS[kind]): folder(place)} for kind, place in FOLDERS.items() if listed(f"{place}/index.md")),
        *({_(KINDS["initialiser"]): place} for place in listed("initialisers.md")),
    ]


def front_page(site: Path) -> None:
    """The page that leads to the languages."""
    links = "".join(
        f'<li><a hreflang="{lang}" lang="{lang}" href="{lang}/index.html">{name}</a></li>'
        for lang, name in LANGUAGES.items()
    )
    shutil.copy(_BESIDE / "front.css", site / "front.css")
    (site / "index.html").write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Ladera</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="front.css"></head>'
        f"<body><main><h1>Ladera</h1><ul>{links}</ul></main></body></html>\n",
        encoding="utf-8",
    )


# What a browser fetches by itself: not the links that a reader follows.
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed|object|use|image)\b[^>]*\b(?:src|data|href)\s*=\s*"
    r"[\"']?\s*((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|icon|shortcut|preconnect|dns-prefetch))[^>]*\bhref="
    r"[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|(?:@import\s+[\"']|url\(\s*[\"']?)((?:https?:)?//[^\"')\s]+)",
    re.IGNORECASE,
)


def requests(site: Path) -> Iterator[str]:
    """Every address beyond the site that opening one of its pages would ask for."""
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".css", ".svg"):
            text = path.read_text(encoding="utf-8")
            for match in _FETCHED.finditer(text):
                yield f"{path.relative_to(site)}: {next(filter(None, match.groups()))}"

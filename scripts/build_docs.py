"""Build the documentation: `python scripts/build_docs.py`, into `site/`; any warning ends it.

Pages are generated from the rules, solvers, activations, losses and schedules into
`build/docs/LANGUAGE`, the guides of `docs/guide` beside them with the output of their commands, and MkDocs
makes a site of each language.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from docs_site import solver_evidence
from docs_site.evidence import evidence
from docs_site.site import LANGUAGES, asked, front_page, requests

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 1 where a page would ask for something beyond the site."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="folder of the site, made anew")
    parser.add_argument("--pages", type=Path, default=ROOT / "build" / "docs", help="folder of the Markdown")
    parser.add_argument(
        "--only", help="names of rules, solvers, losses ..., separated by commas; no guides then"
    )
    parser.add_argument("--known", action="store_true", help="measure nothing: show what is known")
    given = parser.parse_args(arguments)
    names, solvers, _ = asked(given.only or "")
    evidence(names, measure=not given.known)
    solver_evidence.evidence(solvers, measure=not given.known)
    for folder in (given.out, given.pages):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    languages = [_language(lang, given.pages, given.out, given.only or "") for lang in LANGUAGES]
    ended = [language.wait() for language in languages]
    if any(ended):
        return 1
    front_page(given.out)
    found = list(requests(given.out))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def _language(lang: str, pages: Path, out: Path, only: str) -> subprocess.Popen[bytes]:
    """Each language in a process of its own: the program's words are chosen when it starts."""
    command = [sys.executable, "-m", "docs_site", lang, str(pages / lang), str(out / lang), only]
    return subprocess.Popen(command, cwd=ROOT / "scripts")  # noqa: S603 (our own program)


if __name__ == "__main__":
    sys.exit(main())

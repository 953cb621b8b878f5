"""One language of the site: `python -m docs_site es PAGES SITE [NAMES]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from docs_site import function_pages, solver_evidence, solver_pages
from docs_site.evidence import evidence
from docs_site.pages import write
from docs_site.site import asked, built


def main(lang: str, pages: str, site: str, only: str = "") -> None:
    os.environ["LADERA_LANG"] = lang
    names, solvers, functions = asked(only)
    write(Path(pages), names, lang, evidence(names, measure=False))
    solver_pages.write(Path(pages), solvers, lang, solver_evidence.evidence(solvers, measure=False))
    function_pages.write(Path(pages), functions, lang)
    if not only:
        from docs_site.guides import write as write_guides

        write_guides(Path(pages), lang)
    built(Path(pages), Path(site), lang)


if __name__ == "__main__":
    main(*sys.argv[1:])

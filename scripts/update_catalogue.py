"""Bring the translations up to date with the code: one command, `python scripts/update_catalogue.py`.

Collects every template that the package can show, adds the new ones to each catalogue (ladera/locale/
*/LC_MESSAGES/ladera.po), drops those that the code no longer has, keeps the translations, compiles
the .mo files, and lists what is left to translate (exit code 1 while anything is).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from ladera import rules, schedules, solvers
from ladera.explaining import meanings, summary
from ladera.solvers import searches

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "ladera"
MARKS = {"_", "N_", "note"}
ERRORS = {"UsageError", "LaderaError", "DamagedFile"}


def collect(package: Path = PACKAGE) -> dict[str, list[str]]:
    """Every template of the package and the files it stands in. Raises ValueError: not a literal."""
    found: dict[str, list[str]] = {}
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.jinja")]):
        templates = _python(path) if path.suffix == ".py" else _jinja(path)
        for template in templates:
            files = found.setdefault(template, [])
            name = path.relative_to(package.parent).as_posix()
            if name not in files:
                files.append(name)
    if package == PACKAGE:
        for template, name in _methods():
            found.setdefault(template, []).append(name)
    return {template: sorted(set(files)) for template, files in found.items()}


def _methods() -> Iterator[tuple[str, str]]:
    """What the files of rules, wrappers, solvers, searches and schedules say, which their pages show."""
    methods = [rules.by_name(name) for name in (*rules.names(), *rules.wrappers())]
    methods += [solvers.get(name) for name in solvers.names()]
    methods += [schedules.get(name) for name in schedules.names()]
    methods += [cls for cls in searches.Search.__subclasses__() if cls.__module__.startswith("ladera.")]
    for cls in methods:
        file = Path(sys.modules[cls.__module__].__file__ or "").relative_to(ROOT).as_posix()
        for text in (summary(cls), *meanings(cls).values()):
            yield text, file


def catalogues() -> list[Path]:
    return sorted((PACKAGE / "locale").glob("*/LC_MESSAGES/ladera.po"))


def load(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain="ladera")


def update(path: Path, found: dict[str, list[str]]) -> list[str]:
    """Rewrite one .po and its .mo; the templates still without a translation."""
    template = Catalog()
    for text, files in sorted(found.items()):
        template.add(text, locations=[(name, 0) for name in files])
    catalogue = load(path)
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, ignore_obsolete=True, sort_output=True, include_lineno=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    return [str(message.id) for message in catalogue if message.id and not message.string]


def _python(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            yield from _call(node, path)
        elif (
            isinstance(node, ast.Assign) and _names(node) == ["_UNKNOWN"] and isinstance(node.value, ast.Dict)
        ):
            yield from (ast.literal_eval(value) for value in node.value.values)


def _call(node: ast.Call, path: Path) -> Iterator[str]:
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0]
    if function not in MARKS | ERRORS:
        return
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value
    # `_(template)`, `_(N_("..."))` and `UsageError(_UNKNOWN[kind])` look up what is marked elsewhere;
    # a text that is put together at the call would never be found in a catalogue
    elif not _looked_up(first) and not _marked(first):
        raise ValueError(f"{path}:{node.lineno}: {function}(...) needs a literal text")


def _looked_up(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _looked_up(node.body) and _looked_up(node.orelse)
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript)


def _marked(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_"


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _jinja(path: Path) -> Iterator[str]:
    tree = Environment().parse(path.read_text(encoding="utf-8"))  # noqa: S701 (read, never rendered)
    for _, _, text in extract_from_ast(tree, gettext_functions=("_",)):
        if isinstance(text, str):
            yield text


def main() -> int:
    found, missing = collect(), 0
    for path in catalogues():
        for text in update(path, found):
            missing += 1
            print(f"{path.parent.parent.name}: {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

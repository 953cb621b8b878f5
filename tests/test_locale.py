"""The catalogues say everything that the code says, and nothing else."""

from __future__ import annotations

import gettext
import importlib.util
import io
import string
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.mofile import write_mo

from ladera.base import UsageError, unknown_name
from ladera.locale import languages, message, translator


def _script() -> ModuleType:
    path = Path(__file__).parents[1] / "scripts" / "update_catalogue.py"
    spec = importlib.util.spec_from_file_location("update_catalogue", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = _script()
CATALOGUES = script.catalogues()
by_language = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)


def fields(template: str) -> set[tuple[str, str, str]]:
    """Each {field} with its format and conversion."""
    parsed = string.Formatter().parse(template)
    return {(name, form or "", conversion or "") for _, name, form, conversion in parsed if name is not None}


def test_every_language_has_a_catalogue():
    assert languages() == tuple(sorted(["en", *(path.parent.parent.name for path in CATALOGUES)]))
    assert "es" in languages()


@by_language
def test_no_template_is_missing_and_none_is_stale(path: Path):
    known = {message.id for message in script.load(path) if message.id}
    assert known == set(script.collect()), "run scripts/update_catalogue.py"


@by_language
def test_every_template_is_translated_with_the_same_fields(path: Path):
    for entry in script.load(path):
        if entry.id:
            assert entry.string, entry.id
            assert not entry.fuzzy, entry.id
            assert fields(entry.string) == fields(entry.id)


@by_language
def test_a_translation_ends_and_breaks_as_its_template(path: Path):
    for entry in script.load(path):
        if entry.id:
            ends = [text[-1] if text[-1] in ".;:,?" else "" for text in (entry.id, entry.string)]
            assert ends[0] == ends[1], entry.id
            assert entry.string == entry.string.strip()


@by_language
def test_the_compiled_catalogue_is_the_one_in_the_text_file(path: Path):
    compiled = io.BytesIO()
    write_mo(compiled, script.load(path))
    compiled.seek(0)
    fresh = gettext.GNUTranslations(compiled)
    with path.with_suffix(".mo").open("rb") as file:
        kept = gettext.GNUTranslations(file)
    for template in script.collect():
        assert kept.gettext(template) == fresh.gettext(template)


def test_english_is_the_template_itself():
    assert translator("en")("There is nothing like it.") == "There is nothing like it."


def test_an_error_is_told_in_the_language():
    error = unknown_name("optimizer", "adm", ["adam", "sgd"])
    assert message(error, translator("en")) == str(error)
    spanish = message(error, translator("es"))
    assert spanish.startswith("No existe el optimizador 'adm'")
    assert "'adam'" in spanish


def test_the_empty_text_is_not_the_header_of_the_catalogue():
    assert translator("es")("") == ""


def test_an_unknown_language_names_the_nearest():
    with pytest.raises(UsageError, match="no language 'esp'; the nearest name is 'es'"):
        translator("esp")


def test_what_the_extraction_finds(tmp_path: Path):
    (tmp_path / "code.py").write_text(
        "_('one' ' sentence'); N_('two'); base.UsageError('three {x}', x=1); _(N_('four'))\n"
        "progress.note('five'); _(name); print('not this'); UsageError(_UNKNOWN[kind])\n"
        "_UNKNOWN = {'kind': 'six ' 'in all'}\n"
    )
    (tmp_path / "page.jinja").write_text("{{ _('seven') }} {% if x %}{{ _(\"eight\") }}{% endif %}")
    found = script.collect(tmp_path)
    assert set(found) == {
        *("one sentence", "two", "three {x}", "four", "five", "six in all", "seven", "eight"),
    }
    assert found["seven"] == [f"{tmp_path.name}/page.jinja"]


@pytest.mark.parametrize("call", ["_(f'{x} seeds')", "UsageError('a' + b)", "_('a' if x else 'b')"])
def test_a_text_put_together_at_the_call_is_refused(tmp_path: Path, call: str):
    (tmp_path / "code.py").write_text(call)
    with pytest.raises(ValueError, match="needs a literal text"):
        script.collect(tmp_path)

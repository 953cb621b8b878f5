"""Languages: whole English sentences are the keys, gettext catalogues hold the translations.

A sentence is a template with `{fields}` that a translator sees whole: `_("{n} seeds").format(n=5)`.
Numbers keep the decimal point in every language.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ladera.base import LaderaError, unknown_name

__all__ = ["N_", "Translator", "languages", "message", "translator"]

Translator = Callable[[str], str]

_FOLDER = Path(__file__).parent
_SOURCE = "en"  # the language the templates are written in


def languages() -> tuple[str, ...]:
    """The languages there is a catalogue for, and the one of the code, sorted."""
    translated = (path.parent.parent.name for path in _FOLDER.glob("*/LC_MESSAGES/ladera.mo"))
    return tuple(sorted({_SOURCE, *translated}))


@cache
def translator(lang: str = _SOURCE) -> Translator:
    """The function that turns an English template into `lang`. Raises UsageError: no such language."""
    if lang not in languages():
        raise unknown_name("language", lang, languages())
    if lang == _SOURCE:
        return _same
    catalogue = gettext.translation("ladera", _FOLDER, languages=[lang])
    # gettext answers the empty text with the catalogue's header
    return lambda text: catalogue.gettext(text) if text else text


def message(error: LaderaError, _: Translator) -> str:
    """The sentence of an error in the translator's language."""
    return _(error.template).format(**error.fields)


def N_(text: str) -> str:  # noqa: N802 (gettext's customary name)
    """Mark a literal for the catalogue; it is translated later, where the language is known."""
    return text


def _same(text: str) -> str:
    return text

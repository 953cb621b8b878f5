"""What every command shares: the language of its help, and how its errors end it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ladera.base import LaderaError, UsageError
from ladera.locale import N_, languages, message, translator

__all__ = ["INTERRUPTED", "N_", "Lang", "_", "app", "command", "lang", "resumable"]

WRONG_USE, FAILED, INTERRUPTED = 2, 1, 130


def _language() -> str:
    """The language asked for on this command line or in LADERA_LANG: help is translated, too."""
    words = sys.argv[1:]
    for at, word in enumerate(words):
        if word.startswith("--lang="):
            return word.partition("=")[2]
        if word == "--lang" and at + 1 < len(words):
            return words[at + 1]
    return os.environ.get("LADERA_LANG", "en")


lang = _language() if _language() in languages() else "en"
_ = translator(lang)

app = typer.Typer(
    name="ladera",
    help=_(N_("Which optimizer should train my network, with which settings, and how sure is that?")),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Lang = Annotated[str, typer.Option(help=_(N_("Language of terminal and report: en or es.")))]


def command(function: Callable[..., None], keeps: bool = False) -> Callable[..., None]:
    """A command whose errors are one sentence in the user's language, with an exit code. keeps: whether what
    it finished is there when it is interrupted."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            translator(kwargs.get("lang", lang))
            function(*args, **kwargs)
        except LaderaError as error:
            typer.echo(message(error, _), err=True)
            raise typer.Exit(WRONG_USE if isinstance(error, UsageError) else FAILED) from None
        except KeyboardInterrupt:
            kept = _("Interrupted. What was finished is kept, and the same command goes on.")
            typer.echo(kept if keeps else _("Interrupted."), err=True)
            raise typer.Exit(INTERRUPTED) from None

    return run


def resumable(function: Callable[..., None]) -> Callable[..., None]:
    """A command that goes on where it was interrupted."""
    return command(function, keeps=True)

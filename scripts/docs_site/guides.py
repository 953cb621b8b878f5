"""The guides of docs/guide, with the output of their commands and programs, which are run.

A block of `console` holds commands of ours, each after a $; one of `python` is run after those before it,
or, where it begins with the comment of a file's name, becomes that file; one of `sh` takes longer and is
run by the tests alone.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

__all__ = ["FOLDER", "Workshop", "write"]

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guide"
_COLUMNS = "96"  # of the terminal whose output is shown
_BLOCK = re.compile(r"^```(python|console|sh)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def write(pages: Path, lang: str, guides: Path = FOLDER) -> None:
    """The guides of a language into its pages; index.md on top, the others in `guide`.

    Raises RuntimeError where a command fails; what a program raises goes on.
    """
    for path in sorted((guides / lang).glob("*.md")):
        place = pages / path.name if path.name == "index.md" else pages / "guide" / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        with Workshop() as workshop:
            place.write_text(workshop.told(path.read_text(encoding="utf-8")), encoding="utf-8")


class Workshop(contextlib.AbstractContextManager["Workshop"]):
    """An empty folder in which the blocks of one guide are run, one after the other."""

    def __enter__(self) -> Workshop:
        self._left = contextlib.ExitStack()
        folder = self._left.enter_context(tempfile.TemporaryDirectory())
        self._left.enter_context(contextlib.chdir(folder))
        self._names: dict[str, Any] = {"__name__": "guide"}
        return self

    def __exit__(self, *problem: object) -> None:
        self._left.close()

    def told(self, text: str, slow: bool = False) -> str:
        """The guide with what its blocks print. slow: run those of `sh` too."""
        return _BLOCK.sub(lambda block: self._shown(block[1], block[2], slow), text)

    def _shown(self, kind: str, body: str, slow: bool) -> str:
        if kind == "sh":
            for command in body.splitlines() if slow else ():
                run(command)
            return f"```sh\n{body}```\n"
        if kind == "console":
            return f"```console\n{''.join(_answered(body))}```\n"
        return f"```python\n{body}```\n{_output(self._python(body))}"

    def _python(self, body: str) -> str:
        """What a program prints; nothing where it is a file."""
        if name := re.match(r"# (\w+\.py)\n", body):
            Path(name[1]).write_text(body, encoding="utf-8")
            return ""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(body, "guide", "exec"), self._names)  # noqa: S102 (our own guide)
        return printed.getvalue()


def _output(printed: str) -> str:
    return f"\n```text\n{printed.rstrip()}\n```\n" if printed else ""


def _answered(body: str) -> Iterator[str]:
    for line in body.splitlines():
        command = line.removeprefix("$ ")
        yield f"$ {command}\n{_trimmed(run(command))}\n"


def _trimmed(printed: str) -> str:
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())


def run(command: str) -> str:
    """What `ladera ...` prints, or `cat FILE`. Raises RuntimeError where it ends with another code than 0."""
    program, *arguments = shlex.split(command)
    if program == "cat":
        return Path(arguments[0]).read_text(encoding="utf-8")
    from ladera.cli import app

    environment = {**os.environ, "COLUMNS": _COLUMNS, "NO_COLOR": "1", "TERM": "dumb"}
    answer = CliRunner().invoke(app, arguments, env=environment, prog_name="ladera")
    if program != "ladera" or answer.exit_code != 0:
        raise RuntimeError(f"{command}: exit code {answer.exit_code}\n{answer.output}") from answer.exception
    return answer.stdout

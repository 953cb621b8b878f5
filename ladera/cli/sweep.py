"""The command sweep: compare's own options, of which those that say what is trained may be repeated."""

from __future__ import annotations

import inspect
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

import typer

from ladera.cli.common import N_, _, app, resumable
from ladera.cli.study import compare

if TYPE_CHECKING:
    from ladera.swept import Sweep

__all__: list[str] = []

# What compare takes that is no dimension; everything else can be swept, what is added there too.
_OF_DATA = ("data", "target", "task", "window", "horizon", "text", "vocabulary", "tokens", "steps")
_SHARED = (*_OF_DATA, "optimizers", "lr", "seeds", "out", "workers", "width", "as_json", "lang")
_NOT_HERE = ("report", "instruments")


def _signature() -> inspect.Signature:
    """compare's options: those that it shares as they are, dimensions as lists of texts."""
    found = []
    hints = get_type_hints(compare, include_extras=True)
    for name, parameter in inspect.signature(compare).parameters.items():
        hint = hints[name]
        if name in _NOT_HERE:
            continue
        if name == "data":
            hint, parameter = Annotated[str | None, get_args(hint)[1]], parameter.replace(default=None)
        elif name == "out":
            told = N_("The sweep's folder; what it holds is not trained again. Alone: show it again.")
            hint = Annotated[Path | None, typer.Option(help=_(told))]
        elif name not in _SHARED:
            option = get_args(hint)[1]
            told = N_("{meaning} Once for each value.")
            hint = Annotated[
                list[str] | None,
                typer.Option(f"--{name}", help=_(told).format(meaning=option.help), metavar=name.upper()),
            ]
            parameter = parameter.replace(default=None)
        found.append(parameter.replace(annotation=hint, kind=inspect.Parameter.KEYWORD_ONLY))
    figure = Annotated[Path | None, typer.Option(help=_(N_("Write the figure to this HTML file.")))]
    sure = Annotated[bool, typer.Option("--yes", help=_(N_("More than 200 combinations are meant.")))]
    for name, default, hint in (("figure", None, figure), ("many", False, sure)):
        kind = inspect.Parameter.KEYWORD_ONLY
        found.append(inspect.Parameter(name, kind, default=default, annotation=hint))
    return inspect.Signature(found)


def _sweep(**given: Any) -> None:
    from ladera.cli import show
    from ladera.swept import Sweep, is_sweep
    from ladera.terminal_sweep import show_sweep

    out: Path | None = given["out"]
    found = Sweep(out) if out is not None and is_sweep(out) and not _asks(given) else _trained(given)
    if given["figure"]:
        show.save_figure(found.figure(given["lang"]), given["figure"])
    if given["as_json"]:
        typer.echo(json.dumps(found.as_json(given["lang"]), indent=1, ensure_ascii=False))
        return
    show_sweep(found, _)
    if given["figure"]:
        show.written(given["figure"], _)


_OF_SHOWING = ("out", "workers", "width", "figure", "as_json", "lang")


def _asks(given: dict[str, Any]) -> bool:
    """Whether anything says what is to be trained."""
    default = {name: parameter.default for name, parameter in _SIGNATURE.parameters.items()}
    return any(value != default[name] for name, value in given.items() if name not in _OF_SHOWING)


def _trained(given: dict[str, Any]) -> Sweep:
    from ladera.problems import Problem
    from ladera.sweeping import sweep
    from ladera.terminal import Progress

    of_data = {name: given[name] for name in _OF_DATA if name != "data"}
    problem = Problem(given["data"] or Problem.data, **of_data)
    apart = (*_SHARED, "figure", "many")
    asked = {name: values for name, values in given.items() if name not in apart and values}
    passed = ("optimizers", "lr", "seeds", "out", "many", "workers", "width")
    command = shlex.join(["ladera", *sys.argv[1:]])
    arguments: dict[str, Any] = {**{name: given[name] for name in passed}, "command": command, **asked}
    with Progress(_) as progress:
        return sweep(problem, progress=progress, **arguments)


_SIGNATURE = _signature()
_sweep.__signature__ = _SIGNATURE  # pyright: ignore[reportFunctionMemberAccess]
_sweep.__annotations__ = {name: p.annotation for name, p in _SIGNATURE.parameters.items()}
app.command(
    "sweep",
    help=_(
        N_(
            "Compare the optimizers on every combination of networks, activations, penalties, batches, ...: "
            "each option that says what is trained may be given several times."
        )
    ),
)(resumable(_sweep))

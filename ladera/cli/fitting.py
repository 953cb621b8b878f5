"""The command that fits a formula to a table: fit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ladera.base import UsageError
from ladera.cli.common import N_, Lang, _, app, command, lang
from ladera.cli.options import AsJson

__all__: list[str] = []


@app.command(help=_(N_("Fit a formula's parameters to the columns of a table, and say how sure they are.")))
@command
def fit(
    data: Annotated[Path, typer.Argument(help=_(N_("A table with named columns: .csv, .tsv or .parquet.")))],
    formula: Annotated[
        str, typer.Argument(help=_(N_("Of columns and parameters: 'a*t + b', or 'y = a*exp(-b*t)'.")))
    ],
    start: Annotated[
        list[str] | None,
        typer.Option(help=_(N_("Where parameters start: a=0,b=0. Those left out start at 1."))),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help=_(N_("The column to fit; the formula's left side, the only one it does not use, or y."))
        ),
    ] = None,
    method: Annotated[str, typer.Option(help=_(N_("lm or gauss-newton.")))] = "lm",
    bounds: Annotated[
        list[str] | None, typer.Option(help=_(N_("Between which numbers parameters stay: a=0:10,b=:5.")))
    ] = None,
    sigma: Annotated[
        str | None, typer.Option(help=_(N_("The column of the observations' standard errors.")))
    ] = None,
    maxiter: Annotated[int | None, typer.Option(help=_(N_("Most iterations.")))] = None,
    figure: Annotated[Path | None, typer.Option(help=_(N_("Write the figure to this HTML file.")))] = None,
    csv: Annotated[
        Path | None, typer.Option(help=_(N_("Write data, fitted values and residuals to this CSV file.")))
    ] = None,
    as_json: AsJson = False,
    lang: Lang = lang,
) -> None:
    from ladera.cli import show
    from ladera.fitting import fit as fitted
    from ladera.fitting.columns import columns
    from ladera.fitting.names import parameters_in

    table = columns(data)
    given = _starts(start)
    names = parameters_in(formula, table, target, given)
    at_one = names[len(given) :]
    begin = dict(zip(names, [*given.values(), *(1.0 for _name in at_one)], strict=True))
    found = fitted(formula, table, begin, target, sigma, method, _bounds(bounds), maxiter=maxiter)
    if csv:
        found.residual_table().to_csv(csv, index=False)
    if figure:
        show.write_figure(found.figure(lang), figure)
    if as_json:
        typer.echo(json.dumps(found.as_dict(lang), indent=1, ensure_ascii=False))
        return
    show.fit(found, at_one, lang, _)
    for path in (csv, figure):
        if path:
            show.written(path, _)


def _starts(texts: list[str] | None) -> dict[str, float]:
    return {name: _number(value, name) for name, value in _pairs(texts, "a=0,b=1")}


def _bounds(texts: list[str] | None) -> dict[str, tuple[float | None, float | None]] | None:
    """a=0:10,b=:5 as pairs, None where a side is open."""
    found = {}
    for name, value in _pairs(texts, "a=0:10,b=:5"):
        low, sign, high = value.partition(":")
        if not sign:
            raise UsageError(
                "Bounds of a parameter are low:high, either left out if it is open; received "
                "'{name}={received}', for example {name}=0:10.",
                name=name,
                received=value,
            )
        found[name] = tuple(_number(side, name) if side.strip() else None for side in (low, high))
    return found or None


def _pairs(texts: list[str] | None, example: str) -> Iterator[tuple[str, str]]:
    """The names and values of a=...,b=..."""
    for text in (part for whole in texts or () for part in whole.split(",")):
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name or not value:
            raise UsageError(
                "What a parameter gets is written name=value, separated by commas; received '{received}', "
                "for example {example}.",
                received=text,
                example=example,
            )
        yield name, value


def _number(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(
            "A parameter gets a number; received '{received}' for {name}, for example {name}=0.5.",
            received=text,
            name=name,
        )
    return number

"""The command lr-find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladera.base import UsageError
from ladera.cli.common import N_, Lang, _, app, command, lang
from ladera.cli.options import (
    Activation,
    AsJson,
    Batch,
    Data,
    Dropout,
    Horizon,
    Init,
    Norm,
    Residual,
    Target,
    Task,
    TextColumn,
    Tokens,
    Vocabulary,
    Window,
    Workers,
)

if TYPE_CHECKING:
    from ladera.finding import Found

__all__: list[str] = []


@app.command(
    "lr-find",
    help=_(N_("Train shortly at many learning rates on several seeds: which to take, where it diverges.")),
)
@command
def lr_find(
    data: Data = "digits",
    target: Target = None,
    task: Task = "auto",
    window: Window = None,
    horizon: Horizon = 1,
    text: TextColumn = None,
    vocabulary: Vocabulary = 10_000,
    tokens: Tokens = False,
    network: Annotated[str, typer.Option(help=_(N_("A network, as in 'ladera compare'.")))] = "mlp:64,64",
    optimizers: Annotated[
        str, typer.Option(help=_(N_("Names and file.py:Rule, separated by commas; classic, all.")))
    ] = "adam",
    lr: Annotated[
        str,
        typer.Option(
            help=_(
                N_(
                    "Learning rates: auto (21 over six decades around each rule's own), low:high:count, or "
                    "numbers separated by commas."
                )
            )
        ),
    ] = "auto",
    seeds: Annotated[int, typer.Option(help=_(N_("How many seeds every rate is trained on.")))] = 3,
    steps: Annotated[
        int, typer.Option(help=_(N_("Steps of each training, at least: whole epochs are trained.")))
    ] = 300,
    batch: Batch = "32",
    activation: Activation = "relu",
    init: Init = "he_normal",
    norm: Norm = "none",
    residual: Residual = False,
    dropout: Dropout = 0.0,
    loss: Annotated[str, typer.Option(help=_(N_("A loss, as in 'ladera compare'.")))] = "auto",
    penalty: Annotated[str, typer.Option(help=_(N_("A penalty, as in 'ladera compare'.")))] = "none",
    figure: Annotated[Path | None, typer.Option(help=_(N_("Write the figure to this HTML file.")))] = None,
    csv: Annotated[Path | None, typer.Option(help=_(N_("Write the table to this CSV file.")))] = None,
    workers: Workers = None,
    as_json: AsJson = False,
    lang: Lang = lang,
) -> None:
    from ladera.cli import show
    from ladera.finding import find_lr
    from ladera.problems import Problem
    from ladera.terminal import Progress

    of_network: dict[str, Any] = {"init": init, "norm": norm, "residual": residual, "dropout": dropout}
    of_data: dict[str, Any] = {"window": window, "horizon": horizon, "text": text}
    of_data |= {"vocabulary": vocabulary, "tokens": tokens}
    problem = Problem(data, network, loss, penalty, activation, target, task=task, **of_network, **of_data)
    with Progress(_) as progress:
        found = find_lr(problem, optimizers, lr, seeds, steps, batch, workers=workers, progress=progress)
    _write(found, figure, csv, lang)
    if as_json:
        typer.echo(json.dumps(found.as_json(lang), indent=1, ensure_ascii=False))
        return
    _show(found)
    for path in (figure, csv):
        if path:
            show.written(path, _)


def _write(found: Found, figure: Path | None, csv: Path | None, lang: str) -> None:
    from ladera.cli import show

    if figure:
        show.save_figure(found.figure(lang), figure)
    try:
        if csv:
            found.table().to_csv(csv, index=False)
    except OSError as error:
        raise UsageError(
            "The file '{path}' cannot be written ({reason}); choose another place.",
            path=csv,
            reason=error.strerror,
        ) from None


def _show(found: Found) -> None:
    from rich.text import Text

    from ladera.cli import show
    from ladera.finding import words

    console = show.terminal()
    for curve in found.curves:
        console.print()
        console.print(Text(words.sentence(curve, found, _)))
        console.print()
        for line in words.plot(curve, console.width, _):
            console.print(Text(line), soft_wrap=True)
    told = _("● median over {seeds} seeds, ─ their range, ▌ the interval to take, × diverged seeds.")
    console.print(Text(told.format(seeds=found.seeds), style="dim"))

"""The commands about studies and data: compare, report, export, data."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from ladera.cli.common import N_, Lang, _, app, command, lang, resumable
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
    Steps,
    Target,
    Task,
    TextColumn,
    Tokens,
    Vocabulary,
    Window,
    Workers,
)

__all__: list[str] = []

Study = Annotated[Path, typer.Argument(help=_(N_("The folder of a study.")))]


@app.command(help=_(N_("Train a network under every optimizer, learning rate and seed; say which to use.")))
@resumable
def compare(
    data: Data = "digits",
    target: Target = None,
    task: Task = "auto",
    network: Annotated[
        str,
        typer.Option(
            help=_(
                N_(
                    "linear, logistic, mlp:64,64, cnn:32,64/64 (convolutions/dense), rnn:64, gru:64, "
                    "lstm:64, embed:16+lstm:64, seq2seq-lstm:64."
                )
            )
        ),
    ] = "mlp:64,64",
    optimizers: Annotated[
        str,
        typer.Option(
            help=_(
                N_(
                    "classic, all, or names and file.py:Rule, separated by commas; full batch: lbfgs, bfgs, "
                    "cg, newton-cg, gauss-newton, lm, kfac."
                )
            )
        ),
    ] = "classic",
    lr: Annotated[
        str, typer.Option(help=_(N_("Learning rates: auto, low:high:count, or numbers separated by commas.")))
    ] = "auto",
    seeds: Annotated[int, typer.Option(help=_(N_("Seeds that tune; as many others report.")))] = 5,
    epochs: Annotated[int, typer.Option(help=_(N_("Passes over the training set.")))] = 20,
    batch: Batch = "32",
    sampling: Annotated[
        str, typer.Option(help=_(N_("How batches are drawn: shuffled every epoch, or with replacement.")))
    ] = "shuffled",
    activation: Activation = "relu",
    init: Init = "he_normal",
    norm: Norm = "none",
    residual: Residual = False,
    dropout: Dropout = 0.0,
    loss: Annotated[
        str,
        typer.Option(
            help=_(
                N_(
                    "auto, cross_entropy, binary_cross_entropy, focal, hinge, huber, mae or mse; "
                    "cross_entropy:0.1 smooths the labels."
                )
            )
        ),
    ] = "auto",
    penalty: Annotated[
        str,
        typer.Option(
            help=_(
                N_("none, l1:A, l2:A, elastic:A,B, decoupled-l2:A, max-norm:C on the weights; joined by +.")
            )
        ),
    ] = "none",
    schedule: Annotated[
        str,
        typer.Option(
            help=_(
                N_(
                    "How the learning rate goes: constant, cosine, warmup-cosine:0.1, one-cycle, "
                    "plateau:0.1,10."
                )
            )
        ),
    ] = "constant",
    stop: Annotated[
        str,
        typer.Option(
            help=_(
                N_(
                    "never, or early:5, after 5 epochs without a better validation loss; the best epoch's "
                    "weights are restored."
                )
            )
        ),
    ] = "never",
    instruments: Annotated[
        str,
        typer.Option(
            help=_(
                N_(
                    "cheap, or dear: reporting runs are looked into, for sharpness against the limit of "
                    "stability and for gradient noise."
                )
            )
        ),
    ] = "cheap",
    window: Window = None,
    horizon: Horizon = 1,
    text: TextColumn = None,
    vocabulary: Vocabulary = 10_000,
    tokens: Tokens = False,
    steps: Steps = None,
    out: Annotated[
        Path | None, typer.Option(help=_(N_("The study's folder; what it holds is not trained again.")))
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help=_(N_("Where the report goes; report.html in the study's folder.")))
    ] = None,
    workers: Workers = None,
    width: Annotated[
        int | None,
        typer.Option(help=_(N_("Trainings side by side in one program; measured."))),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = lang,
) -> None:
    from ladera.comparison import compare as run
    from ladera.problems import Problem
    from ladera.report import check_place
    from ladera.terminal import Progress, show

    if report is not None:
        check_place(report)  # before hours are spent

    problem = Problem(
        data,
        network,
        loss,
        penalty,
        activation,
        target,
        init=init,
        norm=norm,
        residual=residual,
        dropout=dropout,
        task=task,
        window=window,
        horizon=horizon,
        text=text,
        vocabulary=vocabulary,
        tokens=tokens,
        steps=steps,
    )
    with Progress(_) as progress:
        study = run(
            problem,
            optimizers,
            lr,
            seeds,
            epochs,
            batch,
            out,
            schedule=schedule,
            sampling=sampling,
            stop=stop,
            instruments=instruments,
            workers=workers,
            width=width,
            progress=progress,
            command=shlex.join(["ladera", *sys.argv[1:]]),
        )
        page = study.report(report or study.path / "report.html", lang)
    if as_json:
        typer.echo(json.dumps(study.as_json(lang), indent=1, ensure_ascii=False))
    else:
        show(study, page, _)


@app.command(help=_(N_("Write the report of a study, or the figure of a sweep.")))
@command
def report(
    study: Study,
    out: Annotated[Path | None, typer.Option("-o", "--out", help=_(N_("The HTML file.")))] = None,
    lang: Lang = lang,
) -> None:
    from ladera.study import open as open_study
    from ladera.swept import Sweep, is_sweep

    if is_sweep(study):
        from ladera.cli import show

        show.save_figure(Sweep(study).figure(lang), out or study / "report.html")
        typer.echo(out or study / "report.html")
        return
    opened = open_study(study)
    typer.echo(opened.report(out or opened.path / "report.html", lang))


@app.command(help=_(N_("Write the runs and curves of a study as CSV files.")))
@command
def export(
    study: Study,
    csv: Annotated[Path, typer.Option(help=_(N_("The file for the runs; the curves go beside it.")))],
    lang: Lang = lang,
) -> None:
    from ladera.study import open as open_study
    from ladera.swept import Sweep, is_sweep

    opened = Sweep(study) if is_sweep(study) else open_study(study)
    for path in opened.to_csv(csv):
        typer.echo(path)


data_commands = typer.Typer(help=_(N_("The data sets: list them, describe one.")), no_args_is_help=True)
app.add_typer(data_commands, name="data")


@data_commands.command("list", help=_(N_("The names of all data sets.")))
@command
def list_data(lang: Lang = lang) -> None:
    from ladera import problems

    for name in problems.names():
        typer.echo(name)


@data_commands.command("describe", help=_(N_("Rows, features, classes and splits of a data set.")))
@command
def describe_data(
    data: Data,
    target: Target = None,
    task: Task = "auto",
    window: Window = None,
    horizon: Horizon = 1,
    text: TextColumn = None,
    vocabulary: Vocabulary = 10_000,
    tokens: Tokens = False,
    steps: Steps = None,
    lang: Lang = lang,
) -> None:
    from ladera.problems import Problem
    from ladera.report import record

    network = "embed:1+mlp:1" if tokens or text is not None else Problem.network
    described = Problem(
        data,
        network,
        target=target,
        task=task,
        window=window,
        horizon=horizon,
        text=text,
        vocabulary=vocabulary,
        tokens=tokens,
        steps=steps,
    ).describe()
    of_the_network = {"network", "activation", "init", "loss", "penalty", "parameters", "shape"}
    pairs = record.described({k: v for k, v in described.items() if k not in of_the_network}, _)
    width = max(len(heading) for heading, _text in pairs)
    for heading, text in pairs:
        typer.echo(f"{heading:{width}}  {text}")

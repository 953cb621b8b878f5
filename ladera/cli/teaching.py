"""The commands that show how methods work: trace, race, explain, catalogue, reproduce."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladera.base import UsageError, unknown_name
from ladera.cli.common import N_, Lang, _, app, command, lang

if TYPE_CHECKING:
    from ladera.tracing import Trace

__all__: list[str] = []

Function = Annotated[
    str, typer.Argument(help=_(N_("A surface's name, or a formula such as '3x^2 + 2xy + y^2'.")))
]
Start = Annotated[
    str | None, typer.Option(help=_(N_("Where to start: a number per variable, separated by commas.")))
]
AsJson = Annotated[bool, typer.Option("--json", help=_(N_("Print one JSON object to standard output.")))]
Figure = Annotated[Path | None, typer.Option(help=_(N_("Write the figure to this HTML file.")))]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help=_(N_("Hyperparameters: lr=0.1, also several separated by commas."))),
]


@app.command(help=_(N_("Follow one method over a function, every number of every step shown.")))
@command
def trace(
    function: Function = "valley",
    method: Annotated[str, typer.Option(help=_(N_("A rule's or solver's name, or file.py:Rule.")))] = "sgd",
    start: Start = None,
    steps: Annotated[int, typer.Option(help=_(N_("How many steps.")))] = 10,
    settings: Settings = None,
    like: Annotated[
        str, typer.Option(help=_(N_("Whose definition of the rule: paper, torch, keras or optax.")))
    ] = "paper",
    csv: Annotated[Path | None, typer.Option(help=_(N_("Write the table to this CSV file.")))] = None,
    latex: Annotated[bool, typer.Option("--latex", help=_(N_("Print every step as LaTeX.")))] = False,
    card: Annotated[
        int | None, typer.Option(help=_(N_("Show this step in full, every statement with its numbers.")))
    ] = None,
    figure: Figure = None,
    model: Annotated[
        int | None,
        typer.Option(help=_(N_("Draw, in the figure, the quadratic model of this step of a solver."))),
    ] = None,
    worksheet: Annotated[
        Path | None, typer.Option(help=_(N_("Write the table with blanks to fill in to this CSV file.")))
    ] = None,
    check: Annotated[Path | None, typer.Option(help=_(N_("Correct this worksheet, filled in.")))] = None,
    as_json: AsJson = False,
    lang: Lang = lang,
) -> None:
    from ladera import tracing
    from ladera.cli import show

    if model is not None and not figure:
        raise UsageError("--model says what the figure shows; give --figure FILE too.")
    made = _method(method, settings, like)
    found = tracing.trace(function, _start(start, function), made, steps)
    if csv:
        found.to_csv(csv, lang)
    if figure:
        show.write_figure(found.figure(lang, model), figure)
    if worksheet:
        tracing.write_worksheet(found, worksheet, lang)
    if as_json:
        typer.echo(json.dumps(_as_json(found, lang), indent=1, ensure_ascii=False))
    elif check:
        show.marks(tracing.check_worksheet(found, check, lang), _)
    elif latex:
        typer.echo("\n\n".join(found.latex(k, lang) for k in range(1, found.steps + 1)))
    elif card is not None:
        typer.echo(found.card(card, lang))
    else:
        show.trace(found, _)
    for path in (csv, figure, worksheet):
        if path and not as_json:
            show.written(path, _)


@app.command(help=_(N_("Let several methods race from one start: who arrives first, and who stays.")))
@command
def race(
    function: Function = "valley",
    methods: Annotated[
        list[str] | None,
        typer.Option("--method", help=_(N_("A method with its settings, once for each: 'momentum lr=0.1'."))),
    ] = None,
    start: Start = None,
    steps: Annotated[int, typer.Option(help=_(N_("How many steps.")))] = 200,
    by: Annotated[
        str, typer.Option(help=_(N_("Who is first, and the figure's axis: steps, evaluations or seconds.")))
    ] = "steps",
    figure: Figure = None,
    as_json: AsJson = False,
    lang: Lang = lang,
) -> None:
    from ladera import tracing
    from ladera.cli import show

    racers = [_racer(text) for text in methods or _RACERS]
    found = tracing.race(function, _start(start, function), racers, steps, by=by)
    if figure:
        show.write_figure(found.figure(lang=lang), figure)
    if as_json:
        rows = json.loads(found.table().to_json(orient="records"))
        answer = {"function": found.surface.text, "sentence": found.sentence(lang), "ranking": rows}
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
        return
    show.race(found, lang, _)
    if figure:
        show.written(figure, _)


# The race that a course shows first: on the valley, from (-4, 3).
_RACERS = ("sgd lr=0.1", "momentum lr=0.1 momentum=0.5", "rmsprop lr=0.1", "adam lr=0.3")


@app.command(
    help=_(
        N_(
            "Explain a rule, a solver, a schedule, an activation or a loss: formula, paper, whose name it "
            "bears."
        )
    )
)
@command
def explain(
    rule: Annotated[
        str,
        typer.Argument(
            help=_(
                N_(
                    "A name, file.py:Rule, a schedule such as cosine or step:0.5,10, a loss such as "
                    "huber:0.5."
                )
            )
        ),
    ],
    like: Annotated[
        str, typer.Option(help=_(N_("Whose definition of the rule: paper, torch, keras or optax.")))
    ] = "paper",
    markdown: Annotated[
        bool, typer.Option("--markdown", help=_(N_("Print the page as Markdown with LaTeX.")))
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(help=_(N_("Draw a schedule, an activation or a loss, in this HTML file."))),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = lang,
) -> None:
    from ladera.cli import explained, show

    found = _explained(rule, like, lang)
    if figure:
        if found.kind not in ("activation", "loss", "schedule"):
            raise UsageError(
                "--figure draws a schedule, an activation or a loss, received '{name}'; 'ladera trace' draws "
                "the way of a rule or solver.",
                name=found.name,
            )
        show.write_figure(found.figure(), figure)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
    elif markdown:
        typer.echo(found.markdown())
    else:
        explained.explanation(found, _)
        if figure:
            show.written(figure, _)


def _explained(name: str, like: str, lang: str) -> Any:
    """What is explained: a rule by one framework's definition, or whatever bears the name."""
    from ladera.explaining import check_name, function_named, is_schedule
    from ladera.explaining import explain as explained_as

    if like == "paper":
        return explained_as(name, lang)
    if is_schedule(name) or function_named(name, lang):
        raise UsageError(
            "--like says whose definition of a rule is meant; '{name}' is none, and has one definition.",
            name=name,
        )
    check_name(name)
    return explained_as(_method(name, None, like), lang)


@app.command(help=_(N_("List every rule and every solver: what it is, what it acts on, what it asks for.")))
@command
def catalogue(as_json: AsJson = False, lang: Lang = lang) -> None:
    from ladera.cli import explained
    from ladera.explaining import catalogue as everything

    found = everything(lang)
    if as_json:
        typer.echo(json.dumps([one.as_dict() for one in found], indent=1, ensure_ascii=False))
    else:
        explained.catalogue(found, _)


@app.command(
    help=_(N_("Calculate the documents' worked examples again; printed and computed, side by side."))
)
@command
def reproduce(
    what: Annotated[
        str, typer.Argument(help=_(N_("What to reproduce: sources, the five documents.")))
    ] = "sources",
    errata: Annotated[
        bool, typer.Option("--errata", help=_(N_("Only what is printed wrong or imprecisely.")))
    ] = False,
    csv: Annotated[Path | None, typer.Option(help=_(N_("Write the table to this CSV file.")))] = None,
    as_json: AsJson = False,
    lang: Lang = lang,
) -> None:
    from ladera import reproduce as reproduced
    from ladera.cli import show

    if what not in _REPRODUCED:
        raise unknown_name("reproduction", what, _REPRODUCED)
    rows = reproduced.sources(lang)
    shown = [row for row in rows if row.erratum is not None] if errata else rows
    if csv:
        reproduced.as_frame(shown).to_csv(csv, index=False)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in shown], indent=1, ensure_ascii=False))
        return
    show.reproduction(shown, rows, _)
    if csv:
        show.written(csv, _)


_REPRODUCED = ("sources",)


def _method(name: str, settings: list[str] | None, like: str) -> Any:
    """A rule by one framework's definition, or a solver."""
    from ladera.rules import Rule
    from ladera.solvers._methods import method_of

    made = method_of(name)
    given = _settings(settings, made)
    if isinstance(made, Rule):
        return type(made).like(like, **given)
    if like != "paper":
        raise UsageError(
            "--like says whose definition of a rule is meant; '{method}' is a solver, which has one.",
            method=made.label(),
        )
    return made.replace(**given)


def _racer(text: str) -> Any:
    """'momentum lr=0.1 momentum=0.5' as a rule, 'newton gtol=1e-8' as a solver."""
    from ladera.solvers._methods import method_of

    name, *settings = text.split()
    made = method_of(name)
    return method_of(made, **_settings(settings, made))


def _settings(texts: list[str] | None, method: Any) -> dict[str, Any]:
    """lr=0.1,b1=0.8 as numbers, flags and names. Raises UsageError for what is not name=value."""
    found = {}
    for text in (part for whole in texts or () for part in whole.split(",")):
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name:
            raise UsageError(
                "A setting is name=value, received '{received}'; for example lr=0.1.", received=text
            )
        named = isinstance(method.hyperparameters().get(name), str)
        found[name] = value if named else _setting(name, value)
    return found


def _setting(name: str, value: str) -> Any:
    words = {"true": True, "false": False, "none": None}
    if value.lower() in words:
        return words[value.lower()]
    try:
        return int(value) if value.lstrip("+-").isdigit() else float(value)
    except ValueError:
        raise UsageError(
            "{name} is a number, true or false, received '{received}'; for example {name}=0.1.",
            name=name,
            received=value,
        ) from None


def _start(text: str | None, function: str) -> list[float]:
    """The numbers of --start; without it, the surface's customary start."""
    from ladera import surfaces

    if text is None:
        return list(surfaces.of(function).start)
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            "A start is a number per variable, separated by commas; received '{received}', for example "
            "--start -4,3.",
            received=text,
        ) from None


def _as_json(found: Trace, lang: str) -> dict[str, Any]:
    rows = json.loads(found.table(lang).to_json(orient="records", double_precision=15))
    return {
        "function": found.surface.text,
        "method": found.method.describe(),
        "status": str(found.status),
        "message": found.told(_),
        "rows": rows,
    }

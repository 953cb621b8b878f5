"""Options that several commands take, each with its help."""

from __future__ import annotations

from typing import Annotated

import typer

from ladera.cli.common import N_, _

__all__: list[str] = []

Data = Annotated[
    str, typer.Argument(help=_(N_("A bundled name, a file (.csv, .tsv, .parquet, .npz), or openml:NAME.")))
]
Target = Annotated[str | None, typer.Option(help=_(N_("The column to predict, in a table.")))]
Task = Annotated[str, typer.Option(help=_(N_("auto, classification or regression: what the target is.")))]
Window = Annotated[
    int | None,
    typer.Option(help=_(N_("Rows of a time series that an example sees; they are moments in order."))),
]
Horizon = Annotated[int, typer.Option(help=_(N_("Values after the window that are to be told.")))]
TextColumn = Annotated[
    str | None, typer.Option("--text", help=_(N_("The column of text to read, word by word.")))
]
Vocabulary = Annotated[int, typer.Option(help=_(N_("Words of the text that are told apart.")))]
Tokens = Annotated[
    bool, typer.Option("--tokens", help=_(N_("The features are tokens, whole numbers; 0 is padding.")))
]
Steps = Annotated[int | None, typer.Option(help=_(N_("Words or tokens of an example; the rest is cut.")))]
Batch = Annotated[str, typer.Option(help=_(N_("Examples per step; full: the whole training set at once.")))]
Activation = Annotated[str, typer.Option(help=_(N_("Of the hidden layers.")))]
Init = Annotated[
    str,
    typer.Option(help=_(N_("Initial weights: he_normal, glorot_uniform, lecun_normal, orthogonal, ..."))),
]
Norm = Annotated[str, typer.Option(help=_(N_("Of the hidden layers: none, batch or layer.")))]
Residual = Annotated[
    bool, typer.Option("--residual", help=_(N_("Hidden layers add to what goes into them.")))
]
Dropout = Annotated[float, typer.Option(help=_(N_("The share of hidden units that a step leaves out.")))]
Workers = Annotated[int | None, typer.Option(help=_(N_("Processes; one per core.")))]
AsJson = Annotated[bool, typer.Option("--json", help=_(N_("Print one JSON object to standard output.")))]

"""What a run costs in studies of 10 to 10,000 runs: seconds, memory, disk, through the whole of `compare`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

from benchmarks.program import MEMORY, run
from benchmarks.section import Section
from benchmarks.sides import ROOT
from benchmarks.sizes import Size
from benchmarks.table import Table, number

__all__ = ["measure"]


def measure(size: Size) -> Section:
    title = f"Studies of different size: digits, mlp:64,64, Adam, {size.study_epochs} epochs a run"
    columns = (
        *("runs", "seconds", "of it compiling", "training", "ms per run", "÷ the largest study's"),
        *("reading and answer, s", f"peak {MEMORY}, MiB", "on disk, kB per run"),
    )
    made = [_study(rates, seeds, size.study_epochs) for rates, seeds in size.studies]
    table = Table(title, columns)
    for one in made:
        if "failure" in one:
            table.rows.append((one["failure"], *[""] * 8))
            continue
        table.rows.append(
            (
                f"{one['runs']:,}",
                number(one["total"]),
                number(one["compiling"]),
                number(one["seconds"]["train"]),
                number(one["ms_per_run"]),
                f"{number(one['ms_per_run'] / made[-1]['ms_per_run'])}×" if "ms_per_run" in made[-1] else "",
                number(one["reading"]),
                number(one["peak"] / 2**20),
                number(one["bytes"] / one["runs"] / 1000),
            )
        )
    table.notes.append(
        "`ladera.compare` with warm workers: training, store, widening, ranking, answer. Compiling is not in "
        "the ms per run; training is the workers' average. Peak of all processes together, from their start."
    )
    finished = [one for one in made if "failure" not in one]
    if len(finished) > 1:
        first, last = finished[0], finished[-1]
        grown = (last["peak"] - first["peak"]) / (last["runs"] - first["runs"]) / 1000
        table.notes.append(
            f"From the smallest to the largest the peak grew by {number(grown)} kB for each run more."
        )
    table.notes.append("The smallest studies cannot fill all lanes, and a study has costs of its own.")
    return Section("scaling", [table], made)


def _study(rates: int, seeds: int, epochs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        spec = json.dumps({"folder": folder, "rates": rates, "seeds": seeds, "epochs": epochs})
        command = [sys.executable, "-m", "benchmarks.one_study", spec]
        ended = run(command, {**os.environ, "JAX_PLATFORMS": "cpu"}, ROOT, sample=True)
    if ended.failure:
        return {"failure": ended.failure}
    one = json.loads(ended.out)
    compiling = one["seconds"]["compile"]
    ms = 1000 * (one["total"] - compiling) / one["runs"]
    return {**one, "compiling": compiling, "ms_per_run": ms, "peak": ended.peak}

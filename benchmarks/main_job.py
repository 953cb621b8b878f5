"""The main job, `ladera compare digits`, as a whole process: seconds and memory, cold and warm."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.program import MEMORY, Ended, run
from benchmarks.section import Section
from benchmarks.sizes import Size
from benchmarks.table import Table, number

__all__ = ["measure"]

_HELP_REPEATS = 7
_GIB = 2**30
_COLD, _WARM, _AGAIN = (
    "cold: empty caches",
    "warm: programs compiled before",
    "again: everything in the store",
)
_WANTED = {_COLD: 12.0, _WARM: 7.0}
_WANTED_HELP = 0.3  # seconds
_WANTED_MEMORY = 1.5  # GiB


def measure(size: Size) -> Section:
    ended: dict[str, list[Ended]] = {_COLD: [], _WARM: [], _AGAIN: []}
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(size.main_job_repeats):
            for state, one in _three(Path(folder) / str(repeat), size.main_job).items():
                ended[state].append(one)
        sampled = _three(Path(folder) / "sampled", size.main_job, sample=True)
        helped = [_ladera(["--help"], Path(folder) / "help") for _ in range(_HELP_REPEATS)]
    command = " ".join(["ladera compare digits", *size.main_job])
    table = Table(
        f"The main job: {command}, as a whole process",
        (
            "",
            "best s",
            "slowest s",
            "of it compiling",
            "training",
            "runs",
            f"peak {MEMORY} GiB (≤ {_WANTED_MEMORY})",
            "÷ wanted",
        ),
    )
    for state, repeats in ended.items():
        table.rows.append(_row(state, repeats, sampled[state]))
    seconds = median(one.seconds for one in helped)
    failed = next((one.failure for one in helped if one.failure), "")
    wanted = f"{number(seconds / _WANTED_HELP)} of {_WANTED_HELP} s"
    table.rows.append(("ladera --help (median)", failed or number(seconds), *[""] * 5, wanted))
    table.notes.append(
        f"Best of {size.main_job_repeats}; compiling and training are of the fastest, averages over workers. "
        f"Memory: {MEMORY} of all processes together, every 0.1 s, in a further run that is not timed."
    )
    if size.main_job:
        table.notes.append("What is wanted is meant for the whole job, without further arguments.")
    data = {state: [asdict(one) for one in [*repeats, sampled[state]]] for state, repeats in ended.items()}
    return Section("main_job", [table], {**data, "help": [one.seconds for one in helped]})


def _three(folder: Path, arguments: Sequence[str], sample: bool = False) -> dict[str, Ended]:
    """Cold, warm in a new study, and that study once more; in a folder of their own."""

    def compare(out: str) -> Ended:
        command = ["compare", "digits", "--json", "--out", str(folder / out), *arguments]
        return _ladera(command, folder / "cache", sample)

    made = {_COLD: compare("cold"), _WARM: compare("warm"), _AGAIN: compare("warm")}
    shutil.rmtree(folder, ignore_errors=True)
    return made


def _ladera(arguments: Sequence[str], cache: Path, sample: bool = False) -> Ended:
    cache.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).with_name("ladera")
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return run([str(program), *arguments], environment, cache, sample)


def _row(state: str, repeats: Sequence[Ended], sampled: Ended) -> tuple[str, ...]:
    for one in [*repeats, sampled]:
        if one.failure:
            return (state, one.failure, *[""] * 6)
    fastest = min(repeats, key=lambda one: one.seconds)
    answer: dict[str, Any] = json.loads(fastest.out)
    wanted = _WANTED.get(state)
    return (
        state,
        number(fastest.seconds),
        number(max(one.seconds for one in repeats)),
        number(answer["seconds"]["compile"]),
        number(answer["seconds"]["train"]),
        f"{answer['runs']:,}",
        number(sampled.peak / _GIB),
        f"{number(fastest.seconds / wanted)} of {wanted:g} s" if wanted else "",
    )

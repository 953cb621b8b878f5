"""Run the benchmarks: `python -m benchmarks [NAME ...] [--quick] [--json FILE]`."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import tempfile
import time
from pathlib import Path

from rich.console import Console

from benchmarks import machine
from benchmarks.section import Section
from benchmarks.sizes import SIZES

NAMES = (
    *("main_job", "digits", "mnist", "networks", "minute", "scaling", "steps", "dropin"),
    *("logistic", "curves", "nist", "unconstrained"),
)
_SAMPLED = {"main_job", "scaling"}  # whose memory psutil looks at
_QUIET = 0.3  # cores at work before the start; with more the numbers say little


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; all by default")
    parser.add_argument("--size", choices=list(SIZES), default="full", help="smoke only shows that it works")
    parser.add_argument(
        "--quick", action="store_const", const="quick", dest="size", help="same as --size quick"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to this file, too")
    asked = parser.parse_args()
    names = asked.names or NAMES
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"unknown benchmark {', '.join(unknown)}; known are {', '.join(NAMES)}")
    if _SAMPLED.intersection(names) and importlib.util.find_spec("psutil") is None:
        parser.error("psutil is not installed: pip install -r benchmarks/requirements.txt")

    console = Console(width=None if os.isatty(1) else 150)
    about = {**machine.describe(), "size": asked.size}
    console.print("  ".join(f"{key}: {value}" for key, value in about.items()), highlight=False)
    if (busy := machine.busy()) > _QUIET:
        console.print(
            f"[bold]{busy:.1f} cores were at work already: on a busy machine the numbers say little.[/]"
        )
    console.print()

    began, sections = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache  # nothing that earlier runs left behind counts
        for name in names:
            console.print(f"{name} ...", style="dim")
            section: Section = importlib.import_module(f"benchmarks.{name}").measure(SIZES[asked.size])
            for table in section.tables:
                table.show(console)
            sections.append(section)
    versions = {name: text for section in sections for name, text in section.versions().items()}
    console.print("versions: " + ", ".join(f"{k} {v}" for k, v in sorted(versions.items())), highlight=False)
    console.print(f"{time.perf_counter() - began:.0f} s in all", highlight=False)
    if asked.json:
        data = {section.name: section.data for section in sections}
        record = {"machine": about, "busy": busy, "versions": versions, **data}
        asked.json.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""A program run to its end: how long it took, or the most memory that it had with all its processes."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.sides import failure

__all__ = ["MEMORY", "Ended", "run"]

MEMORY = "PSS" if psutil.LINUX else "RSS"  # PSS counts shared pages once; RSS, once for every process
_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Ended:
    seconds: float
    peak: int  # bytes of all its processes together; 0 if it was not asked for
    out: str
    failure: str  # "" if it ended well


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path, sample: bool = False) -> Ended:
    """Run `command` in `folder`. sample: look at the memory every tenth of a second, which costs some."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, text=True
        )
        peak = _watch(process) if sample else 0
        code = process.wait()
        seconds = time.perf_counter() - began
        out.seek(0)
        err.seek(0)
        return Ended(seconds, peak, out.read(), failure(err.read()) if code else "")


def _watch(process: subprocess.Popen[str]) -> int:
    peak, root = 0, psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, _memory(root))
        time.sleep(_EVERY_SECONDS)
    return peak


def _memory(root: psutil.Process) -> int:
    total = 0
    try:
        for one in [root, *root.children(recursive=True)]:
            try:
                total += one.memory_full_info().pss if MEMORY == "PSS" else one.memory_info().rss
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue  # ended meanwhile
    except psutil.NoSuchProcess:
        return 0
    return total

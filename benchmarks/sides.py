"""The sides of a measurement: real processes, warmed up, that take turns on the whole machine."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Arrangement", "Measured", "arrangements", "cores", "failure", "measure"]

ROOT = Path(__file__).parents[1]

_SINGLE = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")},
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "NPROC": "1",  # XLA
}
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "1"}


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Arrangement:
    """One side in one arrangement: so many processes of `module`, each with one thread or its default."""

    side: str
    module: str
    processes: int
    single: bool
    packages: tuple[str, ...]  # as they are imported
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        if self.module == "engine":
            return f"{cores()} single-threaded workers"
        if not self.single:
            return "1 process, default threads"
        return f"{self.processes} single-threaded process" + "es" * (self.processes > 1)

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)


def arrangements(side: str, module: str, packages: Sequence[str], **more: Any) -> list[Arrangement]:
    """A peer's two arrangements: all cores in one process, and one process per core."""
    return [
        Arrangement(side, module, 1, False, tuple(packages), **more),
        Arrangement(side, module, cores(), True, tuple(packages), **more),
    ]


@dataclass
class Measured:
    """What came of one arrangement. rates: trainings per second of the whole machine, one a round."""

    arrangement: Arrangement
    rates: list[float] = field(default_factory=list)
    trainings: int = 0  # in one round, of all processes
    warm_up: float = 0.0  # seconds to the end of the first training: imports and compiling
    loss: float | None = None  # validation loss of seed 0
    versions: dict[str, str] = field(default_factory=dict)
    failure: str = ""

    @property
    def best(self) -> float | None:
        return max(self.rates, default=None)

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file."""
        return {
            "side": self.arrangement.side,
            "arrangement": self.arrangement.label,
            "trainings_per_second": self.rates,
            "trainings": self.trainings,
            "warm_up": self.warm_up,
            "loss": self.loss,
            "failure": self.failure,
        }


def measure(
    asked: Iterable[Arrangement], spec: Mapping[str, Any], repeats: int, seconds: float
) -> list[Measured]:
    """Every arrangement's rates: all are started and warmed up, then take turns, `repeats` rounds.

    seconds: how long one round of one arrangement is to last, roughly.
    """
    results = [Measured(arrangement) for arrangement in asked]
    with ExitStack() as stack, tempfile.TemporaryDirectory() as logs:
        running = []
        for number, result in enumerate(results):
            if result.arrangement.missing:
                result.failure = f"not installed: {', '.join(result.arrangement.missing)}"
                continue
            processes = _Processes(result, Path(logs) / str(number))
            stack.callback(processes.end)
            if processes.warm_up({**spec, **result.arrangement.options}, seconds):
                running.append(processes)
        for _ in range(repeats):
            for processes in running:
                processes.round()
    return results


def failure(said: str) -> str:
    """The line of a program's last words that says why it failed."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it said nothing"]
    return f"failed: {next((line for line in reversed(lines) if 'Error' in line), lines[-1])}"


class _Processes:
    """The processes of one arrangement."""

    def __init__(self, result: Measured, logs: Path):
        self.result = result
        self.each = 1  # trainings of each process in one round
        self.log = logs.with_suffix(".log")
        arrangement = result.arrangement
        environment = {**os.environ, **_QUIET, **arrangement.environment, "JAX_PLATFORMS": "cpu"}
        if arrangement.single:
            environment |= _SINGLE
        with self.log.open("w") as log:
            self.processes = [
                subprocess.Popen(
                    [sys.executable, "-m", f"benchmarks.peers.{arrangement.module}"],
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
                for _ in range(arrangement.processes)
            ]

    def warm_up(self, spec: Mapping[str, Any], seconds: float) -> bool:
        """Start, compile, train once more for the time; whether that went well."""
        answers = self._ask(spec)
        if not answers:
            return False
        slowest = max(answer["seconds"] for answer in answers)
        self.result.warm_up = max(answer["warm_up"] for answer in answers)
        self.result.loss = answers[0]["loss"]
        self.result.versions = answers[0]["versions"]
        self.each = max(1, round(seconds / slowest))
        return True

    def round(self) -> None:
        if self.result.failure:
            return
        began = time.perf_counter()
        answers = self._ask(self.each)
        if answers:
            self.result.trainings = sum(answer["trainings"] for answer in answers)
            self.result.rates.append(self.result.trainings / (time.perf_counter() - began))

    def _ask(self, request: object) -> list[dict[str, Any]]:
        """All processes' answers to one request; none if one of them failed, which is written down."""
        try:
            for process in self.processes:
                assert process.stdin is not None
                print(json.dumps(request), file=process.stdin, flush=True)
            lines = [process.stdout.readline() for process in self.processes if process.stdout]
        except BrokenPipeError:
            lines = [""]
        if not all(lines):
            self.result.failure = failure(self.log.read_text(encoding="utf-8", errors="replace"))
            return []
        return [json.loads(line) for line in lines]

    def end(self) -> None:
        for process in self.processes:
            if self.result.failure:
                process.kill()
            with suppress(BrokenPipeError), process:  # closes its input, which ends it, and waits
                pass

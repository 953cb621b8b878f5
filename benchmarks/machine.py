"""Where the numbers were measured."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.sides import cores

__all__ = ["busy", "describe"]


def describe() -> dict[str, str]:
    return {
        "cpu": _cpu(),
        "cores": str(cores()),
        "platform": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("ladera", "jax", "numpy")},
    }


def busy() -> float:
    """How many cores were at work in the last minute, on average; 0 where that cannot be told."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()

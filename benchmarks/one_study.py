"""One study in a process of its own: `python -m benchmarks.one_study SPEC` prints what it cost.

A small study of the same kind goes first, so that the workers are started and warm.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

import ladera


def study(folder: Path, rates: int, seeds: int, epochs: int) -> ladera.Study:
    return ladera.compare(
        ladera.Problem("digits", "mlp:64,64"),
        "adam",
        [float(lr) for lr in np.geomspace(1e-5, 1, rates)],
        seeds,
        epochs,
        out=folder,
    )


def main() -> None:
    spec = json.loads(sys.argv[1])
    folder = Path(spec["folder"])
    study(folder / "first", 3, 2, spec["epochs"])
    began = time.perf_counter()
    made = study(folder / "measured", spec["rates"], spec["seeds"], spec["epochs"])
    total = time.perf_counter() - began
    began = time.perf_counter()
    read = ladera.open(made.path)
    answer = read.recommendation()
    reading = time.perf_counter() - began
    print(
        json.dumps(
            {
                "runs": len(read.runs()),
                "total": total,
                "reading": reading,
                "seconds": read.as_json()["seconds"],
                "optimizer": answer.optimizer,
                "bytes": sum(file.stat().st_size for file in made.path.rglob("*.parquet")),
            }
        )
    )


if __name__ == "__main__":
    main()

"""NIST's Statistical Reference Datasets for nonlinear regression: their files, and their models.

https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml: 27 problems, each with two starts and the
certified parameters to 11 digits. The files hold data, starts and results; the models are stated there
in words for people, and here as functions of the parameters b and the predictor x.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

__all__ = ["MODELS", "Problem", "digits", "read"]

_MOST = 11.0  # digits that are certified


@dataclass(frozen=True)
class Problem:
    """One problem. starts: (2, n). certified, errors: (n,), the parameters and their standard errors."""

    name: str
    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    certified: np.ndarray
    errors: np.ndarray

    def residuals(self, b: Any) -> Any:
        """Of the model at b, (n,): (m,)."""
        return MODELS[self.name](b, self.x) - self.y


def read(file: Path) -> Problem:
    """The problem of a .dat file."""
    name, lines = file.stem, file.read_text(encoding="latin-1").splitlines()
    head = "\n".join(lines[:60])
    data = np.array([line.split() for line in _lines(lines, head, "Data") if line.strip()], float)
    rows = [line.split("=")[1].split() for line in _lines(lines, head, "Starting Values") if "=" in line]
    numbers = np.array(rows, float)
    y = np.log(data[:, 0]) if name == "Nelson" else data[:, 0]
    x = data[:, 1] if data.shape[1] == 2 else data[:, 1:].T
    return Problem(name, x, y, numbers[:, :2].T, numbers[:, 2], numbers[:, 3])


def digits(found: Any, certified: np.ndarray) -> float:
    """In how many digits the worst parameter agrees: the log relative error, 0 to 11."""
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(found) - certified) / np.abs(certified)
        worst = -np.log10(np.max(error))
    return float(np.clip(worst, 0, _MOST)) if np.isfinite(error).all() else 0.0


def _lines(lines: list[str], head: str, what: str) -> list[str]:
    found = re.search(rf"{what}\s+\(lines\s+(\d+)\s+to\s+(\d+)\)", head, flags=re.IGNORECASE)
    assert found is not None, what
    return lines[int(found[1]) - 1 : int(found[2])]


def _lanczos(b: Any, x: Any) -> Any:
    return b[0] * jnp.exp(-b[1] * x) + b[2] * jnp.exp(-b[3] * x) + b[4] * jnp.exp(-b[5] * x)


def _gauss(b: Any, x: Any) -> Any:
    first = b[2] * jnp.exp(-((x - b[3]) ** 2) / b[4] ** 2)
    return b[0] * jnp.exp(-b[1] * x) + first + b[5] * jnp.exp(-((x - b[6]) ** 2) / b[7] ** 2)


def _cubics(b: Any, x: Any) -> Any:
    above = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return above / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def _enso(b: Any, x: Any) -> Any:
    def wave(cosine: Any, sine: Any, period: Any) -> Any:
        return cosine * jnp.cos(2 * jnp.pi * x / period) + sine * jnp.sin(2 * jnp.pi * x / period)

    return b[0] + wave(b[1], b[2], 12.0) + wave(b[4], b[5], b[3]) + wave(b[7], b[8], b[6])


MODELS: dict[str, Callable[[Any, Any], Any]] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": lambda b, x: b[0] * (1 - jnp.exp(-b[1] * x)),
    "Chwirut1": lambda b, x: jnp.exp(-b[0] * x) / (b[1] + b[2] * x),
    "Chwirut2": lambda b, x: jnp.exp(-b[0] * x) / (b[1] + b[2] * x),
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": _enso,
    "Eckerle4": lambda b, x: b[0] / b[1] * jnp.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubics,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * jnp.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * jnp.exp(-x * b[3]) + b[2] * jnp.exp(-x * b[4]),
    "Misra1a": lambda b, x: b[0] * (1 - jnp.exp(-b[1] * x)),
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * jnp.exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + jnp.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + jnp.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - jnp.arctan(b[2] / (x - b[3])) / jnp.pi,
    "Thurber": _cubics,
}

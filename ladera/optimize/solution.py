"""What a minimisation gives back: SciPy's fields, and a code that is its own message."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from ladera.locale import Translator, translator
from ladera.solvers.result import Result

__all__ = ["Solution"]


@dataclass(frozen=True, eq=False)
class Solution:
    """Where a minimisation ended, with SciPy's names; `solution["x"]` reads the same as `solution.x`.

    Of one start: x (d,), fun a number, jac (d,), counts and status numbers. Of n starts, or n curves:
    an axis of n more in front of everything.

    x: the lowest point found. fun: the value there; of least squares the residuals (m,), with `cost`
        half the sum of their squares. jac: the gradient there; of least squares the Jacobian (m, d).
    nit, nfev, njev, nhev, nhvp: iterations; evaluations of the function, of its gradient (Jacobian),
        of its Hessian, and of its products with a vector.
    status: a `Result`, or an array of their numbers. seconds: spent compiling, and running.
    """

    x: np.ndarray
    fun: Any
    jac: np.ndarray
    nit: Any
    nfev: Any
    njev: Any
    nhev: Any
    nhvp: Any
    status: Any
    method: str
    seconds: dict[str, float] = field(default_factory=dict)
    cost: Any = None

    @property
    def success(self) -> Any:
        """Whether x is a minimum; an array of bool for several rows."""
        if isinstance(self.status, Result):
            return self.status.success
        return np.isin(self.status, [int(code) for code in Result if code.success])

    @property
    def message(self) -> Any:
        """The code in words; a list of them for several rows."""
        return self.told(translator())

    def told(self, _: Translator) -> Any:
        """The message in a language."""
        if isinstance(self.status, Result):
            return self.status.told(_)
        return [Result(code).told(_) for code in self.status.tolist()]

    @property
    def optimality(self) -> Any:
        """The largest element of the gradient, by size."""
        gradient = self.jac if self.cost is None else np.einsum("...m,...md->...d", self.fun, self.jac)
        return np.abs(gradient).max(axis=-1)

    def keys(self) -> list[str]:
        """The fields, so that dict(solution) works."""
        return [f.name for f in fields(self) if getattr(self, f.name) is not None] + ["success", "message"]

    def __getitem__(self, name: str) -> Any:
        if name not in (*(f.name for f in fields(self)), "success", "message", "optimality"):
            raise KeyError(name)
        return getattr(self, name)

    def __repr__(self) -> str:
        width = max(map(len, self.keys()))
        return "\n".join(f"{name:>{width}}: {self[name]!r}" for name in sorted(self.keys()))

"""Nonlinear conjugate gradients: the gradient, and a share β of the last direction."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp

from ladera.base import unknown_name
from ladera.locale import N_
from ladera.solvers._descent import Descent, Step, Way
from ladera.solvers._equations import Equation
from ladera.solvers.searches import Search, StrongWolfe

__all__ = ["CG"]

_RESTART = 6  # times d steps, as Hager & Zhang's CG_DESCENT


class _Memory(NamedTuple):
    p: Any  # the last direction; 0 at first
    beta: Any
    slope: Any  # along it, where it began
    alpha: Any  # the length that was gone along it
    steps: Any  # since the last restart


def fletcher_reeves(g: Any, y: Any, p: Any) -> Any:
    """Fletcher & Reeves 1964."""
    before = g - y
    return (g @ g) / (before @ before)


def polak_ribiere(g: Any, y: Any, p: Any) -> Any:
    """Polak & Ribière 1969, not below 0 (Powell 1984), which restarts."""
    before = g - y
    return jnp.maximum((g @ y) / (before @ before), 0)


def hager_zhang(g: Any, y: Any, p: Any) -> Any:
    """Hager & Zhang 2005, equations (1.3), (1.5) and (1.6): descends whatever the search."""
    py = p @ y
    beta = (y - 2 * p * (y @ y) / py) @ g / py
    before = g - y
    norm = jnp.linalg.norm
    least = -1 / (norm(p) * jnp.minimum(0.01, norm(before)))
    return jnp.maximum(beta, least)


BETAS = {
    "fletcher-reeves": fletcher_reeves,
    "polak-ribiere": polak_ribiere,
    "hager-zhang": hager_zhang,
}


# The three as `Equation` writes them.
_SHARES = {
    "fletcher-reeves": "beta_new = (g_new @ g_new)/(g @ g)",
    "polak-ribiere": "beta_new = maximum((g_new @ y)/(g @ g), 0)",
    "hager-zhang": "beta_new = maximum((y - 2*(y @ y)/(p @ y)*p) @ g_new/(p @ y), "
    "-1/(norm(p)*minimum(0.01, norm(g))))",
}


class CG(Descent):
    """Nonlinear conjugate gradients: p = -g + β p.

    gtol: it has converged where no element of the gradient is larger. beta: fletcher-reeves,
    polak-ribiere (not below 0) or hager-zhang. search: how far to go; conjugate directions want a
    search that is more exact than others do.
    """

    paper: ClassVar[str] = "Hager & Zhang 2005; Nocedal & Wright 2006, section 5.2"
    tabled: ClassVar[tuple[str, ...]] = ("beta", "p", "alpha")

    search: Search = StrongWolfe(c2=0.1)
    beta: str = "polak-ribiere"

    def __post_init__(self):
        super().__post_init__()
        if self.beta not in BETAS:
            raise unknown_name("beta", str(self.beta), BETAS)

    def remember(self, x):
        zero = jnp.zeros((), x.dtype)
        return _Memory(jnp.zeros_like(x), zero, zero, zero, jnp.int32(0))

    def learnt(self, memory: _Memory):
        return memory.alpha > 0

    def direction(self, f, memory, x, g):
        return Way(-g + memory.beta * memory.p)

    def learn(self, memory: _Memory, step: Step) -> _Memory:
        beta = BETAS[self.beta](step.g, step.y, step.p)
        before = step.g - step.y
        # Now and then, and where β is no number, it begins anew (Nocedal & Wright, section 5.2).
        restart = ~jnp.isfinite(beta) | (memory.steps + 1 >= _RESTART * step.g.size)
        if self.beta == "fletcher-reeves":  # and where two gradients are far from orthogonal (5.52)
            restart = restart | (jnp.abs(step.g @ before) >= 0.1 * (step.g @ step.g))
        beta = jnp.where(restart, 0, beta)
        alpha = jnp.linalg.norm(step.s) / jnp.linalg.norm(step.p)
        steps = jnp.where(restart, 0, memory.steps + 1)
        return _Memory(step.p, beta, before @ step.p, alpha, steps)

    def first_trial(self, memory: _Memory, slope):
        return memory.alpha * memory.slope / slope  # the same fall as the last step (3.60)

    def equations(self):
        return (
            Equation("p = -g + beta*p_old", "turned"),
            *super().equations(),
            Equation("y = g_new - g"),
            Equation(_SHARES[self.beta], "goes_on"),
            Equation("beta_new = 0", "restarts", N_("every 6 d steps, and where β is no number")),
        )

    def shown(self, f, before, after):
        told, own = super().shown(f, before, after), before.memory.own
        step = self.taken(before, after)
        new: _Memory = self.learn(own, step)
        restarts = new.steps == 0
        beta = jnp.where(told["steepest"], 0, own.beta)  # then nothing of the last direction is kept
        numbers = {"p_old": own.p, "beta": beta, "y": step.y, "beta_new": new.beta}
        return {**told, **numbers, "restarts": restarts, "goes_on": ~restarts}

"""BFGS: the inverse Hessian, learnt from how the gradient changes."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp

from ladera.locale import N_
from ladera.solvers._descent import Descent, Step, Way
from ladera.solvers._equations import Equation

__all__ = ["BFGS"]


class _Memory(NamedTuple):
    H: Any  # the inverse Hessian as far as it is known, (d, d)
    learnt: Any  # whether anything was learnt


class BFGS(Descent):
    """Nocedal & Wright 2006, Algorithm 6.1: Broyden, Fletcher, Goldfarb and Shanno's update.

    gtol: it has converged where no element of the gradient is larger. search: how far to go.
    """

    paper: ClassVar[str] = "Nocedal & Wright 2006, Algorithm 6.1"
    tabled: ClassVar[tuple[str, ...]] = ("H", "p", "alpha")

    def remember(self, x):
        return _Memory(jnp.eye(x.size, dtype=x.dtype), jnp.bool_(False))

    def learnt(self, memory: _Memory):
        return memory.learnt

    def direction(self, f, memory, x, g):
        return Way(-memory.H @ g)

    def learn(self, memory: _Memory, step: Step) -> _Memory:
        s, y = step.s, step.y
        sy, yy = s @ y, y @ y
        # The curvature along s must be positive, or H would not stay so: then nothing is learnt.
        curved = sy > jnp.finfo(s.dtype).eps * jnp.sqrt((s @ s) * yy)
        rho, gamma = 1 / sy, sy / yy
        H = jnp.where(memory.learnt, memory.H, gamma * memory.H)  # the scale of the first step (6.20)
        # (I - ρ s yᵀ) H (I - ρ y sᵀ) + ρ s sᵀ (6.17), multiplied out: d² products instead of d³.
        Hy = H @ y
        crossed = jnp.outer(s, Hy)
        H = H - rho * (crossed + crossed.T) + rho * (1 + rho * (y @ Hy)) * jnp.outer(s, s)
        return _Memory(jnp.where(curved, H, memory.H), memory.learnt | curved)

    def equations(self):
        updated = "(I - rho*outer(s, y)) @ {} @ (I - rho*outer(y, s)) + rho*outer(s, s)"
        return (
            Equation("H"),
            Equation("p = -H @ g", "turned"),
            *super().equations(),
            Equation("s = x_new - x"),
            Equation("y = g_new - g"),
            Equation("rho = 1/(y @ s)", "curved"),
            Equation("gamma = (s @ y)/(y @ y)", "first", N_("at the first step")),
            Equation(f"H_new = {updated.format('(gamma*I)')}", "first"),
            Equation(f"H_new = {updated.format('H')}", "later"),
            Equation("H_new = H", "straight", N_("where the curvature along s is not positive")),
        )

    def shown(self, f, before, after):
        own: _Memory = before.memory.own
        step = self.taken(before, after)
        s, y = step.s, step.y
        new: _Memory = self.learn(own, step)
        curved = (new.H != own.H).any()
        cases = {
            "curved": curved,
            "first": curved & ~own.learnt,
            "later": curved & own.learnt,
            "straight": ~curved,
        }
        numbers = {"s": s, "y": y, "rho": 1 / (s @ y), "gamma": (s @ y) / (y @ y), "H_new": new.H}
        return {"H": own.H, **super().shown(f, before, after), **numbers, **cases}

"""L-BFGS: BFGS from the last few steps alone, so that no matrix is kept."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ladera.solvers._descent import Descent, Step, Way
from ladera.solvers._equations import Equation
from ladera.solvers.searches._search import pick

__all__ = ["LBFGS", "two_loop"]


class Pairs(NamedTuple):
    """The last steps s and changes of the gradient y, newest last; those not yet there are 0."""

    S: Any  # (history, d)
    Y: Any  # (history, d)

    @property
    def rho(self) -> Any:
        """(history,): 1 / sᵀy; 0 of a pair that is not there, or shows no positive curvature."""
        sy = (self.S * self.Y).sum(axis=1)
        return jnp.where(_curved(self.S, self.Y), 1 / sy, 0)

    @property
    def gamma(self) -> Any:
        """sᵀy / yᵀy of the newest pair, the scale of H; 1 without any."""
        counts = _curved(self.S, self.Y)
        newest = jnp.where(counts, jnp.arange(len(counts)), -1).argmax()
        s, y = self.S[newest], self.Y[newest]
        return jnp.where(counts.any(), s @ y / (y @ y), 1)


def _curved(S: Any, Y: Any) -> Any:
    """Whether pairs, a row each, show positive curvature: without it H would not stay positive, and the
    direction would climb."""
    sy, ss, yy = ((A * B).sum(axis=1) for A, B in ((S, Y), (S, S), (Y, Y)))
    return sy > jnp.finfo(S.dtype).eps * jnp.sqrt(ss * yy)


class LBFGS(Descent):
    """Liu & Nocedal 1989; Nocedal & Wright 2006, Algorithms 7.4 and 7.5. With bounds, two-metric
    projection (Bertsekas 1982): variables that a bound holds back stay out of the direction and of the
    pairs, and the search bends along the bounds.

    gtol: it has converged where no element of the (projected) gradient is larger. history: pairs
    kept. search: how far to go; with bounds Armijo's.
    """

    paper: ClassVar[str] = "Nocedal & Wright 2006, Algorithm 7.5"
    bounded: ClassVar[bool] = True
    tabled: ClassVar[tuple[str, ...]] = ("gamma", "p", "alpha")

    history: int = 10

    def remember(self, x):
        none = jnp.zeros((self.history, x.size), x.dtype)
        return Pairs(none, none)

    def learnt(self, memory: Pairs):
        return memory.rho[-1] > 0

    def direction(self, f, memory, x, g):
        return Way(-two_loop(memory, g))

    def learn(self, memory: Pairs, step: Step) -> Pairs:
        new = Pairs(_pushed(memory.S, step.s), _pushed(memory.Y, step.y))
        return pick(new.rho[-1] > 0, new, memory)

    def restricted(self, memory: Pairs, free):
        return Pairs(memory.S * free[None, :], memory.Y * free[None, :])

    def equations(self):
        return (
            Equation("H = bfgs(gamma*I, S, Y)", "turned"),
            Equation("p = -H @ g", "turned"),
            *super().equations(),
            Equation("s = x_new - x"),
            Equation("y = g_new - g"),
            Equation("rho = 1/(y @ s)", "curved"),
            Equation("gamma_new = (s @ y)/(y @ y)", "curved"),
        )

    def shown(self, f, before, after):
        own: Pairs = before.memory.own
        step = self.taken(before, after)
        s, y = step.s, step.y
        new: Pairs = self.learn(own, step)
        H = jax.vmap(lambda e: two_loop(own, e))(jnp.eye(s.size, dtype=s.dtype))
        kept = {"H": H, "S": own.S, "Y": own.Y, "gamma": own.gamma}
        numbers = {"s": s, "y": y, "rho": 1 / (s @ y), "gamma_new": new.gamma}
        cases = {"curved": (new.S != own.S).any()}
        return {**kept, **super().shown(f, before, after), **numbers, **cases}


def two_loop(pairs: Pairs, g: Any) -> Any:
    """H g, (d,), H being the inverse Hessian that the pairs make of γ I (Algorithm 7.4)."""

    def back(q: Any, pair: Any) -> Any:
        s, y, rho = pair
        a = rho * (s @ q)
        return q - a * y, a

    def forth(r: Any, pair: Any) -> Any:
        s, y, rho, a = pair
        b = rho * (y @ r)
        return r + (a - b) * s, None

    kept = (*pairs, pairs.rho)
    q, a = lax.scan(back, g, kept, reverse=True)
    r, _ = lax.scan(forth, pairs.gamma * q, (*kept, a))
    return r


def _pushed(rows: Any, row: Any) -> Any:
    return jnp.concatenate([rows[1:], row[None]])

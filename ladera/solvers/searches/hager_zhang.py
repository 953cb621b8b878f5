"""Hager and Zhang: an interval around a minimum, narrowed by secants of the slope."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp

from ladera.hyperparameters import Fraction, Positive
from ladera.solvers.searches._search import Search, narrow, on_or_over, pick, rise

__all__ = ["HagerZhang"]


# What the trial is, in each round of the search within an interval.
_OTHER, _SECANT, _SECOND_SECANT = range(3)


class _End(NamedTuple):
    """An end of the interval. A right end that is too high has no slope (nan): no secant uses it."""

    alpha: Any
    slope: Any


class _State(NamedTuple):
    alpha: Any
    done: Any
    failed: Any
    trials: Any
    phi0: Any
    slope0: Any
    a: _End  # φ has fallen enough here, and goes on falling
    b: _End  # φ rises here or is too high; infinite until such a point is found
    width: Any  # of the interval when the round began
    trial: Any  # what the trial is
    last: Any  # whether it is the best one once more, to be taken as it is


class HagerZhang(Search):
    """Hager & Zhang 2005, section 4: bracketing (B1 to B3), the interval's update (U1 to U3), two
    secants a round (S1 to S4), and bisection where they shorten it too little (L2).

    Ends are kept so that an interval always holds a point that fulfils Wolfe's strong conditions,
    φ(α) <= φ(0) + c1 α φ'(0) and |φ'(α)| <= c2 |φ'(0)|, for which c1 < c2: U2 asks for enough fall
    where the paper allows a rise.

    c1 (δ), c2 (σ): of Wolfe's conditions. shrink (γ): a round that leaves more than this share of the
    interval ends with a bisection. grow (ρ): of the trials while there is no interval.
    """

    paper: ClassVar[str] = "Hager & Zhang 2005, section 4"

    c1: Fraction = 0.1
    c2: Fraction = 0.9
    shrink: Fraction = 0.66
    grow: Positive = 5.0

    def start(self, phi, slope, alpha):
        zero, far, no = jnp.zeros_like(phi), jnp.full_like(phi, jnp.inf), jnp.bool_(False)
        a, b = _End(zero, slope), _End(far, jnp.full_like(phi, jnp.nan))
        return _State(alpha, no, no, jnp.int32(0), phi, slope, a, b, far, jnp.int32(_OTHER), no)

    def step(self, s, phi, slope):
        risen = rise(s, phi, slope)
        enough = risen <= self.c1 * s.alpha * s.slope0
        accepted = enough & (jnp.abs(slope) <= -self.c2 * s.slope0)
        slope = jnp.where(jnp.isfinite(risen), slope, jnp.nan)
        n = self._next(s, self._updated(s, enough, slope))
        short = jnp.isfinite(n.b.alpha) & narrow(n.a.alpha, n.b.alpha)
        return on_or_over(s, n, accepted, short, n.a.alpha, n.a.alpha > 0)

    def _updated(self, s: _State, enough: Any, slope: Any) -> _State:
        """U1 to U3: the trial becomes an end of the interval."""
        falls = enough & (slope < 0)
        b = _End(s.alpha, jnp.where(slope >= 0, slope, jnp.nan))
        return s._replace(a=pick(falls, _End(s.alpha, slope), s.a), b=pick(falls, s.b, b))

    def _next(self, s: _State, n: _State) -> _State:
        """The next trial in the interval of n, which was that of s before the last trial."""
        a, b = n.a, n.b
        width = b.alpha - a.alpha
        secant = _secant(a, b)
        # S2 and S3: through the end that the first secant has moved, where it was and where it is.
        second = jnp.where(a.alpha == s.alpha, _secant(s.a, a), _secant(s.b, b))
        twice = (s.trial == _SECANT) & (second > a.alpha) & (second < b.alpha)
        ends = ~twice & (s.trial != _OTHER)  # the round
        once = ~twice & ~(ends & (width > self.shrink * s.width)) & (secant > a.alpha) & (secant < b.alpha)
        middle = a.alpha + (b.alpha - a.alpha) / 2
        inside = jnp.where(twice, second, jnp.where(once, secant, middle))
        # B3, but no further than the secant of a slope that flattens.
        beyond, most = _secant(s.a, a), self.grow * s.alpha
        beyond = jnp.where(beyond > s.alpha, jnp.minimum(beyond, most), most)
        return n._replace(
            alpha=jnp.where(jnp.isfinite(b.alpha), inside, beyond),
            trial=jnp.where(twice, _SECOND_SECANT, jnp.where(once, _SECANT, _OTHER)).astype(jnp.int32),
            width=jnp.where(twice, s.width, width),
        )


def _secant(p: _End, q: _End) -> Any:
    """Where the line through two slopes is 0."""
    return (p.alpha * q.slope - q.alpha * p.slope) / (q.slope - p.slope)

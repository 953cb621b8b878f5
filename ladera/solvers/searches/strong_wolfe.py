"""Strong Wolfe: enough fall, and a slope that has become small, by Moré and Thuente's interval."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp

from ladera.hyperparameters import Fraction
from ladera.solvers.searches._search import Search, narrow, on_or_over, pick, rise

__all__ = ["StrongWolfe"]

_NARROW = 0.66  # an interval that two trials have not made so much narrower is halved
_NEAR, _FAR = 1.1, 4.0  # while there is no interval: how much further than the last step the next goes


class _Trial(NamedTuple):
    """A step length; φ(α) - φ(0) and φ'(α) there, or of ψ(α) = φ(α) - φ(0) - c1 α φ'(0)."""

    alpha: Any
    rise: Any
    slope: Any


class _State(NamedTuple):
    alpha: Any
    done: Any
    failed: Any
    trials: Any
    phi0: Any
    slope0: Any
    best: _Trial  # the lowest so far
    other: _Trial  # the other end of the interval
    bracketed: Any  # whether a minimum is known to lie between them
    falling: Any  # until a trial has fallen enough and rises: it is ψ that is minimised
    width: Any
    width_before: Any
    last: Any  # whether the trial is the best one once more, to be taken as it is


class StrongWolfe(Search):
    """φ(α) <= φ(0) + c1 α φ'(0) and |φ'(α)| <= c2 |φ'(0)|: Moré & Thuente 1994, Line search algorithms
    with guaranteed sufficient decrease.

    c1: the share of the fall that the slope promises which must be had. c2: the share of the slope
    that may be left; larger than c1, or there may be no such point.
    """

    paper: ClassVar[str] = "Moré & Thuente 1994, sections 2 to 4"

    c1: Fraction = 1e-4
    c2: Fraction = 0.9

    def start(self, phi, slope, alpha):
        zero, far, no = jnp.zeros_like(phi), jnp.full_like(phi, jnp.inf), jnp.bool_(False)
        here = _Trial(zero, zero, slope)
        return _State(
            *(alpha, no, no, jnp.int32(0), phi, slope),
            *(here, here, no, jnp.bool_(True), far, far, no),
        )

    def step(self, s, phi, slope):
        t = _Trial(s.alpha, rise(s, phi, slope), slope)
        enough = t.rise <= self.c1 * s.alpha * s.slope0
        accepted = enough & (jnp.abs(slope) <= -self.c2 * s.slope0)
        n = self._narrowed(s, t, enough)
        low, high = jnp.minimum(n.best.alpha, n.other.alpha), jnp.maximum(n.best.alpha, n.other.alpha)
        short = n.bracketed & narrow(low, high)
        return on_or_over(s, n, accepted, short, n.best.alpha, n.best.rise < 0)

    def _narrowed(self, s: _State, t: _Trial, enough: Any) -> _State:
        """A smaller interval with `t` as one end, and the next trial in it (sections 2 and 3)."""
        falling = s.falling & ~(enough & (t.slope >= 0))
        tilt = jnp.where(falling & ~enough & (t.rise <= s.best.rise), self.c1 * s.slope0, 0)
        ends = _tilted(s.best, tilt), _tilted(s.other, tilt)
        best, other, alpha, bracketed = _interval(*ends, _tilted(t, tilt), s.bracketed)

        width = jnp.abs(other.alpha - best.alpha)
        slow = bracketed & (width >= _NARROW * s.width_before)
        middle = best.alpha + (other.alpha - best.alpha) / 2
        return s._replace(
            alpha=jnp.where(slow, middle, alpha),
            best=_tilted(best, -tilt),
            other=_tilted(other, -tilt),
            bracketed=bracketed,
            falling=falling,
            width_before=jnp.where(bracketed, s.width, s.width_before),
            width=jnp.where(bracketed, width, s.width),
        )


def _tilted(t: _Trial, tilt: Any) -> _Trial:
    """The same trial of φ(α) - tilt α."""
    return _Trial(t.alpha, t.rise - tilt * t.alpha, t.slope - tilt)


def _interval(best: _Trial, other: _Trial, t: _Trial, bracketed: Any) -> tuple[_Trial, _Trial, Any, Any]:
    """The new ends, the next trial, and whether a minimum lies between: the cases of section 4."""
    higher = t.rise > best.rise
    turned = ~higher & (t.slope * jnp.sign(best.slope) < 0)
    flatter = ~higher & ~turned & (jnp.abs(t.slope) < jnp.abs(best.slope))
    as_steep = jnp.where(bracketed, _cubic(t, other), _beyond(best, t, _FAR))
    cases = [_when_higher(best, t), _when_turned(best, t), _when_flatter(best, other, t, bracketed)]
    alpha = jnp.select([higher, turned, flatter], cases, as_steep)
    new_best = pick(higher, best, t)
    new_other = pick(higher, t, pick(turned, best, other))
    # Where t is not finite, or values are equal, formulas give no number: a quarter is never wrong.
    quarter = new_best.alpha + (new_other.alpha - new_best.alpha) / 4
    return new_best, new_other, jnp.where(jnp.isfinite(alpha), alpha, quarter), bracketed | higher | turned


def _when_higher(best: _Trial, t: _Trial) -> Any:
    """Case 1: t is higher. Closer to the cubic's minimum than to the parabola's."""
    cubic = _cubic(best, t)
    h = t.alpha - best.alpha
    parabola = best.alpha + best.slope / ((best.rise - t.rise) / h + best.slope) / 2 * h
    near = jnp.abs(cubic - best.alpha) < jnp.abs(parabola - best.alpha)
    return jnp.where(near, cubic, cubic + (parabola - cubic) / 2)


def _when_turned(best: _Trial, t: _Trial) -> Any:
    """Case 2: t is lower, and the slope has turned. The one of cubic and secant farther from t."""
    cubic, secant = _cubic(t, best), _secant(t, best)
    return jnp.where(jnp.abs(cubic - t.alpha) > jnp.abs(secant - t.alpha), cubic, secant)


def _when_flatter(best: _Trial, other: _Trial, t: _Trial, bracketed: Any) -> Any:
    """Case 3: t is lower and flatter. The cubic counts only if it is lowest beyond t."""
    cubic, secant = _cubic(t, best), _secant(t, best)
    ahead = (cubic - t.alpha) * (t.alpha - best.alpha) > 0
    nearer = jnp.abs(cubic - t.alpha) < jnp.abs(secant - t.alpha)
    edge = t.alpha + _NARROW * (other.alpha - t.alpha)
    inside = jnp.where(ahead & nearer, cubic, secant)
    inside = jnp.where(t.alpha > best.alpha, jnp.minimum(edge, inside), jnp.maximum(edge, inside))
    near = jnp.where(best.alpha > 0, _beyond(best, t, _NEAR), t.alpha)  # the first may be a little short
    far = _beyond(best, t, _FAR)
    outside = jnp.clip(jnp.where(~ahead, far, jnp.where(nearer, secant, cubic)), near, far)
    return jnp.where(bracketed, inside, outside)


def _beyond(best: _Trial, t: _Trial, times: float) -> Any:
    return t.alpha + times * (t.alpha - best.alpha)


def _secant(a: _Trial, b: _Trial) -> Any:
    """Where the line through two slopes is 0."""
    return a.alpha + a.slope / (a.slope - b.slope) * (b.alpha - a.alpha)


def _cubic(a: _Trial, b: _Trial) -> Any:
    """Where the cubic through two values and slopes is lowest, reckoned from a; no number where it falls
    all the way."""
    theta = 3 * (a.rise - b.rise) / (b.alpha - a.alpha) + a.slope + b.slope
    scale = jnp.maximum(jnp.abs(theta), jnp.maximum(jnp.abs(a.slope), jnp.abs(b.slope)))
    inside = (theta / scale) ** 2 - (a.slope / scale) * (b.slope / scale)
    gamma = scale * jnp.sqrt(inside) * jnp.sign(b.alpha - a.alpha)
    r = (gamma - a.slope + theta) / (2 * gamma - a.slope + b.slope)
    return a.alpha + r * (b.alpha - a.alpha)

"""The test problems of Moré, Garbow & Hillstrom 1981, Testing Unconstrained Optimization Software,
ACM Transactions on Mathematical Software 7: 17-41, in the order and the letters of that paper.

All 35 are sums of squares. MGH names each as residuals in JAX, with its customary start; sizes other
than the first of a problem are entries of their own (watson, watson_9). The residuals of a problem of
any size read n off x, so that further sizes are a matter of the start.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

__all__ = ["MGH", "Problem"]


class Problem(NamedTuple):
    """Residuals of x, (n,), that are (m,), and what is known of the sum of their squares.

    minima: the values of Σ r² at its minima, as the paper gives them but to more digits.
    f0: Σ r² at the start: MINPACK's (which has it to 15 digits) or Algorithm 566's, where known.
    unconstrained: whether it is one of the paper's 18 for unconstrained minimisation.
    """

    residuals: Callable[[Any], Any]
    start: tuple[float, ...]
    minima: tuple[float, ...]
    n: int
    m: int
    note: str = ""
    unconstrained: bool = False
    f0: float | None = None


def numbers(text: str) -> np.ndarray:
    return np.array(text.split(), float)


def upto(n: int) -> np.ndarray:
    return np.arange(1.0, n + 1)


def rosenbrock(x):  # 1 and 21, extended
    a, b = x[::2], x[1::2]
    return jnp.stack([10 * (b - a**2), 1 - a], axis=1).reshape(-1)


def freudenstein_roth(x):  # 2
    a, b = x
    return jnp.stack([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def powell_badly_scaled(x):  # 3
    a, b = x
    return jnp.stack([1e4 * a * b - 1, jnp.exp(-a) + jnp.exp(-b) - 1.0001])


def brown_badly_scaled(x):  # 4
    a, b = x
    return jnp.stack([a - 1e6, b - 2e-6, a * b - 2])


def beale(x):  # 5
    a, b = x
    return jnp.stack([1.5 - a * (1 - b), 2.25 - a * (1 - b**2), 2.625 - a * (1 - b**3)])


def jennrich_sampson(x, m=10):  # 6
    i = upto(m)
    return 2 + 2 * i - (jnp.exp(i * x[0]) + jnp.exp(i * x[1]))


def helical_valley(x):  # 7
    a, b, c = x
    # The angle from the first axis in turns, between -1/4 and 3/4, smooth but across the half-axis b < 0.
    theta = 0.25 + jnp.arctan2(-a, b) / (2 * np.pi)
    return jnp.stack([10 * (c - 10 * theta), 10 * (jnp.sqrt(a**2 + b**2) - 1), c])


BARD_Y = numbers("0.14 0.18 0.22 0.25 0.29 0.32 0.35 0.39 0.37 0.58 0.73 0.96 1.34 2.10 4.39")


def bard(x):  # 8
    u = upto(15)
    v = 16 - u
    return BARD_Y - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


GAUSSIAN_Y = numbers("9 44 175 540 1295 2420 3521 3989 3521 2420 1295 540 175 44 9") / 10000


def gaussian(x):  # 9
    t = (8 - upto(15)) / 2
    return x[0] * jnp.exp(-x[1] * (t - x[2]) ** 2 / 2) - GAUSSIAN_Y


MEYER_Y = numbers("34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872")


def meyer(x):  # 10
    return x[0] * jnp.exp(x[1] / (45 + 5 * upto(16) + x[2])) - MEYER_Y


def gulf(x, m=99):  # 11; the paper's "mi" is a minus sign
    t = upto(m) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return jnp.exp(-(jnp.abs(y - x[1]) ** x[2]) / x[0]) - t


def box(x, m=10):  # 12
    t = upto(m) / 10
    return jnp.exp(-t * x[0]) - jnp.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x):  # 13 and 22, extended
    a, b, c, d = x[::4], x[1::4], x[2::4], x[3::4]
    rows = [a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2]
    return jnp.stack(rows, axis=1).reshape(-1)


def wood(x):  # 14
    a, b, c, d = x
    rows = [10 * (b - a**2), 1 - a, np.sqrt(90) * (d - c**2), 1 - c]
    return jnp.stack([*rows, np.sqrt(10) * (b + d - 2), (b - d) / np.sqrt(10)])


KOWALIK_Y = numbers("0.1957 0.1947 0.1735 0.1600 0.0844 0.0627 0.0456 0.0342 0.0323 0.0235 0.0246")
KOWALIK_U = numbers("4 2 1 0.5 0.25 0.167 0.125 0.1 0.0833 0.0714 0.0625")


def kowalik_osborne(x):  # 15
    u = KOWALIK_U
    return KOWALIK_Y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x, m=20):  # 16
    t = upto(m) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


OSBORNE_1_Y = numbers(
    """.844 .908 .932 .936 .925 .908 .881 .850 .818 .784 .751 .718 .685 .658 .628 .603 .580 .558 .538
    .522 .506 .490 .478 .467 .457 .448 .438 .431 .424 .420 .414 .411 .406"""
)


def osborne_1(x):  # 17
    t = 10 * (upto(33) - 1)
    return OSBORNE_1_Y - (x[0] + x[1] * jnp.exp(-t * x[3]) + x[2] * jnp.exp(-t * x[4]))


def biggs_exp6(x, m=13):  # 18
    t = upto(m) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * jnp.exp(-t * x[0]) - x[3] * jnp.exp(-t * x[1]) + x[5] * jnp.exp(-t * x[4]) - y


OSBORNE_2_Y = numbers(
    """1.366 1.191 1.112 1.013 .991 .885 .831 .847 .786 .725 .746 .679 .608 .655 .616 .606 .602 .626 .651
    .724 .649 .649 .694 .644 .624 .661 .612 .558 .533 .495 .500 .423 .395 .375 .372 .391 .396 .405 .428
    .429 .523 .562 .607 .653 .672 .708 .633 .668 .645 .632 .591 .559 .597 .625 .739 .710 .729 .720 .636
    .581 .428 .292 .162 .098 .054"""
)


def osborne_2(x):  # 19
    t = (upto(65) - 1) / 10
    bells = [x[k] * jnp.exp(-((t - x[7 + k]) ** 2) * x[4 + k]) for k in (1, 2, 3)]
    return OSBORNE_2_Y - (x[0] * jnp.exp(-t * x[4]) + sum(bells))


def watson(x):  # 20
    n = x.shape[0]
    powers = (upto(29) / 29)[:, None] ** np.arange(n)[None, :]  # (29, n): 1, t, t², ...
    slopes = np.hstack([np.zeros((29, 1)), powers[:, :-1] * np.arange(1.0, n)[None, :]])
    return jnp.concatenate([slopes @ x - (powers @ x) ** 2 - 1, jnp.stack([x[0], x[1] - x[0] ** 2 - 1])])


def penalty_1(x):  # 23
    return jnp.append(np.sqrt(1e-5) * (x - 1), x @ x - 0.25)


def penalty_2(x):  # 24
    n = x.shape[0]
    e, i = jnp.exp(x / 10), upto(n)
    y = (np.exp(i / 10) + np.exp((i - 1) / 10))[1:]
    rows = [x[:1] - 0.2, np.sqrt(1e-5) * (e[1:] + e[:-1] - y), np.sqrt(1e-5) * (e[1:] - np.exp(-0.1))]
    return jnp.append(jnp.concatenate(rows), (n - i + 1) @ x**2 - 1)


def variably_dimensioned(x):  # 25
    s = upto(x.shape[0]) @ (x - 1)
    return jnp.concatenate([x - 1, jnp.stack([s, s**2])])


def trigonometric(x):  # 26
    n = x.shape[0]
    return n - jnp.cos(x).sum() + upto(n) * (1 - jnp.cos(x)) - jnp.sin(x)


def brown_almost_linear(x):  # 27
    return jnp.append(x[:-1] + x.sum() - (x.shape[0] + 1), x.prod() - 1)


def neighbours(x):
    """x to the left and to the right, 0 beyond the ends."""
    padded = jnp.pad(x, 1)
    return padded[:-2], padded[2:]


def discrete_boundary(x):  # 28
    n = x.shape[0]
    left, right = neighbours(x)
    return 2 * x - left - right + (x + upto(n) / (n + 1) + 1) ** 3 / (2 * (n + 1) ** 2)


def discrete_integral(x):  # 29
    n = x.shape[0]
    t = upto(n) / (n + 1)
    cube = (x + t + 1) ** 3
    below = jnp.cumsum(t * cube)
    above = ((1 - t) * cube).sum() - jnp.cumsum((1 - t) * cube)
    return x + ((1 - t) * below + t * above) / (2 * (n + 1))


def broyden_tridiagonal(x):  # 30
    left, right = neighbours(x)
    return (3 - 2 * x) * x - left - 2 * right + 1


def broyden_banded(x):  # 31
    i = np.arange(x.shape[0])
    away = i[None, :] - i[:, None]
    band = ((away >= -5) & (away <= 1) & (away != 0)).astype(float)
    return x * (2 + 5 * x**2) + 1 - band @ (x * (1 + x))


def linear_full_rank(x, m=10):  # 32
    return jnp.pad(x, (0, m - x.shape[0])) - 2 / m * x.sum() - 1


def linear_rank_1(x, m=10):  # 33
    return upto(m) * (upto(x.shape[0]) @ x) - 1


def linear_rank_1_zeros(x, m=10):  # 34: columns and rows of zeros at both ends
    inner = np.pad(np.arange(1.0, m - 1), 1)
    return inner * (upto(x.shape[0])[1:-1] @ x[1:-1]) - 1


def chebyquad(x):  # 35, with as many functions as variables
    n = x.shape[0]
    t = 2 * x - 1

    def next_degree(last, _):
        before, now = last
        return (now, 2 * t * now - before), now.mean()

    _, means = lax.scan(next_degree, (jnp.ones_like(t), t), length=n)
    i = upto(n)
    return means + np.where(i % 2 == 0, 1 / np.maximum(i**2 - 1, 1), 0.0)


def boundary_start(n: int) -> tuple[float, ...]:
    t = upto(n) / (n + 1)
    return tuple(t * (t - 1))


def ramp(n: int) -> tuple[float, ...]:
    return tuple(upto(n) / (n + 1))


FREE: Any = functools.partial(Problem, unconstrained=True)

MGH: dict[str, Problem] = {
    "rosenbrock": Problem(rosenbrock, (-1.2, 1.0), (0.0,), 2, 2, f0=24.2),
    "freudenstein_roth": Problem(
        freudenstein_roth, (0.5, -2.0), (0.0, 48.984253679), 2, 2, "the start leads to the second", f0=400.5
    ),
    "powell_badly_scaled": FREE(powell_badly_scaled, (0.0, 1.0), (0.0,), 2, 2, f0=1.13526171734838),
    "brown_badly_scaled": FREE(brown_badly_scaled, (1.0, 1.0), (0.0,), 2, 3, f0=999998000003.0),
    "beale": FREE(beale, (1.0, 1.0), (0.0,), 2, 3, f0=14.203125),
    "jennrich_sampson": Problem(
        jennrich_sampson, (0.3, 0.4), (124.362182356,), 2, 10, f0=64.5856498144943**2
    ),
    "helical_valley": FREE(helical_valley, (-1.0, 0.0, 0.0), (0.0,), 3, 3, f0=2500.0),
    "bard": Problem(
        *(bard, (1.0, 1.0, 1.0), (8.21487730658e-3, 17.4286933333), 3, 15),
        *("the second lies at infinity", False, 6.45613629515967**2),
    ),
    "gaussian": FREE(gaussian, (0.4, 1.0, 0.0), (1.12793276962e-8,), 3, 15, f0=3.88810699116688e-6),
    "meyer": Problem(
        *(meyer, (0.02, 4000.0, 250.0), (87.94585517,), 3, 16),
        *("the gradient is steep even beside the minimum", False, 41153.4665543031**2),
    ),
    "gulf": FREE(gulf, (5.0, 2.5, 0.15), (0.0,), 3, 99, f0=12.1107058255695),
    "box": FREE(box, (0.0, 10.0, 20.0), (0.0,), 3, 10, f0=32.1115837449572**2),
    "powell_singular": Problem(powell_singular, (3.0, -1.0, 0.0, 1.0), (0.0,), 4, 4, f0=215.0),
    "wood": FREE(wood, (-3.0, -1.0, -3.0, -1.0), (0.0,), 4, 6, f0=19192.0),
    "kowalik_osborne": Problem(
        *(kowalik_osborne, (0.25, 0.39, 0.415, 0.39), (3.07505603849e-4, 1.02734e-3), 4, 11),
        *("the second lies at infinity", False, 0.0728915102882945**2),
    ),
    "brown_dennis": FREE(
        brown_dennis, (25.0, 5.0, -5.0, -1.0), (85822.2016264,), 4, 20, f0=2815.43839161816**2
    ),
    "osborne_1": Problem(
        osborne_1, (0.5, 1.5, -1.0, 0.01, 0.02), (5.46489469748e-5,), 5, 33, f0=0.937564021037838**2
    ),
    "biggs_exp6": FREE(
        *(biggs_exp6, (1.0, 2.0, 1.0, 1.0, 1.0, 1.0), (0.0, 5.65564992509e-3, 0.30636677262479), 6, 13),
        *("the paper gives the second; the third is a plateau",),
        f0=0.779070075655970,
    ),
    "osborne_2": Problem(
        *(osborne_2, (1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5)),
        *((4.01377362935e-2,), 11, 65, "", False, 1.44686540984712**2),
    ),
    "watson": FREE(watson, (0.0,) * 6, (2.28767005355e-3,), 6, 31, f0=30.0),
    "watson_9": FREE(watson, (0.0,) * 9, (1.39976013809e-6,), 9, 31, f0=30.0),
    "watson_12": FREE(watson, (0.0,) * 12, (4.722381103e-10,), 12, 31, f0=30.0),
    "extended_rosenbrock": FREE(rosenbrock, (-1.2, 1.0) * 5, (0.0,), 10, 10, f0=121.0),
    "extended_powell_singular": FREE(powell_singular, (3.0, -1.0, 0.0, 1.0) * 3, (0.0,), 12, 12, f0=645.0),
    "penalty_1": FREE(penalty_1, tuple(upto(4)), (2.24997750063e-5,), 4, 5, f0=885.06264),
    "penalty_1_10": FREE(penalty_1, tuple(upto(10)), (7.08765146709e-5,), 10, 11, f0=148032.56535),
    "penalty_2": FREE(penalty_2, (0.5,) * 4, (9.37629300736e-6,), 4, 8, f0=2.34000880546),
    "penalty_2_10": FREE(penalty_2, (0.5,) * 10, (2.93660537457e-4,), 10, 20, f0=162.652776566),
    "variably_dimensioned": FREE(
        variably_dimensioned, tuple(1 - upto(10) / 10), (0.0,), 10, 12, f0=2198551.1625
    ),
    "trigonometric": FREE(
        trigonometric, (0.1,) * 10, (0.0, 2.79505612188e-5), 10, 10, "has many others", f0=7.07575946622e-3
    ),
    "brown_almost_linear": Problem(
        brown_almost_linear, (0.5,) * 10, (0.0, 1.0), 10, 10, f0=16.5302162063499**2
    ),
    "discrete_boundary": Problem(discrete_boundary, boundary_start(10), (0.0,), 10, 10),
    "discrete_integral": Problem(discrete_integral, boundary_start(10), (0.0,), 10, 10),
    "broyden_tridiagonal": Problem(broyden_tridiagonal, (-1.0,) * 10, (0.0,), 10, 10, f0=21.0),
    "broyden_banded": Problem(broyden_banded, (-1.0,) * 10, (0.0,), 10, 10, f0=360.0),
    "linear_full_rank": Problem(linear_full_rank, (1.0,) * 5, (5.0,), 5, 10, f0=25.0),
    "linear_rank_1": Problem(linear_rank_1, (1.0,) * 5, (15 / 7,), 5, 10, "singular", f0=291.521868819476**2),
    "linear_rank_1_zeros": Problem(linear_rank_1_zeros, (1.0,) * 5, (62 / 17,), 5, 10, "singular"),
    "chebyquad": FREE(chebyquad, ramp(8), (3.51687372568e-3,), 8, 8, f0=0.196513862833975**2),
    "chebyquad_9": FREE(chebyquad, ramp(9), (0.0,), 9, 9, f0=0.16994993465202**2),
    "chebyquad_10": FREE(
        chebyquad, ramp(10), (4.77271369637536e-3, 6.50395480063e-3), 10, 10, f0=0.183747831178711**2
    ),
}

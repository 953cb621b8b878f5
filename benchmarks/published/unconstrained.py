"""General unconstrained problems in JAX, most of them from Andrei 2008, An Unconstrained Optimization Test
Functions Collection, Advanced Modeling and Optimization 10: 147-161, and CUTE (Bongartz et al. 1995),
beside those of Moré, Garbow & Hillstrom in several sizes.

PROBLEMS names each as a function of x, (n,), with a start. Functions read n off x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.published import mgh
from benchmarks.published.mgh import MGH, upto

__all__ = ["PROBLEMS", "Unconstrained"]


class Unconstrained(NamedTuple):
    function: Callable[[Any], Any]
    start: tuple[float, ...]


def squares(residuals: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Σ r², as a function of x."""

    def function(x):
        r = residuals(x)
        return r @ r

    return function


def pairs(x):
    return x[::2], x[1::2]


def white_holst(x):
    a, b = pairs(x)
    return (100 * (b - a**3) ** 2 + (1 - a) ** 2).sum()


def himmelblau(x):
    a, b = pairs(x)
    return ((a**2 + b - 11) ** 2 + (a + b**2 - 7) ** 2).sum()


def beale(x):
    a, b = pairs(x)
    return sum(((c - a * (1 - b**k)) ** 2).sum() for k, c in ((1, 1.5), (2, 2.25), (3, 2.625)))


def freudenstein_roth(x):
    a, b = pairs(x)
    return ((a - 13 + ((5 - b) * b - 2) * b) ** 2 + (a - 29 + ((b + 1) * b - 14) * b) ** 2).sum()


def chained_rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def genrose(x):
    return 1 + (100 * (x[1:] - x[:-1] ** 2) ** 2 + (x[1:] - 1) ** 2).sum()


def extended_penalty(x):
    return ((x[:-1] - 1) ** 2).sum() + (x @ x - 0.25) ** 2


def perturbed_quadratic(x):
    return upto(x.size) @ x**2 + x.sum() ** 2 / 100


def almost_perturbed_quadratic(x):
    return upto(x.size) @ x**2 + (x[0] + x[-1]) ** 2 / 100


def partial_perturbed_quadratic(x):
    return x[0] ** 2 + (upto(x.size) * x**2 + jnp.cumsum(x) ** 2 / 100).sum()


def raydan_1(x):
    return upto(x.size) / 10 @ (jnp.exp(x) - x)


def raydan_2(x):
    return (jnp.exp(x) - x).sum()


def diagonal_1(x):
    return (jnp.exp(x) - upto(x.size) * x).sum()


def diagonal_2(x):
    return (jnp.exp(x) - x / upto(x.size)).sum()


def diagonal_3(x):
    return (jnp.exp(x) - upto(x.size) * jnp.sin(x)).sum()


def diagonal_4(x):
    a, b = pairs(x)
    return (a**2 + 100 * b**2).sum() / 2


def diagonal_5(x):
    return jnp.logaddexp(x, -x).sum()


def diagonal_8(x):
    return (x * jnp.exp(x) - 2 * x - x**2).sum()


def hager(x):
    return (jnp.exp(x) - np.sqrt(upto(x.size)) * x).sum()


def generalized_tridiagonal_1(x):
    a, b = x[:-1], x[1:]
    return ((a + b - 3) ** 2 + (a - b + 1) ** 4).sum()


def extended_tridiagonal_1(x):
    a, b = pairs(x)
    return ((a + b - 3) ** 2 + (a - b + 1) ** 4).sum()


def extended_tridiagonal_2(x):
    a, b = x[:-1], x[1:]
    return ((a * b - 1) ** 2 + 0.1 * (a + 1) * (b + 1)).sum()


def generalized_tridiagonal_2(x):
    left, right = mgh.neighbours(x)
    return (((5 - 3 * x - x**2) * x - left - 3 * right + 1) ** 2).sum()


def three_exponentials(x):
    a, b = pairs(x)
    return (jnp.exp(a + 3 * b - 0.1) + jnp.exp(a - 3 * b - 0.1) + jnp.exp(-a - 0.1)).sum()


def psc_1(x):
    a, b = pairs(x)
    return ((a**2 + b**2 + a * b) ** 2 + jnp.sin(a) ** 2 + jnp.cos(b) ** 2).sum()


def generalized_psc_1(x):
    a, b = x[:-1], x[1:]
    return ((a**2 + b**2 + a * b) ** 2 + jnp.sin(a) ** 2 + jnp.cos(b) ** 2).sum()


def full_hessian_1(x):
    return (x[0] - 3) ** 2 + ((x[0] - 3 - 2 * jnp.cumsum(x)[1:] ** 2) ** 2).sum()


def full_hessian_2(x):
    return (x[0] - 5) ** 2 + ((jnp.cumsum(x)[1:] - 1) ** 2).sum()


def full_hessian_3(x):
    return x.sum() ** 2 + (x * jnp.exp(x) - 2 * x - x**2).sum()


def block_diagonal(x):
    a, b = pairs(x)
    return ((a**2 + b**2 - 2) ** 2 + (jnp.exp(a - 1) - b) ** 2).sum()


def maratos(x):
    a, b = pairs(x)
    return (a + 100 * (a**2 + b**2 - 1) ** 2).sum()


def cliff(x):
    a, b = pairs(x)
    return (((a - 3) / 100) ** 2 - (a - b) + jnp.exp(20 * (a - b))).sum()


def wood(x):
    a, b, c, d = (x[k::4] for k in range(4))
    return (
        100 * (b - a**2) ** 2 + (1 - a) ** 2 + 90 * (d - c**2) ** 2 + (1 - c) ** 2
        + 10 * (b + d - 2) ** 2 + (b - d) ** 2 / 10
    ).sum()  # fmt: skip


def hiebert(x):
    a, b = pairs(x)
    return ((a - 10) ** 2 + (a * b - 500) ** 2).sum()


def quadratic_1(x):
    return upto(x.size) @ x**2 / 2 - x[-1]


def quadratic_2(x):
    return upto(x.size) @ (x**2 - 1) ** 2 / 2 - x[-1]


def quadratic_penalty_1(x):
    return ((x[:-1] ** 2 - 2) ** 2).sum() + (x @ x - 0.5) ** 2


def quadratic_penalty_2(x):
    return ((x[:-1] ** 2 - jnp.sin(x[:-1])) ** 2).sum() + (x @ x - 100) ** 2


def quadratic_exponential(x):
    a, b = pairs(x)
    d = a - b
    return ((jnp.exp(d) - 5) ** 2 + d**2 * (d - 11) ** 2).sum()


def diagonal_perturbed(x):
    return x.sum() ** 2 + upto(x.size) / 100 @ x**2


def fletchcr(x):
    return (100 * (x[1:] - x[:-1] + 1 - x[:-1] ** 2) ** 2).sum()


def bdqrtic(x):
    n = x.size - 4
    parts = sum((k + 1) * x[k : k + n] ** 2 for k in range(4)) + 5 * x[-1] ** 2
    return ((3 - 4 * x[:n]) ** 2 + parts**2).sum()


def tridia(x):
    return (x[0] - 1) ** 2 + upto(x.size)[1:] @ (2 * x[1:] - x[:-1]) ** 2


def arwhead(x):
    return (3 - 4 * x[:-1] + (x[:-1] ** 2 + x[-1] ** 2) ** 2).sum()


def nondia(x):
    return (x[0] - 1) ** 2 + 100 * ((x[0] - x[:-1] ** 2) ** 2).sum()


def nondquar(x):
    return (x[0] - x[1]) ** 2 + ((x[:-2] + x[1:-1] + x[-1]) ** 4).sum() + (x[-2] + x[-1]) ** 2


def dqdrtic(x):
    return (x[:-2] ** 2 + 100 * x[1:-1] ** 2 + 100 * x[2:] ** 2).sum()


def eg2(x):
    return jnp.sin(x[0] + x[:-1] ** 2 - 1).sum() + jnp.sin(x[-1] ** 2) / 2


def staircase(x):
    return (jnp.cumsum(x) ** 2).sum()


def liarwhd(x):
    return (4 * (x**2 - x[0]) ** 2 + (x - 1) ** 2).sum()


def power(x):
    return ((upto(x.size) * x) ** 2).sum()


def engval1(x):
    return ((x[:-1] ** 2 + x[1:] ** 2) ** 2 - 4 * x[:-1] + 3).sum()


def edensch(x):
    a, b = x[:-1], x[1:]
    return 16 + ((a - 2) ** 4 + (a * b - 2 * b) ** 2 + (b + 1) ** 2).sum()


def cragglvy(x):
    a, b, c, d = x[:-3:2], x[1:-2:2], x[2:-1:2], x[3::2]
    return (
        (jnp.exp(a) - b) ** 4 + 100 * (b - c) ** 6 + (jnp.tan(c - d) + c - d) ** 4 + a**8 + (d - 1) ** 2
    ).sum()


def cube(x):
    return (x[0] - 1) ** 2 + 100 * ((x[1:] - x[:-1] ** 3) ** 2).sum()


def genhumps(x):
    a, b = x[:-1], x[1:]
    return (jnp.sin(2 * a) ** 2 * jnp.sin(2 * b) ** 2 + 0.05 * (a**2 + b**2)).sum()


def nonscomp(x):
    return (x[0] - 1) ** 2 + 4 * ((x[1:] - x[:-1] ** 2) ** 2).sum()


def quartic(x):
    return ((x - 1) ** 4).sum()


def generalized_quartic(x):
    return (x[:-1] ** 2 + (x[1:] + x[:-1] ** 2) ** 2).sum()


def sinquad(x):
    middle = jnp.sin(x[1:-1] - x[-1]) - x[0] ** 2 + x[1:-1] ** 2
    return (x[0] - 1) ** 4 + middle @ middle + (x[-1] ** 2 - x[0] ** 2) ** 2


def dixon3dq(x):
    return (x[0] - 1) ** 2 + ((x[:-1] - x[1:]) ** 2).sum() + (x[-1] - 1) ** 2


def biggsb1(x):
    return (x[0] - 1) ** 2 + ((x[1:] - x[:-1]) ** 2).sum() + (1 - x[-1]) ** 2


def cosine(x):
    return jnp.cos(x[:-1] ** 2 - x[1:] / 2).sum()


def himmelbg(x):
    a, b = pairs(x)
    return ((2 * a**2 + 3 * b**2) * jnp.exp(-a - b)).sum()


def tointgss(x):
    a, b, c = x[:-2], x[1:-1], x[2:]
    return ((10 / x.size + c**2) * (2 - jnp.exp(-((a - b) ** 2) / (0.1 + c**2)))).sum()


def curly(x, k=10):
    padded = jnp.pad(jnp.cumsum(x), (1, k), mode="edge")
    q = padded[k + 1 :] - jnp.append(0.0, jnp.cumsum(x)[:-1])
    return (q * (q * (q**2 - 20) - 0.1)).sum()


def exponential(x):
    return -jnp.exp(-(x @ x) / 2)


def schmvett(x):
    a, b, c = x[:-2], x[1:-1], x[2:]
    return (-1 / (1 + (a - b) ** 2) - jnp.sin((np.pi * b + c) / 2) - jnp.exp(-(((a + c) / b - 2) ** 2))).sum()


def hilbert(x):
    i = upto(x.size)
    return x @ ((1 / (i[:, None] + i[None, :] - 1)) @ x)


def dixmaan(x, alpha, beta, gamma, delta, powers):
    n, m = x.size, x.size // 3
    i = upto(n) / n
    a, b, c, d = powers
    return (
        1 + alpha * (x**2 @ i**a) + beta * ((x[:-1] ** 2 * (x[1:] + x[1:] ** 2) ** 2) @ i[:-1] ** b)
        + gamma * ((x[: 2 * m] ** 2 * x[m:] ** 4) @ i[: 2 * m] ** c)
        + delta * ((x[:m] * x[2 * m :]) @ i[:m] ** d)
    )  # fmt: skip


def six_hump_camel(x):
    a, b = x
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (4 * b**2 - 4) * b**2


def styblinski_tang(x):
    return (x**4 - 16 * x**2 + 5 * x).sum() / 2


def rastrigin(x):
    return (x**2 - 10 * jnp.cos(2 * np.pi * x) + 10).sum()


def griewank(x):
    return x @ x / 4000 - jnp.cos(x / np.sqrt(upto(x.size))).prod() + 1


def levy(x):
    w = 1 + (x - 1) / 4
    inner = (w[:-1] - 1) ** 2 * (1 + 10 * jnp.sin(np.pi * w[:-1] + 1) ** 2)
    ends = jnp.sin(np.pi * w[0]) ** 2 + (w[-1] - 1) ** 2 * (1 + jnp.sin(2 * np.pi * w[-1]) ** 2)
    return ends + inner.sum()


def zakharov(x):
    s = upto(x.size) @ x / 2
    return x @ x + s**2 + s**4


def dixon_price(x):
    return (x[0] - 1) ** 2 + upto(x.size)[1:] @ (2 * x[1:] ** 2 - x[:-1]) ** 2


def trid(x):
    return ((x - 1) ** 2).sum() - x[1:] @ x[:-1]


def logistic(x):
    """A ridge regression of labels on columns of very different scale."""
    rows = np.cos(np.outer(upto(40), upto(x.size))) * (10.0 ** np.linspace(-1, 1, x.size))[None, :]
    labels = np.sign(np.sin(upto(40) ** 2))
    return jax.nn.softplus(-labels * (rows @ x)).sum() + x @ x / 200


def log_sum_exp(x):
    rows = np.sin(np.outer(upto(30), upto(x.size)))
    return jax.nn.logsumexp(rows @ x + np.cos(upto(30))) + x @ x / 200


def _of_all_sizes() -> dict[str, Unconstrained]:
    first = {name: Unconstrained(squares(p.residuals), p.start) for name, p in MGH.items()}
    further = {
        "extended_rosenbrock_50": (mgh.rosenbrock, (-1.2, 1.0) * 25),
        "extended_powell_singular_40": (mgh.powell_singular, (3.0, -1.0, 0.0, 1.0) * 10),
        "penalty_1_50": (mgh.penalty_1, tuple(upto(50))),
        "variably_dimensioned_50": (mgh.variably_dimensioned, tuple(1 - upto(50) / 50)),
        "trigonometric_50": (mgh.trigonometric, (0.02,) * 50),
        "broyden_tridiagonal_50": (mgh.broyden_tridiagonal, (-1.0,) * 50),
        "broyden_banded_50": (mgh.broyden_banded, (-1.0,) * 50),
        "discrete_boundary_50": (mgh.discrete_boundary, mgh.boundary_start(50)),
        "discrete_integral_50": (mgh.discrete_integral, mgh.boundary_start(50)),
        "chebyquad_20": (mgh.chebyquad, mgh.ramp(20)),
    }
    return first | {name: Unconstrained(squares(r), start) for name, (r, start) in further.items()}


def _dixmaans() -> dict[str, Unconstrained]:
    weights = {"ab": (1, 0, 0.125, 0.125), "c": (1, 0.125, 0.125, 0.125), "d": (1, 0.26, 0.26, 0.26)}
    powers = {"a": (0, 0, 0, 0), "e": (1, 0, 0, 1), "i": (2, 0, 0, 2)}
    return {
        f"dixmaan_{letters}_{kind}": Unconstrained(
            lambda x, w=values, p=power: dixmaan(x, *w, p), (2.0,) * 30
        )
        for letters, values in weights.items()
        for kind, power in powers.items()
    }


_STARTS: dict[Callable[[Any], Any], tuple[float, ...]] = {
    white_holst: (-1.2, 1.0) * 10,
    himmelblau: (1.0,) * 50,
    beale: (1.0, 0.8) * 20,
    freudenstein_roth: (0.5, -2.0) * 10,
    chained_rosenbrock: (-1.2, 1.0) * 15,
    genrose: tuple(upto(50) / 51),
    extended_penalty: tuple(upto(50)),
    perturbed_quadratic: (0.5,) * 100,
    almost_perturbed_quadratic: (0.5,) * 100,
    partial_perturbed_quadratic: (0.5,) * 50,
    raydan_1: (1.0,) * 50,
    raydan_2: (1.0,) * 50,
    diagonal_1: (0.02,) * 50,
    diagonal_2: tuple(1 / upto(50)),
    diagonal_3: (1.0,) * 50,
    diagonal_4: (1.0,) * 50,
    diagonal_5: (1.1,) * 50,
    diagonal_8: (1.0,) * 50,
    hager: (1.0,) * 50,
    generalized_tridiagonal_1: (2.0,) * 50,
    extended_tridiagonal_1: (2.0,) * 50,
    extended_tridiagonal_2: (1.0,) * 50,
    generalized_tridiagonal_2: (-1.0,) * 50,
    three_exponentials: (0.1,) * 50,
    psc_1: (3.0, 0.1) * 25,
    generalized_psc_1: (3.0, 0.1) * 25,
    full_hessian_1: (0.01,) * 50,
    full_hessian_2: (0.01,) * 50,
    full_hessian_3: (1.0,) * 50,
    block_diagonal: (0.1,) * 50,
    maratos: (1.1, 0.1) * 25,
    cliff: (0.0, -1.0) * 25,
    wood: (-3.0, -1.0, -3.0, -1.0) * 10,
    hiebert: (1.0,) * 20,
    quadratic_1: (1.0,) * 50,
    quadratic_2: (0.5,) * 50,
    quadratic_penalty_1: (1.0,) * 50,
    quadratic_penalty_2: (1.0,) * 50,
    quadratic_exponential: (1.5, 0.5) * 25,
    diagonal_perturbed: (0.5,) * 50,
    fletchcr: (0.0,) * 50,
    bdqrtic: (1.0,) * 50,
    tridia: (1.0,) * 100,
    arwhead: (1.0,) * 100,
    nondia: (-1.0,) * 50,
    nondquar: (1.0, -1.0) * 25,
    dqdrtic: (3.0,) * 100,
    eg2: (1.0,) * 50,
    staircase: (1.0,) * 50,
    liarwhd: (4.0,) * 100,
    power: (1.0,) * 50,
    engval1: (2.0,) * 100,
    edensch: (0.0,) * 50,
    cragglvy: (1.0, *(2.0,) * 49),
    cube: (-1.2, 1.0) * 2,
    genhumps: (-50.6, 50.6, 50.6, 50.6, 50.6),
    nonscomp: (3.0,) * 50,
    quartic: (2.0,) * 50,
    generalized_quartic: (1.0,) * 50,
    sinquad: (0.1,) * 50,
    dixon3dq: (-1.0,) * 50,
    biggsb1: (0.0,) * 50,
    cosine: (1.0,) * 50,
    himmelbg: (1.5,) * 50,
    tointgss: (3.0,) * 50,
    curly: tuple(1e-4 * upto(50) / 51),
    exponential: (0.1,) * 50,
    schmvett: (0.5,) * 50,
    hilbert: (1.0,) * 8,
    six_hump_camel: (-1.5, 0.5),
    styblinski_tang: (-1.0,) * 20,
    rastrigin: (0.7, -1.6, 2.2, 0.1),
    griewank: (12.0, -7.0, 3.0),
    levy: (-2.0, 3.5, 0.5, -1.0),
    zakharov: (1.0,) * 20,
    dixon_price: (1.0,) * 20,
    trid: (0.0,) * 30,
    logistic: (0.0,) * 12,
    log_sum_exp: (1.0,) * 20,
}

PROBLEMS: dict[str, Unconstrained] = {
    **_of_all_sizes(),
    **_dixmaans(),
    **{function.__name__: Unconstrained(function, start) for function, start in _STARTS.items()},
}

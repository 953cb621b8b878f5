"""The judges of solvers are judged: they reject plausible slips of every direction and search, and every
arithmetic operator of the formulas turned into its opposite.

A judge looks at one file alone, with an outside oracle: formulas written out in NumPy, and SciPy's
searches and subproblems. It raises, or does not.
"""

from __future__ import annotations

import ast
import functools
import importlib
import itertools
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rule_mutants import OPPOSITE, replaced
from scipy.optimize._dcsrch import DCSRCH
from scipy.optimize._trustregion_ncg import CGSteihaugSubproblem

from ladera.solvers._descent import Step
from ladera.solvers._linear import triangle

LINES = [  # (φ, φ', first trials)
    (lambda s: -s - s**3 + s**4, lambda s: -1 - 3 * s**2 + 4 * s**3, (0.1, 1.0, 10.0)),
    (lambda s: np.exp(-4 * s) + s**2, lambda s: -4 * np.exp(-4 * s) + 2 * s, (0.1, 0.3, 1.7, 30.0)),
    (lambda s: -np.sin(10 * s), lambda s: -10 * np.cos(10 * s), (0.01, 0.3, 1.0, 10.0)),
    (lambda s: (s - 3) ** 2, lambda s: 2 * (s - 3), (1e-3, 1.0, 50.0)),
    (lambda s: s**2 - s / 10 + s**4, lambda s: 2 * s - 0.1 + 4 * s**3, (1.0, 5.0)),
    (lambda s: -s / (s**2 + 2), lambda s: (s**2 - 2) / (s**2 + 2) ** 2, (1e-3, 0.1, 10.0, 1e3)),
    (
        lambda s: np.sqrt(1 + (s - 2) ** 2) - s / 5,
        lambda s: (s - 2) / np.sqrt(1 + (s - 2) ** 2) - 0.2,
        (0.1, 40.0),
    ),
]
for b1, b2 in ((0.001, 0.001), (0.01, 0.001), (0.001, 0.01)):  # Yanai's, Moré & Thuente's 4 to 6
    gamma1, gamma2 = np.sqrt(1 + b1**2) - b1, np.sqrt(1 + b2**2) - b2
    LINES.append(
        (
            lambda s, a=gamma1, b=gamma2, b1=b1, b2=b2: (
                a * np.sqrt((1 - s) ** 2 + b2**2) + b * np.sqrt(s**2 + b1**2)
            ),
            lambda s, a=gamma1, b=gamma2, b1=b1, b2=b2: (
                a * (s - 1) / np.sqrt((1 - s) ** 2 + b2**2) + b * s / np.sqrt(s**2 + b1**2)
            ),
            (1e-3, 0.1, 10.0, 1e3),
        )
    )
LINES.append(  # Moré & Thuente's 2
    (
        lambda s: (s + 0.004) ** 5 - 2 * (s + 0.004) ** 4,
        lambda s: 5 * (s + 0.004) ** 4 - 8 * (s + 0.004) ** 3,
        (1e-3, 0.1, 10.0, 1e3),
    )
)
for k in range(12):  # quartics that rise in the end
    *coefficients, last = np.random.default_rng(k).normal(size=4)
    quartic = np.polynomial.Polynomial([0, -abs(coefficients[0]) - 0.1, *coefficients[1:], abs(last) + 0.1])
    LINES.append((quartic, quartic.deriv(), (0.01, 0.3, 2.0, 20.0)))
WALLED = [  # not finite beyond a point
    (lambda s: -np.log(1 - s) - 5 * s, lambda s: np.divide(1, 1 - s) - 5, (0.5, 3.0)),
    (lambda s: s**2 - s if s < 0.7 else np.inf, lambda s: 2 * s - 1, (0.9, 30.0)),
    (lambda s: s**2 - s if s < 0.7 else -np.inf, lambda s: np.nan if s > 2 else 2 * s - 1, (0.9, 30.0)),
]
HIDDEN = (lambda s: 1e8 + 1e-16 * (s - 3) ** 2, lambda s: 2e-16 * (s - 3))


def near(a: Any, b: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def stepped(s: Any, y: Any, g: Any = None, p: Any = None) -> Step:
    return Step(*(None if v is None else jnp.asarray(v) for v in (s, y, g, p)))


def pairs(rng: np.random.Generator, d: int, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Steps and changes of the gradient; the first and the fourth show no curvature."""
    for k in range(count):
        s, noise = rng.normal(size=(2, d))
        yield s, (-s if k in (0, 3) else 2 * s) + 0.3 * noise


def by_pairs(kept: list[tuple[np.ndarray, np.ndarray]], H: np.ndarray) -> np.ndarray:
    """H after BFGS's updates, product by product (Nocedal & Wright 6.17)."""
    for s, y in kept:
        left = np.eye(len(s)) - np.outer(s, y) / (s @ y)
        H = left @ H @ left.T + np.outer(s, s) / (s @ y)
    return H


# ---- judges -----------------------------------------------------------------------------------------


def judge_bfgs(module: ModuleType) -> None:
    rng, solver, kept, H = np.random.default_rng(0), module.BFGS(), [], np.eye(4)
    memory = solver.remember(jnp.zeros(4))
    for s, y in pairs(rng, 4, 7):
        memory = solver.learn(memory, stepped(s, y))
        if s @ y > 0:
            H = H * (s @ y) / (y @ y) if not kept else H
            H = by_pairs([(s, y)], H)
            kept.append((s, y))
        near(memory.H, H)
        assert bool(solver.learnt(memory)) == bool(kept)
        near(solver.direction(None, memory, None, jnp.asarray(s)).p, -H @ s)
    nothing = stepped(np.array([1e3, 0, 0, 0]), np.array([1e-13, 1e3, 0, 0]))  # but rounding
    near(solver.learn(memory, nothing).H, H)


def judge_lbfgs(module: ModuleType) -> None:
    rng, d = np.random.default_rng(1), 5
    solver = module.LBFGS(history=3)
    learn, restricted = jax.jit(solver.learn), jax.jit(solver.restricted)

    @jax.jit
    def direction(memory: Any, g: Any) -> Any:
        return solver.direction(None, memory, None, g).p

    memory, kept = solver.remember(jnp.zeros(d)), []
    g = rng.normal(size=d)
    near(direction(memory, g), -g)
    for s, y in pairs(rng, d, 8):
        memory = learn(memory, stepped(s, y))
        kept = [*kept, (s, y)][-3:] if s @ y > 0 else kept
        assert bool(solver.learnt(memory)) == bool(kept)
        near(direction(memory, g), -scaled(kept, d) @ g)
    nothing = stepped(np.array([1e3, 0, 0, 0, 0]), np.array([1e-13, 1e3, 0, 0, 0]))  # but rounding
    near(direction(learn(memory, nothing), g), -scaled(kept, d) @ g)
    free = np.array([1.0, 0, 1, 1, 0])
    inside = free > 0
    some = [(s[inside], y[inside]) for s, y in kept if s[inside] @ y[inside] > 0]
    p = direction(restricted(memory, free), g * free)
    near(p[inside], -scaled(some, 3) @ g[inside])
    near(p[~inside], 0)


def scaled(kept: list[tuple[np.ndarray, np.ndarray]], d: int) -> np.ndarray:
    gamma = kept[-1][0] @ kept[-1][1] / (kept[-1][1] @ kept[-1][1]) if kept else 1.0
    return by_pairs(kept, gamma * np.eye(d))


def judge_cg(module: ModuleType) -> None:
    """The shares as their papers write them: of the gradients g before and h after, and p."""
    rng = np.random.default_rng(2)
    norm = np.linalg.norm
    shares: dict[str, Callable[[Any, Any, Any], float]] = {
        "fletcher-reeves": lambda g, h, p: h @ h / (g @ g),
        "polak-ribiere": lambda g, h, p: max(0, h @ (h - g) / (g @ g)),
        "hager-zhang": lambda g, h, p: max(
            ((h - g) - 2 * p * ((h - g) @ (h - g)) / (p @ (h - g))) @ h / (p @ (h - g)),
            -1 / (norm(p) * min(0.01, norm(g))),
        ),
    }
    for name, share in shares.items():
        solver = module.CG(beta=name)
        for k in range(12):
            memory = solver.remember(jnp.zeros(3))
            assert not solver.learnt(memory)
            g, h, p = rng.normal(size=(3, 3)) * (1e-3 if k > 8 else 1)
            if name == "fletcher-reeves" and k % 2:
                h = h - (h @ g) / (g @ g) * g  # upright on g: no restart
            s = 0.37 * p
            memory = solver.learn(memory, stepped(s, h - g, h, p))
            upright = abs(h @ g) < 0.1 * (h @ h)
            beta = share(g, h, p) if name != "fletcher-reeves" or upright else 0.0
            near(solver.direction(None, memory, None, jnp.asarray(h)).p, -h + beta * p, 1e-9)
            assert solver.learnt(memory)
            near(solver.first_trial(memory, -2.0), 0.37 * (g @ p) / -2.0)
    solver, h, y = module.CG(beta="hager-zhang"), np.array([1e-3, 1e-3, 0]), np.array([1e-6, 1e-3, 0])
    p = np.array([1.0, 0, 0])
    assert solver.learn(solver.remember(jnp.zeros(3)), stepped(p, y, h, p)).beta == -1 / norm(h - y)
    solver = module.CG()
    memory, restarts = solver.remember(jnp.zeros(2)), []
    g, h = np.array([1.0, 0]), np.array([0, 2.0])
    for k in range(1, 40):
        memory = solver.learn(memory, stepped(g, h - g, h, g))
        restarts += [k] * bool(memory.beta == 0)
    assert restarts == [12, 24, 36]
    assert solver.learn(memory, stepped(g, 0 * g, 0 * g, g)).beta == 0  # 0/0


class Quadratic(NamedTuple):
    """f with a Hessian and nothing else."""

    H: Any

    def hessian(self, x: Any) -> Any:
        return jnp.asarray(self.H)

    def hvp(self, x: Any, v: Any) -> Any:
        return jnp.asarray(self.H) @ v


def turned(rng: np.random.Generator, curvatures: Any) -> np.ndarray:
    axes = np.linalg.qr(rng.normal(size=(len(curvatures), len(curvatures))))[0]
    H = axes @ np.diag(curvatures) @ axes.T
    return (H + H.T) / 2


def judge_newton(module: ModuleType) -> None:
    rng, solver = np.random.default_rng(3), module.Newton()
    for curvatures in ([1.0, 2, 30], [-1.0, 2, 30], [-5.0, -0.01, 2], [1e-9, 1, 1], [0.0, 0, 0]):
        H, g = turned(rng, curvatures), rng.normal(size=3)
        way = solver.direction(Quadratic(H), (), jnp.zeros(3), jnp.asarray(g))
        values, axes = np.linalg.eigh(H)
        near(way.p, -axes @ ((axes.T @ g) / (np.abs(values) if any(curvatures) else 1)), 1e-6)
        assert not way.escapes
        assert way.counts.nhev == 1
        small = g * 1e-9
        way = solver.direction(Quadratic(H), (), jnp.zeros(3), jnp.asarray(small))
        assert bool(way.escapes) == (min(curvatures) < 0)
        if way.escapes:
            near(np.abs(axes[:, 0] @ way.p), 1)
            assert small @ way.p <= 0
    singular = np.outer([1.0, 2, 3], [1.0, 2, 3])
    p = solver.direction(Quadratic(singular), (), jnp.zeros(3), jnp.array([1.0, 2, 3])).p
    near(p, -np.array([1.0, 2, 3]) / 14, 1e-3)
    infinite = Quadratic(np.full((3, 3), np.inf))
    near(solver.direction(infinite, (), jnp.zeros(3), jnp.asarray(g)).p, -g)


def judge_trust(module: ModuleType) -> None:
    """Moré and Sorensen's conditions: they hold of the lowest point within the radius, and of no other."""
    rng, solver = np.random.default_rng(4), module.Trust()

    @jax.jit
    def within(own: Any, slope: Any, radius: Any) -> Any:
        return solver.within(None, own, None, slope, radius)

    for curvatures in ([1.0, 2, 30], [-1.0, 2, 30], [-5.0, -5, 2], [-1e-3, 1, 1], [0.0, 1, 2], [0.0, 0, 0]):
        H, g = turned(rng, curvatures), rng.normal(size=3)
        values, axes = np.linalg.eigh(H)
        hard = g - axes[:, 0] * (axes[:, 0] @ g) if values[0] < values[1] else 0 * g
        own, spent = solver.quadratic(Quadratic(H), jnp.zeros(3))
        assert spent.nhev == 1
        assert bool(solver.rising(own)) == (min(curvatures) >= 0)
        for slope in (g, 100 * g, hard, 0.1 * hard, 0 * g):
            for radius in (0.05, 1.0, 40.0):
                model = within(own, slope, radius)
                p = np.asarray(model.p)
                lam = max(0.0, -(slope + H @ p) @ p / (p @ p)) if p.any() else 0.0
                assert np.linalg.norm(p) <= radius * (1 + 1e-9)
                near((slope + H @ p + lam * p) / max(1, np.abs(slope).max()), 0, 1e-7)
                assert lam >= -values[0] - 1e-7
                assert lam < 1e-9 or np.linalg.norm(p) > radius * (1 - 1e-7)
                near(model.promised, -slope @ p - p @ H @ p / 2, 1e-9)
                if min(curvatures) < 0:
                    assert np.linalg.norm(p) > radius * (1 - 1e-7)
    assert not solver.rising(solver.quadratic(Quadratic(np.diag([-1e-9, 1e-6, 1e-6])), jnp.zeros(3))[0])
    infinite = solver.quadratic(Quadratic(np.full((3, 3), np.nan)), jnp.zeros(3))[0]
    near(infinite.curvature, 1)


def judge_newton_cg(module: ModuleType) -> None:
    rng, solver = np.random.default_rng(5), module.NewtonCG()

    @jax.jit
    def within(H: Any, slope: Any, radius: Any) -> Any:
        return solver.within(Quadratic(H), (), jnp.zeros(4), slope, radius)

    for curvatures in ([1.0, 2, 30, 4], [-1, 2, 30, 4], [-5, -5, 2, 1], [1, 1, 1, 1], [1, 9, 99, 999]):
        H = turned(rng, curvatures)
        for size in (1e-3, 1.0, 100.0):
            g = rng.normal(size=4) * size
            whole = np.linalg.norm(np.linalg.solve(H, g))
            for radius in (1e-3, 0.3, 2.0, 1e3, *(whole * np.linspace(0.1, 0.9, 9))):
                theirs = CGSteihaugSubproblem(
                    np.zeros(4), lambda x: 0.0, lambda x, g=g: g, hessp=lambda x, v, H=H: H @ v
                )
                p = theirs.solve(radius)[0]
                model = within(H, g, radius)
                near(model.p / np.linalg.norm(p), p / np.linalg.norm(p), 1e-8)
                near(model.promised, -theirs(p), 1e-8)
                assert 1 <= model.counts.nhvp <= 8
    many = jnp.asarray(np.geomspace(1, 1e3, 20))
    model = solver.within(Quadratic(jnp.diag(many)), (), 0 * many, 1e-10 + 0 * many, jnp.float64(1e3))
    near(many * model.p * 1e10, -1, 1e-4)


def search_along(search: Any, phi: Callable[[float], Any], dphi: Callable[[float], Any], first: float) -> Any:
    """The trials of a search, whether the last one fulfils its conditions, and whether one is taken."""
    numbers = search.numbers()
    s, trials = search.start(*(jnp.float64(v) for v in (phi(0.0), dphi(0.0), first))), []
    step = _compiled(type(search))
    with np.errstate(all="ignore"):
        while True:
            trials.append(float(s.alpha))
            last = bool(s.last)
            s = step(numbers, s, float(phi(trials[-1])), float(dphi(trials[-1])))
            if s.done or s.failed:
                return trials, bool(s.done) and not last, bool(s.done)


@functools.lru_cache(maxsize=1)
def _compiled(kind: type) -> Callable[..., Any]:
    return jax.jit(lambda numbers, *told: kind(**numbers).step(*told))


def judge_wolfe(kind: type, reference: Callable[..., list[float]]) -> None:
    """The same trials as a reference, on smooth functions; the conditions hold beside walls, too."""
    for c1, c2 in ((1e-4, 0.9), (1e-4, 0.1), (0.3, 0.4), (0.01, 0.02), (1e-3, 1e-3)):
        search = kind(c1=c1, c2=c2)
        for phi, dphi, firsts in LINES:
            for first in firsts:
                trials, good, _ = search_along(search, phi, dphi, first)
                assert good
                with np.errstate(over="ignore"):
                    near(trials, reference(phi, dphi, first, c1, c2), 1e-8)
        for phi, dphi, firsts in WALLED:
            for first in firsts:
                trials, good, _ = search_along(search, phi, dphi, first)
                assert good
                assert len(trials) < 30
                assert phi(trials[-1]) <= phi(0.0) + c1 * trials[-1] * dphi(0.0)
                assert abs(dphi(trials[-1])) <= c2 * abs(dphi(0.0))
        trials, good, _ = search_along(search, *HIDDEN, 50.0)
        assert good
        assert len(trials) < 10
        assert abs(HIDDEN[1](trials[-1])) <= c2 * 6e-16
    search = kind()
    trials, good, taken = search_along(search, lambda s: -s, lambda s: -1.0, 1.0)
    assert (good, taken, len(trials)) == (False, True, 61)
    assert trials[-1] > 1e30
    trials, good, taken = search_along(
        search, lambda s: abs(s - 0.3), lambda s: math.copysign(1.0, s - 0.3), 1.0
    )
    assert (good, taken) == (False, True)
    near(trials[-1], 0.3, 1e-6)
    assert len(trials) < 45
    trials, good, taken = search_along(search, lambda s: s, lambda s: 1.0 if s else -1.0, 1.0)
    assert (good, taken) == (False, False)


def minpacks(phi: Any, dphi: Any, first: float, c1: float, c2: float) -> list[float]:
    tried: list[float] = []

    def told(s: float) -> float:
        tried.append(float(s))
        return float(phi(s))

    search = DCSRCH(told, lambda s: float(dphi(s)), c1, c2, 1e-14, 0, 1e50)
    search(first, phi0=float(phi(0.0)), derphi0=float(dphi(0.0)), maxiter=60)
    return tried


def judge_strong_wolfe(module: ModuleType) -> None:
    judge_wolfe(module.StrongWolfe, minpacks)
    for phi, dphi, (*_, beyond) in WALLED:
        trials, _, _ = search_along(module.StrongWolfe(c2=1e-3), phi, dphi, beyond)
        assert trials[1] == beyond / 4
    trials, _, _ = search_along(module.StrongWolfe(c2=1e-3), *WALLED[0][:2], 0.1)
    beyond = next(k for k, trial in enumerate(trials) if trial >= 1)
    near(trials[beyond + 1], trials[beyond - 1] + (trials[beyond] - trials[beyond - 1]) / 4)


class _FoundError(Exception):
    """The search of the paper has ended."""


def by_loops(phi: Any, dphi: Any, first: float, c1: float, c2: float) -> list[float]:
    """Hager and Zhang's search in the loops of their paper, an interval being two (α, φ')."""
    tried: list[float] = []
    low, down = phi(0.0), dphi(0.0)

    def at(c: float) -> tuple[tuple[float, float], bool]:
        tried.append(c)
        enough, slope = phi(c) <= low + c1 * c * down, dphi(c)
        if enough and abs(slope) <= c2 * abs(down):
            raise _FoundError
        return (c, slope), bool(enough)

    def bisected(a: Any, b: Any) -> Any:  # U3
        while True:
            d, enough = at((a[0] + b[0]) / 2)
            if d[1] >= 0:
                return a, d
            a, b = (d, b) if enough else (a, d)

    def update(a: Any, b: Any, c: float) -> Any:  # and whether U3 was needed
        end, enough = at(c)
        if end[1] >= 0:
            return a, end, False
        return (end, b, False) if enough else (*bisected(a, end), True)

    def secant(a: Any, b: Any) -> float:
        return (a[0] * b[1] - b[0] * a[1]) / (b[1] - a[1])

    def bracket() -> Any:
        a, c = (0.0, down), first
        while True:
            end, enough = at(c)
            if end[1] >= 0:
                return a, end
            if not enough:
                return bisected(a, end)
            beyond = secant(a, end)
            a, c = end, min(beyond, 5 * c) if beyond > c else 5 * c

    def narrowed(a: Any, b: Any) -> Any:
        """One round: two secants, and the middle where they leave too much."""
        width = b[0] - a[0]
        A, B, was_high = update(a, b, secant(a, b))
        if was_high:
            return A, B
        second = secant(a, A) if a != A else secant(b, B)
        if A[0] < second < B[0]:
            A, B, was_high = update(A, B, second)
        if not was_high and B[0] - A[0] > 0.66 * width:
            A, B, _ = update(A, B, (A[0] + B[0]) / 2)
        return A, B

    try:
        a, b = bracket()
        while True:
            a, b = narrowed(a, b)
    except _FoundError:
        return tried


def judge_hager_zhang(module: ModuleType) -> None:
    judge_wolfe(module.HagerZhang, by_loops)
    for phi, dphi, (*_, beyond) in WALLED:
        trials, _, _ = search_along(module.HagerZhang(c2=0.2), phi, dphi, beyond)
        assert trials[1] == beyond / 2


@np.errstate(all="ignore")
def judge_armijo(module: ModuleType) -> None:
    """The next trial is the lowest point of a parabola, within its limits."""
    for c1 in (1e-4, 0.3):
        search = module.Armijo(c1=c1, shortest=0.2, longest=0.7)
        for phi, dphi, firsts in (*LINES, *WALLED):
            for first in firsts:
                trials, good, _ = search_along(search, phi, dphi, first)
                assert good
                for before, after in itertools.pairwise(trials):
                    assert not phi(before) <= phi(0.0) + c1 * before * dphi(0.0) or not np.isfinite(
                        phi(before)
                    )
                    bend = phi(before) - phi(0.0) - before * dphi(0.0)
                    lowest = -dphi(0.0) * before**2 / (2 * bend) if np.isfinite(bend) else 0.0
                    near(after, np.clip(lowest, 0.2 * before, 0.7 * before))
                assert phi(trials[-1]) <= phi(0.0) + c1 * trials[-1] * dphi(0.0)
    # along a saddle's negative curvature there is no slope to promise anything
    assert search_along(module.Armijo(), lambda s: -(s**2), lambda s: -2 * s, 1.0)[:2] == ([1.0], True)
    trials, good, taken = search_along(module.Armijo(), lambda s: s, lambda s: 1.0 if s else -1.0, 1.0)
    assert (good, taken, len(trials)) == (False, False, 60)
    trials, good, _ = search_along(module.Armijo(), *HIDDEN, 50.0)
    assert good


def judge_linear(module: ModuleType) -> None:
    """R and what is solved with it, of few columns (one by one), more (a loop) and many (Cholesky)."""
    rng = np.random.default_rng(6)

    @jax.jit
    def told(J: Any, r: Any, d: Any, v: Any) -> tuple[Any, ...]:
        t = module.triangle(J, r)
        with_d = module.damped(t, d)
        found = t.R, t.c, module.columns(t), module.solved(t), module.normal(t, v)
        return *found, module.downwards(t.R, v), with_d.R, module.solved(with_d)

    for n in (3, 5, 66):
        J, r = rng.normal(size=(n + 4, n)) * rng.uniform(0.1, 10, n), rng.normal(size=n + 4)
        d, v = rng.uniform(0.1, 2, n), rng.normal(size=n)
        R, c, columns, p, normal, downwards, system, damped = map(np.asarray, told(J, r, d, v))
        near(np.tril(R, -1), 0)
        near(R.T @ R, J.T @ J, 1e-9)
        near(R.T @ c, J.T @ r, 1e-9)
        near(columns, np.linalg.norm(J, axis=0))
        near(p, -np.linalg.lstsq(J, r, rcond=None)[0], 1e-7)
        near(normal, np.linalg.solve(J.T @ J, v), 1e-7)
        near(R.T @ downwards, v, 1e-9)
        near(system.T @ system, J.T @ J + np.diag(d**2), 1e-9)
        below = np.vstack([J, np.diag(d)]), np.append(r, np.zeros(n))
        near(damped, -np.linalg.lstsq(*below, rcond=None)[0], 1e-8)
        J[:, 2] = J[:, 0] - J[:, 1]  # as good as no column, beside those
        R, c, columns, p, *_ = map(np.asarray, told(J, r, d, v))
        if n < 66:
            assert (np.diagonal(R) == 0).tolist() == [k == 2 for k in range(n)]
        near(J @ p, J @ -np.linalg.lstsq(J, r, rcond=None)[0], 1e-8 if n < 66 else 1e-4)
        J[:, 2] += 1e-10 * rng.normal(size=n + 4)
        assert n == 66 or (np.diagonal(told(J, r, d, v)[0]) != 0).all()
        J[:, 2] = 0
        _, _, columns, p, *_ = map(np.asarray, told(J, r, d, v))
        assert (columns == 0).tolist() == [k == 2 for k in range(n)]
        assert np.isfinite(p).all()
        assert np.isfinite(told(0 * J, r, d, v)[3]).all()


def judge_region(module: ModuleType) -> None:
    """Moré's conditions: λ = 0 inside; else the damped equations, and a length that is the radius but for
    a tenth, whatever the guess; in few tries, and in no more than are needed."""
    rng = np.random.default_rng(7)

    def tried(most: int) -> list[float]:
        """How long the steps are that end outside, beside the radius."""
        module.__dict__["_TRIES"] = most
        within, lengths = jax.jit(lambda *asked: module.within(*asked)), []  # traced anew
        for spread in (1.0, 1e6):
            J, r = rng.normal(size=(9, 4)) * np.geomspace(1, spread, 4), rng.normal(size=9)
            for D in (np.ones(4), np.linalg.norm(J, axis=0), np.full(4, 1e-3)):
                whole = np.linalg.lstsq(J, -r, rcond=None)[0]
                for share in (1e-3, 0.7, 0.99, 1e3):
                    radius = np.float64(share * np.linalg.norm(D * whole))
                    for guess in (0.0, 1.0, 1e8):
                        v, lam, system = within(triangle(J, r), D, radius, np.float64(guess))
                        v, lam = np.asarray(v), float(lam)
                        A = J.T @ J + lam * np.diag(D**2)
                        near((A @ v + J.T @ r) / np.abs(J.T @ r).max(), 0, 1e-8)
                        near(system.R.T @ system.R / np.abs(A).max(), A / np.abs(A).max(), 1e-10)
                        length = np.linalg.norm(D * v) / radius
                        if lam == 0:
                            assert length <= 1.1 or most == 1
                        else:
                            lengths.append(length)
            J[:, 3] = J[:, 0]  # Newton's method does not know where to begin
            v, lam, _ = within(triangle(J, r), np.ones(4), np.float64(1e-3), np.float64(0))
            assert lam > 0
            lengths.append(np.linalg.norm(v) / 1e-3)
        return lengths

    off = np.abs(np.array(tried(7)) - 1)
    assert 0.01 < off.max() <= 0.1 + 1e-9
    assert np.abs(np.array(tried(1)) - 1).max() > 0.11


# ---- mutants ----------------------------------------------------------------------------------------


class Judged(NamedTuple):
    """slips: (what is wrong, text, wrong text). equivalent: mutants that do the same, and why."""

    judge: Callable[[ModuleType], None]
    slips: tuple[tuple[str, str, str], ...]
    equivalent: Mapping[str, str] = MappingProxyType({})


FILES: dict[str, Judged] = {
    "_linear": Judged(
        judge_linear,
        (
            ("no rounding", "(4 * jnp.finfo(q.dtype).eps) ** 2", "0"),
            ("upwards for down", "return _substituted(R.T, v)", "return _upwards(R, v)"),
            ("0 is a quotient", "jnp.where(b != 0, a / jnp.where(b != 0, b, 1), 0)", "a / b"),
            ("no root, no step", "jnp.where(jnp.isfinite(lower).all(), lower,", "jnp.where(True, lower,"),
        ),
        {
            "taken - square for taken + square": "beside the other, one of them is all or nothing",
            "jnp.sqrt(jnp.finfo(a.dtype).tiny) * 2 for jnp.sqrt(jnp.finfo(a.dtype).tiny) / 2": "0 squared",
        },
    ),
    "_region": Judged(
        judge_region,
        (
            ("never inside", "inside = (s.step.damping == 0)", "inside = False & (s.step.damping == 0)"),
            ("too long is good", "long = length > radius", "long = length < radius"),
            ("a half too long", "_CLOSE = 0.1", "_CLOSE = 0.5"),
            ("to the last digit", "_CLOSE = 0.1", "_CLOSE = 1e-9"),
            ("guesses are taken", "jnp.clip(guess, first.low, most)", "guess"),
        ),
        {
            "0.001 / high for 0.001 * high": "a guess where nothing is known: any is mended",
            "low / high for low * high": "likewise",
        },
    ),
    "bfgs": Judged(
        judge_bfgs,
        (
            ("s and y swapped", "s, y = step.s, step.y", "y, s = step.s, step.y"),
            ("no curvature test", "jnp.where(curved, H, memory.H)", "H"),
            ("learns from what it leaves out", "memory.learnt | curved", "jnp.bool_(True)"),
            ("rho of y", "rho, gamma = 1 / sy", "rho, gamma = 1 / yy"),
            ("scale upside down", "sy / yy", "yy / sy"),
            (
                "scaled at every step",
                "jnp.where(memory.learnt, memory.H, gamma * memory.H)",
                "gamma * memory.H",
            ),
            ("never scaled", "jnp.where(memory.learnt, memory.H, gamma * memory.H)", "memory.H"),
            ("crossed only one way", "(crossed + crossed.T)", "(crossed + crossed)"),
            ("climbs", "Way(-memory.H @ g)", "Way(memory.H @ g)"),
        ),
    ),
    "lbfgs": Judged(
        judge_lbfgs,
        (
            ("two loops in the other order", "back, g, kept, reverse=True", "back, g, kept"),
            ("both loops backwards", "(*kept, a))", "(*kept, a), reverse=True)"),
            ("no scale", "pairs.gamma * q", "q"),
            ("scale of the oldest", ".argmax()", ".argmin()"),
            ("scale upside down", "s @ y / (y @ y)", "(y @ y) / (s @ y)"),
            ("no curvature test", "pick(new.rho[-1] > 0, new, memory)", "new"),
            ("the oldest last", "[rows[1:], row[None]]", "[row[None], rows[:-1]]"),
            (
                "s and y swapped",
                "_pushed(memory.S, step.s), _pushed(memory.Y, step.y)",
                "_pushed(memory.S, step.y), _pushed(memory.Y, step.s)",
            ),
            ("s for y", "q - a * y", "q - a * s"),
            ("bounds forgotten in Y", "memory.Y * free[None, :]", "memory.Y"),
            ("climbs", "Way(-two_loop", "Way(two_loop"),
        ),
    ),
    "cg": Judged(
        judge_cg,
        (
            (
                "Polak and Ribière below 0",
                "jnp.maximum((g @ y) / (before @ before), 0)",
                "(g @ y) / (before @ before)",
            ),
            ("after for before", "(g @ g) / (before @ before)", "(before @ before) / (g @ g)"),
            ("half of Hager and Zhang's", "2 * p * (y @ y)", "p * (y @ y)"),
            ("no least share", "jnp.maximum(beta, least)", "beta"),
            ("never begins anew", ">= _RESTART * step.g.size", "< 0"),
            ("counts from 2", "memory.steps + 1 >=", "memory.steps + 2 >="),
            ("no number is kept", "~jnp.isfinite(beta) | ", ""),
            ("slope after for before", "before @ step.p", "step.g @ step.p"),
            (
                "first trial upside down",
                "memory.alpha * memory.slope / slope",
                "memory.alpha * slope / memory.slope",
            ),
            ("climbs", "Way(-g + memory.beta", "Way(g + memory.beta"),
            (
                "far from upright goes on",
                "jnp.abs(step.g @ before) >= 0.1",
                "jnp.abs(step.g @ before) >= 1e9",
            ),
        ),
    ),
    "newton": Judged(
        judge_newton,
        (
            ("negative curvatures as they are", "size = jnp.abs(curvature)", "size = curvature"),
            ("climbs", "p = -axes @", "p = axes @"),
            ("rows for columns", "-axes[:, 0], axes[:, 0]", "-axes[0], axes[0]"),
            ("up the saddle", "along[0] > 0", "along[0] < 0"),
            ("the highest curvature", "curvature[0] < -least", "curvature[-1] < -least"),
            ("never escapes", "stuck = (curvature[0]", "stuck = False & (curvature[0]"),
            ("escapes anywhere", "<= self.gtol", "<= 1e9"),
            ("infinite Hessians are used", "jnp.where(jnp.isfinite(h).all(), h,", "jnp.where(True, h,"),
            ("no least curvature", "jnp.maximum(size, jnp.where(least > 0, least, 1))", "size"),
        ),
    ),
    "trust": Judged(
        judge_trust,
        (
            ("no hard case", "hard = inside", "hard = False & inside"),
            ("the whole radius on top", "radius**2 - others @ others", "radius**2"),
            ("λ may be negative", "jnp.maximum(0, -curvature[0])", "-curvature[0]"),
            ("λ for the positive only", "jnp.maximum(0, -curvature[0])", "jnp.zeros_like(curvature[0])"),
            ("halves the wrong way", "> radius\n            return", "< radius\n            return"),
            ("promises twice the bend", "(curvature * share_at) / 2", "(curvature * share_at)"),
            ("sees no saddle", "own.curvature[0] >=", "own.curvature[-1] >="),
            ("climbs", "Model(-axes @", "Model(axes @"),
        ),
    ),
    "newton_cg": Judged(
        judge_newton_cg,
        (
            ("goes on where it bends down", "~(bend > 0) | ", ""),
            ("goes on outside", "| ~(jnp.linalg.norm(s.p + alpha * s.d) < radius)", ""),
            ("exact", "jnp.minimum(0.5, jnp.sqrt(size))", "1e-14"),
            ("too early", "jnp.minimum(0.5, jnp.sqrt(size))", "0.9"),
            ("steepest descent alone", "(r @ r) / rr * s.d", "0 * s.d"),
            ("share upside down", "(r @ r) / rr", "rr / (r @ r)"),
            ("forth only", "jnp.where(lower & (bend < 0), back, forth)", "forth"),
            ("back always", "jnp.where(lower & (bend < 0), back, forth)", "back"),
            ("promises twice the bend", "s.p @ s.hp / 2", "s.p @ s.hp"),
        ),
    ),
    "searches.strong_wolfe": Judged(
        judge_strong_wolfe,
        (
            ("c1 and c2 swapped", "<= self.c1 * s.alpha * s.slope0", "<= self.c2 * s.alpha * s.slope0"),
            ("c2 is c1", "<= -self.c2 * s.slope0", "<= -self.c1 * s.slope0"),
            ("no enough", "accepted = enough &", "accepted ="),
            ("no slope", "enough & (jnp.abs(slope) <= -self.c2 * s.slope0)", "enough"),
            ("weak", "jnp.abs(slope) <= -self.c2", "-slope <= -self.c2"),
            ("no ψ", "tilt = jnp.where(falling &", "tilt = jnp.where(False & falling &"),
            ("no halving", "slow = bracketed &", "slow = False & bracketed &"),
            ("ends confused", "pick(higher, best, t)", "pick(higher, t, best)"),
            ("old best lost", "pick(turned, best, other)", "other"),
            ("cubic alone", "jnp.where(near, cubic, cubic + (parabola - cubic) / 2)", "cubic"),
            (
                "nearer for farther",
                "> jnp.abs(secant - t.alpha), cubic, secant",
                "< jnp.abs(secant - t.alpha), cubic, secant",
            ),
            ("no edge", "jnp.minimum(edge, inside), jnp.maximum(edge, inside)", "inside, inside"),
            ("not so far", "_NEAR, _FAR = 1.1, 4.0", "_NEAR, _FAR = 1.1, 2.0"),
            ("farther at least", "_NEAR, _FAR = 1.1, 4.0", "_NEAR, _FAR = 2.5, 4.0"),
            ("halved later", "_NARROW = 0.66", "_NARROW = 0.9"),
            ("never short", "short = n.bracketed &", "short = False & n.bracketed &"),
            ("the last may have risen", "n.best.rise < 0)", "n.best.rise < 1e9)"),
        ),
        {
            "t.slope / jnp.sign(best.slope) for t.slope * jnp.sign(best.slope)": "a sign",
            "(cubic - t.alpha) / (t.alpha - best.alpha) for "
            "(cubic - t.alpha) * (t.alpha - best.alpha)": "whose sign alone counts",
            "scale * jnp.sqrt(inside) / jnp.sign(b.alpha - a.alpha) for "
            "scale * jnp.sqrt(inside) * jnp.sign(b.alpha - a.alpha)": "a sign",
        },
    ),
    "searches.hager_zhang": Judged(
        judge_hager_zhang,
        (
            ("c1 and c2 swapped", "<= self.c1 * s.alpha * s.slope0", "<= self.c2 * s.alpha * s.slope0"),
            ("c2 is c1", "<= -self.c2 * s.slope0", "<= -self.c1 * s.slope0"),
            ("no enough", "accepted = enough &", "accepted ="),
            ("weak", "jnp.abs(slope) <= -self.c2", "-slope <= -self.c2"),
            ("no second secant", "twice = (s.trial == _SECANT)", "twice = False & (s.trial == _SECANT)"),
            (
                "the second of the wrong end",
                "_secant(s.a, a), _secant(s.b, b)",
                "_secant(s.b, b), _secant(s.a, a)",
            ),
            ("no bisection", "(width > self.shrink * s.width)", "False"),
            ("always bisects", "(width > self.shrink * s.width)", "True"),
            ("too high is low enough", "falls = enough & (slope < 0)", "falls = slope < 0"),
            ("no interval in hand", "jnp.where(twice, s.width, width)", "width"),
            ("grows slowly", "self.grow * s.alpha", "2 * s.alpha"),
            ("grows without a look", "jnp.where(beyond > s.alpha, jnp.minimum(beyond, most), most)", "most"),
            ("a wall is an end", "jnp.where(jnp.isfinite(risen), slope, jnp.nan)", "slope"),
            ("never short", "short = jnp.isfinite(n.b.alpha) &", "short = False &"),
            ("the last is none", "n.a.alpha > 0)", "n.a.alpha >= 0)"),
        ),
    ),
    "searches.armijo": Judged(
        judge_armijo,
        (
            ("any fall will do", "risen <= promised, risen < 0", "risen < 0, risen < 0"),
            ("promises more", "self.c1 * s.alpha * s.slope0", "self.c1 * s.slope0"),
            ("twice as far", "(2 * bend)", "bend"),
            (
                "limits swapped",
                "self.shortest * s.alpha, self.longest * s.alpha",
                "0 * s.alpha, self.shortest * s.alpha",
            ),
            ("no limits", "jnp.clip(lowest, self.shortest * s.alpha, self.longest * s.alpha)", "lowest"),
            ("nothing falls at a saddle", "promised, risen < 0)", "promised, False)"),
            ("one trial more", "(trials >= TRIALS)", "(trials > TRIALS)"),
        ),
    ),
}
SEEN_FROM_INSIDE = ("equations", "shown", "taken")  # other tests look at what is shown


def source_of(name: str) -> str:
    return Path(str(importlib.import_module(f"ladera.solvers.{name}").__file__)).read_text(encoding="utf-8")


def mutants(name: str) -> Iterator[tuple[str, str]]:
    """(what is wrong with it, text) of every wrong version of a file."""
    source = source_of(name)
    for what, text, wrong in FILES[name].slips:
        yield what, replaced(source, what, text, wrong)
    for k in range(len(operations(ast.parse(source)))):
        tree = ast.parse(source)
        operation = operations(tree)[k]
        before = ast.unparse(operation)
        operation.op = OPPOSITE[type(operation.op)]()
        yield f"{ast.unparse(operation)} for {before}", ast.unparse(tree)


def operations(tree: ast.AST) -> list[ast.BinOp]:
    """The arithmetic of a file's functions, but for what is shown and for lengths of texts."""
    functions = [
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name not in SEEN_FROM_INSIDE
    ]
    inside = [
        n for f in functions for n in ast.walk(f) if isinstance(n, ast.BinOp) and type(n.op) in OPPOSITE
    ]
    return list(dict.fromkeys(inside))


def loaded(source: str, what: str) -> ModuleType:
    module = ModuleType(f"mutant: {what}")
    sys.modules[module.__name__] = module
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    return module


def rejected(name: str, source: str, what: str) -> bool:
    """Whether the judge rejects a text; one whose numbers or shapes do not fit rejects itself."""
    try:
        with jax.enable_x64(True), np.errstate(all="ignore"):
            FILES[name].judge(loaded(source, what))
    except (AssertionError, ArithmeticError, IndexError, TypeError, ValueError):
        return True
    return False


@pytest.mark.parametrize("name", FILES)
def test_the_file_as_it_is_passes(name):
    with jax.enable_x64(True):
        FILES[name].judge(loaded(source_of(name), "none"))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_mutant_is_rejected(name, record_property):
    found = [(what, rejected(name, text, what)) for what, text in mutants(name)]
    survivors = [what for what, dead in found if not dead]
    equivalent = FILES[name].equivalent
    record_property("mutants", (len(found) - len(survivors), len(found) - len(equivalent)))
    assert sorted(survivors) == sorted(equivalent)

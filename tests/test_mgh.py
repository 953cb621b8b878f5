"""The test problems of Moré, Garbow and Hillstrom are what the paper says: starts, slopes, minima."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.optimize._numdiff import approx_derivative

from benchmarks.published.mgh import MGH

UNCONSTRAINED = 18
EXTENSIONS = ("extended_rosenbrock", "extended_powell_singular")  # the same residuals of longer vectors


@pytest.mark.parametrize("name", MGH)
def test_what_the_paper_says(name):
    problem = MGH[name]
    start = np.array(problem.start)
    with jax.enable_x64(True):
        both = jax.jit(lambda x: (problem.residuals(x), jax.jacfwd(problem.residuals)(x)))

        def r(x):
            return np.asarray(both(jnp.asarray(x))[0])

        def jacobian(x):
            return np.asarray(both(jnp.asarray(x))[1])

        assert (start.size, r(start).size) == (problem.n, problem.m)
        if problem.f0 is not None:
            assert r(start) @ r(start) == pytest.approx(problem.f0, rel=1e-11)
        aside = start + 0.01 * np.cos(np.arange(problem.n)) * (np.abs(start) + (start == 0))
        differences = approx_derivative(r, aside, method="3-point")
        rounding = 1e-9 * np.abs(r(aside))[:, None] + 1e-8 * np.abs(differences).max(axis=0)[None, :]
        assert (np.abs(jacobian(aside) - differences) <= 1e-6 * np.abs(differences) + rounding).all()
        tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "max_nfev": 5000}
        found = least_squares(r, start, jacobian, method="lm", **tight)
    assert any(2 * found.cost == pytest.approx(f, rel=1e-9, abs=1e-13) for f in problem.minima)


def test_every_problem_is_there():
    assert len({MGH[name].residuals for name in MGH}) == 35 - len(EXTENSIONS)
    free = {MGH[name].residuals for name in MGH if MGH[name].unconstrained}
    assert len(free) == UNCONSTRAINED
    assert set(EXTENSIONS) <= set(MGH)

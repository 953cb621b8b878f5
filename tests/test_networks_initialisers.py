"""Initial weights: their variances against the papers' formulas, and what must never change."""

from __future__ import annotations

import numpy as np
import pytest

from ladera.base import UsageError
from ladera.networks import initialisers, parse
from ladera.networks.initialisers import INITIALISERS, draw

SHAPES = [(200, 50), (30, 300)]
# Glorot and Bengio 2010 equation 16; He et al. 2015 equation 10; LeCun et al. 1998 section 4.6
VARIANCE = {
    "glorot": lambda inputs, units: 2 / (inputs + units),
    "he": lambda inputs, units: 2 / inputs,
    "lecun": lambda inputs, units: 1 / inputs,
}
DRAWN = [f"{name}_{kind}" for name in VARIANCE for kind in ("normal", "uniform")]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def agrees(w: np.ndarray, variance: float, kind: str) -> bool:
    """Mean, variance and fourth moment within five standard errors of what that distribution has."""
    n, x = w.size, w.astype(np.float64).ravel()
    # of a normal and of a uniform one: E x⁴/σ⁴, and E x⁸/σ⁸
    fourth, eighth = {"normal": (3, 105), "uniform": (9 / 5, 9)}[kind]
    moments = [x.mean() / variance**0.5, (x**2).mean() / variance - 1, (x**4).mean() / variance**2 - fourth]
    errors = np.sqrt(np.array([1, fourth - 1, eighth - fourth**2]) / n)
    inside = kind == "normal" or np.abs(x).max() <= (3 * variance) ** 0.5 * (1 + 1e-6)
    return bool(np.all(np.abs(moments) < 5 * errors)) and inside


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", DRAWN)
def test_the_variance_is_the_papers(name: str, shape: tuple[int, int]):
    w = draw(name, rng(), *shape)
    paper, _, kind = name.partition("_")
    assert (w.shape, w.dtype) == (shape, np.float32)
    assert agrees(w, VARIANCE[paper](*shape), kind)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", DRAWN)
def test_every_other_formula_would_be_noticed(name: str, shape: tuple[int, int]):
    inputs, units = shape
    w = draw(name, rng(), *shape)
    paper, _, kind = name.partition("_")
    right = VARIANCE[paper](*shape)
    slips = [
        *(VARIANCE[other](*shape) for other in VARIANCE if other != paper),
        *(VARIANCE[other](units, inputs) for other in VARIANCE if other != "glorot"),
        *(right * factor for factor in (0.88**2, 3, 1 / 3, right)),  # truncated; the end for the deviation
    ]
    assert not any(agrees(w, wrong, kind) for wrong in slips)
    assert not agrees(w, right, "uniform" if kind == "normal" else "normal")


@pytest.mark.parametrize("shape", [(64, 64), (64, 10), (10, 64), (1, 5)])
def test_orthogonal_weights_are(shape: tuple[int, int]):
    w = draw("orthogonal", rng(1), *shape)
    assert (w.shape, w.dtype, w.flags.c_contiguous) == (shape, np.float32, True)
    short = w.T @ w if shape[0] >= shape[1] else w @ w.T
    np.testing.assert_allclose(short, np.eye(min(shape)), atol=2e-6)


def test_orthogonal_weights_have_no_preferred_direction():
    """Without the signs of R, LAPACK's first column would always point one way."""
    drawn = np.array([draw("orthogonal", rng(seed), 4, 4) for seed in range(2000)], np.float64)
    assert np.abs(drawn.mean(axis=0)).max() < 5 * 0.5 / 2000**0.5
    traces = np.trace(drawn, axis1=1, axis2=2)
    assert traces.var() == pytest.approx(1, abs=5 * (2 / 2000) ** 0.5)  # Diaconis and Shahshahani 1994


def test_zeros_are_zeros():
    assert not draw("zeros", rng(), 3, 4).any()


@pytest.mark.parametrize("name", sorted(INITIALISERS))
def test_the_seed_alone_decides(name: str):
    np.testing.assert_array_equal(draw(name, rng(7), 5, 6), draw(name, rng(7), 5, 6))
    assert name == "zeros" or not np.array_equal(draw(name, rng(7), 5, 6), draw(name, rng(8), 5, 6))


def test_the_default_is_bit_for_bit_what_it_was():
    """Stored studies began with these weights."""
    drawn = parse("mlp:8").init(rng(3), (5,), 2)
    again = rng(3)
    for layer, (inputs, units) in zip(drawn, [(5, 8), (8, 2)], strict=True):
        expected = again.standard_normal((inputs, units), dtype=np.float32) * np.float32((2 / inputs) ** 0.5)
        np.testing.assert_array_equal(layer.w, expected)
        np.testing.assert_array_equal(layer.b, np.zeros(units, np.float32))
    assert drawn[0].w[0, 0] == FIRST


FIRST = np.float32(float.fromhex("0x1.875b8p+0"))


def test_names_are_read_as_people_write_them():
    assert parse("mlp:3", init=" Glorot-Uniform").initialiser == "glorot_uniform"
    assert parse("mlp:3").initialiser == initialisers.DEFAULT == "he_normal"
    with pytest.raises(UsageError, match="no initialiser 'xavier'; the nearest name is"):
        parse("mlp:3", init="xavier")

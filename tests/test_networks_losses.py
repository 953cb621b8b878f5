"""Every loss, its gradient and its curvature, held to PyTorch and to its own Hessian."""

from __future__ import annotations

import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st

from ladera.base import UsageError
from ladera.configs import optimizers
from ladera.networks import losses
from ladera.networks.losses import LOSSES, Smoothness
from ladera.problems import Problem
from ladera.request import Request

EXAMPLES, CLASSES = 3, 4
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


def _focal(z, y, gamma=2.0):
    surprise = F.cross_entropy(z, y, reduction="none")
    return (1 - torch.exp(-surprise)) ** gamma * surprise


def _hinge(z, y):
    return F.multi_margin_loss(z, y, reduction="none")


def _mean(f, **options):
    return lambda z, y: f(z, y, reduction="none", **options).mean(dim=1)


# What PyTorch computes, and the kind of targets: labels, labels of two classes, or numbers.
TORCH = {
    "cross_entropy": (lambda z, y: F.cross_entropy(z, y, reduction="none"), "labels"),
    "cross_entropy:0.1": (
        lambda z, y: F.cross_entropy(z, y, reduction="none", label_smoothing=0.1),
        "labels",
    ),
    "binary_cross_entropy": (
        lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y.to(z.dtype), reduction="none"),
        "two",
    ),
    "focal": (_focal, "labels"),
    "focal:1": (lambda z, y: _focal(z, y, 1.0), "labels"),
    "hinge": (_hinge, "labels"),
    "huber": (_mean(F.huber_loss), "numbers"),
    "huber:0.5": (_mean(F.huber_loss, delta=0.5), "numbers"),
    "mae": (_mean(F.l1_loss), "numbers"),
    "mse": (_mean(F.mse_loss), "numbers"),
}
NAMES = list(TORCH)
SPECIAL = [0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 50.0, -50.0]
numbers = (st.floats(-50, 50) | st.floats(-3, 3)).map(lambda x: x if abs(x) > 1e-30 else 0.0)
outputs = st.lists(
    numbers | st.sampled_from(SPECIAL), min_size=EXAMPLES * CLASSES, max_size=EXAMPLES * CLASSES
)
labels = st.lists(st.integers(0, CLASSES - 1), min_size=EXAMPLES, max_size=EXAMPLES)


def case(kind: str, z: list[float], y: list[int], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Raw outputs and targets of that kind."""
    raw = np.array(z, dtype).reshape(EXAMPLES, CLASSES)
    if kind == "two":
        return np.ascontiguousarray(raw[:, :1]), np.array(y, np.int32) % 2
    if kind == "labels":
        return raw, np.array(y, np.int32)
    return raw, np.round(np.cos(np.arange(raw.size)), 1).astype(dtype).reshape(raw.shape)


@cache
def compiled(f):
    def value_and_gradient(z, y):
        value, pull = jax.vjp(lambda z: f(z, y), z)
        return value, pull(jnp.arange(1, len(value) + 1, dtype=value.dtype))[0]

    return jax.jit(value_and_gradient)


@cache
def asked(name: str):
    return losses.loss(name)


def theirs(f, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    leaf = torch.tensor(z, requires_grad=True)
    target = torch.tensor(y.astype(np.int64) if y.dtype == np.int32 else y)
    value = f(leaf, target)
    value.backward(torch.arange(1, len(value) + 1, dtype=value.dtype))
    assert leaf.grad is not None
    return value.detach().numpy(), leaf.grad.numpy()


def judged(f, name: str, z: list[float], y: list[int], dtype: str) -> float:
    """The largest difference to PyTorch, relative to numbers above 1."""
    judge, kind = TORCH[name]
    with jax.enable_x64(dtype == "float64"):
        raw, target = case(kind, z, y, dtype)
        found = [np.asarray(part) for part in compiled(f)(raw, target)]
    expected = theirs(judge, raw, target)
    assert [part.dtype for part in found] == [dtype, dtype]
    assert found[0].shape == (EXAMPLES,)
    size = max(1.0, float(np.abs(raw).max()))  # a loss cannot be surer than the outputs it is made of
    return max(
        float((np.abs(a - b) / np.maximum(size, np.abs(b))).max())
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(z=outputs, y=labels)
def test_values_and_gradients_are_pytorchs(name: str, dtype: str, z: list[float], y: list[int]):
    assert judged(asked(name), name, z, y, dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", NAMES)
def test_extreme_outputs_are_finite_and_pytorchs(name: str, dtype: str):
    far = [1e4, -1e4, 1e4, 0.0, -1e4, 1e4, 1e4, -1e4, 0.0, 0.0, 1e4, 1e4]
    for y in ([0, 1, 2], [1, 0, 3], [2, 2, 0]):
        assert judged(asked(name), name, far, y, dtype) <= TOLERANCE[dtype]
        with jax.enable_x64(dtype == "float64"):
            found = compiled(asked(name))(*case(TORCH[name][1], far, y, dtype))
        assert all(np.isfinite(np.asarray(part)).all() for part in found)


@pytest.mark.parametrize("name", ["mse", "mae", "huber"])
def test_labels_stand_for_one_hot_targets(name: str):
    z = jnp.asarray(np.random.default_rng(3).normal(size=(5, 3)).astype(np.float32))
    y = np.array([0, 2, 1, 1, 0], np.int32)
    hot = jnp.asarray(np.eye(3, dtype=np.float32)[y])
    np.testing.assert_array_equal(losses.loss(name)(z, jnp.asarray(y)), losses.loss(name)(z, hot))


def test_one_output_tells_two_classes_as_two_outputs_do():
    """sigmoid(z) is softmax(0, z), and the same examples are right."""
    z = jnp.asarray([[-2.0], [0.3], [0.0], [4.0]], jnp.float32)
    y = jnp.asarray([0, 1, 0, 0], jnp.int32)
    both = jnp.concatenate([jnp.zeros_like(z), z], axis=1)
    one, two = losses.loss("binary_cross_entropy")(z, y), losses.loss("cross_entropy")(both, y)
    np.testing.assert_allclose(one, two, rtol=1e-6)
    assert losses.correct(z, y).tolist() == losses.correct(both, y).tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("delta", [1.0, 1e3, 1e8])
def test_hubers_slope_keeps_its_digits(delta: float):
    d = np.float32([1e-8, -1e-3, 0.3, 0.9])
    slope = jax.vmap(jax.grad(lambda z: losses.loss(f"huber:{delta}")(z.reshape(1, 1), zero)[0]))(d)
    np.testing.assert_allclose(slope, d, rtol=1e-6)


zero = np.zeros((1, 1), np.float32)


@pytest.mark.parametrize("gamma", [1.0, 1.5, 2.0, 2.5])
def test_focal_is_flat_where_an_example_is_right_beyond_doubt(gamma: float):
    z, y = jnp.array([[40.0, 0.0, 0.0]], jnp.float32), jnp.array([0])
    curved = jax.hessian(lambda z: losses.loss(f"focal:{gamma}")(z, y)[0])(z)
    np.testing.assert_allclose(curved, 0, atol=1e-6)


def test_no_smoothing_and_gamma_zero_are_cross_entropy():
    z = jnp.asarray(np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32))
    y = jnp.asarray([0, 2, 1, 1], jnp.int32)
    plain = losses.cross_entropy(z, y)
    np.testing.assert_array_equal(losses.loss("cross_entropy:0")(z, y), plain)
    np.testing.assert_allclose(losses.focal(z, y, gamma=0.0), plain, rtol=1e-6)


# ---- slips ---------------------------------------------------------------------------------------


def _bce_of_probability(z, y):
    p = jax.nn.sigmoid(z[:, 0])
    return -jnp.where(y == 1, jnp.log(p), jnp.log(1 - p))


def _chosen(z, y):
    return jnp.take_along_axis(z, y[:, None], axis=-1)


WRONG = {
    ("cross_entropy", "without the shift"): lambda z, y: (
        jnp.log(jnp.exp(z).sum(axis=-1)) - _chosen(z, y)[:, 0]
    ),
    ("cross_entropy", "in bits"): lambda z, y: losses.cross_entropy(z, y) / math.log(2),
    ("cross_entropy:0.1", "over the other classes"): lambda z, y: losses.cross_entropy(z, y, 0.1 * 4 / 3),
    ("cross_entropy:0.1", "forgotten"): losses.cross_entropy,
    ("binary_cross_entropy", "of the probability"): _bce_of_probability,
    ("binary_cross_entropy", "classes exchanged"): lambda z, y: losses.binary_cross_entropy(z, 1 - y),
    ("focal", "gamma 1"): lambda z, y: losses.focal(z, y, 1.0),
    ("focal", "p for 1 - p"): lambda z, y: (
        jnp.exp(-losses.cross_entropy(z, y)) ** 2 * losses.cross_entropy(z, y)
    ),
    ("focal", "weight held constant"): lambda z, y: (
        jax.lax.stop_gradient(jnp.expm1(-losses.cross_entropy(z, y)) ** 2) * losses.cross_entropy(z, y)
    ),
    ("hinge", "the class itself counted"): lambda z, y: jax.nn.relu(1 - _chosen(z, y) + z).mean(axis=-1),
    ("hinge", "over the other classes"): lambda z, y: losses.hinge(z, y) * 4 / 3,
    ("hinge", "the largest alone"): lambda z, y: (
        (1 - jax.nn.one_hot(y, 4, dtype=z.dtype)) * jax.nn.relu(1 - _chosen(z, y) + z)
    ).max(axis=-1),
    ("hinge", "mean slope at the corner"): lambda z, y: (
        (1 - jax.nn.one_hot(y, 4, dtype=z.dtype)) * jnp.maximum(1 - _chosen(z, y) + z, jnp.zeros_like(z))
    ).mean(axis=-1),
    ("huber", "not halved"): lambda z, y: 2 * losses.huber(z, y),
    ("huber:0.5", "smooth l1"): lambda z, y: losses.huber(z, y, 0.5) / 0.5,
    ("huber:0.5", "delta 1"): losses.huber,
    ("mae", "slope 1 at 0"): lambda z, y: jnp.abs(z - y).mean(axis=-1),
    ("mae", "sum"): lambda z, y: losses.mae(z, y) * 4,
    ("mse", "halved"): lambda z, y: losses.mse(z, y) / 2,
    ("mse", "sum"): lambda z, y: losses.mse(z, y) * 4,
}


@pytest.mark.parametrize(("name", "slip"), WRONG, ids=[": ".join(key) for key in WRONG])
def test_a_slip_is_noticed(name: str, slip: str):
    near = [0.0, 1.0, -1.0, 0.0, 0.3, 1.5, -0.7, 2.0, 0.1, 0.2, 3.0, -2.0]  # margins of 1 exactly among them
    far = [1e4, -1e4, 1e4, 0.0, -1e4, 1e4, 1e4, -1e4, 0.0, 0.0, 1e4, 1e4]
    met = [round(math.cos(k), 1) for k in range(12)]  # the numbers that are asked for
    found = [
        judged(WRONG[name, slip], name, z, y, "float64")
        for z in (near, far, met)
        for y in ([0, 1, 2], [1, 0, 3])
    ]
    assert not max(found) <= 1e-9 or any(math.isnan(gap) for gap in found)


# ---- curvature -----------------------------------------------------------------------------------


def hessians(name: str, z, y):
    """Of each example's loss in its own outputs."""
    loss = losses.loss(name)
    return jax.jit(jax.vmap(jax.hessian(lambda z, y: loss(z[None], y[None])[0])))(z, y)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if LOSSES[name.partition(":")[0]].smoothness is Smoothness.CONVEX]
)
def test_the_root_squared_is_the_hessian(name: str):
    rng = np.random.default_rng(5)
    with jax.enable_x64(True):
        z = list(rng.normal(scale=1.5, size=EXAMPLES * CLASSES))
        raw, y = (jnp.asarray(part) for part in case(TORCH[name][1], z, [0, 3, 1], "float64"))
        root = jax.jit(losses.curvature_root(name))
        S = root(raw, y)
        assert S.shape == (*raw.shape, raw.shape[1])
        square = jnp.einsum("nij,nik->njk", S, S)
        np.testing.assert_allclose(square, hessians(name, raw, y), atol=1e-14)
        assert np.isfinite(np.asarray(root(1e4 * raw, y))).all()


def test_the_others_have_no_root():
    for name in ("mae", "hinge", "focal"):
        with pytest.raises(UsageError, match=f"'{name}' has no curvature"):
            losses.curvature_root(name)
    with jax.enable_x64(True):  # and focal could have none
        z = jnp.asarray([[-3.0, 0.0, 0.0]])
        found = np.linalg.eigvalsh(np.asarray(hessians("focal", z, jnp.asarray([0]))[0]))
    assert found[0] < -1e-3


# ---- what is asked -------------------------------------------------------------------------------


def test_texts_are_read_as_people_write_them():
    assert losses.canonical("Cross-Entropy") == "cross_entropy"
    assert losses.canonical("cross_entropy:0.10") == "cross_entropy:0.1"
    assert losses.canonical("cross_entropy:0") == losses.canonical("cross_entropy:0.0") == "cross_entropy"
    assert losses.canonical("huber:1.0") == "huber"
    assert losses.canonical("focal:3") == "focal:3"
    assert losses.resolve("AUTO", "regression") == "mse"


@pytest.mark.parametrize(
    ("text", "task", "classes", "said"),
    [
        ("huper", "regression", None, "'huper'; the nearest name is 'huber'"),
        ("hinge", "regression", None, "'hinge' needs classes"),
        ("focal", "regression", None, "'focal' needs classes"),
        ("binary_cross_entropy", "regression", None, "needs classes"),
        (
            "binary_cross_entropy",
            "classification",
            3,
            "needs two classes, received 3; take",
        ),
        ("cross_entropy:1", "classification", 3, r"smoothing, from \[0, 1\), received 'cross_entropy:1'"),
        (
            "cross_entropy:much",
            "classification",
            3,
            "'cross_entropy:much'; for example cross_entropy:0.1",
        ),
        ("cross_entropy:", "classification", 3, "smoothing"),
        ("huber:0", "regression", None, r"delta, from \(0, ∞\)"),
        ("huber:nan", "regression", None, "delta"),
        ("focal:0.5", "classification", 3, r"gamma, from \[1, ∞\)"),
        ("mse:2", "regression", None, "takes no number, received 'mse:2'"),
        ("auto:0.1", "classification", 3, "no loss 'auto:0.1'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(text: str, task: str, classes: int | None, said: str):
    with pytest.raises(UsageError, match=said) as caught:
        losses.resolve(text, task, classes)
    assert str(caught.value).count(". ") == 0


def test_a_problem_of_two_classes_has_one_output_and_of_three_none():
    problem = Problem("breast_cancer", network="mlp:4", loss="binary-cross-entropy")
    assert problem.outputs == 1
    assert problem.describe()["loss"] == "binary_cross_entropy"
    assert problem.describe()["parameters"] == 30 * 4 + 4 + 4 + 1
    assert Problem("breast_cancer", network="mlp:4").outputs == 2
    with pytest.raises(UsageError, match="needs two classes, received 3"):
        Problem("iris", loss="binary_cross_entropy").prepared()


@pytest.mark.parametrize(
    ("loss", "solver", "said"),
    [
        ("mae", "lbfgs", "L-BFGS needs a smooth objective, and the loss 'mae' has corners"),
        ("hinge", "newton-cg", "the loss 'hinge' has corners"),
        ("focal", "lm", "Levenberg-Marquardt needs a loss whose curvature is never negative"),
        ("focal:3", "kfac", "received 'focal:3'"),
        ("focal", "gauss-newton", "take lbfgs or newton-cg"),
        ("focal", "lbfgs", ""),
        ("huber", "lm", ""),
        ("cross_entropy:0.1", "kfac", ""),
    ],
)
def test_solvers_take_the_losses_that_they_can_descend_on(loss: str, solver: str, said: str):
    def ask() -> Request:
        return Request(Problem("iris", loss=loss), optimizers(solver), "auto", 2)

    if not said:
        assert ask().solvers
        return
    with pytest.raises(UsageError, match=said):
        ask()
